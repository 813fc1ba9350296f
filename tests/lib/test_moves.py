from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection, models
from django.db.models import F, Q
from django.test.utils import isolate_apps
from django.utils import translation

from tongban.lib.moves import NotNow, make, move
from tongban.lib.problems import NotAllowed

pytestmark = pytest.mark.django_db(transaction=True)


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    SENT = "sent", "Sent, waiting"
    DONE = "done", "Finished"


SEND = move(
    "send",
    State.DRAFT,
    State.SENT,
    by=["applicant", "agent"],
    guard="all answers there",
    clock="starts",
    document="receipt",
)
FINISH = move("finish", {State.SENT, State.DRAFT}, State.DONE, by="approver")
EXTEND = move("extend", State.SENT, State.SENT)


@pytest.fixture
def letters():
    with isolate_apps("django.contrib.contenttypes"):

        class Letter(models.Model):
            state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
            reason = models.CharField(max_length=50, default="")
            extensions = models.IntegerField(default=0)
            version = models.IntegerField(default=1)
            updated_at = models.DateTimeField(default=datetime(2026, 1, 1, tzinfo=UTC))

            class Meta:
                app_label = "contenttypes"
                db_table = "test_letter"

        class Plain(models.Model):
            state = models.CharField(max_length=10, default="draft")

            class Meta:
                app_label = "contenttypes"
                db_table = "test_plain"

    with connection.schema_editor() as editor:
        editor.create_model(Letter)
        editor.create_model(Plain)
    yield Letter, Plain
    with connection.schema_editor() as editor:
        editor.delete_model(Letter)
        editor.delete_model(Plain)


def test_a_move_reads_as_one_line_of_the_law():
    assert SEND.sources == frozenset({"draft"})
    assert (SEND.target, SEND.by, SEND.guard, SEND.clock, SEND.document) == (
        "sent",
        ("applicant", "agent"),
        "all answers there",
        "starts",
        "receipt",
    )
    assert FINISH.by == ("approver",)
    assert FINISH.may_start_from(State.SENT) and not FINISH.may_start_from("done")
    assert SEND.may_be_made_by("agent") and not SEND.may_be_made_by("approver")


@time_machine.travel(datetime(2026, 11, 21, 4, tzinfo=UTC), tick=False)
def test_a_move_changes_the_row_and_its_copy_in_memory(letters):
    Letter, _plain = letters
    letter = Letter.objects.create()

    make(letter, SEND, reason="ready")

    stored = Letter.objects.get()
    for one in (letter, stored):
        assert (one.state, one.reason, one.version) == ("sent", "ready", 2)
        assert one.updated_at == datetime(2026, 11, 21, 4, tzinfo=UTC)


def test_a_model_without_version_and_hour_moves_too(letters):
    _letter, Plain = letters
    plain = Plain.objects.create()

    make(plain, SEND)

    assert (plain.state, Plain.objects.get().state) == ("sent", "sent")


def test_the_row_decides_and_not_the_copy_in_memory(letters):
    Letter, _plain = letters
    letter = Letter.objects.create()
    stale = Letter.objects.get()
    make(letter, SEND)

    with pytest.raises(NotNow) as refused:
        make(stale, SEND, reason="mine")

    assert isinstance(refused.value, NotAllowed)
    assert (refused.value.state, refused.value.step, refused.value.status) == ("sent", SEND, 409)
    assert "Sent, waiting" in str(refused.value.sentence)
    assert Letter.objects.get().reason == ""
    assert stale.state == "draft"


def test_the_refusal_speaks_the_language_of_whoever_reads_it(letters):
    Letter, _plain = letters
    letter = Letter.objects.create(state=State.DONE)

    with pytest.raises(NotNow) as refused, translation.override("en"):
        make(letter, SEND)

    with translation.override("en"):
        assert str(refused.value.sentence) == "This cannot be done now: it stands at “Finished”."


def test_a_row_that_is_gone_is_said_to_be_gone(letters):
    Letter, _plain = letters
    letter = Letter.objects.create()
    Letter.objects.all().delete()
    letter.pk = 1

    with pytest.raises(NotNow) as refused:
        make(letter, SEND)

    assert refused.value.state is None


def test_a_move_that_keeps_its_state_can_be_narrowed_to_once(letters):
    Letter, _plain = letters
    letter = Letter.objects.create(state=State.SENT)
    stale = Letter.objects.get()

    make(letter, EXTEND, only_if=Q(extensions=0), extensions=F("extensions") + 1)
    with pytest.raises(NotNow):
        make(stale, EXTEND, only_if=Q(extensions=0), extensions=F("extensions") + 1)

    assert letter.extensions == Letter.objects.get().extensions == 1


def test_without_the_condition_two_extensions_would_both_win(letters):
    """The negative control of the test above."""
    Letter, _plain = letters
    letter = Letter.objects.create(state=State.SENT)
    stale = Letter.objects.get()

    make(letter, EXTEND, extensions=F("extensions") + 1)
    make(stale, EXTEND, extensions=F("extensions") + 1)

    assert Letter.objects.get().extensions == 2


def test_the_version_in_memory_is_the_one_of_the_row(letters):
    Letter, _plain = letters
    letter = Letter.objects.create()
    Letter.objects.update(version=7)

    make(letter, SEND)

    assert letter.version == Letter.objects.get().version == 8
