"""What script adds, in a real browser, with a server that is played by the test."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tongban.channels.pages.templatetags import tongban as tags

SCRIPT = (Path(tags.__file__).resolve().parents[1] / "static/tongban/tongban.js").read_text(encoding="utf-8")
HOME = "http://tongban.test"

pytestmark = pytest.mark.browser


class Server:
    """Answers a page and remembers what was asked; `answers` maps a path to a function of the request."""

    def __init__(self, page, body):
        self.page, self.body, self.asked, self.answers = page, body, [], {}
        page.route("**/*", self.answer)

    def answer(self, route):
        request = route.request
        path = request.url.removeprefix(HOME).split("?")[0]
        self.asked.append((request.method, path, request.post_data or request.url))
        if path == "/tongban.js":
            return route.fulfill(body=SCRIPT, content_type="text/javascript")
        if path in self.answers:
            return self.answers[path](route)
        return route.fulfill(
            body=f'<!doctype html><html lang="en"><title>t</title><body>{self.body}<script type="module" src="/tongban.js"></script>',
            content_type="text/html",
        )

    def sent(self, path):
        return [parse_qs(said) for method, where, said in self.asked if (method, where) == ("POST", path)]


@pytest.fixture
def open_page(chromium):
    context = chromium.new_context()

    def opened(body, path="/form/", **answers):
        page = context.new_page()
        server = Server(page, body)
        server.answers.update({f"/{name}/": answer for name, answer in answers.items()})
        page.goto(HOME + path)
        return page, server

    yield opened
    context.close()


def said(**answer):
    return lambda route: route.fulfill(body=json.dumps(answer), content_type="application/json")


SAVE = """<tb-autosave data-url="/save/" data-saved="Saved %(time)s" data-saving="Saving" data-offline="No connection" data-refused="Not saved"><span class="tb-save__words"></span></tb-autosave>"""
FORM = f"""<form method="post" action="/form/"><input type="hidden" name="csrfmiddlewaretoken" value="t0ken"><input type="hidden" name="revision" value="1">
<div class="tb-fields"><div data-field-id="name"><input name="name" value="A"></div><div data-field-id="housing" data-decides><select name="housing"><option>own<option>rent</select></div></div>{SAVE}<button>Go</button></form>"""


def test_a_draft_saves_itself_and_takes_over_the_new_revision(open_page):
    page, server = open_page(FORM, save=said(saved_at="10:02", revision=7))

    page.fill("[name=name]", "王小明")
    page.wait_for_selector("[data-state=saved]")

    assert page.inner_text(".tb-save__words") == "Saved 10:02"
    assert page.input_value("[name=revision]") == "7"
    assert server.sent("/save/") == [
        {"csrfmiddlewaretoken": ["t0ken"], "revision": ["1"], "name": ["王小明"], "housing": ["own"]}
    ]


def test_what_could_not_be_saved_is_tried_again_and_said(open_page):
    down = {"now": True}

    def answer(route):
        if down["now"]:
            return route.fulfill(status=503)
        return route.fulfill(body="{}", content_type="application/json")

    page, server = open_page(FORM, save=answer)
    page.fill("[name=name]", "B")
    page.wait_for_selector("[data-state=offline]")
    assert page.inner_text(".tb-save__words") == "No connection"

    down["now"] = False
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("[data-state=saved]")

    assert len(server.sent("/save/")) == 2


def test_what_was_typed_and_not_saved_survives_a_reload_of_this_tab(open_page):
    page, _server = open_page(FORM, save=lambda route: route.abort())
    page.on("dialog", lambda dialog: dialog.accept())
    page.fill("[name=name]", "typed")
    page.wait_for_selector("[data-state=offline]")

    page.reload()
    page.wait_for_function("document.querySelector('[name=name]').value === 'typed'")

    other = page.context.new_page()
    Server(other, FORM)
    other.goto(HOME + "/form/")
    assert other.input_value("[name=name]") == "A"


def test_a_refusal_is_said_in_the_servers_words(open_page):
    page, _server = open_page(
        FORM,
        save=lambda route: route.fulfill(
            status=409, body='{"title": "Changed elsewhere"}', content_type="application/problem+json"
        ),
    )

    page.fill("[name=name]", "B")
    page.wait_for_selector("[data-state=refused]")

    assert page.inner_text(".tb-save__words") == "Changed elsewhere"


def test_an_answer_brings_the_questions_that_follow_and_leaves_the_others_alone(open_page):
    page, server = open_page(FORM, save=said(revision=2))
    page.fill("[name=name]", "kept")
    page.wait_for_selector("[data-state=saved]")
    server.body = FORM.replace(
        "</select></div>",
        '</select></div><div data-field-id="lease"><input name="lease" value="from the register"></div>',
    ).replace('value="A"', 'value="not this"')

    page.select_option("[name=housing]", "rent")
    page.wait_for_selector("[name=lease]")

    assert page.input_value("[name=name]") == "kept"
    assert page.input_value("[name=lease]") == "from the register"
    assert page.eval_on_selector_all(".tb-fields > div", "all => all.map(one => one.dataset.fieldId)") == [
        "name",
        "housing",
        "lease",
    ]


ONCE = '<form method="post" action="/send/"{}><button name="go" value="1">Send</button></form>'
TWICE = "const form = document.querySelector('form'); form.requestSubmit(); form.requestSubmit()"


@pytest.mark.parametrize(("guard", "sent"), [(" data-once", 1), ("", 2)])
def test_a_form_is_sent_once_however_often_it_is_clicked(open_page, guard, sent):
    """Without the guard both submits pass: the test would see a guard that does nothing."""
    page, _server = open_page(ONCE.format(guard))
    page.evaluate(
        "window.passed = 0; document.addEventListener('submit', (event) => { if (!event.defaultPrevented) passed += 1; event.preventDefault() })"
    )

    page.evaluate(TWICE)

    assert page.evaluate("passed") == sent


SUGGEST = '<form action="/search/"><tb-suggest src="/suggest/"><label for="q">Q</label><input id="q" name="q" autocomplete="off"></tb-suggest></form>'


def test_suggestions_can_be_taken_with_the_keyboard_and_are_text_not_markup(open_page):
    nasty = {"text": "<img src=x onerror=alert(1)>", "note": "Service", "href": "/guide/"}
    page, server = open_page(
        SUGGEST, suggest=said(suggestions=[{"text": "居住证", "note": "Service", "href": "/permit/"}, nasty])
    )

    page.press_sequentially("#q", "juzhu") if hasattr(page, "press_sequentially") else page.type("#q", "juzhu")
    page.wait_for_selector("[role=listbox] li")
    assert page.get_attribute("#q", "aria-expanded") == "true"
    assert page.inner_text("li >> nth=1").startswith("<img")

    page.press("#q", "ArrowDown")
    assert page.get_attribute("#q", "aria-activedescendant") == page.get_attribute("li >> nth=0", "id")
    page.press("#q", "Enter")
    page.wait_for_url(HOME + "/permit/")

    assert any(path == "/suggest/" and said_to.endswith("?q=juzhu") for _method, path, said_to in server.asked)


def test_escape_closes_the_suggestions_and_a_suggestion_never_leads_elsewhere(open_page):
    page, _server = open_page(SUGGEST, suggest=said(suggestions=[{"text": "x", "href": "javascript:alert(1)"}]))
    page.type("#q", "x")
    page.wait_for_selector("[role=listbox] li")

    page.press("#q", "Escape")
    assert page.get_attribute("#q", "aria-expanded") == "false"

    page.press("#q", "y")
    page.wait_for_selector("[role=listbox]:not([hidden]) li")
    page.press("#q", "ArrowDown")
    page.press("#q", "Enter")
    page.wait_for_url(HOME + "/search/?q=x")


def told(version):
    words = json.dumps({"topic": "case:1", "version": version})
    return lambda route: route.fulfill(body=f"event: topic\ndata: {words}\n\n", content_type="text/event-stream")


LIVE = """<tb-live id="live" src="/events/" data-standing='{"case:1": 3}' data-reload>old</tb-live><p>outside</p>"""


def test_a_live_page_takes_its_fresh_part_when_there_is_news(open_page):
    page, server = open_page(LIVE, events=told(4))
    server.body = LIVE.replace("old", "<b>fresh</b>").replace("outside", "changed too")

    page.wait_for_selector("tb-live b")

    assert page.inner_text("p") == "outside"


def test_a_live_page_that_shows_how_things_stand_stays_as_it_is(open_page):
    page, server = open_page(LIVE, events=told(3))
    server.body = LIVE.replace("old", "<b>fresh</b>")

    page.wait_for_timeout(600)

    assert page.inner_text("tb-live") == "old"
    assert [path for _method, path, _said in server.asked].count("/form/") == 1


def test_of_two_pieces_of_news_the_newer_answer_stays(open_page):
    page, server = open_page(LIVE)
    held = []
    server.answers["/form/"] = held.append  # what was asked first is answered when the second piece of news is there
    page.evaluate("live => { live.news() }", page.query_selector("tb-live"))
    page.wait_for_function("() => document.querySelector('tb-live').asking")
    page.evaluate("live => { live.news() }", page.query_selector("tb-live"))
    while not held:
        page.wait_for_timeout(20)
    server.body = LIVE.replace("old", "<b>fresh</b>")
    del server.answers["/form/"]
    held.pop().fulfill(body=f"<html><body>{LIVE.replace('old', 'older')}", content_type="text/html")

    page.wait_for_selector("tb-live b")


def test_news_that_could_not_be_fetched_is_asked_for_again(open_page):
    page, server = open_page(LIVE, events=told(3))
    lost = []

    def lose(route):
        lost.append(route)
        del server.answers["/form/"]
        route.abort()

    server.body, server.answers["/form/"] = LIVE.replace("old", "<b>fresh</b>"), lose
    page.evaluate("live => { live.pause = 50; live.news() }", page.query_selector("tb-live"))

    page.wait_for_selector("tb-live b")
    assert lost


def test_officers_move_through_a_list_with_keys(open_page):
    rows = "".join(f'<tr data-href="/case/{number}/"><td>{number}</td></tr>' for number in (1, 2, 3))
    page, _server = open_page(f'<input data-key="/" name="q"><table>{rows}</table>')

    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.href") == "/case/2/"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("jk")
    assert page.input_value("[name=q]") == "jk"
    page.evaluate("document.activeElement.blur(); document.querySelectorAll('tr')[1].focus()")
    page.keyboard.press("Enter")
    page.wait_for_url(HOME + "/case/2/")
