"""An answer over a line, before anybody knows by which server it goes out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
