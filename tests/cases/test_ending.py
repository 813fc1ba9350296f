"""Joint cancellation and joint change: one application that ends, or changes, everything a business holds; and what stands against it."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from tests import make
from tests.cases import bundle_ways as ways
from tests.cases.test_acting import mandate
from tongban.cases import barring, services
from tongban.cases.models import Case
from tongban.cases.services import bundling, ending, following
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event, Job
from tongban.lib.problems import NotAllowed
from tongban.licences import industry, items, proceedings
from tongban.licences import services as licences
from tongban.licences.models import Licence, LicenceItem
from tongban.matters.models import Matter
from tongban.notices.models import Message
from tongban.parties import companies
from tongban.parties.models import Company
from tongban.registers.models import Grant, Resource, TwinChange

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

TODAY = timezone.localdate()
FORM = [
    {"id": "reason", "zh": "注销原因", "en": "Reason", "type": "text", "required": True},
    {"id": "truth", "zh": "真实性承诺", "en": "I state that this is true", "type": "consent", "required": True},
]
PARTS = {"permits-cancel-amr": "AMR", "permits-cancel-tob": "TOB", "permits-cancel-grn": "GRN"}
CAFE = {"name": "示范河畔咖啡店（个体工商户）", "uscc": "91990000999990002Q"}
IN_DEBT = {"name": "示范失信商贸有限公司", "uscc": "919900009999900065"}  # the twin's known bad case: tax and penalties


@pytest.fixture
def owner():
    make.calendar()
    return make.account()


def a_matter(slug, department, result, **given) -> Matter:
    return make.matter(
        slug, department=make.department(department), form=FORM, objects_served=["company", "sole_proprietor"], pre_review=False,
        result=result, **({"name": {"zh": slug, "en": slug}} | given),
    )  # fmt: skip


@pytest.fixture
def closing(owner) -> Matter:
    """Tax first, then the permits of each department, then the registrar."""
    a_matter("tax-clearance", "TAX", {"kind": "document", "ref": "tax clearance"})
    for slug, code in PARTS.items():
        a_matter(slug, code, {"kind": "document", "ref": "notice", "ends": "permits"})
    a_matter("sole-prop-cancel", "AMR", {"kind": "document", "ref": "notice", "ends": "business"})
    members = [
        {"matter": "tax-clearance", "required": True, "after": [], "when": {}},
        {"matter": "sole-prop-cancel", "required": True, "after": ["tax-clearance", *PARTS], "when": {}},
        *(
            {
                "matter": slug,
                "required": False,
                "held": "needed",
                "after": ["tax-clearance"],
                "when": {"zh": "持有许可", "en": "holds"},
            }
            for slug in PARTS
        ),
    ]
    row = make.matter(
        "one-thing-close-sole-prop", department=make.department("AMR"), name={"zh": "联合注销", "en": "Joint cancellation"}, form=[],
        members=members, objects_served=["sole_proprietor"], result={"kind": "package", "ref": ""}, pre_review=False, promised_days=1,
    )  # fmt: skip
    Matter.objects.filter(pk=row.pk).update(kind=Matter.Kind.BUNDLE)
    for resource, fields, matter in (
        ("tax-ledger", ["arrears"], "tax-clearance"),
        ("penalty-register", ["open_penalties"], "sole-prop-cancel"),
        ("penalty-register", ["open_penalties"], "company-cancel"),
        ("company-status", ["status"], ""),
    ):
        kept, _made = Resource.objects.get_or_create(
            slug=resource,
            defaults={"name": {"zh": resource}, "provider": "TAX", "share": "conditional", "fields": fields},
        )
        if matter:
            Grant.objects.create(resource=kept, matter=matter, purpose="decision", fields=fields)
    return Matter.objects.get(pk=row.pk)


def cafe(owner, **given) -> Company:
    return make.company(of=owner.person, company_kind="sole_proprietor", address="示范路8号", **(CAFE | given))


def holding(shop: Company) -> dict[str, Licence]:
    """Food and tobacco, a filed sign, and the industry licence of all three; the business licence itself."""
    kinds = {"business-licence": "AMR", "food-licence": "AMR", "tobacco-licence": "TOB", items.INDUSTRY: "AMR"}
    for slug, code in kinds.items():
        make.licence_type(
            slug,
            issuer=make.department(code),
            holder_kind="company",
            face_fields=["operator", "address", "merged_licences"],
        )
    held = {
        slug: licences.issue(
            slug, holder=shop, face={"operator": shop.name, "address": shop.address}, decision=f"case:{slug}", issued_on=TODAY,
            valid_from=TODAY, valid_to=TODAY + timedelta(days=900), actor=PLATFORM,
        )
        for slug in ("business-licence", "food-licence", "tobacco-licence")
    }  # fmt: skip
    sign = industry.Permit(
        key="shop-sign", name={"zh": "招牌", "en": "Sign"}, number="S-1", regulator=make.department("GRN"), issued_on=TODAY,
        valid_to=None, mandatory=False,
    )  # fmt: skip
    held["whole"] = industry.issue_industry(
        holder=shop, industry={"zh": "咖啡店", "en": "Café"}, decision="case:whole", actor=PLATFORM,
        permits=[
            industry.permit_of(held["food-licence"], key="food-licence-new", mandatory=True),
            industry.permit_of(held["tobacco-licence"], key="tobacco-retail", mandatory=False),
            sign,
        ],
    )  # fmt: skip
    return held


def drafted(matter: Matter, shop: Company, owner) -> Case:
    case = services.begin(matter, party=shop, account=owner)
    return services.save(case, {"reason": "retired", "truth": True}, revision=case.revision, account=owner)


def sent(case: Case, owner) -> Case:
    return services.submit(case, account=owner, level=3, key=uuid.uuid4().hex)


def in_review(case: Case) -> Case:
    services.start_pre_review(case)
    services.accept(ways.fresh(case), officer=ways.ways.hall("window_officer"))
    following.go_on(case.pk)
    return ways.fresh(case)


def react() -> None:
    while jobs := list(Job.objects.filter(done_at__isnull=True, kind__contains="reactions.").order_by("id")):
        for job in jobs:
            if "licences.reactions" in job.kind or "registers.reactions" in job.kind:
                journal.CARRIERS[job.kind](journal.EVENTS[job.event.kind](**job.event.payload))
            Job.objects.filter(pk=job.pk).update(done_at=timezone.now())


def states_of(shop) -> dict[str, str]:
    return {one.type.slug: one.state for one in Licence.objects.filter(holder=shop).select_related("type")}


# -- which parts apply


def test_the_parts_that_apply_follow_from_what_is_held_and_nobody_is_asked(closing, owner):
    shop = cafe(owner)
    holding(shop)

    case = drafted(closing, shop, owner)

    plan = barring.planning.plan_of(case)
    assert [one.slug for one in plan.members] == ["tax-clearance", *PARTS, "sole-prop-cancel"]
    assert all(one.mandatory for one in plan.members)
    assert plan.questions == ()
    assert plan.member("sole-prop-cancel").after == ("tax-clearance", *PARTS)
    assert [field["id"] for field in plan.form] == ["reason", "truth"]  # five departments, one question


def test_who_holds_nothing_has_only_tax_and_the_registrar(closing, owner):
    case = drafted(closing, cafe(owner), owner)

    assert [one.slug for one in barring.planning.plan_of(case).members] == ["tax-clearance", "sole-prop-cancel"]


def test_what_came_meanwhile_is_in_when_the_page_of_situations_is_saved(closing, owner):
    shop = cafe(owner)
    case = drafted(closing, shop, owner)
    holding(shop)

    case = services.choose_situation(case, [], account=owner)

    assert set(case.situation) == set(PARTS)


# -- from begin to end


def test_everything_ends_with_the_whole_and_nothing_before_it(closing, owner):
    shop = cafe(owner)
    held = holding(shop)
    case = in_review(sent(drafted(closing, shop, owner), owner))

    ways.grant(case, "tax-clearance")
    following.go_on(case.pk)
    for slug in PARTS:
        ways.grant(case, slug)
    following.go_on(case.pk)
    assert set(states_of(shop).values()) == {"valid"}
    assert Company.objects.get(pk=shop.pk).status == "active"

    ways.grant(case, "sole-prop-cancel")

    case = ways.fresh(case)
    assert case.state == "approved"
    assert set(states_of(shop).values()) == {"cancelled"}
    assert Company.objects.get(pk=shop.pk).status == "closed"
    assert LicenceItem.objects.get(key="shop-sign").state == "cancelled"
    by = {
        one.subject: one.department
        for one in Event.objects.filter(kind="LicenceStateChanged", payload__state="cancelled")
    }
    assert by == {
        f"licence:{held['food-licence'].pk}": "AMR", f"licence:{held['tobacco-licence'].pk}": "TOB",
        f"licence:{held['business-licence'].pk}": "AMR", f"licence:{held['whole'].pk}": "AMR",
    }  # fmt: skip
    letters = case.documents.filter(kind="bundle_decision")
    assert letters.count() == 1
    said = str(letters.get().content["rows"])
    assert all(row.identifier.split("3005.2.")[1] in said for row in held.values()) and "S-1" in said
    assert Message.objects.filter(account=owner, kind="business_ended").count() == 1


def test_the_register_of_businesses_is_told_once_and_no_edition_is_printed_of_what_ended(closing, owner):
    shop = cafe(owner)
    held = holding(shop)
    case = in_review(sent(drafted(closing, shop, owner), owner))
    ways.grant(case, "tax-clearance")
    following.go_on(case.pk)
    for slug in PARTS:
        ways.grant(case, slug)
    following.go_on(case.pk)
    ways.grant(case, "sole-prop-cancel")
    react()
    ending.end_business(ways.fresh(case), now=timezone.now())

    change = TwinChange.objects.get(resource="company-status")
    assert (change.field, change.after) == ("status", {"value": "closed"})
    assert items.editions(held["whole"]).count() == 1
    assert Event.objects.filter(kind="BusinessEnded").count() == 1


def test_one_refused_part_ends_nothing_at_all(closing, owner):
    shop = cafe(owner)
    holding(shop)
    case = in_review(sent(drafted(closing, shop, owner), owner))
    ways.grant(case, "tax-clearance")
    following.go_on(case.pk)
    ways.grant(case, "permits-cancel-amr")

    ways.refuse(case, "permits-cancel-tob")

    assert ways.fresh(case).state == "refused"
    assert set(states_of(shop).values()) == {"valid"}
    assert Company.objects.get(pk=shop.pk).status == "active"


def test_a_closed_business_applies_for_nothing_and_keeps_what_it_can_read(closing, owner):
    shop = cafe(owner)
    case, clerk = drafted(make.matter(objects_served=["sole_proprietor"], form=FORM), shop, owner), make.account()
    given = mandate(owner, clerk)
    given.principal = shop
    given.save()
    companies.close(shop, actor=PLATFORM, reference="case:1")

    with pytest.raises(NotAllowed) as closed:
        services.begin(closing, party=shop, account=owner)
    with pytest.raises(NotAllowed) as unsent:
        sent(case, owner)

    assert (closed.value.code, unsent.value.code) == ("business-closed", "business-closed")
    given.refresh_from_db()
    assert (given.state, given.ended_why) == ("ended", "closed")


def test_a_part_is_not_applied_for_alone(closing, owner):
    Matter.objects.filter(slug="permits-cancel-tob").update(origin="bundle part")

    with pytest.raises(NotAllowed) as alone:
        services.begin(Matter.objects.get(slug="permits-cancel-tob"), party=cafe(owner), account=owner)

    assert alone.value.code == "part-of-a-bundle"


# -- what stands against it


def test_a_debt_and_penalties_bar_it_with_what_with_whom_and_what_to_do(closing, owner):
    shop = cafe(owner, **IN_DEBT)
    case = drafted(closing, shop, owner)

    with pytest.raises(barring.Barred) as barred:
        sent(case, owner)

    with translation.override("en"):
        said = [(one.code, str(one.what), one.department["en"]) for one in barred.value.bars]
    assert said[0] == ("tax-debt", "Tax of ¥52,000 is still owed.", make.department("TAX").name["en"])
    assert said[1][:2] == ("open-penalties", "Penalties not settled yet: 2.")
    assert all(str(one.todo) for one in barred.value.bars)
    case.refresh_from_db()
    assert (case.state, case.number) == ("draft", None)


def test_an_open_case_bars_it_until_it_is_withdrawn(closing, owner):
    shop = cafe(owner)
    other = make.matter("other", objects_served=["sole_proprietor"], form=FORM)
    running = make.draft(other, account_=owner, party=shop, answers={"reason": "x", "truth": True})
    running = services.submit(running, account=owner, level=3, key="k")
    case = drafted(closing, shop, owner)

    (bar,) = barring.bars(case, today=TODAY)
    assert (bar.code, bar.where) == ("open-case", f"/my/cases/{running.ref}/")
    services.withdraw(running, account=owner)

    assert barring.bars(case, today=TODAY) == []
    assert sent(case, owner).state == "submitted"


def test_a_proceeding_about_a_permit_bars_it(closing, owner):
    shop = cafe(owner)
    held = holding(shop)
    proceedings.open_proceeding(
        held["tobacco-licence"],
        aim="revoke",
        reason="x",
        ground="y",
        officer=make.officer("dept_approver", of=make.department("TOB")),
    )

    assert [bar.code for bar in barring.bars(drafted(closing, shop, owner), today=TODAY)] == ["proceeding"]


def test_closing_alone_is_led_to_the_joint_errand_while_permits_are_held(closing, owner):
    shop = cafe(owner)
    holding(shop)
    alone = drafted(Matter.objects.get(slug="sole-prop-cancel"), shop, owner)

    (bar,) = barring.bars(alone, today=TODAY)

    assert (bar.code, bar.where) == ("permits-held", "/matters/one-thing-close-sole-prop/")


def test_other_errands_are_not_asked_for_any_of_it(closing, owner):
    case = make.draft(
        make.matter("other", objects_served=["sole_proprietor"], form=FORM),
        account_=owner,
        party=cafe(owner, **IN_DEBT),
        answers={},
    )

    assert barring.bars(case, today=TODAY) == []


# -- a joint change


@pytest.fixture
def changing(owner) -> Matter:
    form = [
        {"id": "new_name", "zh": "新名称", "en": "The new name", "type": "text", "required": False},
        {"id": "new_address", "zh": "新地址", "en": "The new address", "type": "text", "required": False},
        FORM[1],
    ]
    a = {"objects_served": ["sole_proprietor", "company"], "pre_review": False}
    make.matter(
        "company-change",
        department=make.department("AMR"),
        form=form,
        result={"kind": "e_licence", "ref": "business-licence", "changes": "business"},
        **a,
    )
    for code in ("AMR", "TOB"):
        make.matter(
            f"permits-change-{code.lower()}",
            department=make.department(code),
            form=[FORM[1]],
            result={"kind": "data_change", "ref": "", "changes": "permits"},
            **a,
        )
    members = [
        {"matter": "company-change", "required": True, "after": [], "when": {}},
        *(
            {
                "matter": f"permits-change-{code}",
                "required": False,
                "held": "offered",
                "after": ["company-change"],
                "when": {"zh": "持有", "en": "holds"},
            }
            for code in ("amr", "tob")
        ),
    ]
    row = make.matter(
        "one-thing-company-change",
        department=make.department("AMR"),
        form=[],
        members=members,
        result={"kind": "package", "ref": ""},
        **a,
    )
    Matter.objects.filter(pk=row.pk).update(kind=Matter.Kind.BUNDLE)
    return Matter.objects.get(pk=row.pk)  # fmt: skip


def test_a_new_name_and_address_are_in_every_permit_and_in_the_industry_licence(changing, owner):
    shop = cafe(owner)
    held = holding(shop)
    case = services.begin(changing, party=shop, account=owner)
    case = services.save(
        case,
        {"new_name": "示范溪畔茶馆", "new_address": "示范路99号", "truth": True},
        revision=case.revision,
        account=owner,
    )
    case = in_review(sent(case, owner))

    ways.grant(case, "company-change")
    following.go_on(case.pk)
    ways.grant(case, "permits-change-amr", "permits-change-tob")
    react()

    shop.refresh_from_db()
    assert (shop.name, shop.address) == ("示范溪畔茶馆", "示范路99号")
    for slug in ("food-licence", "tobacco-licence"):
        now = items.editions(held[slug])[0]
        assert (now.edition, now.face["operator"], now.face["address"]) == (2, "示范溪畔茶馆", "示范路99号")
        assert now.valid_to == held[slug].valid_to
    whole = items.editions(held["whole"])[0]
    assert (whole.state, whole.face["operator"], whole.face["address"]) == ("valid", "示范溪畔茶馆", "示范路99号")
    assert [one.number for one in whole.items.filter(licence__isnull=False)] == [
        items.editions(held[slug])[0].identifier for slug in ("food-licence", "tobacco-licence")
    ]
    assert ways.fresh(case).state == "approved"
    assert Message.objects.filter(account=owner, kind="business_changed").count() == 1
    assert items.editions(held["whole"]).count() <= 3  # at most one edition for each department's permits


def test_a_department_that_refuses_the_change_keeps_its_permit_as_it_was_and_the_rest_goes_on(changing, owner):
    shop = cafe(owner)
    held = holding(shop)
    case = services.begin(changing, party=shop, account=owner)
    case = services.save(case, {"new_name": "示范溪畔茶馆", "truth": True}, revision=case.revision, account=owner)
    case = in_review(sent(case, owner))
    ways.grant(case, "company-change")
    following.go_on(case.pk)
    ways.grant(case, "permits-change-amr")

    ways.refuse(case, "permits-change-tob")
    bundling.choose(ways.fresh(case), "permits-change-tob", "drop", account=owner)
    react()

    assert ways.fresh(case).state == "approved"
    assert items.editions(held["tobacco-licence"]).count() == 1
    assert items.editions(held["food-licence"])[0].face["operator"] == "示范溪畔茶馆"
    assert items.editions(held["whole"])[0].items.count() == 3
