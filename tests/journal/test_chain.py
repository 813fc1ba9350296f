"""The log cannot be changed unseen."""

import random

import pytest
from django.db import transaction

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event, ReadEntry
from tongban.journal.services import event

pytestmark = pytest.mark.django_db


@event
class SomethingHappened:
    thing: int


def written(rows: int) -> None:
    for number in range(rows):
        with transaction.atomic():
            journal.record(SomethingHappened(thing=number), subject=f"thing:{number}", actor=PLATFORM)
            journal.note_read(actor=PLATFORM, of_party=number, purpose="test", fields=["name", "id_no"])
    journal.seal_chain()
    journal.note_chain_length()


def test_an_untouched_log_is_whole():
    written(20)

    assert journal.verify_log() is None


TAMPERINGS = {
    "content": lambda row: type(row).objects.filter(pk=row.pk).update(role="somebody"),
    "time": lambda row: (
        type(row).objects.filter(pk=row.pk).update(at=row.at.replace(microsecond=(row.at.microsecond + 1) % 10**6))
    ),
    "code": lambda row: type(row).objects.filter(pk=row.pk).update(code="0" * 64),
    "chain": lambda row: type(row).objects.filter(pk=row.pk).update(chain="f" * 64),
    "gone": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "copied": lambda row: (
        type(row).objects.filter(pk=row.pk).update(code=type(row).objects.exclude(pk=row.pk).first().code)
    ),
}


@pytest.mark.parametrize("how", TAMPERINGS)
@pytest.mark.parametrize("model", [Event, ReadEntry])
def test_every_tampering_is_found_at_its_row(model, how):
    written(12)
    chance = random.Random(f"{model.__name__}{how}")
    for _try in range(8):
        row = chance.choice(list(model.objects.order_by("position")))
        point = transaction.savepoint()
        TAMPERINGS[how](row)

        broken = journal.verify_log()

        assert broken is not None and broken.table == model._meta.db_table
        if how != "gone":
            assert broken.row == row.pk
        transaction.savepoint_rollback(point)
    assert journal.verify_log() is None


def test_a_row_not_yet_in_the_chain_is_guarded_too():
    with transaction.atomic():
        row = journal.record(SomethingHappened(thing=1), subject="thing:1", actor=PLATFORM)
    Event.objects.filter(pk=row.pk).update(subject="thing:2")

    assert journal.verify_log().reason == "the content was changed"


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        journal.record(SomethingHappened(thing=1), subject="thing:1", actor=PLATFORM)
