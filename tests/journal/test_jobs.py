"""Jobs are done at least once, each on its own, and never by two hands at the same time."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Heartbeat, IdempotencyKey, Job
from tongban.journal.services import Refused, event, on

pytestmark = pytest.mark.django_db


@event
class DoorOpened:
    door: int


seen: list = []


@on(DoorOpened)
def look(event):
    seen.append(("look", event.door))


@on(DoorOpened)
def stumble(event):
    if event.door == 13:
        raise ValueError("unlucky")
    seen.append(("stumble", event.door))


@journal.carrier("test.refuse")
def refuse():
    raise Refused("never")


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def opened(door: int) -> None:
    with transaction.atomic():
        journal.record(DoorOpened(door=door), subject=f"door:{door}", actor=PLATFORM)


def test_each_reaction_is_a_job_of_its_own_and_one_that_fails_holds_up_no_other():
    opened(13)
    opened(1)

    while journal.work_once():
        pass

    assert sorted(seen) == [("look", 1), ("look", 13), ("stumble", 1)]
    failed = Job.objects.get(state=Job.WAITING)
    assert (failed.tries, failed.last_error) == (1, "ValueError: unlucky")
    assert failed.run_at > timezone.now()


def test_after_48_tries_a_job_is_parked_and_shown():
    opened(13)
    for _try in range(60):
        Job.objects.update(run_at=timezone.now() - timedelta(seconds=1))
        journal.work_once()

    parked = Job.objects.get(state=Job.PARKED)
    assert (parked.tries, parked.kind.endswith("stumble")) == (48, True)


def test_what_is_refused_is_never_tried_again():
    journal.enqueue("test.refuse")

    journal.work_once()

    assert Job.objects.get().state == Job.PARKED


def test_a_leased_job_is_not_taken_by_another_until_its_lease_ends():
    opened(1)
    now = timezone.now()
    first = journal.lease_jobs(10, now)

    assert journal.lease_jobs(10, now) == []
    again = journal.lease_jobs(10, now + journal.LEASE + timedelta(seconds=1))
    assert {job.pk for job in again} == {job.pk for job in first}


def test_a_worker_that_was_thought_dead_does_not_write_over_the_one_that_took_over():
    opened(1)
    now = timezone.now()
    slow = journal.lease_jobs(1, now)[0]
    journal.lease_jobs(10, now + journal.LEASE + timedelta(seconds=1))

    journal.carry_out(slow)

    assert Job.objects.get(pk=slow.pk).state == Job.WAITING


def test_an_errand_named_once_is_written_once():
    journal.enqueue("test.refuse", once="only")
    journal.enqueue("test.refuse", once="only")

    assert Job.objects.count() == 1


def test_an_answer_is_kept_whole_however_long():
    words = "已受理，" * 200

    first = journal.once("long", "1", lambda: words)

    assert (first, journal.once("long", "1", lambda: "never")) == ((words, True), (words, False))


def test_a_key_does_an_act_once_and_answers_the_same_again():
    done = []

    def act() -> str:
        done.append(1)
        return "42"

    assert journal.once("test", "k", act) == ("42", True)
    assert journal.once("test", "k", act) == ("42", False)
    assert len(done) == 1


def test_an_act_that_fails_leaves_no_key_behind():
    with pytest.raises(ZeroDivisionError):
        journal.once("test", "k", lambda: str(1 / 0))

    assert not IdempotencyKey.objects.exists()


def test_a_duty_is_done_once_a_turn(monkeypatch):
    done = []
    monkeypatch.setattr(journal, "RHYTHMS", {"d": journal.Rhythm("d", timedelta(minutes=10), lambda: done.append(1))})
    now = timezone.now()

    journal.keep_time(now)
    journal.keep_time(now)
    journal.keep_time(now + timedelta(minutes=11))

    assert (len(done), Heartbeat.objects.filter(part="duty:d").count()) == (2, 1)
