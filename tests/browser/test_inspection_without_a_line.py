"""An inspector in a cellar: the page opens without a connection, record, photograph and signature wait on the phone and arrive once."""

import re

import pytest

from tests.browser.people import PHONE, Visitor, photographed, without_a_line

pytestmark = [pytest.mark.browser]


class Inspector(Visitor):
    """An officer: the page of the demonstration that asks for the second factor shows its code."""

    def sign_in(self, login: str):
        super().sign_in(login)
        self.page.fill("[name=code]", re.search(r"\b(\d{6})\b", self.words())[1])
        self.press("main form button")
        return self


@pytest.fixture
def inspector(house, chromium):
    row = house.case("inspection")
    with Inspector(chromium, house.home, language="en", size=PHONE) as officer:
        officer.sign_in(f"{row['department']}-inspect1")
        officer.row = row
        yield officer
    assert [said for said in officer.troubles if "503" not in said] == []


def test_what_is_written_in_a_cellar_arrives_once(house, inspector, tmp_path):
    page, where = inspector.page, f"/office/inspections/{inspector.row['ref']}/"
    inspector.go(where).go("/office/inspections/")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    inspector.go(where)  # nobody was named yet: whoever writes first is the first
    page.fill("[name=record]", "Begun.")
    inspector.saved()
    inspector.go("/office/inspections/")
    page.locator("[data-keep]").click()
    page.wait_for_selector("[data-forget]:visible")

    with without_a_line(inspector):
        inspector.go(where)
        for point in page.locator(".of-point input[value=yes]").all():
            point.check()
        page.fill("[name=record]", "As drawn, written in a cellar.")
        page.locator("[name=finding][value=in_order]").check()
        page.fill("[name=present]", "The cook")
        page.locator("[name=there_way][value=refused]").check()
        page.locator("[name=photo]").set_input_files(str(photographed(tmp_path, "cellar")))
        page.wait_for_selector("[data-photo] span:has-text('kept on this phone')")
        page.locator("[name=sign]").check()
        page.get_by_role("button", name="Sign the record").click()
        page.wait_for_selector(".tb-strip[data-about=signed]")
        assert house.case("inspection")["photos"] == 0

    inspector.go(where)
    page.wait_for_selector(".tb-strip[data-about=submitted]", timeout=60_000)
    kept = house.case("inspection")

    assert (kept["photos"], kept["record"]) == (1, "As drawn, written in a cellar.")
    assert kept["signed"] == [f"{kept['department']}-inspect1"]
    assert kept["state"] != "done"  # one alone finishes nothing
    inspector.go(where).go(where)
    assert house.case("inspection")["photos"] == 1
