"""What we need of a mail server: one letter to one address, and to be told when it will never be taken."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Letter:
    """`reference` is the same when the letter is tried again, so that whoever sees both knows it is one."""

    to: str
    subject: str
    text: str
    reference: str


class Refused(Exception):
    """This letter will never be taken: no such address, or not from us."""


class Mail(Protocol):
    name: str

    def send(self, letter: Letter) -> None:
        """Hand it over. Raises Refused (never again) or any other exception (again later)."""
        ...

    def problems(self) -> list[str]: ...
