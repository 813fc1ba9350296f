"""One licence for one industry: what it lists, what it is worth at every moment, and that it follows its permits by itself."""

import datetime
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from tests import make
from tests.licences.test_rendering import text_of
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Job
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import industry, items, keys, reminding, services
from tongban.licences.models import Licence, LicenceItem
from tongban.licences.sealing import check_pdf
from tongban.licences.states import LicenceState, Part, standing, weakest
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

TODAY = timezone.localdate()
RESTAURANT = {"zh": "饭店", "en": "Restaurant"}


@pytest.fixture
def owner():
    return make.account()


@pytest.fixture
def shop(owner):
    return make.company("示范溪畔小馆（个体工商户）", of=owner.person, address="示范路8号")


def kinds():
    make.licence_type(
        items.INDUSTRY, issuer=make.department("AMR"), holder_kind="company", name={"zh": "行业综合许可证", "en": "Comprehensive industry licence"},
        face_fields=["operator", "uscc", "industry", "address", "merged_licences", "qr", "valid_to"],
    )  # fmt: skip
    return {
        slug: make.licence_type(slug, issuer=make.department(code), holder_kind="company", face_fields=["operator", "address", "valid_to"], name={"zh": slug, "en": slug})
        for slug, code in (("food-licence", "AMR"), ("fire-check-cert", "FRB"), ("tobacco-licence", "TOB"))
    }  # fmt: skip


def licence(kind, holder, decision, ends=None, previous=None) -> Licence:
    return services.issue(
        kind.slug, holder=holder, face={"operator": holder.name, "address": "示范路8号"}, decision=decision, issued_on=TODAY,
        valid_from=TODAY, valid_to=ends, actor=PLATFORM, previous=previous,
    )  # fmt: skip


@pytest.fixture
def parts(shop):
    """Food (needed), fire (needed), tobacco (may be left out), a sign that is no e-licence (may be left out)."""
    known = kinds()
    made = {
        "food": licence(known["food-licence"], shop, "case:1", TODAY + timedelta(days=1500)),
        "fire": licence(known["fire-check-cert"], shop, "case:2"),
        "tobacco": licence(known["tobacco-licence"], shop, "case:3", TODAY + timedelta(days=400)),
    }
    permits = [
        industry.permit_of(made["food"], key="food-licence-new", mandatory=True),
        industry.permit_of(made["fire"], key="fire-check", mandatory=True),
        industry.permit_of(made["tobacco"], key="tobacco-retail", mandatory=False),
        industry.Permit(
            key="shop-sign", name={"zh": "户外招牌设置", "en": "Shop sign"}, number="990000260000000001-04", regulator=make.department("GRN"),
            issued_on=TODAY, valid_to=None, mandatory=False, decision="case:4",
        ),
    ]  # fmt: skip
    return made | {"permits": permits}


@pytest.fixture
def whole(shop, parts) -> Licence:
    made = industry.issue_industry(
        holder=shop, industry=RESTAURANT, permits=parts["permits"], decision="case:9", actor=PLATFORM
    )
    work()
    return made


def work() -> None:
    """What the worker does of the reactions of this room; sealing and messages are looked at where they are the point."""
    while jobs := list(
        Job.objects.filter(done_at__isnull=True, kind__startswith="tongban.licences.reactions").order_by("id")
    ):
        for job in jobs:
            journal.CARRIERS[job.kind](_Said(**job.event.payload))
            Job.objects.filter(pk=job.pk).update(done_at=timezone.now())


class _Said:
    def __init__(self, **said):
        self.__dict__.update(said)


def newest(row: Licence) -> Licence:
    return items.editions(row).select_related("type", "issuer", "holder")[0]


def asked(row: Licence):
    found = services.verify(row.token, channel="test")
    return found.status, found.reason, {one.key: one.status for one in found.items}


def by(department: str) -> Actor:
    return Actor(kind="officer", role="dept_approver", account=7, department=department)


# -- issuing


def test_it_lists_each_permit_with_number_regulator_and_end_and_ends_with_the_weakest(whole, parts):
    assert whole.valid_to == parts["tobacco"].valid_to
    assert [(one.order, one.key, one.regulator.code) for one in whole.items.order_by("order")] == [
        (1, "food-licence-new", "AMR"), (2, "fire-check", "FRB"), (3, "tobacco-retail", "TOB"), (4, "shop-sign", "GRN"),
    ]  # fmt: skip
    merged = services.verify(whole.token, channel="test").face
    listed = next(one["value"] for one in merged if one["field"] == "merged_licences")
    assert [one["number"] for one in listed] == [
        *(parts[name].identifier for name in ("food", "fire", "tobacco")),
        "990000260000000001-04",
    ]
    assert asked(whole)[:2] == ("valid", "")


def test_the_same_decision_asked_twice_is_one_licence(shop, parts, whole):
    again = industry.issue_industry(
        holder=shop, industry=RESTAURANT, permits=parts["permits"], decision="case:9", actor=PLATFORM
    )

    assert again.pk == whole.pk
    assert LicenceItem.objects.count() == 4


def test_nothing_merged_and_the_same_thing_merged_twice_are_refused(shop, parts):
    for permits in ([], [parts["permits"][0], parts["permits"][0]]):
        with pytest.raises(Invalid):
            industry.issue_industry(
                holder=shop, industry=RESTAURANT, permits=permits, decision="case:8", actor=PLATFORM
            )


def test_a_later_bundle_with_one_of_the_permits_continues_the_licence_and_keeps_the_others(shop, parts, whole):
    renewed = licence(parts["food"].type, shop, "case:20", TODAY + timedelta(days=1800), previous=parts["food"])

    second = industry.issue_industry(
        holder=shop, industry=RESTAURANT, permits=[industry.permit_of(renewed, key="food-licence-new", mandatory=True)],
        decision="case:21", actor=PLATFORM,
    )  # fmt: skip

    assert (second.serial, second.edition) == (whole.serial, 2)
    assert {one.key for one in second.items.all()} == {"food-licence-new", "fire-check", "tobacco-retail", "shop-sign"}


def test_the_lead_department_of_the_industry_seals_it(shop, parts):
    lead = make.department("CMC")

    made = industry.issue_industry(
        holder=shop, industry=RESTAURANT, permits=parts["permits"], decision="case:9", actor=PLATFORM, lead=lead
    )

    assert made.issuer == lead
    assert services.verify(made.token, channel="test").signature


# -- what it is worth, read at the moment of asking


def test_a_suspended_permit_shows_at_once_and_nothing_is_printed_anew(whole, parts):
    services.suspend(parts["tobacco"], reason="sold to minors", actor=by("TOB"))

    assert asked(whole) == (
        "valid", "item_suspended",
        {"food-licence-new": "valid", "fire-check": "valid", "tobacco-retail": "suspended", "shop-sign": "valid"},
    )  # fmt: skip
    work()
    assert newest(whole).pk == whole.pk


def test_a_suspended_permit_that_must_be_there_suspends_the_whole_until_it_is_resumed(whole, parts):
    services.suspend(parts["food"], reason="kitchen", actor=by("AMR"))
    assert asked(whole)[:2] == ("suspended", "item_suspended")

    services.resume(parts["food"], reason="put right", actor=by("AMR"))
    assert asked(whole)[:2] == ("valid", "")


def test_a_revoked_permit_that_must_be_there_ends_the_whole_before_any_worker_ran(whole, parts, owner):
    services.revoke(parts["food"], reason="poisoned", actor=by("AMR"))

    assert asked(whole)[:2] == ("not_valid", "item_gone")
    work()
    whole.refresh_from_db()
    assert (whole.state, newest(whole).pk) == (LicenceState.CANCELLED, whole.pk)
    assert Message.objects.filter(account=owner, kind="industry_licence_ended").count() == 1


def test_only_the_issuer_of_a_permit_moves_it(whole, parts):
    sign = whole.items.get(key="shop-sign")

    for act in (
        lambda: services.suspend(parts["tobacco"], reason="x", actor=by("AMR")),
        lambda: industry.suspend_item(sign, reason="x", actor=by("AMR")),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(NotAllowed):
        industry.suspend_item(whole.items.get(key="fire-check"), reason="x", actor=by("FRB"))


def test_a_permit_that_is_no_licence_of_its_own_is_suspended_at_its_line_and_stays_so_in_the_next_edition(whole, parts):
    industry.suspend_item(whole.items.get(key="shop-sign"), reason="loose", actor=by("GRN"))
    assert asked(whole)[:2] == ("valid", "item_suspended")

    services.cancel(parts["tobacco"], reason="given back", actor=by("TOB"))
    work()

    second = newest(whole)
    assert second.edition == 2
    assert asked(second) == (
        "valid", "item_suspended", {"food-licence-new": "valid", "fire-check": "valid", "shop-sign": "suspended"}
    )  # fmt: skip
    assert asked(whole)[2]["shop-sign"] == "suspended"


# -- it follows its permits


def test_the_end_of_one_that_may_be_left_out_makes_the_next_edition_without_it(whole, parts, owner):
    services.revoke(parts["tobacco"], reason="sold to minors", actor=by("TOB"))
    work()

    second = newest(whole)
    whole.refresh_from_db()
    assert (whole.state, second.edition, second.valid_to) == (LicenceState.SUPERSEDED, 2, parts["food"].valid_to)
    assert "tobacco-retail" not in {one.key for one in second.items.all()}
    assert asked(second)[:2] == ("valid", "")
    assert Message.objects.filter(account=owner, kind="industry_licence_reissued").count() == 1


def test_a_renewal_makes_the_next_edition_and_the_end_moves(whole, parts, shop):
    renewed = licence(parts["tobacco"].type, shop, "case:30", TODAY + timedelta(days=2000), previous=parts["tobacco"])
    work()

    second = newest(whole)
    assert (second.edition, second.valid_to) == (2, parts["food"].valid_to)
    assert second.items.get(key="tobacco-retail").number == renewed.identifier


def test_reacting_again_and_again_prints_nothing_more(whole, parts):
    services.revoke(parts["tobacco"], reason="x", actor=by("TOB"))
    work()

    for _time in range(3):
        for row in industry.merging(parts["tobacco"]) + [whole, newest(whole)]:
            assert industry.refresh(row) is None
    assert items.editions(whole).count() == 2


def test_a_whole_that_ran_out_with_one_permit_goes_on_without_it(whole, parts):
    """The permit that may be left out ended last night, and the whole with it: the duty makes the next edition."""
    tomorrow = parts["tobacco"].valid_to + timedelta(days=1)
    moment = datetime.datetime.combine(tomorrow, datetime.time(4), tzinfo=datetime.UTC)

    services.expire_due(tomorrow, now=moment)
    assert industry.refresh(newest(whole), now=moment).edition == 2

    assert newest(whole).valid_to == parts["food"].valid_to


def test_a_needed_permit_that_ran_out_may_be_renewed_late(shop):
    known = kinds()
    food = licence(known["food-licence"], shop, "case:1", TODAY)
    row = industry.issue_industry(
        holder=shop, industry=RESTAURANT, permits=[industry.permit_of(food, key="food-licence-new", mandatory=True)],
        decision="case:9", actor=PLATFORM,
    )  # fmt: skip
    services.expire_due(TODAY + timedelta(days=1))
    work()
    assert newest(row).state == LicenceState.EXPIRED

    licence(food.type, shop, "case:2", TODAY + timedelta(days=900), previous=Licence.objects.get(pk=food.pk))
    work()

    assert (newest(row).edition, newest(row).state) == (2, LicenceState.VALID)


def test_a_suspended_whole_waits_and_is_made_true_when_it_is_resumed(whole, parts):
    services.suspend(whole, reason="x", actor=by("AMR"))
    services.revoke(parts["tobacco"], reason="x", actor=by("TOB"))
    work()
    assert newest(whole).edition == 1

    services.resume(newest(whole), reason="x", actor=by("AMR"))
    work()

    assert newest(whole).edition == 2


def test_lines_that_ran_out_are_ended_by_the_duty(shop):
    sign = industry.Permit(
        key="shop-sign", name={"zh": "招牌", "en": "Sign"}, number="1", regulator=make.department("GRN"), issued_on=TODAY,
        valid_to=TODAY, mandatory=False,
    )  # fmt: skip
    food = licence(kinds()["food-licence"], shop, "case:1")
    row = industry.issue_industry(
        holder=shop, industry=RESTAURANT, decision="case:9", actor=PLATFORM,
        permits=[industry.permit_of(food, key="food-licence-new", mandatory=True), sign],
    )  # fmt: skip
    tomorrow = TODAY + timedelta(days=1)

    assert industry.expire_items(tomorrow) == 1
    work()

    assert [one.key for one in newest(row).items.all()] == ["food-licence-new"]
    assert industry.expire_items(tomorrow) == 0


# -- reminders


def test_each_permit_has_its_own_reminder_once_and_the_whole_none(whole, parts, owner):
    before = parts["tobacco"].valid_to - timedelta(days=15)

    for _turn in range(2):
        industry.remind(before)
        reminding.remind(before)

    with translation.override("en"):
        told = Message.objects.filter(account=owner, kind="licence_ends")
        assert [one.about for one in told] == [f"licence:{parts['tobacco'].pk}"]  # the nearest one, not three at once


# -- the sealed file


def test_the_sealed_file_holds_every_permit_and_verifies(whole, parts):
    services.put_seal(licence=whole.pk)
    whole.refresh_from_db()

    content = services.open_pdf(whole)
    verdict = check_pdf(content, [keys.root_pem(services.key_directory(), now=timezone.now())], withdrawn=set())
    assert verdict.wholly_right
    assert verdict.identifier == whole.identifier
    said = "".join(text_of(content).split())
    for words in ("行业综合许可证", "Restaurant", "Shop sign", "990000260000000001-04", parts["food"].identifier):
        assert words.replace(" ", "") in said


# -- properties

parts_ = st.lists(
    st.builds(Part, status=st.sampled_from(["valid", "suspended", "not_valid"]), mandatory=st.booleans()), max_size=7
)
own = st.sampled_from(
    [("valid", ""), ("suspended", ""), ("not_valid", "expired"), ("not_valid", "superseded"), ("unknown", "altered")]
)
WORTH = {"valid": 3, "suspended": 2, "not_valid": 1, "unknown": 0}
days = st.dates(datetime.date(2020, 1, 1), datetime.date(2090, 1, 1))


@given(own=own, parts=parts_)
def test_the_whole_is_never_worth_more_than_itself_or_than_any_permit_it_needs(own, parts):
    status, _reason = standing(*own, parts)

    assert WORTH[status] <= WORTH[own[0]]
    assert all(WORTH[status] <= WORTH[one.status] for one in parts if one.mandatory)
    if own[0] == "valid" and all(one.status == "valid" for one in parts):
        assert (status, _reason) == ("valid", "")
    if own[0] == "valid" and any(one.status != "valid" for one in parts):
        assert _reason


@given(own=own, parts=parts_, data=st.data())
def test_making_one_permit_worse_never_makes_the_whole_better_and_order_does_not_matter(own, parts, data):
    status, reason = standing(*own, parts)
    assert standing(*own, data.draw(st.permutations(parts))) == (status, reason)
    if parts:
        place = data.draw(st.integers(0, len(parts) - 1))
        worse = [*parts[:place], Part("not_valid", parts[place].mandatory), *parts[place + 1 :]]
        assert WORTH[standing(*own, worse)[0]] <= WORTH[status]


@given(st.lists(st.none() | days, max_size=8))
def test_the_weakest_end_is_the_first_of_those_that_end(ends):
    found = weakest(ends)

    assert (found is None) == all(day is None for day in ends)
    if found is not None:
        assert found in ends and all(found <= day for day in ends if day is not None)
