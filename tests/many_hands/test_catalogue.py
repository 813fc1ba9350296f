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
from tongban.licences import type_drafts
from tongban.matters import code_lists
from tongban.matters.editing import drafting
from tongban.matters.models import CodeListVersion, Draft, MatterVersion, Save, TypeDraft
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
        with transaction.atomic():
            drafting._put_in_force(held, "in_check", today=today, actor=actor, checked_by=who)

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


ENTRY = {"code": "train", "zh": "火车", "en": "Train"}
NAME = {"zh": "交通方式", "en": "Ways to travel"}


def list_in_check(office) -> TypeDraft:
    writer = editors.editor(office)
    row = type_drafts.begin("code_list", "ways", officer=writer, name=NAME)
    type_drafts.save(row, {"entries": [ENTRY]}, seen=0, officer=writer)
    return type_drafts.submit(row, officer=writer)


def test_a_list_of_answers_is_put_in_force_once_by_however_many_at_once():
    office = make.department("DSO")
    row = list_in_check(office)
    hands = [editors.manager(office) for _hand in range(HANDS)]
    seen = [TypeDraft.objects.select_related("begun_by").get(pk=row.pk) for _hand in hands]

    answers = together(
        *(
            lambda mine=mine, who=who: type_drafts.put_in_force(mine, officer=who, seen=row.revision)
            for mine, who in zip(seen, hands, strict=True)
        )
    )

    assert len(problems(answers)) == HANDS - 1
    assert CodeListVersion.objects.get().entries == [ENTRY]
    assert [one.payload["move"] for one in Event.objects.filter(kind="TypeMoved")].count("put_in_force") == 1


def test_control_lists_written_at_once_by_different_ways_each_leave_their_version():
    """The demonstration, a file and an editor: none is lost and no number given twice; who says the same says nothing new."""
    office, now = make.department("DSO"), timezone.now()
    said = [[{**ENTRY, "en": f"Train {number}"}] for number in range(HANDS)]

    answers = together(
        *(lambda mine=mine: code_lists.put("ways", owner=office, name=NAME, entries=mine, since=now) for mine in said)
    )
    together(*(lambda: code_lists.put("same", owner=office, name=NAME, entries=[ENTRY], since=now) for _hand in said))

    assert problems(answers) == []
    versions = CodeListVersion.objects.filter(list__slug="ways").order_by("number")
    assert [one.number for one in versions] == [*range(1, HANDS + 1)]
    assert sorted(one.entries[0]["en"] for one in versions) == [f"Train {number}" for number in range(HANDS)]
    assert CodeListVersion.objects.filter(list__slug="same").count() == 1
