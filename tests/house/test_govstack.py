"""docs/govstack.md and docs/identity-codes-clauses.md promise nothing that no test holds."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POINT = re.compile(r"^\| (\d+) \| .+ \| (met|partly: .+|met: .+|unmet: .+) \| (.*) \|$", re.M)
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def points() -> dict[int, tuple[str, list[tuple[str, str]]]]:
    text = (ROOT / "docs/govstack.md").read_text("utf-8")
    return {int(number): (answer, NAMED.findall(tests)) for number, answer, tests in POINT.findall(text)}


def absent(path: str, name: str) -> bool:
    file = ROOT / path
    return not file.exists() or (bool(name) and f"def {name}(" not in file.read_text("utf-8"))


def test_each_of_the_points_is_answered_and_held_by_tests_that_exist():
    found = points()

    assert sorted(found) == list(range(1, 25))
    assert [number for number, (answer, tests) in found.items() if not tests and not answer.startswith("unmet")] == []
    assert [one for _answer, tests in found.values() for one in tests if absent(*one)] == []


def test_control_a_test_that_nobody_wrote_is_missed():
    assert absent("tests/house/test_govstack.py", "test_that_nobody_wrote") and absent("tests/house/nothing.py", "")
    assert not absent("tests/house/test_govstack.py", "test_control_a_test_that_nobody_wrote_is_missed")


CLAUSE = re.compile(r"^\| ([A-Z0-9][0-9.]*) \| .+ \| (met|(?:partly|not): .+?) \| (`.+`) \| (-|`tests/.+`) \|$", re.M)


def test_each_clause_of_codes_and_licences_names_code_and_tests_that_exist():
    text = (ROOT / "docs/identity-codes-clauses.md").read_text("utf-8")
    rows = CLAUSE.findall(text)
    answers = [answer.split(":")[0] for _number, answer, _kept, _tests in rows]

    assert len(rows) == len(re.findall(r"^\| [A-Z0-9][0-9.]* \|", text, re.M)) > 60
    said = f"{len(rows)} clauses: {answers.count('met')} met, {answers.count('partly')} partly, {answers.count('not')} not."
    assert said in text
    assert [number for number, answer, _kept, tests in rows if answer == "met" and tests == "-"] == []
    assert [one for *_rest, tests in rows for one in NAMED.findall(tests) if absent(*one)] == []
    kept = {one for _number, _answer, named, _tests in rows for one in re.findall(r"`([^`]+)`", named)}
    assert [one for one in kept if not (ROOT / "tongban" / one).exists() and not (ROOT / one).exists()] == []
