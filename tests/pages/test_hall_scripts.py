"""What the scripts of halls add: a scanner heard where nobody typed, a form that stays while the hall around it changes."""

from pathlib import Path

import pytest

from tongban.channels import office, portal

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("house")]
MACHINE = Path(portal.__file__).parent / "static/portal/machine.js"
HALL = Path(office.__file__).parent / "static/office/hall.js"


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def opened(page, body: str, script: Path):
    page.set_content(body)
    page.add_script_tag(content=script.read_text(encoding="utf-8"), type="module")
    return page


def test_a_scanner_at_the_ticket_machine_is_heard_on_any_page_of_it(page):
    body = """<a href="#">A</a><form onsubmit="event.preventDefault(); document.title = this.payload.value" hidden>
        <input type="hidden" name="payload"></form><input id="phone">"""
    opened(page, body, MACHINE)
    page.keyboard.type("TB1:R-x9 A")
    page.keyboard.press("Enter")
    assert page.title() == "TB1:R-x9 A"

    page.focus("#phone")  # what somebody types into a field is theirs
    page.keyboard.type("13800000000")
    page.keyboard.press("Enter")
    assert page.title() == "TB1:R-x9 A"
    assert page.input_value("#phone") == "13800000000"


def test_the_form_in_which_a_supervisor_chooses_stays_while_the_hall_is_drawn_anew(page):
    body = '<div id="hall-now"><p>old</p><div data-held><select><option>1<option>2</select></div></div>'
    opened(page, body, HALL)
    fresh = """() => { const part = document.createElement('div')
        part.innerHTML = '<p>new</p><div data-held><select><option>3<option>4</select></div>'
        document.getElementById('hall-now').replaceChildren(...part.childNodes) }"""
    page.focus("select")
    page.select_option("select", "2")
    page.evaluate(fresh)
    assert (page.inner_text("p"), page.input_value("select")) == ("new", "2")

    page.evaluate("document.activeElement.blur()")
    page.evaluate(fresh)
    assert page.input_value("select") == "3"
