"""The API against its own description: generated requests find no answer that is our fault."""

import asyncio
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.house import House
from tests.organisation import at

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = 12
"""Requests an operation."""


async def test_no_generated_request_makes_the_server_fail(standing_house: House) -> None:
    house = standing_house
    document = (await house.http.get("/schema/openapi.json")).json()
    token = (await house.hold(at(house.organised, 3, 10))).json()["token"]
    headers = await house.staff("admin")
    real = {
        "clinic": "quay",
        "token": token,
        "appointment_id": (await house.visit(token))["appointment_id"],
    }
    requests = await asyncio.to_thread(generated, document, real)

    failed = []
    async with httpx.AsyncClient(base_url=house.http.base_url, timeout=30, trust_env=False) as client:
        for request in requests:
            sent = {name: part for name, part in request.items() if name not in ("headers", "cookies")}
            try:
                answer = await client.request(**sent, headers={**request.get("headers", {}), **headers})
            except (httpx.LocalProtocolError, httpx.InvalidURL):
                continue  # not even HTTP: no client can send it
            if answer.status_code >= 500:
                failed.append((request, answer.text[:200]))

    assert failed == []
    assert len(requests) > 100


def generated(document: dict[str, Any], real: dict[str, str]) -> list[dict[str, Any]]:
    """Requests for every operation but the endless stream, the same in every run; every other one about something
    that exists."""
    schema = schemathesis.openapi.from_dict(document)
    found: list[dict[str, Any]] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == "/api/events":
            continue

        @seed(20261120)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def collect(case: Any) -> None:
            if len(found) % 2:
                case.path_parameters |= {name: real[name] for name in case.path_parameters if name in real}
            sent = case.as_transport_kwargs(base_url="http://x")
            sent["url"] = sent["url"].removeprefix("http://x")
            found.append(sent)

        given(case=operation.as_strategy())(collect)()
    return found
