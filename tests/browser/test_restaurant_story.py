"""A restaurant opens with one application: answers, one form, one set of papers, five departments at once, one of them inspects, one licence. Later it closes with one."""

import datetime

import pytest

from tests.browser.test_shop_story import (
    _django_db_helper,  # noqa: F401 - in place of pytest-django's
    act,
    desks,  # noqa: F401 - a fixture
    go_on,
    open_first,
    server,  # noqa: F401 - a fixture
    sign_and_send,
    sign_record,
    upload,
    work,
)
from tongban.cases import bundles
from tongban.cases.models import Case
from tongban.cases.services import machine
from tongban.licences.models import Licence
from tongban.parties.models import Account

pytestmark = [pytest.mark.browser, pytest.mark.postgres, pytest.mark.django_db, pytest.mark.timeout(600)]

YES = ["alcohol-retail", "drainage-permit", "hygiene-licence", "shop-sign"]
FOOD, FIRE, WATER, HEALTH = (
    "Food business licence, new", "Pre-opening fire safety inspection", "Drainage permit", "Public-place hygiene licence",
)  # fmt: skip


def whole() -> Case:
    return Case.objects.get(matter__slug="industry-restaurant")


def states() -> dict[str, str]:
    return {one.row.slug: one.case.state for one in bundles.parts_of(whole())}


def granted() -> set[str]:
    return {one.row.slug for one in bundles.parts_of(whole()) if one.granted}


@pytest.mark.ignore_template_errors
def test_a_restaurant_opens_with_one_application_and_receives_one_licence(desks, monkeypatch):  # noqa: F811 - the fixture
    monkeypatch.setattr(machine, "SAMPLE_PERCENT", 0)  # none of what rules grant is drawn for a check by people
    owner = desks("chen-flex")
    read_the_notice(owner)
    fill_in(owner)
    hand_in(owner)
    assert whole().state == "pre_review"

    checker = desks("prereview")
    open_first(checker, "Restaurant")
    act(checker, "Pass", "Pass: everything is there")
    assert states() == dict.fromkeys(
        ["food-licence-new", "fire-check", "alcohol-retail", "hygiene-licence", "drainage-permit", "shop-sign"],
        "received",
    )

    window = desks("window")
    open_first(window, "Restaurant")
    assert "0 of 6 granted" in window.locator("main").inner_text()
    act(window, "Accept", "Accept the application")
    by_people = ["food-licence-new", "fire-check", "hygiene-licence", "drainage-permit"]
    assert [states()[slug] for slug in by_people] == ["under_review"] * 4

    reviewer = desks("amr-review")
    open_first(reviewer, FOOD)
    assert "You see the answers and papers of your own part only." in reviewer.locator("main").inner_text()
    assert reviewer.locator("#field-floors").count() == 0  # what the fire brigade asked
    act(reviewer, "Order a site inspection", "Order the inspection", why="Kitchen and plan.")
    assert states()["food-licence-new"] == "site_inspection"

    for office, matter in (("frb", FIRE), ("wat", WATER), ("hc", HEALTH)):  # the others do not wait for it
        decide(desks, office, matter)
    assert (granted(), states()["food-licence-new"]) == ({*by_people[1:], *granted()}, "site_inspection")
    assert whole().state == "under_review"
    said = follow(owner)
    assert "Its parts" in said and "now with" in said

    look_at_the_kitchen(desks)
    decide(desks, "amr", FOOD)
    work()
    one = whole()
    assert (one.state, one.decision, states()) == ("ready", "granted", dict.fromkeys(states(), "ready"))
    assert one.licence.state == "valid"

    take_home(owner)
    close_the_business(owner, one)


def read_the_notice(page) -> None:
    page.goto("/industries/")
    page.get_by_role("link", name="Restaurant").first.click()
    for answer in YES:
        page.locator(f"[name=chosen][value={answer}]").check()
    page.locator("[name=of-fire-check][value=inspect]").check()
    page.wait_for_url("**fire-check:inspect")
    page.get_by_text("6 matters apply to you, in 5 departments.").wait_for()
    figures = " ".join(page.locator(".tb-versus").inner_text().split())
    assert all(words in figures for words in ("27 become 12", "23 become 7", "6 become 1"))
    page.get_by_role("link", name="Apply now").click()
    assert page.locator("input[name=situation]").count() == 5
    with page.expect_navigation():
        page.get_by_role("button", name="Begin").click()


def fill_in(page) -> None:
    """Each question once, whoever asks it."""
    number = Account.objects.get(login="chen-flex").person.id_no
    assert page.locator("[name=premises]").count() == page.locator("[name=area]").count() == 1
    assert page.locator("[name=company]").input_value()  # what government knows is there already
    for name, value in {
        "area": "360", "use": "Restaurant", "floors": "1", "suppliers": "Demo Wines", "volume": "3", "wording": "Noodles",
        "width": "3", "height": "1",
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(value)
    for who in ("manager", "fire_manager"):
        page.locator(f"[name={who}-name]").fill("陈灵活")
        page.locator(f"[name={who}-id_kind]").select_option(index=1)
        page.locator(f"[name={who}-id_no]").fill(number)
    page.locator("[name=staff-0-name]").fill("陈灵活")
    page.locator("[name=staff-0-id_no]").fill(number)
    page.locator("[name=staff-0-health_cert]").fill("JK-2026-001")
    page.locator("[name=activities][value='hot food']").check()
    page.locator("[name=category]").select_option("mall")
    page.locator("[name=outlet][value=sewer]").check()
    page.locator("[name=grease_trap][value=true]").check()
    page.locator("[name=no_minors]").check()
    page.locator("[name=commit][value=false]").check()
    page.locator("[name=delivery][value=e_licence]").check()
    page.locator("[name=truth]").check()
    go_on(page)


def hand_in(page) -> None:
    said = page.locator("main").inner_text()
    assert "Once instead of 4 times, for:" in said  # the plan of the premises
    for slug in ("layout-plan", "equipment-list", "food-manager", "sign-effect", "premises-proof", "hygiene-report"):
        if page.locator(f"#material-{slug}").count():
            upload(page, slug, slug)
    go_on(page)
    assert "What you apply for, with one form" in page.locator("main").inner_text()
    sign_and_send(page)
    page.get_by_role("heading", name="Sent. Thank you.").wait_for()


def decide(desks, office: str, matter: str) -> None:  # noqa: F811 - the fixture
    reviewer, approver = desks(f"{office}-review"), desks(f"{office}-approve")
    open_first(reviewer, matter)
    act(reviewer, "Conclude the review", "Give my opinion", proposal="approve", opinion="Fit.")
    open_first(approver, matter)
    act(approver, "Grant", "Grant the application")


def look_at_the_kitchen(desks) -> None:  # noqa: F811 - the fixture
    """Planned by one of the two, written on the spot, signed by both on their own accounts."""
    first, second = desks("amr-inspect1"), desks("amr-inspect2")
    first.goto("/office/inspections/")
    with first.expect_navigation():
        first.get_by_role("link", name=FOOD).first.click()
    when = (datetime.datetime.now() + datetime.timedelta(days=2)).strftime("%Y-%m-%dT14:30")
    first.locator("[name=at]").fill(when)
    first.locator("[name=first]").select_option(index=1)
    first.locator("[name=second]").select_option(index=2)
    with first.expect_navigation():
        first.get_by_role("button", name="Tell the applicant").click()
    for point in first.locator(".of-point input[value=yes]").all():
        point.check()
    first.locator("[name=record]").fill("As on the plan.")
    first.locator("[name=finding][value=in_order]").check()
    first.locator("[name=present]").fill("The cook")
    first.locator("[name=there_way][value=refused]").check()
    where = first.url
    sign_record(first)
    assert states()["food-licence-new"] == "site_inspection"  # one alone is not enough
    second.goto(where)
    sign_record(second)
    assert states()["food-licence-new"] == "under_review"


def follow(page) -> str:
    page.goto(f"/my/cases/{whole().ref}/")
    return page.locator("main").inner_text()


def take_home(page) -> None:
    """One licence that lists its permits, each with its regulator."""
    case = whole()
    follow(page)
    with page.expect_navigation():
        page.get_by_role("button", name="Open the result").click()
    work()
    page.goto(f"/my/licences/{case.licence_id}/")
    said = page.locator("main").inner_text()
    assert case.licence.identifier in said
    for name in ("Food", "Drainage", "hygiene"):
        assert name in said
    assert whole().state == "closed"
    assert set(states().values()) == {"closed"}


def close_the_business(page, opened: Case) -> None:
    """Tax first, then every permit, the licence that lists them, and the entry in the register: one application, no visit."""
    page.goto("/matters/one-thing-close-sole-prop/")
    page.get_by_role("link", name="Apply now").first.click()
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name="Begin").click()
    for name, value in {"reason": "Retiring", "stopped_on": "2026-11-15", "last_month": "2026-10-01"}.items():
        if page.locator(f"[name={name}]").count():
            page.locator(f"[name={name}]").fill(value)
    for name, value in {"invoices_done": "true", "debts_settled": "true", "delivery": "e_licence"}.items():
        if page.locator(f"[name={name}]").count():
            page.locator(f"[name={name}][value={value}]").check()
    page.locator("[name=truth]").check()
    go_on(page)
    go_on(page)
    sign_and_send(page)
    page.get_by_role("heading", name="Sent. Thank you.").wait_for()
    closing = Case.objects.get(matter__slug="one-thing-close-sole-prop")
    ended = {one.row.slug: one.case.decision for one in bundles.parts_of(closing)}
    assert ended.keys() >= {
        "tax-clearance",
        "permits-cancel-amr",
        "permits-cancel-hc",
        "permits-cancel-wat",
        "sole-prop-cancel",
    }
    assert set(ended.values()) == {"granted"}
    assert Licence.objects.get(pk=opened.licence_id).state == "cancelled"
    assert set(Licence.objects.filter(holder=opened.applicant).values_list("state", flat=True)) <= {
        "cancelled",
        "superseded",
    }
    page.goto(f"/my/licences/{opened.licence_id}/")
    assert "Cancelled" in page.locator("main").inner_text()
