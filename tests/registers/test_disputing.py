"""A value of a register is wrong: said, checked, answered, corrected; and meanwhile no machine decides by it."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tongban.cases import services as cases
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Event, Job
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message
from tongban.registers import disputing, queries, services
from tongban.registers.gateways.authority import NoAnswer, NotFound, Subject, authority
from tongban.registers.gateways.authority.simulated import SimulatedAuthority
from tongban.registers.models import Call, Correction, Dispute, Resource, TwinChange

pytestmark = pytest.mark.django_db

MATTER = "residence-permit-first"
EMPLOYMENT = {
    "id": "employment-filing", "zh": "用工备案", "en": "Employment filings", "provider": "HRSS", "share": "conditional",
    "fields": ["employer", "from", "to", "active"],
}  # fmt: skip
FORM = [
    {"id": "employer", "zh": "用人单位", "en": "Employer", "type": "text", "required": True, "readonly": True,
     "prefill": "employment-filing.employer"},
    {"id": "name", "zh": "姓名", "en": "Name", "type": "text", "required": True, "readonly": True, "prefill": "user.name"},
    {"id": "phone", "zh": "手机", "en": "Mobile", "type": "phone", "required": False, "prefill": "user.mobile"},
    {"id": "truth", "zh": "承诺", "en": "I promise", "type": "consent", "required": True},
]  # fmt: skip
RIGHT = "示范区新雇主有限公司"


@pytest.fixture
def account():
    make.calendar()
    return make.account(make.person("王演练", id_no="99000019961120007X"), login="wang")


@pytest.fixture
def steward():
    return make.officer("dept_reviewer", of=make.department("HRSS"))


@pytest.fixture
def draft(account):
    services.load_resources([EMPLOYMENT])
    services.load_grants(MATTER, form=FORM, facts=["employment-filing.active", "employment-filing.employer"])
    matter = make.matter(MATTER, form=FORM)
    return cases.begin(matter, party=account.person, account=account)


def dispute(draft, account, **given) -> Dispute:
    return cases.dispute(draft, "employer", account=account, **({"says": RIGHT, "why": "since March"} | given))


def carry() -> None:
    while journal.work_once():
        pass


def test_a_dispute_reaches_the_steward_and_corrects_the_next_form(draft, account, steward):
    row = dispute(draft, account)

    assert list(queries.steward_queue(steward)) == [row]
    disputing.take(row, officer=steward)
    disputing.correct(row, officer=steward, answer="checked with the employer")
    assert row.state == "correcting"
    carry()

    row.refresh_from_db()
    again = cases.begin(draft.matter, party=account.person, account=account)
    assert (row.state, row.steward) == ("corrected", steward)
    assert again.value("employer") == RIGHT
    assert again.values["employer"]["source"] == "register:employment-filing"


def test_the_register_keeps_what_stood_there_before_and_why(draft, account, steward):
    was = draft.value("employer")
    row = dispute(draft, account)
    disputing.correct(row, officer=steward, answer="a new contract")
    carry()

    kept = Correction.objects.get()
    history = authority().history("employment-filing", Subject("person", "99000019961120007X"), "employer")
    assert (kept.was, kept.now, kept.why) == (was, RIGHT, "a new contract")
    assert [(one.before, one.after, one.why) for one in history] == [(was, RIGHT, "a new contract")]


def test_a_correction_carried_twice_is_made_once(draft, account, steward):
    row = dispute(draft, account)
    disputing.correct(row, officer=steward, answer="yes")
    authority().correct(
        "employment-filing",
        services.subject_of(account.person),
        "employer",
        RIGHT,
        reference=f"dispute:{row.ref}",
        why="yes",
    )  # the worker died after the register had taken it
    carry()
    disputing.carry_correction(row.pk)

    assert TwinChange.objects.count() == 1
    assert Correction.objects.count() == 1


def test_the_person_is_told_in_both_languages_what_became_of_it(draft, account, steward):
    row = dispute(draft, account)
    disputing.uphold(row, officer=steward, answer="the filing of May stands")
    carry()

    message = Message.objects.get(account=account, kind="dispute_upheld")
    assert message.body["en"].startswith("“Employer” in “Employment filings”")
    assert message.body["zh"].startswith("“用工备案”中的“用人单位”")
    assert message.link == f"/my/data/disputes/{row.ref}/"


def test_the_clock_counts_five_working_days_and_says_so(draft, account):
    friday = timezone.make_aware(datetime.datetime(2026, 3, 6, 10))

    row = dispute(draft, account, now=friday)

    assert (row.due, row.provisional) == (datetime.date(2026, 3, 13), False)


def test_going_on_with_ones_own_words_marks_them_and_people_decide(draft, account):
    was = draft.value("employer")
    row = dispute(draft, account, go_on=True)

    draft.refresh_from_db()
    held = draft.values["employer"]
    assert (held["value"], held["given"], held["given_source"]) == (RIGHT, was, "register:employment-filing")
    assert (held["source"], held["dispute"], draft.with_people) == ("applicant", row.pk, True)


def test_without_going_on_the_form_keeps_what_the_register_says(draft, account):
    was = draft.value("employer")
    dispute(draft, account)

    draft.refresh_from_db()
    assert (draft.value("employer"), draft.with_people) == (was, False)


def test_who_one_is_cannot_be_ones_own_statement(draft, account):
    services.load_resources([{**EMPLOYMENT, "id": "population-base", "provider": "PSB", "fields": ["name"]}])
    cases.dispute(draft, "name", account=account, says="王演", go_on=True)

    draft.refresh_from_db()
    assert (draft.value("name"), draft.with_people) == ("王演练", False)


def test_a_disputed_value_decides_nothing_until_it_is_answered(draft, account, steward):
    def asked():
        return services.read(
            "employment-filing", of=account.person, matter=MATTER, about="case:1", purpose="decision",
            fields=["active", "employer"], actor=PLATFORM,
        )  # fmt: skip

    assert sorted(asked()) == ["active", "employer"]
    row = dispute(draft, account)
    assert sorted(asked()) == ["active"]
    disputing.uphold(row, officer=steward, answer="it stands")
    assert sorted(asked()) == ["active", "employer"]


def test_the_same_value_is_disputed_once_at_a_time(draft, account):
    dispute(draft, account)

    with pytest.raises(NotAllowed) as twice:
        dispute(draft, account, says="another")
    assert twice.value.code == "dispute-runs"


def test_taken_back_it_can_be_said_again(draft, account):
    disputing.withdraw(dispute(draft, account), account=account)

    assert dispute(draft, account).state == "open"


@pytest.mark.parametrize("says", ["", None, []])
def test_nothing_is_not_an_answer(draft, account, says):
    with pytest.raises(Invalid) as empty:
        dispute(draft, account, says=says)
    assert "says" in empty.value.errors


def test_what_the_register_says_already_is_not_disputed(draft, account):
    with pytest.raises(Invalid):
        dispute(draft, account, says=draft.value("employer"))


def test_ones_own_telephone_number_is_not_disputed_but_changed(draft, account):
    with pytest.raises(NotAllowed) as own:
        cases.dispute(draft, "phone", account=account, says="13900000000")
    assert own.value.code == "nothing-to-dispute"


def test_another_department_neither_sees_nor_answers_it(draft, account):
    row = dispute(draft, account)
    stranger = make.officer("dept_reviewer", of=make.department("AMR"))

    assert list(queries.steward_queue(stranger)) == []
    with pytest.raises(NotAllowed) as no:
        disputing.uphold(row, officer=stranger, answer="no")
    assert no.value.code == "not-your-register"


def test_nobody_answers_about_their_own_data(draft, account):
    self_steward = make.officer("dept_reviewer", of=make.department("HRSS"))
    self_steward.account.person_id = account.person_id

    with pytest.raises(NotAllowed) as no:
        disputing.correct(dispute(draft, account), officer=self_steward, answer="of course")
    assert no.value.code == "own-matter"


def test_an_answer_without_words_is_none(draft, account, steward):
    row = dispute(draft, account)

    with pytest.raises(Invalid):
        disputing.uphold(row, officer=steward, answer="  ")
    row.refresh_from_db()
    assert row.state == "open"


def test_a_silent_register_is_asked_again_and_nothing_is_called_corrected(draft, account, steward, monkeypatch):
    row = dispute(draft, account)
    disputing.correct(row, officer=steward, answer="yes")
    monkeypatch.setattr(SimulatedAuthority, "correct", lambda *_all, **_more: (_ for _ in ()).throw(NoAnswer("down")))
    journal.work_once()

    row.refresh_from_db()
    assert row.state == "correcting"
    assert Job.objects.get(kind="registers.correct").state == "waiting"
    assert not Correction.objects.exists()


def test_a_register_that_will_not_take_it_gives_it_back_to_the_steward(draft, account, steward, monkeypatch):
    row = dispute(draft, account)
    disputing.correct(row, officer=steward, answer="yes")
    monkeypatch.setattr(SimulatedAuthority, "correct", lambda *_all, **_more: (_ for _ in ()).throw(NotFound("gone")))
    journal.work_once()

    row.refresh_from_db()
    assert (row.state, row.answered_at) == ("taken", None)


def test_a_corrected_name_is_corrected_in_our_own_record_too(draft, account, steward):
    services.load_resources([{**EMPLOYMENT, "id": "population-base", "provider": "PSB", "fields": ["name"]}])
    row = cases.dispute(draft, "name", account=account, says="王演")
    disputing.correct(
        row, officer=make.officer("dept_approver", of=make.department("PSB")), answer="seen in the household book"
    )
    carry()

    account.person.refresh_from_db()
    assert account.person.name == "王演"


def test_a_register_asked_inside_an_act_fails_loudly(draft, account):
    from django.db import transaction

    with transaction.atomic(), pytest.raises(RuntimeError, match="before a transaction"):
        services.read(
            "employment-filing", of=account.person, matter=MATTER, about="case:1", purpose="prefill",
            fields=["employer"], actor=Actor(kind="applicant", role="applicant"),
        )  # fmt: skip
    with transaction.atomic(), pytest.raises(RuntimeError):
        services.look(["employment-filing"], of=account.person, matter=MATTER, about="")
    with transaction.atomic(), pytest.raises(RuntimeError):
        services.holds("employment-filing", of=make.person(), matter=MATTER)


def test_no_act_of_a_case_asks_a_register_with_a_row_in_the_hand(draft, account):
    """The negative control of the test before: begin, choose and send ask registers, and nothing fails."""
    Call.objects.all().delete()

    case = cases.begin(draft.matter, party=account.person, account=account)
    cases.refresh_materials(case, account=account)

    assert Call.objects.exists()


def test_what_happened_is_on_record(draft, account, steward):
    disputing.correct(dispute(draft, account), officer=steward, answer="yes")
    carry()

    kinds = list(Event.objects.filter(subject__startswith="dispute:").order_by("id").values_list("kind", flat=True))
    assert kinds == ["DisputeOpened", "DisputeMoved", "DisputeAnswered"]
    assert Resource.objects.filter(slug="employment-filing").exists()
