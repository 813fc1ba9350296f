"""What stands beside few cases is found in one question, and whoever draws a page asks by names that exist."""

import re
from pathlib import Path

import pytest

from tests.office.desks import case_in, officer_for
from tongban.cases import seldom
from tongban.cases.models import Inspection, PhoneNote

CHANNELS = Path(seldom.__file__).parents[1] / "channels"


@pytest.mark.django_db
def test_what_is_there_is_found_in_one_question(django_assert_num_queries):
    case, other = case_in("under_review"), case_in("under_review")
    officer = officer_for("window_officer")
    before = seldom.beside(case)
    assert not before & {"phone_notes", "inspections"}
    PhoneNote.objects.create(case=case, officer=officer, text="called")
    Inspection.objects.create(case=case, ref="seldom")
    with django_assert_num_queries(1):
        assert seldom.beside(case) == before | {"phone_notes", "inspections"}
    assert not seldom.beside(other) & {"phone_notes", "inspections"}


def test_pages_ask_for_what_is_asked_about():
    """A name nobody asks about would hide what is there without a word."""
    asked = [
        (path.name, name)
        for path in CHANNELS.rglob("*.py")
        for words in re.findall(r'((?:"\w+" in there\b)|(?:there & \{[^}]*\}))', path.read_text())
        for name in re.findall(r'"(\w+)"', words)
    ]
    assert len(asked) > 15
    assert [one for one in asked if one[1] not in seldom.NAMES] == []
    assert {name for _path, name in asked} == set(seldom.NAMES)
