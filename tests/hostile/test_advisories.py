"""Known holes of the locked components are found in a file of advisories, and those past their time fail the release."""

import importlib.util
import json
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("advisories", ROOT / "tools/advisories.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["advisories"] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def told(name="Some.Package", events=(("introduced", "0"), ("fixed", "2.1")), **more):
    span = {"type": "ECOSYSTEM", "events": [{what: at} for what, at in events]}
    return {
        "id": "X-1",
        "published": "2026-01-01T00:00:00Z",
        "modified": "2026-01-02T00:00:00Z",
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": [span]}],
        **more,
    }


def test_everything_that_is_locked_is_looked_up(tool):
    known = tool.locked()

    assert known["PyPI", "django"].startswith("5.") and len([1 for eco, _name in known if eco == "PyPI"]) > 60
    assert any(eco == "npm" for eco, _name in known)


@pytest.mark.parametrize(
    ("version", "events", "concerned"),
    [
        ("2.0", (("introduced", "0"), ("fixed", "2.1")), True),
        ("2.1", (("introduced", "0"), ("fixed", "2.1")), False),
        ("2.10", (("introduced", "0"), ("fixed", "2.9")), False),  # numbers, not letters
        ("1.0", (("introduced", "1.5"), ("fixed", "2.1")), False),
        ("3.1", (("introduced", "1.0"), ("fixed", "2.1"), ("introduced", "3.0"), ("fixed", "3.2")), True),
        ("2.5", (("introduced", "1.0"), ("last_affected", "2.5")), True),
        ("2.6", (("introduced", "1.0"), ("last_affected", "2.5")), False),
        ("2.1rc1", (("introduced", "0"), ("fixed", "2.1")), True),
    ],
)
def test_a_version_is_concerned_from_where_it_came_in_until_it_was_repaired(tool, version, events, concerned):
    found = tool.holes({("PyPI", "some-package"): version}, iter([told(events=events)]))

    assert bool(found) is concerned


def test_withdrawn_ones_others_and_other_ecosystems_are_left_out(tool):
    known = {("PyPI", "some-package"): "1.0"}
    npm = told()
    npm["affected"][0]["package"]["ecosystem"] = "npm"

    assert tool.holes(known, iter([told(withdrawn="2026-02-01T00:00:00Z"), told(name="other"), npm])) == []


@pytest.mark.parametrize(("severity", "days"), [("CRITICAL", 3), ("HIGH", 14), ("LOW", 92), ("", 14)])
def test_the_time_frame_is_the_one_of_the_book(tool, severity, days):
    one = told(database_specific={"severity": severity})
    (hole,) = tool.holes({("PyPI", "some-package"): "1.0"}, iter([one]))

    assert hole.days_left(date(2026, 1, 1)) == days
    book = (ROOT / "docs/security.md").read_text("utf-8")
    assert "within 3 days" in book and "within 14" in book and "three months" in book


def test_what_is_past_its_time_fails_and_a_clean_file_does_not(tool, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tool, "locked", lambda: {("PyPI", "some-package"): "1.0"})
    pack = tmp_path / "all.zip"
    for content, code, said in ((told(), 1, "1 of them past"), (told(name="other"), 0, "0 known holes")):
        with zipfile.ZipFile(pack, "w") as zipped:
            zipped.writestr("X-1.json", json.dumps(content))
        assert tool.main([str(pack)]) == code
        assert said in capsys.readouterr().out
    assert tool.main([]) == 2
