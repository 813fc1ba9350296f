"""Before a permit is taken away its holder is told and heard, and another officer of the same department decides."""

import datetime
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import make
from tests.licences.test_rendering import text_of
from tongban.departments import duties
from tongban.departments.services import load_calendar_year
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import industry, letters, proceedings, services
from tongban.licences.models import Licence, Proceeding
from tongban.licences.states import LicenceState
from tongban.notices.models import Message
from tongban.parties.models import Membership

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

NOW = datetime.datetime(2026, 11, 23, 2, 0, tzinfo=datetime.UTC)  # a Monday
BEFORE = datetime.date(2026, 10, 1)
LAST = datetime.date(2026, 11, 30)
SAID = {"reason": "Sold to minors on 3 November.", "ground": "Tobacco Monopoly Law, art. 32"}


@pytest.fixture
def owner():
    make.calendar()
    return make.account()


@pytest.fixture
def permit(owner) -> Licence:
    kind = make.licence_type("tobacco-licence", issuer=make.department("TOB"), holder_kind="company")
    return services.issue(
        kind.slug, holder=make.company(of=owner.person), face={}, decision="case:1", issued_on=BEFORE, valid_from=BEFORE,
        valid_to=None, actor=PLATFORM,
    )  # fmt: skip


@pytest.fixture
def reviewer():
    return make.officer("dept_reviewer", of=make.department("TOB"))


@pytest.fixture
def approver():
    return make.officer("dept_approver", of=make.department("TOB"))


def begun(permit, officer, **more) -> Proceeding:
    return proceedings.open_proceeding(permit, officer=officer, **({"aim": "revoke", "now": NOW} | SAID | more))


def state_of(permit) -> str:
    return Licence.objects.get(pk=permit.pk).state


def test_the_holder_is_told_has_five_working_days_and_nothing_is_done_before(permit, reviewer, approver, owner):
    row = begun(permit, reviewer)

    told = Message.objects.get(account=owner, kind="proceeding_opened")
    assert (row.answer_until, told.needs_answer, told.link) == (LAST, True, f"/my/licences/{permit.pk}/")
    assert "2026年11月30日" in told.body["zh"] and "撤销" in told.body["zh"]
    assert state_of(permit) == LicenceState.VALID
    with pytest.raises(NotAllowed) as refused:
        proceedings.carry_out(row, officer=approver, conclusion="Revoked.", now=NOW + timedelta(days=2))
    assert refused.value.code == "not-heard"

    load_calendar_year(2026, {"2026-11-26": "storm"}, {}, True)
    duties.recount("what a holder has to say", first="2026-11-26")
    duties.recount("what a holder has to say", first="2026-11-26")

    row.refresh_from_db()
    assert row.answer_until == LAST + timedelta(days=1)
    assert "2026年12月1日" in Message.objects.get(account=owner, kind="proceeding_day_changed").body["zh"]


def test_after_the_answer_another_officer_decides_and_the_licence_is_revoked(permit, reviewer, approver, owner):
    row = begun(permit, reviewer)
    proceedings.answer(row, text="The clerk was new.", account=owner, now=NOW + timedelta(days=1))

    proceedings.carry_out(
        row,
        officer=approver,
        conclusion="Revoked; the clerk's being new does not change it.",
        now=NOW + timedelta(days=1),
    )

    assert state_of(permit) == LicenceState.REVOKED
    assert Message.objects.filter(account=owner, kind="proceeding_carried_out").count() == 1
    kinds = list(Event.objects.filter(subject=f"licence:{permit.pk}").order_by("id").values_list("kind", flat=True))
    assert kinds == [
        "LicenceIssued",
        "ProceedingOpened",
        "ProceedingAnswered",
        "LicenceStateChanged",
        "ProceedingEnded",
    ]


def test_silence_until_the_last_day_is_no_bar(permit, reviewer, approver):
    row = begun(permit, reviewer, aim="suspend")

    proceedings.carry_out(row, officer=approver, conclusion="Suspended.", now=NOW + timedelta(days=8))

    assert state_of(permit) == LicenceState.SUSPENDED


def test_an_urgent_suspension_holds_at_once_and_is_lifted_or_confirmed_by_another(permit, approver, owner):
    second = make.officer("dept_approver", of=approver.department)
    row = begun(permit, approver, aim="suspend", urgent=True)
    assert state_of(permit) == LicenceState.SUSPENDED
    assert Message.objects.filter(account=owner, kind="proceeding_urgent").count() == 1

    with pytest.raises(NotAllowed) as own:
        proceedings.drop(row, officer=approver, conclusion="x", now=NOW)
    assert own.value.code == "four-eyes"
    proceedings.drop(row, officer=second, conclusion="It was another shop.", now=NOW)

    assert state_of(permit) == LicenceState.VALID


def test_only_a_suspension_is_urgent_and_only_an_approver_orders_it(permit, reviewer, approver):
    with pytest.raises(Invalid):
        begun(permit, approver, aim="revoke", urgent=True)
    with pytest.raises(NotAllowed):
        begun(permit, reviewer, aim="suspend", urgent=True)


def test_nobody_of_another_department_and_nobody_in_their_own_matter(permit, approver, owner):
    with pytest.raises(NotAllowed):
        begun(permit, make.officer("dept_approver", of=make.department("AMR")))
    clerk = make.officer("dept_approver", of=approver.department, person=make.person())
    Membership.objects.create(person=clerk.account.person, company_id=permit.holder_id, role="clerk", since=NOW.date())
    with pytest.raises(NotAllowed) as own:
        begun(permit, clerk)
    assert own.value.code == "own-case"


def test_reason_and_ground_are_needed_and_one_proceeding_at_a_time(permit, reviewer, approver):
    for missing in ("reason", "ground"):
        with pytest.raises(Invalid) as incomplete:
            begun(permit, reviewer, **{missing: "  "})
        assert missing in incomplete.value.errors
    begun(permit, reviewer)

    with pytest.raises(NotAllowed) as twice:
        begun(permit, approver)
    assert twice.value.code == "proceeding-open"
    assert Message.objects.filter(kind="proceeding_opened").count() == 1


def test_an_answer_is_given_once_and_in_time(permit, reviewer, owner):
    row = begun(permit, reviewer)
    with pytest.raises(NotAllowed) as late:
        proceedings.answer(row, text="x", account=owner, now=NOW + timedelta(days=9))
    assert late.value.code == "too-late-to-answer"
    proceedings.answer(row, text="first", account=owner, now=NOW)
    with pytest.raises(NotAllowed):
        proceedings.answer(row, text="second", account=owner, now=NOW)

    row.refresh_from_db()
    assert row.statement == "first"


def test_the_table_refuses_that_one_officer_opens_and_decides(permit, reviewer):
    row = begun(permit, reviewer)

    with pytest.raises(IntegrityError), transaction.atomic():
        Proceeding.objects.filter(pk=row.pk).update(decided_by=reviewer, state="dropped", decided_at=NOW)


def test_a_permit_renewed_meanwhile_is_taken_away_in_its_newest_edition(permit, reviewer, approver):
    row = begun(permit, reviewer)
    newer = services.issue(
        permit.type.slug, holder=permit.holder, face={}, decision="case:2", issued_on=NOW.date(), valid_from=NOW.date(),
        valid_to=None, actor=PLATFORM, previous=Licence.objects.get(pk=permit.pk),
    )  # fmt: skip

    proceedings.carry_out(row, officer=approver, conclusion="Revoked.", now=NOW + timedelta(days=8))

    assert (state_of(permit), state_of(newer)) == (LicenceState.SUPERSEDED, LicenceState.REVOKED)


def test_what_was_suspended_holds_again_when_an_approver_says_so(permit, reviewer, approver, owner):
    row = begun(permit, reviewer, aim="suspend")
    proceedings.carry_out(row, officer=approver, conclusion="Suspended.", now=NOW + timedelta(days=8))
    permit.refresh_from_db()

    with pytest.raises(NotAllowed):
        proceedings.resume(permit, officer=reviewer, reason="put right")
    proceedings.resume(permit, officer=approver, reason="put right")

    assert state_of(permit) == LicenceState.VALID
    assert Message.objects.filter(account=owner, kind="licence_resumed").count() == 1


def test_a_line_of_an_industry_licence_is_taken_away_by_its_regulator_alone(permit, owner):
    sign = industry.Permit(
        key="shop-sign", name={"zh": "招牌", "en": "Sign"}, number="1", regulator=make.department("GRN"),
        issued_on=timezone.localdate(), valid_to=None, mandatory=False,
    )  # fmt: skip
    make.licence_type(
        "industry-licence", issuer=make.department("AMR"), holder_kind="company", face_fields=["merged_licences"]
    )
    whole = industry.issue_industry(
        holder=permit.holder, industry={"zh": "便利店", "en": "Shop"}, decision="case:9", actor=PLATFORM,
        permits=[industry.permit_of(permit, key="tobacco-retail", mandatory=True), sign],
    )  # fmt: skip
    line = whole.items.get(key="shop-sign")
    green = [make.officer("dept_approver", of=make.department("GRN")) for _number in range(2)]

    with pytest.raises(NotAllowed):
        begun(whole, make.officer("dept_approver", of=make.department("AMR")), item=line, aim="suspend")
    begun(whole, green[0], item=line, aim="suspend", urgent=True)
    line.refresh_from_db()
    assert line.state == LicenceState.SUSPENDED
    proceedings.carry_out(
        Proceeding.objects.get(), officer=green[1], conclusion="It stays.", now=NOW + timedelta(days=8)
    )

    assert services.verify(whole.token, channel="test").reason == "item_suspended"


def test_what_is_announced_and_what_is_decided_are_letters_in_both_languages(permit, reviewer, approver, owner):
    row = begun(permit, approver, aim="suspend", urgent=True)
    announced = text_of(letters.draw(row, "notice"))
    assert letters.letters_of(row) == ["notice"]

    another = make.officer("dept_approver", of=permit.issuer)
    proceedings.answer(row, text="It is repaired.", account=owner, now=NOW)
    row = proceedings.carry_out(row, officer=another, conclusion="It is not repaired.", now=NOW)
    row.refresh_from_db()
    decided = text_of(letters.draw(row, "decision"))

    for words in ["拟暂停证照告知书", "先行暂停", "holdsfromthedayofthisnotice", "Yourrights"]:
        assert words in announced, words
    for words in ["暂停证照决定书", "Decisiontosuspendalicence", "Whatyouansweredwasread", "60日", "6months"]:
        assert words in decided, words
    assert letters.letters_of(row) == ["notice", "decision"]
