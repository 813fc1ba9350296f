"""A shop gets a food licence through correction, inspection, review and approval by people: both halves through real pages in a real browser."""

import datetime
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from PIL import Image, ImageDraw
from pytest_django.live_server_helper import LiveServer

from tests import doors
from tongban.cases.models import Case
from tongban.evaluations.models import Rating
from tongban.journal import services as journal
from tongban.parties.models import Account
from tongban.site.demonstration import bundles, district, history, procedures

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _django_db_helper():
    """In place of pytest-django's: `server` builds and empties the tables itself."""


@pytest.fixture
def server(django_db_setup, django_db_blocker):
    """The demonstration district without any case, and an address to look at it."""
    told = history.PLAN, bundles.STORIES, procedures.STORIES
    with django_db_blocker.unblock():
        history.PLAN, bundles.STORIES, procedures.STORIES = [], (), ()
        running = None
        try:
            district.build()
            work()
            running = LiveServer("localhost")
            yield running.url
        finally:
            history.PLAN, bundles.STORIES, procedures.STORIES = told
            if running is not None:
                running.stop()
            _end_other_lines()
            call_command("flush", interactive=False, verbosity=0)


def _end_other_lines() -> None:
    """A browser's kept line keeps a thread of the server, and that one perhaps a transaction that emptying would wait for."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # idle lines stay: this thread has one of its own beside the browser's loop
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
            )
        connection.close()
        connection.close_pool()  # it would hand out the lines that were just ended


@pytest.fixture
def desks(server, chromium):
    """`desks("window")` is the browser of that person, signed in and open on the pages in English."""
    held = {}

    def at(login: str):
        if login not in held:
            account = Account.objects.get(login=login)
            client = doors.enter(Client(), account, present=not hasattr(account, "officer"))
            context = chromium.new_context(
                base_url=server, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            )
            context.set_default_timeout(60_000)
            values = {"session": client.cookies["session"].value, "language": "en"}
            context.add_cookies([{"name": name, "value": value, "url": server} for name, value in values.items()])
            held[login] = context.new_page()
            held[login].on("pageerror", lambda error: pytest.fail(f"script of a page: {error}"))
        return held[login]

    yield at
    for page in held.values():
        page.context.close()


def work() -> None:
    """What the worker does, in a thread of its own: sealing runs a loop, and this thread has the browser's."""
    shared = connections["default"]
    shared.inc_thread_sharing()

    def carry_out() -> None:
        connections["default"] = shared
        while journal.work_once():
            pass

    with ThreadPoolExecutor(1) as pool:
        pool.submit(carry_out).result()
    shared.dec_thread_sharing()


def photograph(words: str) -> dict:
    """A page as a phone would send it."""
    picture = Image.new("RGB", (900, 1200), "#fdfbf5")
    ImageDraw.Draw(picture).text((80, 90), words, fill="#222", font_size=48)
    held = io.BytesIO()
    picture.save(held, "JPEG")
    return {"name": f"{words}.jpg", "mimeType": "image/jpeg", "buffer": held.getvalue()}


def upload(page, slug: str, words: str) -> None:
    with page.expect_navigation():  # the page loads again when the file has arrived
        page.locator(f"#material-{slug} input[type=file]").set_input_files(photograph(words))
    page.locator(f"#material-{slug} .tb-uploader__pages img").first.wait_for()


def go_on(page) -> None:
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name="Continue").or_(
            page.locator("main").get_by_role("link", name="Continue")
        ).last.click()


def sign_and_send(page) -> None:
    page.locator("input[name=sign]").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Sign and send").click()
    work()


def open_first(page, matter="Food business licence, new") -> None:
    """The officer's way to a case: the first line of the queue, by keyboard."""
    page.goto("/office/")
    page.get_by_role("row").filter(has_text=matter).first.wait_for()
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert matter in page.get_by_role("heading", level=1).inner_text()


def act(page, label: str, button: str, **answers) -> None:
    """Open an act, read what will happen, answer its questions, do it."""
    with page.expect_navigation():
        page.locator(".of-bar").get_by_role("link", name=label, exact=True).click()
    assert page.get_by_role("heading", name="What will happen").is_visible()
    panel = page.locator("#act")
    for name, value in answers.items():
        field = panel.locator(f"[name={name}]")
        if field.first.get_attribute("type") == "radio":
            panel.locator(f"[name={name}][value='{value}']").check() if value else field.first.check()
        else:
            field.fill(value)
    with page.expect_navigation():
        panel.get_by_role("button", name=button, exact=True).click()
    page.locator(".of-done").wait_for()
    work()


def inspect(first, second) -> None:
    """Planned by one of the two, written and signed by both on their own accounts."""
    first.goto("/office/inspections/")
    with first.expect_navigation():
        first.get_by_role("link", name="Food business licence, new").first.click()
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
    assert state() == "site_inspection"  # one alone is not enough
    second.goto(where)
    assert second.locator("[name=record]").input_value() == "As on the plan."
    sign_record(second)
    assert state() == "under_review"


def sign_record(page) -> None:
    page.locator("[name=sign]").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Sign the record").click()
    work()


def state() -> str:
    return Case.objects.get().state


@pytest.mark.ignore_template_errors
def test_a_shop_gets_a_food_licence_through_correction_review_and_approval_by_people(desks):
    shop = desks("chen-flex")
    apply(shop)
    assert state() == "pre_review"  # photographs wait for a person's eye

    checker = desks("prereview")
    open_first(checker)
    checker.locator(".of-page img").first.wait_for()
    act(checker, "Pass", "Pass: everything is there")
    assert state() == "received"

    window = desks("window")
    ask_for_correction(window)
    assert state() == "correction_requested"
    correct(shop)
    assert state() == "received"

    open_first(window)
    assert window.locator("tr[data-since]").all_inner_texts()[0].count("before: 40") == 1
    assert window.locator(".of-materials").get_by_text("changed since").count() == 1
    act(window, "Accept", "Accept the application")
    assert state() == "under_review"

    reviewer = desks("amr-review")
    open_first(reviewer)
    act(reviewer, "Order a site inspection", "Order the inspection", why="Kitchen and plan.")
    inspect(desks("amr-inspect1"), desks("amr-inspect2"))
    open_first(reviewer)
    act(reviewer, "Conclude the review", "Give my opinion", proposal="approve", opinion="Fit for catering.")
    assert (state(), Case.objects.get().reviewer.account.login) == ("under_review", "amr-review")

    approver = desks("amr-approve")
    open_first(approver)
    assert "Fit for catering." in approver.locator(".of-opinion").inner_text()
    act(approver, "Grant", "Grant the application")

    case = Case.objects.get()
    assert (case.state, case.decision, case.licence.state) == ("ready", "granted", "valid")
    assert case.licence.sealed_at is not None
    take_and_rate(shop, case)


def apply(page) -> None:
    page.goto("/matters/food-licence-new/")
    page.get_by_role("link", name="Apply online").first.click()
    page.get_by_role("button", name="Begin").click()
    page.locator("input[name=situation][value=catering]").check()
    go_on(page)
    assert page.locator("[name=company]").input_value()  # what government knows is there already
    page.locator("[name=area]").fill("40")
    page.locator("[name=activities][value='hot food']").check()
    page.locator("[name=manager-name]").fill("陈灵活")
    page.locator("[name=manager-id_kind]").select_option(index=1)  # the resident identity card
    page.locator("[name=manager-id_no]").fill(Account.objects.get(login="chen-flex").person.id_no)
    page.locator("[name=staff-0-name]").fill("陈灵活")
    page.locator("[name=staff-0-id_no]").fill(Account.objects.get(login="chen-flex").person.id_no)
    page.locator("[name=staff-0-health_cert]").fill("JK-2026-001")
    page.locator("[name=commit][value=false]").check()
    page.locator("[name=delivery][value=e_licence]").check()
    page.locator("[name=truth]").check()
    go_on(page)
    for slug in ("layout-plan", "equipment-list", "food-manager"):
        upload(page, slug, slug)
    go_on(page)
    sign_and_send(page)
    assert page.get_by_role("heading", name="Sent. Thank you.").is_visible()


def ask_for_correction(page) -> None:
    """One field and one page are wrong: both are marked, the notice is read, then sent."""
    open_first(page)
    page.locator("[name=wrong-field-area]").check()
    page.keyboard.type("The plan says 48 square metres.")
    page.locator("[name=wrong-page-1-layout-plan]").check()
    page.keyboard.type("The plan cannot be read.")
    page.locator(".of-bar").get_by_role("button", name="Ask for correction").click()
    notice = page.locator(".of-notice")
    notice.wait_for()
    assert "Area (m2): The plan says 48 square metres." in notice.inner_text()
    assert "page 1: The plan cannot be read." in notice.inner_text()
    assert state() == "received"
    with page.expect_navigation():
        page.get_by_role("button", name="Send the correction notice").click()
    page.locator(".of-done").wait_for()
    work()


def correct(page) -> None:
    case = Case.objects.get()
    page.goto(f"/my/cases/{case.ref}/")
    page.get_by_role("link", name="Change what is marked").click()
    page.locator("[name=area]").fill("48")
    go_on(page)
    plan = page.locator("#material-layout-plan")
    with page.expect_navigation():
        plan.get_by_role("button", name="Take the document out").click()
    upload(page, "layout-plan", "a clear plan")
    go_on(page)
    while page.get_by_role("button", name="It is right as it is").count():
        with page.expect_navigation():
            page.get_by_role("button", name="It is right as it is").first.click()
    sign_and_send(page)


def take_and_rate(page, case) -> None:
    page.goto(f"/my/cases/{case.ref}/")
    with page.expect_navigation():
        page.get_by_role("button", name="Open the result").click()
    work()
    assert state() == "closed"
    page.goto(f"/my/licences/{case.licence_id}/")
    assert case.licence.identifier in page.locator("main").inner_text()
    page.goto(f"/my/cases/{case.ref}/rate/")
    page.locator("[name=grade][value='5']").check(force=True)
    with page.expect_navigation():
        page.locator("main form button[type=submit]").last.click()
    assert Rating.objects.get().case_id == case.pk
