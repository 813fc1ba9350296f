"""What the scripts of halls add: a scanner heard where nobody typed, a form that stays while the hall around it changes, a fold that stays open."""

import re
from pathlib import Path

import pytest

from tongban.channels import office, pages, portal

pytestmark = [pytest.mark.browser]
MACHINE = Path(portal.__file__).parent / "static/portal/machine.js"
SLIP = MACHINE.with_name("slip.js")
FOLDS = Path(pages.__file__).parent / "static/tongban/folds.js"
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


def test_what_somebody_has_opened_or_closed_stays_so_while_a_part_is_drawn_anew(page):
    body = """<tb-live id="live" data-reload>%s<div><details><summary>As a table</summary>1</details></div><details open><summary>Said</summary>2</details>
        <ul>%s<li id="b"><details><summary>More</summary>b</details></li></ul></tb-live>"""
    opened(page, body % ("", ""), FOLDS)
    page.click("text=As a table")
    page.click("text=Said")
    page.click("#b summary")

    page.evaluate(
        """fresh => { const part = document.createElement('div'); part.innerHTML = fresh
            document.getElementById('live').replaceChildren(...part.firstElementChild.childNodes) }""",
        body % ("<p>An alarm</p>", '<li id="a"><details><summary>More</summary>a</details></li>'),
    )

    folds = page.eval_on_selector_all("details", "all => all.map(one => [one.textContent.trim(), one.open])")
    assert folds == [["As a table1", True], ["Said2", False], ["Morea", False], ["Moreb", True]]
    assert page.evaluate("document.activeElement === document.querySelector('#b summary')")


def test_a_paper_slip_is_one_page_of_eighty_millimetres_and_as_long_as_it_says(page):
    words = "".join(f'<p class="tm-slip__small">{line}</p>' for line in range(4))
    body = f"""<body class="tm-page tm-page--large"><main class="tm-main"><article class="tm-slip"><p class="tm-slip__number">A1000</p>{words}</article></main>"""
    opened(page, body, SLIP)
    page.add_style_tag(content=MACHINE.with_name("machine.css").read_text(encoding="utf-8"))

    paper = page.pdf(prefer_css_page_size=True)

    [(width, height)] = re.findall(rb"/MediaBox ?\[0 0 ([0-9.]+) ([0-9.]+)\]", paper)
    assert abs(float(width) / 72 * 25.4 - 80) < 1
    assert float(height) / 72 * 25.4 < 100
