"""Prints the state machines of `server/domain/transitions.py` as Mermaid, for the README. A test compares the two."""

from collections.abc import Mapping
from enum import StrEnum

from server.domain.transitions import APPOINTMENT, MESSAGE, PAYMENT

MACHINES: Mapping[str, Mapping[tuple[StrEnum, StrEnum], StrEnum]] = {
    "Appointment": APPOINTMENT,
    "Payment": PAYMENT,
    "Message": MESSAGE,
}


def diagram(machine: Mapping[tuple[StrEnum, StrEnum], StrEnum]) -> str:
    """One Mermaid diagram; steps that lead back to the same state are left out."""
    arrows = [f"    {start} --> {end}: {verb}" for (start, verb), end in machine.items() if start != end]
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```"])


def section() -> str:
    """The whole section as it stands in the README."""
    return "\n\n".join(f"**{name}**\n\n{diagram(machine)}" for name, machine in MACHINES.items())


if __name__ == "__main__":
    print(section())
