"""An inspector draws a market, checks three workers with a hand scanner, one of them with a positive test; the market sees what was found."""

import pytest

from tests.browser.people import PHONE, Visitor
from tests.browser.test_inspection_without_a_line import Inspector

pytestmark = [pytest.mark.browser]


def scan(officer, code: str):
    """A hand scanner types the code and ends with Enter."""
    officer.page.fill("[name=payload]", code)
    officer.page.locator("[name=payload]").press("Enter")


def test_three_workers_are_checked_and_the_market_sees_it(house, chromium):
    market = house.case("market")
    with Inspector(chromium, house.home, language="en", size=PHONE) as officer:
        officer.sign_in(market["inspector"])
        page = officer.go("/office/inspections/venues/").page
        page.select_option("[name=area]", "310107")
        page.select_option("[name=kind]", "wet market")
        officer.press("form[action$='/draw'] button[type=submit]")
        assert "Walked market" in officer.words()
        assert page.locator(".of-sample li").count() == 3
        codes = house.case("codes-of-staff")

        scan(officer, codes["li-na"])
        page.wait_for_selector(".of-check[data-fine=yes]")
        scan(officer, codes["wang-anhui"])
        page.wait_for_selector(".of-check[data-fine=no]")
        assert "The last test was positive." in officer.words()
        assert "示范检测点" in officer.words()

        officer.context.set_offline(True)
        scan(officer, codes["anna"])
        page.wait_for_selector(".of-check[data-waits]")
        officer.context.set_offline(False)
        page.wait_for_selector(".of-check[data-waits]", state="detached")
        assert page.locator(".of-check").count() == 3
        assert "No test is known." in officer.words()
        assert officer.fits()

        page.fill("[name=note]", "At the stalls.")
        page.fill("[name=place]", "East gate")
        page.locator("[name=found][value=disinfection]").check()
        page.fill("[name=words-disinfection]", "No soap at the basins.")
        officer.saved()
        page.locator("[name=sign]").check()
        officer.press(".of-record button[type=submit]")
        assert "Everything was in order" not in officer.words()
        assert officer.troubles == []

    with Visitor(chromium, house.home, language="en", size=PHONE) as owner:
        owner.sign_in("chen-flex")
        space = f"button[name=space][value='{market['company']}']"
        owner.go("/")
        with owner.page.expect_navigation():
            owner.page.locator(space).first.evaluate("button => button.form.requestSubmit(button)")
        owner.go(f"/my/venues/{market['pk']}/inspections/")
        told = owner.words()
        for said in ("positive test is at work", "Tests of workers are overdue", "No soap at the basins."):
            assert said in told
        assert owner.fits()
        assert owner.troubles == []
