"""What we need of an archive: it takes a package and answers with a receipt, or says why not. Never called while a row is locked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Receipt:
    """`sha256` is what the archive computed over what it holds; only when it is ours is the package there."""

    number: str
    sha256: str
    at: datetime
    archive: str
    simulated: bool = False


class Sealed(Protocol):
    """A package: its hash, and its bytes a piece at a time, as often as they are asked for."""

    @property
    def sha256(self) -> str: ...

    def pieces(self) -> Iterator[bytes]: ...


class NotTaken(Exception):
    """The archive did not take it, or has not said so yet; later it may."""


class Archive(Protocol):
    @property
    def name(self) -> str: ...

    def take(self, name: str, content: "Sealed") -> Receipt:
        """Take this package under this name. The same once more answers the same receipt. Raises NotTaken."""
        ...
