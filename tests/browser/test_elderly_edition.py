"""The elderly edition by its published rules: 18 to 30 pt, targets of 60 px, one thing on a page, no time pressure, a person by one touch."""

import pytest

from tests.browser.people import DESK, PHONE, Citizen

pytestmark = [pytest.mark.browser]

MATTER = "residence-permit-endorse"
TARGET, SMALLEST, LARGEST = 60, 24, 40  # px; 18 and 30 pt
MEASURED = """([target, smallest, largest]) => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 1 && !one.closest(".ds-sr-only, .ds-skip-link")
  const touched = (one) => {  // what a finger may touch for it: its label, the card it covers
    const around = [one, one.closest("label"), one.id && document.querySelector(`label[for="${CSS.escape(one.id)}"]`), one.matches(".tb-cover") && one.closest("article, li, .tb-card, .tb-licence, .tb-choice"), /checkbox|radio/.test(one.type) && one.closest(".ds-field, .tb-choice-card, .tb-pick")]
    return around.filter(Boolean).map((each) => each.getBoundingClientRect()).reduce((best, box) => Math.min(box.width, box.height) > Math.min(best.width, best.height) ? box : best)
  }
  const small = [], type = new Set()
  for (const one of document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")) {
    if (!shown(one)) continue
    const { width, height } = touched(one)
    if (Math.min(width, height) < target - 0.5) small.push(`${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 20)} ${Math.round(width)} x ${Math.round(height)}`)
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement
    if (!node.data.trim() || !shown(around) || around.closest("svg, template, script, style, noscript, option")) continue
    const size = parseFloat(getComputedStyle(around).fontSize)
    if (size < smallest - 0.1 || size > largest + 0.1) type.add(`${around.tagName}.${around.className} ${node.data.trim().slice(0, 20)} ${size}`)
  }
  return { small, type: [...type], wide: document.documentElement.scrollWidth - innerWidth }
}"""
FINE = {"small": [], "type": [], "wide": 0}
VOICES = """
  window.said = []
  const voices = ["zh-CN", "en-GB"].map((lang) => ({ lang, name: lang }))
  const speech = { getVoices: () => voices, addEventListener() {}, cancel() { window.cancelled = true }, speak(one) { window.said.push([one.lang, one.text]); window.go = () => one.onend() } }
  Object.defineProperty(window, "speechSynthesis", { value: speech })
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } }
  window.started = 0
  window.SpeechRecognition = class { start() { window.started += 1; setTimeout(() => this.onresult({ results: [[{ transcript: "居住证。" }]] }), 50) } abort() {} }
"""


class Grandmother(Citizen):
    def measured(self) -> dict:
        return self.page.evaluate(MEASURED, [TARGET, SMALLEST, LARGEST])


@pytest.fixture
def wang(house, chromium):
    with Grandmother(chromium, house.home) as person:
        person.go("/?edition=elderly").sign_in("wang-anhui")
        yield person
    assert person.troubles == []


def test_a_whole_errand_one_thing_on_a_page_with_everything_large(house, wang):
    wrong = {}

    def look() -> None:
        if (found := wang.measured()) != FINE:
            wrong[wang.at()] = found

    for path in ("/", "/search/?q=居住证", f"/matters/{MATTER}/", f"/matters/{MATTER}/apply/"):
        wang.go(path)
        look()
    assert wang.page.locator("a[href^='tel:']").first.is_visible()  # a person by one touch, on every page
    wang.press("main form button[type=submit]")
    pages = 0
    while "/form/" in wang.at():
        pages += 1
        assert wang.page.locator(".tb-asked").count() <= 3
        for name, value in (("unchanged", "true"), ("delivery", "e_licence"), ("truth", None)):
            if wang.page.locator(f"input[name={name}]").count():
                wang.tick(name, value)
        look()
        wang.continue_()
    assert pages >= 4
    look()
    wang.documents_done()
    look()
    wang.show_that_it_is_me()
    wang.sign_and_send()
    look()

    assert wang.at().endswith("?sent=1")
    assert house.case(wang.ref)["state"] != "draft"
    assert wrong == {}


def test_back_and_next_lose_nothing_with_and_without_script(house, chromium):
    for script in (True, False):
        with Grandmother(chromium, house.home, script=script) as person:
            person.go("/?edition=elderly").sign_in("wang-anhui")
            person.begin(MATTER)
            person.page.fill("[name=mobile]", "13800138001")
            person.continue_()
            assert "part=" in person.at()
            person.press("main form button[name=back]")

            assert person.page.input_value("[name=mobile]") == "13800138001"
            person.page.fill("[name=mobile]", "12")
            person.continue_()
            assert (
                person.page.locator("[name=mobile]").get_attribute("aria-invalid") == "true"
            )  # said here, not at the end


@pytest.mark.parametrize("size", [PHONE, DESK, {"width": 640, "height": 450}], ids=["phone", "desk", "desk at 200 %"])
def test_every_page_keeps_the_rules_at_every_size(house, chromium, size):
    wrong = {}
    with Grandmother(chromium, house.home, size=size) as person:
        person.go("/?edition=elderly").sign_in("wang-anhui")
        for path in (
            "/",
            "/search/",
            "/my/",
            "/my/licences/",
            "/my/cases/",
            "/my/inbox/",
            "/my/device/",
            "/help/",
            "/account/",
        ):
            person.go(path)
            if (found := person.measured()) != FINE:
                wrong[path] = found

    assert wrong == {}


def test_the_measuring_finds_what_is_too_small(wang):
    """The negative control: the standard edition does not keep these rules."""
    wang.go("/?edition=standard")

    found = wang.measured()

    assert found["small"] and found["type"]


def test_the_edition_comes_along_to_another_device_and_goes_by_one_press(house, wang, chromium):
    wang.go("/?edition=standard")
    wang.press("button[name=edition][value=elderly]")
    with Grandmother(chromium, house.home) as elsewhere:
        elsewhere.sign_in("wang-anhui")
        assert elsewhere.page.get_attribute("html", "data-edition") == "elderly"
        elsewhere.press("button[name=edition][value=standard]")
        assert elsewhere.page.get_attribute("html", "data-edition") == "standard"


def test_the_page_is_read_aloud_sentence_by_sentence_and_stops(wang):
    wang.context.add_init_script(VOICES)
    wang.go("/")

    wang.page.locator("tb-aloud button").click()
    wang.page.wait_for_function("() => window.said.length === 1")
    assert wang.page.evaluate("window.said[0][0]").startswith("zh")
    marked = wang.page.evaluate("[...CSS.highlights.get('tb-aloud')][0].toString()")
    assert marked.strip() == wang.page.evaluate("window.said[0][1]")
    wang.page.evaluate("window.go()")
    assert wang.page.evaluate("window.said.length") == 2
    wang.page.locator("tb-aloud button").click()

    assert wang.page.evaluate("[window.cancelled, CSS.highlights.has('tb-aloud')]") == [True, False]


def test_nothing_is_recorded_before_it_was_said_what_happens_with_the_voice(wang):
    wang.context.add_init_script(VOICES)
    wang.go("/")

    wang.page.locator("tb-voice > button").click()
    assert wang.page.locator("tb-voice [role=status]").inner_text() != ""
    assert wang.page.evaluate("window.started") == 0
    wang.page.locator("tb-voice [data-speak]").click()
    wang.page.wait_for_url("**/search/?q=**")

    assert wang.page.evaluate("new URLSearchParams(location.search).get('q')") == "居住证"


def test_where_the_browser_cannot_speak_or_hear_nothing_is_shown(wang):
    wang.context.add_init_script(
        "delete window.speechSynthesis; Object.defineProperty(window, 'speechSynthesis', { value: undefined });"
        "for (const name of ['SpeechRecognition', 'webkitSpeechRecognition']) Object.defineProperty(window, name, { value: undefined })"
    )
    wang.go("/")
    wang.page.wait_for_timeout(200)

    assert not wang.page.locator("tb-aloud button").is_visible()
    assert not wang.page.locator("tb-voice button").first.is_visible()
