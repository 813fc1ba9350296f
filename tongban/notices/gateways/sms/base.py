"""What we need of a text message provider: one short text to one number, at most once per reference."""

from typing import Protocol


class Refused(Exception):
    """This message will never be taken: no such number, or barred."""


class TextMessages(Protocol):
    name: str

    def send(self, to: str, text: str, reference: str) -> None:
        """Hand it over; the same reference again sends nothing. Raises Refused (never again) or anything else (again later)."""
        ...

    def problems(self) -> list[str]: ...
