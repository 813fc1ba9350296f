"""A page that stays open misses nothing: what changes between the reading and the drawing is news to it."""

import json
import re
from html import unescape

import pytest

from tests import doors
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tongban.channels.office import views_case
from tongban.channels.portal import views_cases
from tongban.journal import services as journal
from tongban.journal.queries import topic_versions

pytestmark = pytest.mark.django_db


def standing(answer) -> dict[str, int]:
    return json.loads(unescape(re.search(r'data-standing="([^"]*)"', answer.content.decode())[1]))


@pytest.fixture
def changed_after_reading(monkeypatch):
    """Somebody else changes a case at once after a page has read it."""

    def at(module, name):
        read = getattr(module, name)

        def read_and_changed(*args, **kwargs):
            row = read(*args, **kwargs)
            journal.touch(row.subject)
            return row

        monkeypatch.setattr(module, name, read_and_changed)

    return at


def test_what_happens_while_an_applicants_page_is_drawn_is_news_to_it(client, changed_after_reading):
    case = shop.in_review()
    doors.enter(client, case.account)
    changed_after_reading(views_cases, "own_case")

    shown = standing(client.get(f"/my/cases/{case.ref}/"))

    assert shown[case.subject] == topic_versions([case.subject])[case.subject] - 1


def test_what_happens_while_an_officers_page_is_drawn_is_news_to_it(client, changed_after_reading):
    part = shop.of(shop.in_review(), "fire")
    doors.enter(client, ways.of_department("dept_reviewer", part).account)
    changed_after_reading(views_case, "seen")

    shown = standing(client.get(f"/office/cases/{part.ref}/"))

    assert shown[part.subject] == topic_versions([part.subject])[part.subject] - 1


def test_a_page_that_was_looked_at_is_no_news_to_itself(client):
    case = shop.in_review()
    doors.enter(client, case.account)

    for _look in range(2):
        shown = standing(client.get(f"/my/cases/{case.ref}/"))
        assert shown == topic_versions(list(shown))
