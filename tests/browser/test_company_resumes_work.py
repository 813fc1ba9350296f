"""A company resumes work: the staff list from a file, the commitment, the rules; what fails is said at once, put right, and granted at once."""

import re

import pytest

from tests.browser.people import Citizen
from tests.lib.test_sheets import book

pytestmark = [pytest.mark.browser]

HEAD = ["姓名", "身份证号", "居住地", "最近检测日期"]


def upload(owner: Citizen, folder, rows) -> None:
    """From the form to its page for files, and to what was read."""
    file = folder / "staff.xlsx"
    file.write_bytes(book(["复工员工名册"], HEAD, *rows))
    owner.press("button[name=from-file][value=staff]")
    owner.page.set_input_files("#id_file", str(file))
    owner.press("form:has(#id_file) button[type=submit]")


def decided(owner: Citizen, house, state: str) -> None:
    """The page of the case says by itself what the machine has done."""
    ref = owner.ref
    owner.page.wait_for_function("words => document.querySelector('main').innerText.includes(words)", arg=state)
    owner.go(f"/my/cases/{ref}/")


def test_a_company_resumes_work(house, chromium, tmp_path):
    known = house.case("resuming")
    tested, too_old = known["staff"]
    with Citizen(chromium, house.home, language="en") as owner:
        owner.sign_in("chen-flex")
        page = owner.go("/matters/resumption-of-work/apply/").page
        assert page.locator("input[name=for]").first.get_attribute("value") == str(known["company"])
        owner.press("main form button[type=submit]")
        assert page.locator("[name=company]").input_value()  # what government knows is there already
        ref = owner.ref
        page.fill("[name=date]", tested[3])
        upload(owner, tmp_path, [tested, too_old, ["Somebody", "990000199001010019", "x", tested[3]]])
        assert "2 lines can be taken" in owner.words() and "Line 5" in owner.words()
        assert tested[1] not in owner.words()
        assert owner.fits()
        owner.press("button[name=way][value=replace]")
        assert page.locator("[name=staff-1-name]").input_value() == too_old[0]
        for consent in ("plan", "truth"):
            owner.tick(consent, "true")
        owner.tick("delivery", "e_licence")
        owner.continue_()
        owner.documents_done()
        if page.locator("a[href*='/account/presence/']").count():
            owner.show_that_it_is_me()
        owner.sign_and_send()

        decided(owner, house, "Somebody on the staff list has a test that is too old.")
        assert house.case(ref)["state"] == "pre_review_returned"
        assert "The oldest was" in owner.words() and "See row 2." in owner.words()
        assert not re.search(
            "[一-鿿]{4}", owner.page.locator("[role=alert], .tb-panel[data-color=persimmon]").first.inner_text()
        )

        owner.go(f"/apply/{ref}/form/")
        marked = page.locator("[data-field-id=staff][data-marked] .tb-finding")
        assert "too old" in marked.inner_text()  # beside the list itself
        assert owner.fits()
        owner.press("button[name=remove-row][value=staff-1]")
        owner.continue_()
        owner.documents_done()
        owner.sign_and_send()

        page.wait_for_function("words => document.querySelector('main').innerText.includes(words)", arg="Granted")
        assert house.case(ref)["state"] in ("ready", "closed")
        assert owner.troubles == []
