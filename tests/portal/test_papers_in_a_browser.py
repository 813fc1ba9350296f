"""On a phone: a real page is sent, read by the real engine while the page shows how far it is, marked, answered, taken over."""

import pytest
from django.test import Client

from tests import doors, make
from tests.cases import papers_read
from tests.materials import papers
from tongban.cases.models import Case
from tongban.materials.reading import desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not desk.installed(), reason="what reading needs is not installed"),
]

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(chromium, live_server):
    opened = []

    def open_(account, **more):
        client = doors.enter(Client(), account, present=True)
        context = chromium.new_context(base_url=live_server.url, viewport=PHONE, reduced_motion="reduce", **more)
        opened.append(context)
        context.set_default_timeout(60_000)
        values = {"session": client.cookies["session"].value, "language": "en"}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in values.items()])
        page = context.new_page()
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: "Content Security" in said.text and page.troubles.append(said.text))
        return page

    yield open_
    for context in opened:
        context.close()
    desk.desk.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_photographed_lease_is_read_marked_and_offered(phone, settings, tmp_path, script):
    settings.READING = "on"
    lease = papers.lease(0)
    file = tmp_path / "lease.jpg"
    lease.picture.convert("RGB").save(file, quality=88)
    matter = papers_read.matter(
        form=[
            *make.SMALL_FORM[:2],
            {"id": "landlord", "zh": "出租人", "en": "Landlord", "type": "text"},
            *make.SMALL_FORM[2:],
        ]
    )
    case = make.draft(matter, account_=make.account(make.person("张示范")))
    page = phone(case.account, java_script_enabled=script)

    page.goto(f"/apply/{case.ref}/materials/")
    page.locator("#material-addr-rent input[type=file]").set_input_files(str(file))
    if not script:
        page.locator("#material-addr-rent button", has_text="Send").click()
    page.locator(".tb-reading progress").wait_for()
    assert "Being read: page 1 of 1" in page.inner_text("#material-addr-rent")
    papers_read.work()
    page.reload()

    said = page.inner_text("#material-addr-rent")
    assert f"The name on the paper, {lease.values['tenant']}, differs from the form, 张示范." in said
    assert f"Read from your paper: Landlord {lease.values['landlord']}" in " ".join(said.split())
    page.locator("#material-addr-rent a", has_text="Look at the picture").click()
    page.locator(".tb-noticed a", has_text="Show on the picture").first.click()
    picture, mark = page.locator(".tb-marked > img").bounding_box(), page.locator(".tb-mark:target rect").bounding_box()
    assert picture["x"] <= mark["x"] and mark["x"] + mark["width"] <= picture["x"] + picture["width"] + 1
    assert picture["y"] <= mark["y"] <= picture["y"] + picture["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".tb-offers li", has_text="Landlord").get_by_role("button").click()
    page.wait_for_load_state()

    assert "In the form, read from your upload" in page.inner_text(".tb-offers")
    held = Case.objects.get(pk=case.pk).values["landlord"]
    assert (held["value"], held["source"]) == (lease.values["landlord"], "paper:addr-rent")
    assert page.troubles == []
