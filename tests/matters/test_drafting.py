"""The catalogue's own editors: a draft, its saves, a second person, a day; a matter that ends."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.matters import editors
from tongban.journal.models import Event, Topic
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters import services
from tongban.matters.editing import drafting
from tongban.matters.models import Matter, MatterVersion, Retirement
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

FEE = {"charged": True, "amount": 20, "cases": [], "text": {"zh": "20元", "en": "CNY 20"}}
OTHER_FEE = {**FEE, "amount": 30, "text": {"zh": "30元", "en": "CNY 30"}}


def state(version) -> str:
    return MatterVersion.objects.get(pk=version.pk).state


def in_force(matter: Matter) -> MatterVersion:
    return matter.versions.get(state="published")


def test_a_draft_begins_as_the_version_in_force_and_changes_nothing_for_anybody():
    matter = editors.matter()
    before = in_force(matter)

    draft = editors.draft(matter, fee=FEE)

    assert (draft.number, draft.state, draft.fee, draft.name) == (2, "draft", FEE, before.name)
    assert [theme.slug for theme in draft.themes.all()] == ["residence"]
    assert in_force(matter) == before and in_force(matter).fee == before.fee
    assert not Topic.objects.filter(name="catalogue").exists()


def test_there_is_one_open_draft_of_a_matter():
    draft = editors.draft()

    with pytest.raises(NotAllowed) as refused:
        drafting.take_up(draft.matter, officer=editors.editor())
    with pytest.raises(IntegrityError), transaction.atomic():
        MatterVersion.objects.create(matter=draft.matter, number=9, state="in_check", name={})

    assert refused.value.code == "draft-there"


def test_a_second_person_publishes_and_running_cases_keep_theirs():
    matter = editors.matter()
    case = make.submitted(matter)
    version = editors.in_check(matter, fee=FEE)

    drafting.publish_checked(version, on=timezone.localdate(), officer=editors.manager())

    case.refresh_from_db()
    assert (case.version.number, in_force(matter).number, in_force(matter).fee) == (1, 2, FEE)
    assert [(one.number, one.state) for one in matter.versions.order_by("number")] == [(1, "retired"), (2, "published")]
    assert Event.objects.filter(kind="MatterPublished").count() == 1
    assert Topic.objects.filter(name="catalogue").exists()


def test_whoever_wrote_of_it_does_not_check_it_and_the_database_says_so_too():
    manager = editors.manager()
    version = editors.draft(by=manager, fee=FEE)
    other = editors.manager()
    drafting.save(version, "fee", {"promised_days": 3}, seen=1, officer=other)
    drafting.submit(editors.fresh(version), why=editors.WHY, officer=manager)

    for author in (manager, other):
        with pytest.raises(NotAllowed) as refused:
            drafting.publish_checked(version, on=timezone.localdate(), officer=author)
        assert refused.value.code == "four-eyes"
    with pytest.raises(IntegrityError, match="version_is_checked_by_a_second_person"), transaction.atomic():
        MatterVersion.objects.filter(pk=version.pk).update(checked_by=manager)
    with pytest.raises(IntegrityError, match="version_of_an_editor_was_checked"), transaction.atomic():
        MatterVersion.objects.filter(pk=version.pk).update(state="scheduled")


def test_an_editor_does_not_publish_nobody_edits_another_department_nor_without_certificate():
    version = editors.in_check()

    with pytest.raises(NotAllowed):
        drafting.publish_checked(version, on=timezone.localdate(), officer=editors.editor())
    for stranger in (
        editors.manager(make.department("HRB")),
        make.officer("catalogue_manager", certified=("another-matter",)),
        make.officer("dept_approver", "window_officer"),
    ):
        with pytest.raises(NotAllowed):
            drafting.publish_checked(version, on=timezone.localdate(), officer=stranger)
        with pytest.raises(NotAllowed):
            drafting.call_back(version, officer=stranger)
    assert drafting.publish_checked(version, on=timezone.localdate(), officer=editors.manager(make.department("DSO")))


def test_a_later_day_takes_effect_on_that_day_and_only_once():
    version = editors.in_check()
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)

    drafting.publish_checked(version, on=tomorrow, officer=editors.manager())

    assert (state(version), in_force(version.matter).number) == ("scheduled", 1)
    assert drafting.put_in_force(timezone.localdate()) == 0
    assert drafting.put_in_force(tomorrow) == 1
    assert drafting.put_in_force(tomorrow) == 0
    assert (in_force(version.matter).pk, in_force(version.matter).effective_from) == (version.pk, tomorrow)


def test_midnight_is_midnight_in_shanghai(settings):
    version = editors.in_check()
    day = timezone.localdate() + datetime.timedelta(days=1)
    drafting.publish_checked(version, on=day, officer=editors.manager())
    before = datetime.datetime.combine(day, datetime.time(15, 59), datetime.UTC) - datetime.timedelta(days=1)

    assert settings.TIME_ZONE == "Asia/Shanghai"
    assert drafting.put_in_force(timezone.localdate(before)) == 0
    assert drafting.put_in_force(timezone.localdate(before + datetime.timedelta(minutes=1))) == 1


def test_what_waits_for_its_day_can_be_called_back_and_edited_again():
    version = editors.in_check()
    drafting.publish_checked(version, on=timezone.localdate() + datetime.timedelta(days=9), officer=editors.manager())

    drafting.call_back(version, officer=editors.editor())

    row = editors.fresh(version)
    assert (row.state, row.checked_by, row.effective_from) == ("draft", None, None)


def test_given_back_says_why_and_lets_the_author_go_on():
    version = editors.in_check()

    with pytest.raises(Invalid):
        drafting.give_back(version, words=" ", officer=editors.manager())
    drafting.give_back(version, words="The fee is 30.", officer=editors.manager())

    assert (state(version), editors.fresh(version).draft.given_back) == ("draft", "The fee is 30.")


def test_who_may_check_hears_that_a_guide_waits_and_its_author_what_came_of_it():
    author, checker = editors.editor(), editors.manager()
    make.officer("catalogue_manager", of=make.department("AMR")), editors.editor()  # another department, another role
    version = editors.in_check(by=author)
    ways.work()
    drafting.give_back(version, words="The fee is 30.", officer=checker)
    ways.work()
    drafting.submit(editors.fresh(version), why=editors.WHY, officer=author)
    ways.work()
    drafting.publish_checked(editors.fresh(version), on=timezone.localdate(), officer=checker)
    ways.work()

    said = Message.objects.filter(kind__startswith="guide_").order_by("pk")
    assert list(said.values_list("account", "kind")) == [
        (checker.account_id, "guide_to_check"),
        (author.account_id, "guide_given_back"),
        (checker.account_id, "guide_to_check"),
        (author.account_id, "guide_passed"),
    ]
    assert "The fee is 30." in said[1].body["en"]


def test_what_is_incomplete_is_not_sent_and_everything_missing_is_named_at_once():
    draft = editors.draft(conditions={}, promised_days=30)

    with pytest.raises(Invalid) as refused:
        drafting.submit(draft, why=editors.WHY, officer=editors.editor())
    with pytest.raises(Invalid):
        drafting.submit(draft, why={"zh": "改"}, officer=editors.editor())

    assert set(refused.value.errors) == {"conditions", "promised_days"}


# -- saves


def test_each_save_can_be_taken_back_and_taken_back_again():
    editor = editors.editor()
    draft = editors.draft(by=editor)
    first = draft.fee
    drafting.save(draft, "fee", {"fee": FEE}, seen=0, officer=editor)
    drafting.save(draft, "time", {"promised_days": 2}, seen=1, officer=editor)

    drafting.take_back(draft, 1, officer=editor)
    assert (editors.fresh(draft).fee, editors.fresh(draft).promised_days) == (first, 2)
    drafting.take_back(draft, 3, officer=editor)

    assert editors.fresh(draft).fee == FEE
    with pytest.raises(NotAllowed):
        drafting.take_back(draft, 3, officer=editor)


def test_the_same_again_is_no_save():
    editor = editors.editor()
    draft = editors.draft(by=editor, fee=FEE)

    drafting.save(draft, "fee", {"fee": FEE}, seen=1, officer=editor)

    assert draft.draft.saves.count() == 1


def test_two_editors_keep_what_each_changed_and_meet_only_at_the_same_element():
    draft = editors.draft()
    one, two = editors.editor(), editors.editor()
    page = {"fee": draft.fee, "promised_days": draft.promised_days, "visits": draft.visits}
    drafting.save(draft, "fee", {**page, "fee": FEE}, seen=0, officer=one)

    drafting.save(draft, "time", {**page, "promised_days": 3}, seen=0, officer=two)
    with pytest.raises(drafting.Together) as met:
        drafting.save(draft, "fee", {**page, "fee": OTHER_FEE}, seen=0, officer=two)

    row = editors.fresh(draft)
    assert (row.fee, row.promised_days) == (FEE, 3)
    assert met.value.both == {"fee": (FEE, OTHER_FEE, one)}
    drafting.save(draft, "fee", {"fee": OTHER_FEE}, seen=2, officer=two)
    assert editors.fresh(draft).fee == OTHER_FEE


def test_what_is_being_checked_or_discarded_is_not_edited():
    version = editors.in_check()
    with pytest.raises(NotAllowed):
        drafting.save(version, "fee", {"fee": FEE}, seen=9, officer=editors.editor())

    drafting.discard(version, officer=editors.editor())

    assert state(version) == "discarded"
    with pytest.raises(NotAllowed):
        drafting.save(version, "fee", {"fee": FEE}, seen=9, officer=editors.editor())
    assert drafting.take_up(version.matter, officer=editors.editor()).number == 3


def test_who_else_is_at_it_is_said_for_five_minutes():
    draft = editors.draft()
    one, two = editors.editor(), editors.editor()
    now = timezone.now()

    assert drafting.note_presence(draft, officer=one, now=now) is None
    assert drafting.note_presence(draft, officer=two, now=now + datetime.timedelta(minutes=4)) == one
    assert drafting.note_presence(draft, officer=two, now=now + datetime.timedelta(minutes=6)) is None


# -- new ones, and the end


def test_a_new_matter_is_found_by_nobody_until_a_second_person_passed_it():
    editor = editors.editor()
    like = editors.matter("like-this")

    version = drafting.found(
        slug="dog-licence", name={"zh": "养犬登记", "en": "Dog licence"}, department=editor.department, kind="matter",
        officer=editor, copy_of=like,
    )  # fmt: skip

    assert (version.number, version.state, version.form, version.name["en"]) == (
        1,
        "draft",
        in_force(like).form,
        "Dog licence",
    )
    with pytest.raises(Invalid) as refused:
        drafting.found(
            slug="Dog licence", name={"zh": "x"}, department=make.department("HRB"), kind="zoo", officer=editor
        )
    assert set(refused.value.errors) == {"slug", "name", "department", "kind"}


def test_a_matter_ends_on_its_day_when_a_second_person_says_so():
    matter, other = editors.matter("old-one"), editors.matter("new-one")
    case = make.submitted(matter)
    first, second = editors.manager(), editors.manager()
    words = {"zh": "已并入新事项", "en": "Now part of another matter"}

    drafting.ask_retirement(matter, on=timezone.localdate(), words=words, forward_to=other, officer=first)
    with pytest.raises(NotAllowed):
        drafting.confirm_retirement(matter, officer=first)
    with pytest.raises(IntegrityError, match="retirement_is_confirmed_by_a_second_person"), transaction.atomic():
        Retirement.objects.update(confirmed_by=first)
    drafting.confirm_retirement(matter, officer=second)

    assert not matter.versions.filter(state="published").exists()
    case.refresh_from_db()
    assert case.version.number == 1
    assert Event.objects.filter(kind="MatterRetired").count() == 1
    with pytest.raises(NotAllowed):
        make.draft(matter)


def test_a_member_of_a_bundle_does_not_end_under_it():
    matter = editors.matter("member")
    bundle = make.matter(
        "bundle", members=[{"matter": "member", "name": editors.BOTH, "required": True, "when": {}, "after": []}]
    )
    Matter.objects.filter(pk=bundle.pk).update(kind="bundle")

    with pytest.raises(Invalid) as refused:
        drafting.ask_retirement(
            matter, on=timezone.localdate(), words=editors.WHY, forward_to=None, officer=editors.manager()
        )

    assert set(refused.value.errors) == {"matter"}
    name = bundle.versions.get(state="published").name
    assert str(refused.value.errors["matter"][0]).count(name["zh"]) + str(refused.value.errors["matter"][0]).count(
        name["en"]
    )


def test_the_demonstration_does_not_come_back_over_what_people_wrote():

    matter = editors.matter()
    assert not services.kept_here(matter)
    drafting.publish_checked(editors.in_check(matter), on=timezone.localdate(), officer=editors.manager())

    assert services.kept_here(matter)


def test_what_is_put_right_today_leaves_the_version_to_come_its_day():
    today = timezone.localdate()
    later = today + datetime.timedelta(days=30)
    matter = editors.matter()
    coming = editors.in_check(matter, fee=OTHER_FEE)
    drafting.publish_checked(coming, on=later, officer=editors.manager())
    ours = drafting.take_up(matter, officer=editors.editor(), of_today=True)
    ours.refresh_from_db()
    assert (ours.draft.base.number, ours.number) == (1, 3)
    drafting.save(ours, "fee", {"promised_days": 9}, seen=0, officer=editors.editor())
    drafting.submit(ours, why=editors.WHY, officer=editors.editor())

    drafting.publish_checked(ours, on=today, officer=editors.manager())

    assert (in_force(matter).pk, in_force(matter).fee != OTHER_FEE, state(coming)) == (ours.pk, True, "scheduled")
    assert drafting.put_in_force(later) == 1
    assert (in_force(matter).pk, in_force(matter).fee, state(ours)) == (coming.pk, OTHER_FEE, "retired")
    assert in_force(matter).number == 4  # numbers go with time
    taken_from_it = editors.in_check(matter, fee=FEE)
    drafting.publish_checked(taken_from_it, on=later, officer=editors.manager())
    again = editors.in_check(matter, fee=OTHER_FEE)
    drafting.publish_checked(again, on=today, officer=editors.manager())
    assert (in_force(matter).pk, state(taken_from_it)) == (again.pk, "discarded")
