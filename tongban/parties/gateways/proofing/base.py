"""What we need from whoever keeps the register of people, in our own words.

Two failures: `journal.Refused` (this will never be answered: do not ask again) and everything else, first of all `Unanswered` (later perhaps).
A register that does not know the details says so in its answer; that is no failure.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from tongban.journal.services import Refused


class Unanswered(Exception):
    """The register did not answer this time."""


class Match(StrEnum):
    YES = "yes"
    NO = "no"
    BY_HAND = "by_hand"  # this kind of document is in no register: a person compares it


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says of himself. The number is in its one spelling."""

    id_kind: str
    id_no: str
    name: str
    mobile: str = ""
    birth_date: date | None = None
    sex: str = ""
    nationality: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says."""

    name: str
    name_en: str
    birth_date: date
    sex: str
    nationality: str


@dataclass(frozen=True, slots=True)
class Answer:
    match: Match
    reference: str
    person: Registered | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """`score` from 0 to 1 how alike; `alive` whether a living face was seen. Neither ever refuses anybody."""

    score: float
    alive: bool
    reference: str


class Proofing(Protocol):
    name: str

    def compare(self, claim: Claim) -> Answer: ...

    def look_at(self, claim: Claim, picture: bytes) -> Face: ...


__all__ = ["Answer", "Claim", "Face", "Match", "Proofing", "Refused", "Registered", "Unanswered"]
