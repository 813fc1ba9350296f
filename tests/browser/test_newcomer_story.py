"""A newcomer to the city has the residence permit endorsed: by rule, on a phone, in under three minutes; and by every other road."""

import io
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pikepdf
import pytest

from tests.browser.people import DESK, Citizen, photographed, without_a_line
from tests.site.product import ROOT

pytestmark = [pytest.mark.browser]

MATTER = "residence-permit-endorse"


@pytest.fixture
def wang(house, chromium):
    with Citizen(chromium, house.home) as citizen:
        citizen.sign_in("wang-anhui")
        yield citizen
    assert citizen.troubles == []


@pytest.fixture
def chen(house, chromium):
    with Citizen(chromium, house.home) as citizen:
        citizen.sign_in("chen-flex")
        yield citizen
    assert citizen.troubles == []


def test_a_newcomer_renews_the_residence_permit_in_three_minutes(house, wang, tmp_path):
    assert house.case("newcomer") == {"permits": 1}  # it ends in twenty days, whoever else used this house before
    began = time.monotonic()

    wang.begin(MATTER)
    assert wang.page.input_value("[name=name]") == "王演练"  # nobody asked for it again
    assert wang.page.input_value("[name=id_no]").count("*") == 10
    assert wang.page.locator(".tb-source").count() >= 5
    wang.tick("unchanged", "true")
    wang.tick("delivery", "e_licence")
    wang.tick("truth")
    wang.saved()
    wang.continue_()
    assert wang.page.locator(".tb-need[data-state=have]").count() == 2  # identity card and lease: already here
    assert wang.page.locator("input[type=file]").count() == 0
    wang.documents_done()
    wang.show_that_it_is_me()
    wang.sign_and_send()
    sent = time.monotonic()
    wang.page.wait_for_selector("form[action$='/open'] button")  # the page hears of it by itself
    decided = time.monotonic() - sent
    ref = wang.ref
    wang.press("form[action$='/open'] button")
    took = time.monotonic() - began

    assert decided < 10
    assert took < 180
    assert "/my/licences/" in wang.at()
    licence = wang.page.locator("a[href$='/licence.pdf']").get_attribute("href")
    sealed = wang.context.request.get(house.home + licence).body()
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        assert len(pdf.pages) == 1 and pdf.Root.AcroForm.SigFlags == 3
    _the_seal_holds(house, sealed, tmp_path)

    # anybody may check it, without signing in
    check = wang.page.locator("main a[href*='/verify/']").get_attribute("href")
    with Citizen(wang.context.browser, house.home, language="en") as stranger:
        stranger.go(urlsplit(check).path)
        verdicts = stranger.page.locator(".tb-verdict").evaluate_all("all => all.map(one => one.dataset.verdict)")
        assert verdicts == ["good", "good"]
        assert "99000019961120007X" not in stranger.page.content()

    # and it is rated, once
    wang.go(f"/my/cases/{ref}/")  # this house has other cases of the same person
    wang.press("a[href$='/rate/']")
    wang.tick("grade", "5")
    wang.press("main form button[type=submit]")
    assert wang.page.locator("a[href$='/rate/']").count() == 0
    wang.go(f"/my/cases/{wang.ref}/rate/")
    assert wang.page.locator("input[name=grade]").count() == 0


def _the_seal_holds(house, sealed: bytes, folder) -> None:
    """As a stranger would find it, and a changed page as well."""
    good, bad = folder / "licence.pdf", folder / "changed.pdf"
    good.write_bytes(sealed)
    bad.write_bytes(sealed.replace(b"/Type /Page", b"/Type /PagE", 1) if b"/Type /Page" in sealed else sealed[:-9000])
    codes = [
        subprocess.run(
            [sys.executable, "-m", "tongban", "verify-licence", str(path)],
            cwd=ROOT,
            env=house.environment,
            capture_output=True,
        ).returncode
        for path in (good, bad)
    ]
    assert codes[0] == 0 and codes[1] != 0


def test_the_whole_errand_without_script(house, chromium):
    with Citizen(chromium, house.home, script=False) as chen:
        chen.sign_in("chen-flex")
        chen.begin("offsite-medical-filing")
        _answer_everything(chen)
        chen.continue_()
        chen.documents_done()
        chen.show_that_it_is_me()
        chen.sign_and_send()

        assert chen.at().startswith("/my/cases/") and chen.at().endswith("?sent=1")
        for _look in range(40):
            if house.case(chen.ref)["state"] == "ready":
                break
            time.sleep(0.25)
        chen.page.reload()
        chen.press("form[action$='/open'] button")

        assert house.case(chen.ref)["state"] in {"delivered", "closed"}
        assert chen.troubles == []


def _answer_everything(citizen) -> None:
    """Whatever is asked: the first card, a tick, words; dates of next month."""
    page = citizen.page
    for name in dict.fromkeys(
        page.locator("main form input[type=radio]").evaluate_all("all => all.map(one => one.name)")
    ):
        citizen.tick(name, page.locator(f"input[name='{name}']").first.get_attribute("value"))
    for box in page.locator("main form input[type=checkbox]").all():
        citizen.tick(box.get_attribute("name"), box.get_attribute("value"))
    for field in page.locator(
        "main form input.ds-input:not([type=radio], [type=checkbox], [type=file], [readonly])"
    ).all():
        if not field.input_value():
            field.fill("2027-03-01" if field.get_attribute("type") == "date" else "示范")
    for choice in page.locator("main form select").all():
        if not choice.input_value():
            choice.select_option(index=1)


def test_two_tabs_a_double_click_a_reload_and_the_way_back_are_one_case(house, chen):
    before = None
    chen.begin("fund-query")
    _answer_everything(chen)
    chen.continue_()
    chen.documents_done()
    chen.show_that_it_is_me()
    before = house.case(chen.ref)["sent"]
    other = chen.context.new_page()
    other.goto(chen.page.url)
    other.locator("label:has(input[name=sign])").last.click()

    chen.tick("sign")
    chen.page.locator("main form[action$='/submit'] button[type=submit]").dblclick()
    chen.page.wait_for_url("**/my/cases/**")
    other.locator("main form[action$='/submit'] button[type=submit]").click()
    other.wait_for_url("**/my/cases/**")
    chen.page.reload()
    chen.page.go_back()
    chen.page.wait_for_load_state()

    assert house.case(chen.ref)["sent"] == before + 1
    assert other.url.split("?")[0].rsplit("/", 2)[1] == chen.ref


def test_what_is_typed_survives_a_lost_line_a_closed_tab_and_another_device(house, chen, chromium):
    chen.go("/matters/food-licence-new/apply/")
    chen.press("main form button[type=submit]")
    chen.tick("situation", "catering")
    chen.press("main form button[type=submit]")
    ref = chen.ref

    with without_a_line(chen):
        chen.page.fill("[name=area]", "86.5")
        chen.page.wait_for_selector("tb-autosave[data-state=offline]")
    chen.page.wait_for_selector("tb-autosave[data-state=saved]")
    chen.page.close()

    with Citizen(chromium, house.home, size=DESK, language="en") as elsewhere:
        elsewhere.sign_in("chen-flex")
        elsewhere.go(f"/apply/{ref}/form/")
        assert elsewhere.page.input_value("[name=area]") == "86.5"


def test_two_devices_notice_each_other_and_nothing_is_lost(house, chen, chromium):
    chen.begin("food-licence-new")
    chen.tick("situation", "sale")
    chen.press("main form button[type=submit]")
    ref = chen.ref
    with Citizen(chromium, house.home, size=DESK) as elsewhere:
        elsewhere.sign_in("chen-flex")
        elsewhere.go(f"/apply/{ref}/form/")
        elsewhere.page.fill("[name=area]", "50")
        elsewhere.saved()

        chen.page.fill("[name=area]", "60")
        chen.page.wait_for_selector("tb-autosave[data-state=refused]")
        chen.continue_()

        assert chen.page.locator(".ds-alert").first.is_visible()
        assert chen.page.input_value("[name=area]") == "60"
        elsewhere.page.reload()
        assert elsewhere.page.input_value("[name=area]") == "50"


def test_a_question_that_follows_appears_with_what_is_known_and_goes_again(chen):
    chen.begin("food-licence-new")
    chen.tick("situation", "sale")
    chen.press("main form button[type=submit]")
    headings = chen.page.locator(".tb-fields h2").all_inner_texts()

    chen.tick("delivery", "post")
    chen.page.wait_for_selector("[name=post_address]")
    assert chen.page.input_value("[name=post_address]") != ""
    chen.tick("delivery", "e_licence")
    chen.page.wait_for_selector("[name=post_address]", state="detached")

    assert chen.page.locator(".tb-fields h2").all_inner_texts() == headings


def test_photographs_become_pages_and_a_program_is_told_apart(chen, tmp_path):
    chen.begin("food-licence-new")
    chen.tick("situation", "catering")
    chen.press("main form button[type=submit]")
    chen.go(f"/apply/{chen.ref}/materials/")

    chen.add_page("layout-plan", photographed(tmp_path, "one"), photographed(tmp_path, "two"))
    program = tmp_path / "plan.pdf"
    program.write_bytes(b"MZ\x90\x00 not a document")
    chen.page.locator("#material-equipment-list input[type=file]").set_input_files(str(program))
    chen.page.wait_for_selector("#material-equipment-list .tb-drop__progress:not(:empty)")

    assert "plan.pdf" in chen.page.inner_text("#material-equipment-list .tb-drop__progress")
    chen.page.reload()
    assert chen.page.locator("#material-layout-plan img").count() == 2
    chen.press("#material-layout-plan button[name=remove-page]")
    assert chen.page.locator("#material-layout-plan img").count() == 1


@pytest.mark.parametrize(("size", "language"), [(None, "zh"), (DESK, "en")])
def test_no_page_of_the_errand_hangs_over_the_edge(house, chromium, size, language):
    with Citizen(chromium, house.home, size=size, language=language) as chen:
        chen.sign_in("chen-flex")
        chen.begin("food-licence-new")
        chen.tick("situation", "catering")
        chen.press("main form button[type=submit]")
        pages = [f"/apply/{chen.ref}/{step}/" for step in ("situation", "form", "materials", "check")]
        wide = []
        for path in [*pages, "/my/", "/my/cases/", "/my/drafts/", "/my/licences/", "/my/inbox/", "/track/", "/verify/"]:
            chen.go(path)
            if not chen.fits():
                wide.append(path)

        assert wide == []
        assert chen.troubles == []
