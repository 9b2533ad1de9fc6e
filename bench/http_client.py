"""The least HTTP client that keeps a connection: a thicker one would be measured together with the server."""

import asyncio
from types import TracebackType


class Connection:
    """One kept-alive connection. A request is bytes, made once and sent as often as wanted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        return cls(*await asyncio.open_connection(host, port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises asyncio.IncompleteReadError when the server hangs up."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, _, after = head.partition(b"content-length:")
        length = int(after.partition(b"\r\n")[0])
        return int(head[9:12]), await self._reader.readexactly(length)

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def a_request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of one request; header names with `_` for `-`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
