"""Who does something. The doorkeeper makes actors from requests; services take them; the journal writes them down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is applicant, officer or platform; `role` is one of demo/states.yaml; ids, never names of people."""

    kind: str
    role: str
    account: int | None = None
    party: int | None = None
    department: str = ""
    name: str = ""


PLATFORM = Actor(kind="platform", role="platform")
