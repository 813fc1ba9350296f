"""What `tongban check` says about codes."""

import pytest

from tests.codes import venues
from tongban.codes import checks, day_keys

pytestmark = pytest.mark.django_db


def test_an_order_that_keeps_visits_without_a_key_to_keep_them_for_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(day_keys, "folder", lambda: tmp_path)
    without = checks.problems()
    venues.order(diary=True)
    named = checks.problems()
    day_keys.enter_office(tmp_path, day_keys.new_office_key(None)[1])

    assert (without, len(named), checks.problems()) == ([], 1, [])
    assert "tongban visits key" in named[0]
