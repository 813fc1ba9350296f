"""What script adds for officers, and that acts need none of it."""

import pytest
from django.test import Client

from tests import doors, make
from tests.office.desks import case_in, matter, officer_for
from tongban.cases.models import Case
from tongban.journal.models import ReadEntry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COVERED_FORM = [
    {"id": "id_no", "zh": "证件号码", "en": "ID number", "type": "id_number", "prefill": "user.id_no", "readonly": True,
     "masked": True},
    {"id": "reason", "zh": "事由", "en": "Reason", "type": "text"},
]  # fmt: skip


@pytest.fixture
def sit(chromium, live_server):
    """Opens a page at the desk of an officer."""
    opened = []

    def down(officer, path, **more):
        client = doors.enter(Client(), officer.account)
        context = chromium.new_context(base_url=live_server.url, reduced_motion="reduce", **more)
        opened.append(context)
        context.set_default_timeout(60_000)
        values = {"session": client.cookies["session"].value, "language": "en"}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in values.items()])
        page = context.new_page()
        page.goto(path)
        return page

    yield down
    for context in opened:
        context.close()


def test_marks_outlive_a_reload_and_are_counted(sit):
    case = case_in("received")
    page = sit(officer_for("window_officer"), f"/office/cases/{case.ref}/")

    page.locator("[name=wrong-field-reason]").check()
    page.keyboard.type("Please say more.")  # the field for the words has the focus
    page.reload()

    assert page.locator("[name=wrong-field-reason]").is_checked()
    assert page.locator("[name=text-field-reason]").input_value() == "Please say more."
    assert page.locator("[data-count]").inner_text() == "1"


def test_a_covered_number_is_uncovered_where_it_stands_and_that_is_written_down(sit):
    who = make.person(id_no="990000199207080045")
    case = make.submitted(matter(form=COVERED_FORM), account_=make.account(who), answers={"reason": "work"})
    reader = officer_for("pre_reviewer")
    page = sit(reader, f"/office/cases/{case.ref}/")
    cell = page.locator("#field-id_no")
    assert who.id_no not in cell.inner_text()

    cell.get_by_role("button", name="Show").click()

    cell.get_by_text(who.id_no).wait_for()
    assert page.url.endswith(f"/office/cases/{case.ref}/")
    assert [e.fields for e in ReadEntry.objects.filter(reader=reader.account_id) if "id_no" in e.fields] == [["id_no"]]


def test_without_script_a_case_is_sent_back_for_correction(sit):
    case = case_in("received")
    page = sit(officer_for("window_officer"), f"/office/cases/{case.ref}/", java_script_enabled=False)

    page.locator("[name=wrong-field-reason]").check()
    page.locator("[name=text-field-reason]").fill("Please say more.")
    page.get_by_role("button", name="Preview the notice").first.click()
    assert "Please say more." in page.locator(".of-notice").inner_text()
    page.get_by_role("button", name="Send the correction notice").click()

    page.locator(".of-done").wait_for()
    assert Case.objects.get(pk=case.pk).state == "correction_requested"


def test_a_queue_is_worked_by_keyboard(sit):
    case = case_in("received")
    page = sit(officer_for("window_officer"), "/office/")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/office/cases/*/")
    page.keyboard.press("a")
    page.wait_for_url("**/acts/accept")
    page.get_by_role("button", name="Accept the application").press("Enter")
    page.locator(".of-done").wait_for()

    assert Case.objects.get(pk=case.pk).state == "accepted"
