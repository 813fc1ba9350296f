"""What we need of the authorities that hold data: named fields about one person or company, or a plain failure.

Implementations translate a vendor's codes into these words in one table. They are never called while a row is locked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Subject:
    """Whom the question is about: `kind` is person or company, `number` the identity number or credit code."""

    kind: str
    number: str
    id_kind: str = ""


@dataclass(frozen=True)
class Change:
    """One change of a value in a register: what stood there, what stands there since, when, and why."""

    before: Any
    after: Any
    at: datetime
    why: str


class NotFound(Exception):
    """The register answered: it holds nothing about this subject."""


class Refused(Exception):
    """The register will not give this, now or later: trying again is of no use."""


class NoAnswer(Exception):
    """The register cannot be reached or broke down; later it may answer."""


class Authority(Protocol):
    name: str

    def read(self, resource: str, subject: Subject, fields: list[str], reference: str) -> dict[str, Any]:
        """Exactly these fields of what the register holds, None for a field it leaves empty.

        With no fields the answer is {} and says only that there is something. `reference` names our case, for the provider's log.
        Raises NotFound, Refused or NoAnswer.
        """
        ...

    def correct(self, resource: str, subject: Subject, field: str, value: Any, *, reference: str, why: str) -> None:
        """Write this value into what the register holds; what stood there goes into its history. The same `reference` again does
        nothing. Raises NotFound, Refused or NoAnswer.
        """
        ...

    def history(self, resource: str, subject: Subject, field: str) -> list[Change]:
        """What the register changed in this field, oldest first. Raises NotFound, Refused or NoAnswer."""
        ...

    def picture(self, reference: str) -> bytes:
        """The picture (PNG or JPEG) that a register's answer refers to. Raises NotFound, Refused or NoAnswer."""
        ...

    def problems(self) -> list[str]:
        """What is wrong with the connection, in sentences; asks for no data."""
        ...
