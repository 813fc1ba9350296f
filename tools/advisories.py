"""Which of the locked components have a known hole, and for how long already: exits with 1 when a time frame of docs/security.md is over.

    python tools/advisories.py <file or folder>      advisories as OSV gives them out (all.zip of an ecosystem, or unpacked)

Nothing is fetched: whoever releases brings the file from osv.dev.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
DAYS = {"CRITICAL": 3, "HIGH": 14}  # docs/security.md, "Dependencies"; whether it can be used here a person judges
OTHERS = 92  # the rest with the next release, at least every three months


@dataclass(frozen=True)
class Found:
    name: str
    version: str
    advisory: str
    severity: str
    since: date
    repaired_in: str

    def days_left(self, today: date) -> int:
        return DAYS.get(self.severity, OTHERS) - (today - self.since).days


def locked(folder: Path = ROOT) -> dict[tuple[str, str], str]:
    """{(ecosystem, name): version} of everything the locks name."""
    found: dict[tuple[str, str], str] = {}
    for lock in sorted((folder / "requirements").glob("*.lock")):
        for name, version in re.findall(
            r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock.read_text("utf-8"), re.M
        ):
            found["PyPI", plain(name)] = version
    inventory = folder / "package-lock.json"
    if inventory.is_file():
        for where, about in json.loads(inventory.read_text("utf-8")).get("packages", {}).items():
            if where and "version" in about:
                found["npm", where.rpartition("node_modules/")[2]] = about["version"]
    return found


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def advisories(source: Path) -> Iterator[dict[str, Any]]:
    if source.is_dir():
        for path in sorted(source.rglob("*.json")):
            yield json.loads(path.read_text("utf-8"))
        return
    with zipfile.ZipFile(source) as pack:
        for name in pack.namelist():
            if name.endswith(".json"):
                yield json.loads(pack.read(name))


def holes(known: dict[tuple[str, str], str], told: Iterator[dict[str, Any]]) -> list[Found]:
    found = []
    for one in told:
        if one.get("withdrawn"):
            continue
        for about in one.get("affected", ()):
            package = about.get("package", {})
            ecosystem = package.get("ecosystem", "")
            name = plain(package.get("name", "")) if ecosystem == "PyPI" else package.get("name", "")
            version = known.get((ecosystem, name))
            if version is None or not concerns(version, about):
                continue
            since = datetime.fromisoformat(one.get("published") or one["modified"]).astimezone(UTC).date()
            found.append(Found(name, version, one["id"], severity(one), since, repaired(about)))
    return sorted(set(found), key=lambda hole: (hole.name, hole.advisory))


def concerns(version: str, about: dict[str, Any]) -> bool:
    if version in about.get("versions", ()):
        return True
    return any(within(version, span["events"]) for span in about.get("ranges", ()) if span.get("type") != "GIT")


def within(version: str, events: list[dict[str, str]]) -> bool:
    """Introduced and not yet repaired at this version; what cannot be compared counts as concerned."""
    try:
        here, inside = Version(version), False
        marks = [(what, Version("0" if at == "0" else at)) for event in events for what, at in event.items()]
    except InvalidVersion:
        return True
    for what, at in sorted(marks, key=lambda mark: mark[1]):
        if what == "introduced" and here >= at:
            inside = True
        elif (what == "fixed" and here >= at) or (what == "last_affected" and here > at):
            inside = False
    return inside


def severity(one: dict[str, Any]) -> str:
    said = str(one.get("database_specific", {}).get("severity", "")).upper()
    return said or "HIGH"  # not said: counted as high, not as nothing


def repaired(about: dict[str, Any]) -> str:
    return next(
        (event["fixed"] for span in about.get("ranges", ()) if span.get("type") != "GIT"
         for event in span["events"] if "fixed" in event), ""
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).exists():
        print(__doc__)
        return 2
    known, today = locked(), datetime.now(UTC).date()
    found = holes(known, advisories(Path(arguments[0])))
    late = [hole for hole in found if hole.days_left(today) < 0]
    for hole in found:
        left = hole.days_left(today)
        print(
            f"{hole.name} {hole.version}: {hole.advisory}, {hole.severity.lower()}, known since {hole.since}, "
            f"repaired in {hole.repaired_in or 'no version yet'}, {f'{-left} days late' if left < 0 else f'{left} days left'}"
        )
    print(f"{len(known)} components, {len(found)} known holes, {len(late)} of them past their time")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
