"""A desk whose line breaks: what was typed and pressed meanwhile arrives, once; an answer that was lost on the way doubles nothing."""

import re

import pytest

from tests.browser.people import Citizen
from tests.browser.test_hall_story import HALL, minutes_left_today, officer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def at_the_window(house, chromium, clerk) -> str:
    """Somebody with a number is called and has come."""
    visitor = Citizen(chromium, house.home, language="en")
    visitor.sign_in("li-na")
    visitor.go(f"/halls/{HALL}/ticket/")
    visitor.page.locator("label:has(input[name=category][value=A])").last.click()
    visitor.press("main form button.ds-button")
    label = re.search(r"\bA\d{3}\b", visitor.words()).group(0)
    visitor.context.close()
    clerk.page.locator("#queue").get_by_text(label).first.wait_for()
    clerk.page.keyboard.press("n")
    clerk.page.get_by_role("button", name=re.compile("^Is here")).click()
    clerk.page.wait_for_selector(".ct-bottom")
    return label


@pytest.mark.skipif(minutes_left_today() < 8, reason="the visit would end on another day than it began")
def test_nothing_of_a_desk_is_lost_or_doubled_while_the_line_is_gone(house, chromium):
    house.case("hall")
    clerk = officer(chromium, house.home, "window2")
    try:
        clerk.go(f"/office/counter/?hall={HALL}")
        clerk.page.get_by_role("button", name=re.compile("^Sit down")).first.click()
        clerk.page.wait_for_selector("[data-key=n]")
        label = at_the_window(house, chromium, clerk)
        words = clerk.page.locator("textarea[name=words]")
        words.fill("Before.")
        clerk.page.wait_for_selector("tb-autosave[data-state=saved]")

        # the line is gone: the note is written on, the visit finished twice, the next person cannot be called
        clerk.context.set_offline(True)
        words.fill("Before. Written without a line.")
        for _press in range(2):
            clerk.page.get_by_role("button", name=re.compile("^Finish")).click()
        clerk.page.locator(".ct-news").get_by_text(re.compile("No connection since .*1 kept")).wait_for()
        assert house.case(f"desk:{label}") == {"state": "serving", "note": "Before.", "done": 0}

        clerk.context.set_offline(False)
        clerk.page.get_by_role("button", name=re.compile("^Call the next person")).wait_for()
        assert house.case(f"desk:{label}") == {"state": "done", "note": "Before. Written without a line.", "done": 1}

        # the press arrives, its answer does not: it is sent again and done once
        label = at_the_window(house, chromium, clerk)
        lost = []

        def swallow(route):
            lost.append(route.fetch().status)
            route.abort()

        clerk.page.route("**/acts/finish", swallow, times=1)
        clerk.page.get_by_role("button", name=re.compile("^Finish")).click()
        clerk.page.get_by_role("button", name=re.compile("^Call the next person")).wait_for()
        assert lost == [200]
        assert house.case(f"desk:{label}") == {"state": "done", "note": "", "done": 1}
        clerk.page.get_by_role("button", name="Get up").click()  # other stories of this house begin with empty windows
        clerk.page.get_by_role("button", name=re.compile("^Sit down")).first.wait_for()
        assert clerk.troubles == []
    finally:
        clerk.context.close()
