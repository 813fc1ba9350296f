import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.models import Heartbeat, Job
from tongban.site.commands import work

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(60)]

DONE: list[str] = []


@journal.carrier("tests.site.note")
def note(what):
    DONE.append(what)


@pytest.fixture(autouse=True)
def nothing_done_yet():
    DONE.clear()


def test_the_worker_does_what_is_due_shows_itself_and_stops():
    journal.enqueue("tests.site.note", what="now")
    journal.enqueue("tests.site.note", what="tomorrow", run_at=timezone.now() + timedelta(days=1))

    work.work(threading.Event(), poll=0.01, once=True)

    assert DONE == ["now"]
    assert timezone.now() - Heartbeat.objects.get(part="worker").at < timedelta(seconds=10)


def test_what_a_dead_worker_held_is_done_by_its_successor_at_once():
    journal.enqueue("tests.site.note", what="held")
    (held,) = journal.lease_jobs(5, timezone.now(), "aaaaaaaa")

    work.work(threading.Event(), poll=0.01, worker="bbbbbbbb", once=True)
    by_a_stranger = list(DONE)
    work.work(threading.Event(), poll=0.01, worker="aaaaaaaa", once=True)

    assert (by_a_stranger, DONE) == ([], ["held"])
    held.refresh_from_db()
    assert (held.state, held.tries) == (Job.DONE, 2)


def test_a_job_that_may_be_what_kills_workers_waits_and_is_parked_in_the_end():
    journal.enqueue("tests.site.note", what="poison")
    now = timezone.now()
    for death in range(journal.TRIES_AT_MOST):
        Job.objects.update(run_at=now)
        assert len(journal.lease_jobs(5, now, "aaaaaaaa")) == 1
        journal.give_back("aaaaaaaa", now)
        if death + 1 == journal.DEATHS_BEFORE_WAITING:
            assert Job.objects.get().run_at == now + timedelta(minutes=5)

    assert Job.objects.get().state == Job.PARKED
    assert Job.objects.get().last_error == "the worker died each time it did this"


def test_jobs_that_had_not_begun_when_the_worker_died_are_not_to_blame():
    now = timezone.now()
    for what in ("in hand", "not begun"):
        journal.enqueue("tests.site.note", what=what, run_at=now)
    for _death in range(journal.DEATHS_BEFORE_WAITING):
        assert len(journal.lease_jobs(5, now, "aaaaaaaa")) == 2
        assert journal.give_back("aaaaaaaa", now) >= 1

    in_hand, not_begun = Job.objects.order_by("id")
    assert (in_hand.tries, in_hand.run_at) == (journal.DEATHS_BEFORE_WAITING, now + timedelta(minutes=5))
    assert (not_begun.tries, not_begun.run_at, not_begun.leased_until) == (0, now, None)


def test_nobody_gives_back_what_unnamed_workers_hold():
    journal.enqueue("tests.site.note", what="held")
    journal.lease_jobs(5, timezone.now())

    assert journal.give_back("", timezone.now()) == 0
    assert Job.objects.get().leased_until is not None
