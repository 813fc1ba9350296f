"""Live pages are told once a transaction; several events of one act are written as one would be."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event, Job, Topic
from tongban.journal.services import event, on

pytestmark = pytest.mark.django_db


@event
class WindowOpened:
    window: int


@on(WindowOpened)
def look_through(event):
    pass


def versions() -> dict[str, int]:
    return dict(Topic.objects.values_list("name", "version"))


def test_a_name_that_several_acts_of_a_transaction_touch_is_counted_once():
    with transaction.atomic():
        journal.touch("queue:AMR", "case:1")
        journal.touch("case:2", "queue:AMR")
    with transaction.atomic():
        journal.touch("queue:AMR")

    assert versions() == {"queue:AMR": 2, "case:1": 1, "case:2": 1}


def test_what_was_counted_in_a_savepoint_that_is_taken_back_is_counted_again():
    with transaction.atomic():
        with pytest.raises(ValueError, match="no"), transaction.atomic():
            journal.touch("case:1")
            raise ValueError("no")
        journal.touch("case:1")

    assert versions() == {"case:1": 1}


def test_a_savepoint_that_stays_and_what_comes_after_it_are_both_counted():
    with transaction.atomic():
        with transaction.atomic():
            journal.touch("case:1")
        journal.touch("case:1", "case:2")

    assert versions()["case:1"] >= 1
    assert versions()["case:2"] == 1


def test_several_events_of_one_act_are_written_in_order_with_their_jobs_and_codes_in_two_statements():
    with transaction.atomic(), CaptureQueriesContext(connection) as sent:
        rows = journal.record_many([(WindowOpened(window=n), f"window:{n}") for n in (3, 1, 2)], actor=PLATFORM)

    assert [row.subject for row in Event.objects.order_by("pk")] == ["window:3", "window:1", "window:2"]
    assert all(journal.is_as_written(row) for row in Event.objects.all())
    assert sorted(Job.objects.values_list("event", flat=True)) == sorted(row.pk for row in rows)
    assert sum(one["sql"].startswith("INSERT") for one in sent.captured_queries) == 2
