"""A company that is closed, all the way: tax first, the permits, a notice of twenty working days, an objection, and everything cancelled."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as ways
from tests.cases.test_ending import a_matter, drafted, holding, in_review, react, sent, states_of
from tongban.cases import services
from tongban.cases.models import Case, PublicObjection
from tongban.cases.services import following, keeping_time, publishing
from tongban.cases.states import ClockKind
from tongban.departments import queries as departments
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.licences.models import LicenceItem
from tongban.matters.models import Matter
from tongban.notices.models import Message
from tongban.parties.models import Company
from tongban.registers.models import Grant, Resource, TwinChange

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

PARTS = {"permits-cancel-amr": "AMR", "permits-cancel-tob": "TOB", "permits-cancel-grn": "GRN"}
BEFORE = ("tax-clearance", "insurance-cancel-unit")
NOT_COUNTED = [
    {"name": {"zh": "简易注销公示20日", "en": "Public notice of 20 days"}, "limit": {"zh": "20日", "en": "20 days"}, "counted": False}
]  # fmt: skip


@pytest.fixture
def owner():
    make.calendar()
    return make.account()


def close_company(**notice) -> Matter:
    a_matter("tax-clearance", "TAX", {"kind": "document", "ref": "tax clearance"})
    a_matter("insurance-cancel-unit", "HRSS", {"kind": "data_change", "ref": ""})
    for slug, code in PARTS.items():
        a_matter(slug, code, {"kind": "document", "ref": "notice", "ends": "permits"})
    registrar = {
        "public_notice": True,
        "notice_days": 20,
        "promised_days": 1,
        "statutory_days": 3,
        "special_procedures": NOT_COUNTED,
    }
    a_matter("company-cancel", "AMR", {"kind": "document", "ref": "notice", "ends": "business"}, **(registrar | notice))
    members = [
        *({"matter": slug, "required": True, "after": [], "when": {}} for slug in BEFORE),
        {"matter": "company-cancel", "required": True, "after": [*BEFORE, *PARTS], "when": {}},
        *(
            {
                "matter": slug, "required": False, "held": "needed", "after": ["tax-clearance"],
                "when": {"zh": "持有许可", "en": "holds"},
            }
            for slug in PARTS
        ),
    ]  # fmt: skip
    row = make.matter(
        "close-company", department=make.department("AMR"), name={"zh": "企业注销一件事", "en": "Closing a company"}, form=[],
        members=members, objects_served=["company"], result={"kind": "package", "ref": ""}, pre_review=False, promised_days=5,
    )  # fmt: skip
    Matter.objects.filter(pk=row.pk).update(kind=Matter.Kind.BUNDLE)
    for resource, fields, matter in (
        ("tax-ledger", ["arrears"], "tax-clearance"), ("penalty-register", ["open_penalties"], "company-cancel"),
        ("company-status", ["status"], ""),
    ):  # fmt: skip
        kept, _made = Resource.objects.get_or_create(
            slug=resource,
            defaults={"name": {"zh": resource}, "provider": "TAX", "share": "conditional", "fields": fields},
        )
        if matter:
            Grant.objects.create(resource=kept, matter=matter, purpose="decision", fields=fields)
    return Matter.objects.get(pk=row.pk)


def company(owner) -> Company:
    return make.company("示范河畔餐饮有限公司", of=owner.person, uscc="91990000999990002Q", address="示范路8号")


def at_the_registrar(closing: Matter, shop: Company, owner) -> Case:
    """Tax, insurance and the permits are through: the registrar's part is what is left."""
    case = in_review(sent(drafted(closing, shop, owner), owner))
    ways.grant(case, *BEFORE)
    following.go_on(case.pk)
    ways.grant(case, *PARTS)
    following.go_on(case.pk)
    return ways.fresh(case)


def published(case: Case) -> Case:
    part = ways.of(case, "company-cancel")
    return services.publish_notice(
        part, officer=ways.ways.of_department("dept_reviewer", part), text="拟注销登记，异议请在公示期内提出。", text_en="To be cancelled."
    )  # fmt: skip


def days_later(monkeypatch, day: datetime.date) -> None:
    """It is this day at noon."""
    there = timezone.make_aware(datetime.datetime.combine(day, datetime.time(12)))
    monkeypatch.setattr("django.utils.timezone.now", lambda: there)


def test_a_company_ends_after_its_notice_and_not_a_day_before(owner, monkeypatch):
    shop = company(owner)
    held = holding(shop)
    case = at_the_registrar(close_company(), shop, owner)
    assert ways.states(case)["company-cancel"] == "under_review"
    part = ways.of(case, "company-cancel")

    part = published(case)
    notice = part.public_notices.get()
    today = timezone.localdate()
    assert notice.until == departments.calendar().due(today, 20).day
    neighbour = make.account(login="creditor")
    services.object_to(notice, account=neighbour, party=neighbour.person, text="They owe me the rent of September.")

    assert part.promised_due is None and ways.fresh(case).promised_due is None  # the whole is promised no day either

    days_later(monkeypatch, notice.until)
    assert keeping_time.end_public_notices() == 0
    with pytest.raises(NotAllowed) as early:
        publishing.notice_over(part, now=timezone.now())
    assert early.value.code == "too-early"
    days_later(monkeypatch, notice.until + datetime.timedelta(days=1))
    assert keeping_time.end_public_notices() == 1
    assert keeping_time.end_public_notices() == 0

    assert ways.fresh(case).promised_due > notice.until
    part = ways.conclude(part)
    approver = ways.ways.of_department("dept_approver", part)
    with pytest.raises(NotAllowed) as waits:  # nobody ends a company over an objection without an answer
        services.approve(part, officer=approver)
    assert waits.value.code == "objections-open"
    reviewer = ways.ways.of_department("dept_reviewer", part)
    services.answer_objection(
        PublicObjection.objects.get(),
        officer=reviewer,
        answer="The rent was paid on 3 November; see the receipt.",
        followed=False,
    )
    assert set(states_of(shop).values()) == {"valid"}  # up to the last word nothing has ended
    assert Company.objects.get(pk=shop.pk).status == "active"
    services.approve(ways.fresh(part), officer=approver)
    react()

    case = ways.fresh(case)
    assert case.state == "approved"
    assert set(states_of(shop).values()) == {"cancelled"}
    assert Company.objects.get(pk=shop.pk).status == "closed"
    assert LicenceItem.objects.get(key="shop-sign").state == "cancelled"
    said = str(case.documents.get(kind="bundle_decision").content["rows"])
    assert all(row.identifier.split("3005.2.")[1] in said for row in held.values())
    assert TwinChange.objects.get(resource="company-status").after == {"value": "closed"}
    assert Event.objects.filter(kind="BusinessEnded").count() == 1
    assert Message.objects.filter(account=owner, kind="business_ended").count() == 1
    for clock in part.clocks.filter(kind__in=[ClockKind.DECISION_PROMISED, ClockKind.DECISION_STATUTORY]):
        assert clock.kept, (clock.kind, clock.due)  # three days by law, one promised: the notice took none of them


@pytest.mark.parametrize(("special", "late"), [(NOT_COUNTED, False), ([], True)])
def test_the_clock_counts_the_days_of_a_notice_only_where_the_guide_does(owner, monkeypatch, special, late):
    shop = company(owner)
    holding(shop)
    case = at_the_registrar(close_company(special_procedures=special), shop, owner)
    part = published(case)
    clock = part.clocks.get(kind=ClockKind.DECISION_STATUTORY)
    notice = part.public_notices.get()
    last = notice.until + datetime.timedelta(days=1)
    letter = part.documents.get(kind="public_notice")
    assert ("not counted" in str(letter.content)) is not late

    days_later(monkeypatch, last)
    keeping_time.end_public_notices()
    clock.refresh_from_db()

    assert (clock.due < last) is late
    assert not any(end is None for _begin, end in clock.pauses)


def test_a_company_that_takes_its_application_back_during_the_notice_goes_on_as_before(owner):
    shop = company(owner)
    holding(shop)
    case = at_the_registrar(close_company(), shop, owner)
    part = published(case)

    services.withdraw(ways.fresh(case), account=owner)

    assert set(states_of(shop).values()) == {"valid"}
    assert Company.objects.get(pk=shop.pk).status == "active"
    part = ways.fresh(part)
    assert part.state == "withdrawn"
    assert not part.clocks.filter(stopped_on__isnull=True).exists()
