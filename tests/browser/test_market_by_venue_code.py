"""A visitor enters a market by its venue code, opened as any camera would; then somebody has stuck a forged one over it."""

import re

import pytest

from tests import make
from tests.codes import venues
from tongban.codes.models import EntranceCount, VenueReport

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture
def phone(chromium, live_server):
    """A phone that has never been here and has no account."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", base_url=live_server.url)
    context.add_cookies([{"name": "language", "value": "en", "url": live_server.url}])
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.troubles = []
    page.on("pageerror", lambda error: "ViewTransition" in str(error) or page.troubles.append(str(error)))
    yield page
    context.close()


def test_a_visitor_enters_a_market_and_is_stopped_by_a_forged_code(phone):
    poster = venues.poster(venues.venue(make.company()))
    token = venues.token(poster)

    phone.goto(f"/at/{token}")
    assert "Demo Market" in phone.inner_text("h1") and "1 Demo Road" in phone.inner_text("main")
    phone.get_by_role("button", name="Yes, I am here").click()
    phone.wait_for_url("**/entered/")

    assert phone.inner_text("h1") == "Come in"
    shown = phone.inner_text("[data-clock]")
    phone.wait_for_function("was => document.querySelector('[data-clock]').textContent !== was", arg=shown)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", phone.inner_text("[data-clock]"))
    assert phone.inner_text("[data-word]") and phone.inner_text("[data-colour-name]")
    assert phone.evaluate("getComputedStyle(document.querySelector('.vn-pass__band')).animationName") == "vn-walk"
    assert list(EntranceCount.objects.values_list("passed", flat=True)) == [1]

    phone.get_by_role("link", name="My diary").click()
    assert "Demo Market" in phone.inner_text("tb-diary-list")
    phone.get_by_role("button", name="Empty the diary").click()
    assert "Nothing in it" in phone.inner_text("tb-diary-list")
    assert phone.evaluate("localStorage.getItem('tongban:diary')") is None

    phone.goto(f"/at/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}")
    assert phone.inner_text("h1") == "Stop. This is not our code."
    assert phone.get_by_role("button", name="Yes, I am here").count() == 0
    phone.get_by_role("link", name="Report this code").click()
    phone.fill("[name=place]", "Demo Road 1, left post")
    phone.get_by_role("button", name="Send the report").click()
    phone.wait_for_function("() => document.querySelector('h1').textContent.includes('Thank you')")

    assert VenueReport.objects.get().place == "Demo Road 1, left post"
    assert list(EntranceCount.objects.values_list("passed", flat=True)) == [1]
    assert phone.troubles == []
