"""A person from abroad does it all in English: from the page for newcomers to the application sent, on a phone, with every Chinese word marked."""

import pytest

from tests.browser.people import Citizen, photographed

pytestmark = [pytest.mark.browser]

UNMARKED = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement
    if (/[\\u3400-\\u9fff]/.test(node.data) && !around.closest("[lang^=zh], script, style, template")) found.push(node.data.trim())
  }
  return found
}"""
LONG = "María del Carmen Ñuñez-O’Connor de la Santísima Trinidad y Borbón"


@pytest.fixture
def anna(house, chromium):
    with Citizen(chromium, house.home, language="en") as person:
        yield person
    assert person.troubles == []


def answer_everything(person) -> None:
    page = person.page
    for name in dict.fromkeys(
        page.locator("main form input[type=radio]").evaluate_all("all => all.map(one => one.name)")
    ):
        person.tick(name, page.locator(f"input[name='{name}']").first.get_attribute("value"))
    for box in page.locator("main form input[type=checkbox]").all():
        if not box.is_checked():
            person.tick(box.get_attribute("name"), box.get_attribute("value"))
    for field in page.locator(
        "main form .ds-input:not([type=radio], [type=checkbox], [type=file], [readonly], select)"
    ).all():
        if not field.input_value():
            field.fill("2027-03-01" if field.get_attribute("type") == "date" else LONG)
    for choice in page.locator("main form select").all():
        if not choice.input_value():
            choice.select_option(index=1)


def test_from_the_page_for_newcomers_to_the_application_sent(house, anna, tmp_path):
    unmarked, wide = {}, []

    def look() -> None:
        if words := anna.page.evaluate(UNMARKED):
            unmarked[anna.at()] = words
        if not anna.fits():
            wide.append(anna.at())

    anna.go("/international/?lang=en").sign_in("anna")
    anna.go("/international/")
    look()
    anna.press("main a[href='/matters/tax-paid-proof/']")
    look()
    anna.begin("tax-paid-proof")
    if "/situation/" in anna.at():
        look()
        answer_everything(anna)
        anna.press("main form button[type=submit]")
    look()
    answer_everything(anna)
    anna.continue_()
    look()
    for wanted in anna.page.locator("[id^=material-]:has(input[type=file])").evaluate_all(
        "all => all.map(one => one.id)"
    ):
        anna.add_page(wanted.removeprefix("material-"), photographed(tmp_path, "passport"))
    anna.documents_done()
    look()
    anna.show_that_it_is_me()
    anna.sign_and_send()
    look()

    assert anna.at().endswith("?sent=1") and house.case(anna.ref)["state"] != "draft"
    assert (unmarked, wide) == ({}, [])


def test_a_long_name_fits_where_it_is_shown(house, anna):
    """Whatever stands for a name on lists, cards and licences is put there as long as names can be."""
    anna.go("/?lang=en").sign_in("anna")
    wide = []
    for path in ("/my/", "/my/licences/", "/my/cases/", "/account/"):
        anna.go(path)
        anna.page.evaluate(
            """(name) => { for (const one of document.querySelectorAll(".tb-licence__holder, .tb-space summary span, h1, .tb-head .tb-subtle, .tb-answer dd:not(.tb-answer__change), .tb-menu__box span"))
            if (one.childElementCount === 0) one.textContent = name }""",
            LONG,
        )
        if not anna.fits():
            wide.append(path)

    assert wide == []
