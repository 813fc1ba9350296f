"""Heads of the chains written down outside the database, so that rows cut off the end are missed.

A line of `anchors/<year>-<month>.jsonl` says how long a chain was at a moment and its last link, with a code made by a key that
does not lie in the database. Lines are only ever added. Who prints the head, or carries the folder to another machine, has proof
that even the owner of this machine cannot cut the chain before that line.
"""

import hmac
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson

from tongban.journal.models import Event, ReadEntry
from tongban.lib.encryption import blind_index


@dataclass(frozen=True)
class Anchor:
    at: str
    table: str
    position: int
    chain: str
    code: str = ""

    def signed(self) -> "Anchor":
        return Anchor(self.at, self.table, self.position, self.chain, _code(self))

    @property
    def genuine(self) -> bool:
        return hmac.compare_digest(self.code, _code(self))

    @property
    def line(self) -> bytes:
        return orjson.dumps(asdict(self)) + b"\n"


def _code(anchor: Anchor) -> str:
    return blind_index(f"{anchor.at}|{anchor.table}|{anchor.position}|{anchor.chain}", "journal.anchor")


def heads(now: datetime) -> list[Anchor]:
    """How both chains end at this moment; a chain without rows has no head."""
    found = []
    for model in (Event, ReadEntry):
        last = (
            model.objects.filter(position__isnull=False).order_by("-position").values_list("position", "chain").first()
        )
        if last is not None:
            position, chain = last
            at = now.isoformat(timespec="seconds")
            found.append(Anchor(at, model._meta.db_table, int(position or 0), chain).signed())
    return found


def write(folder: Path, now: datetime) -> int:
    """Add the heads that are new since the last line, and wait for the disk. Returns how many were added."""
    known = {anchor.table: anchor.position for anchor in latest(folder)}
    new = [anchor for anchor in heads(now) if known.get(anchor.table) != anchor.position]
    if new:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / f"{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"".join(anchor.line for anchor in new))
            file.flush()
            os.fsync(file.fileno())
    return len(new)


def latest(folder: Path) -> list[Anchor]:
    """The lines of the newest file."""
    newest = _newest(folder)
    return list(_lines_of(newest)) if newest else []


def _newest(folder: Path) -> Path | None:
    return max(folder.glob("*.jsonl"), default=None)


def read(*places: Path) -> Iterator[Anchor]:
    """Every line of these files, and of the files in these folders."""
    for place in places:
        for path in sorted(place.glob("*.jsonl")) if place.is_dir() else [place]:
            yield from _lines_of(path)


def _lines_of(path: Path) -> Iterator[Anchor]:
    """A last line cut short by a power cut says nothing; any other line that is none makes the file unbelievable."""
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines):
        if not line:
            continue
        try:
            yield Anchor(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):
            if number != len(lines) - 1:
                yield Anchor("", path.name, 0, "", "")


def by_table(anchors: Iterable[Anchor]) -> dict[str, dict[int, Anchor]]:
    found: dict[str, dict[int, Anchor]] = {}
    for anchor in anchors:
        found.setdefault(anchor.table, {})[anchor.position] = anchor
    return found
