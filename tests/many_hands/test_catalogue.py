"""The catalogue with several people at it at the same moment."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tests.matters import editors
from tongban.cases.models import Case, Step
from tongban.cases.services import rebasing
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.matters.editing import drafting
from tongban.matters.models import Draft, MatterVersion, Save
from tongban.notices.models import Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 5
FEE = {"charged": True, "amount": 20, "cases": [], "text": {"zh": "20元", "en": "CNY 20"}}


def in_force(matter) -> list[int]:
    return list(matter.versions.filter(state="published").values_list("number", flat=True))


def test_taking_up_at_once_makes_one_draft():
    matter, hands = editors.matter(), [editors.editor() for _hand in range(HANDS)]

    answers = together(*(lambda who=who: drafting.take_up(matter, officer=who) for who in hands))

    assert [type(one) for one in problems(answers)] == [NotAllowed] * (HANDS - 1)
    assert Draft.objects.count() == 1 and Event.objects.filter(kind="DraftTakenUp").count() == 1


def test_editors_saving_different_things_at_once_lose_nothing():
    version, hands = editors.draft(), [editors.editor() for _hand in range(HANDS)]
    changes = [
        {"promised_days": 1},
        {"visits": 0, "express": True},
        {"fee": FEE},
        {"quota": editors.BOTH},
        {"bars": editors.BOTH},
    ]

    answers = together(
        *(
            lambda change=change, who=who: drafting.save(version, "fee", change, seen=0, officer=who)
            for change, who in zip(changes, hands, strict=True)
        )
    )

    row = editors.fresh(version)
    assert problems(answers) == []
    assert (row.promised_days, row.express, row.fee, row.quota, row.bars) == (1, True, FEE, editors.BOTH, editors.BOTH)
    assert sorted(Save.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_editors_saving_the_same_thing_at_once_meet():
    version, hands = editors.draft(), [editors.editor() for _hand in range(HANDS)]

    answers = together(
        *(
            lambda n=n, who=who: drafting.save(version, "fee", {"promised_days": n}, seen=0, officer=who)
            for n, who in enumerate(hands)
        )
    )

    assert [type(one) for one in problems(answers)] == [drafting.Together] * (HANDS - 1)
    assert Save.objects.count() == 1


def test_publishing_at_once_publishes_once():
    version, today = editors.in_check(), timezone.localdate()
    hands = [editors.manager() for _hand in range(HANDS)]

    answers = together(*(lambda who=who: drafting.publish_checked(version, on=today, officer=who) for who in hands))

    assert [type(one) for one in problems(answers)] == [NotAllowed] * (HANDS - 1)
    assert in_force(version.matter) == [2]
    assert Event.objects.filter(kind="MatterPublished").count() == 1


def test_the_duty_of_several_workers_puts_a_version_in_force_once():
    version = editors.in_check()
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    drafting.publish_checked(version, on=tomorrow, officer=editors.manager())

    answers = together(*(lambda: drafting.put_in_force(tomorrow) for _hand in range(HANDS)))

    assert problems(answers) == [] and sum(answers) == 1
    assert in_force(version.matter) == [2]
    assert Event.objects.filter(kind="MatterPublished").count() == 1


def test_passing_and_calling_back_at_once_leave_one_of_both():
    version = editors.in_check()
    manager, editor = editors.manager(), editors.editor()

    together(
        lambda: drafting.publish_checked(version, on=timezone.localdate(), officer=manager),
        lambda: drafting.call_back(version, officer=editor),
        lambda: drafting.give_back(version, words="No.", officer=editors.manager()),
    )

    row = editors.fresh(version)
    assert (row.state, in_force(row.matter)) in [("published", [2]), ("draft", [1])]
    assert row.state == "published" or row.checked_by is None


def test_control_without_the_condition_in_the_update_both_would_publish(monkeypatch):
    version, today = editors.in_check(), timezone.localdate()
    monkeypatch.setattr(drafting, "_move", _whatever_it_was)
    first, second = editors.manager(), editors.manager()
    held = editors.fresh(version)

    for who in (first, second):
        actor = drafting.permit(who, held.matter, "catalogue_manager")
        drafting._move(held, "in_check", "scheduled", checked_by=who, effective_from=today)
        with transaction.atomic():
            drafting._put_in_force(held, today=today, actor=actor)

    assert Event.objects.filter(kind="MatterPublished").count() == 2


def _whatever_it_was(version, source, target, *, others=False, **changes) -> None:
    MatterVersion.objects.filter(pk=version.pk).update(state=target, **changes)


def test_control_two_published_versions_are_refused_by_the_database_alone():
    matter = editors.matter()

    with pytest.raises(IntegrityError):
        MatterVersion.objects.create(
            matter=matter, number=2, state="published", name={}, effective_from=timezone.localdate()
        )


def test_moving_an_application_at_once_moves_and_tells_once():
    matter = editors.matter()
    citizen = make.account()
    case = make.draft(matter, account_=citizen)
    target = drafting.publish_checked(editors.in_check(matter), on=timezone.localdate(), officer=editors.manager())
    hands = [editors.manager() for _hand in range(HANDS)]

    answers = together(
        *(lambda who=who: rebasing.move_over([case.pk], target, reason=editors.WHY, officer=who) for who in hands)
    )

    assert problems(answers) == []
    assert sum(len(one.done) for one in answers) == 1
    assert Case.objects.get(pk=case.pk).version == target
    assert Step.objects.filter(case=case, move="move_over").count() == 1
    assert Message.objects.filter(kind="case_moved_over").count() == 1


def test_a_matter_ends_once():
    matter = editors.matter()
    drafting.ask_retirement(
        matter, on=timezone.localdate(), words=editors.WHY, forward_to=None, officer=editors.manager()
    )
    hands = [editors.manager() for _hand in range(HANDS)]

    together(*(lambda who=who: drafting.confirm_retirement(matter, officer=who) for who in hands))

    assert in_force(matter) == [] and Event.objects.filter(kind="MatterRetired").count() == 1
