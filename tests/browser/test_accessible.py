"""Everybody can use it: by axe, by keyboard alone, magnified, with less motion, without script.

Each test makes one sentence of `/accessibility/` true (`tongban.channels.pages.statements`): the statement lists nothing that is not tested here.
"""

from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from tests import doors
from tongban.cases import services as cases
from tongban.cases.models import Case
from tongban.channels.pages import statements
from tongban.departments.models import Officer
from tongban.matters.models import Matter
from tongban.parties.models import Account
from tongban.site.demonstration import answers, district, history

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]

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
    plan = history.PLAN
    with django_db_blocker.unblock():
        history.PLAN = FEW_CASES
        server = None
        try:
            district.build()
            server = LiveServer("localhost")
            yield World(server.url, addresses())
        finally:
            history.PLAN = plan
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
            contexts[key].set_default_timeout(15_000)
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
    tests = {name for name in globals() if name.startswith("test_")} - {
        "test_the_statement_lists_what_is_tested_here_and_nothing_else",
        "test_control_axe_sees_a_picture_without_words",
    }

    assert set(statements.CHECKS) == tests
    assert set(statements.LOOKED_AT) == set(world.pages)


def test_control_axe_sees_a_picture_without_words(visit):
    page = visit("home")
    page.evaluate("""() => document.querySelector("main").insertAdjacentHTML("beforeend", "<img src='/x.png'>")""")

    assert [line.split(":")[0] for line in wrong_by_axe(page)] == ["image-alt"]


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


def test_the_whole_errand_is_done_with_the_keyboard_alone(visit, world):
    page = visit("licences", reduced_motion="reduce")

    the_errand(page, world, "公积金查询", "fund-query")

    sent = Case.objects.get(ref=page.url.split("?")[0].rstrip("/").split("/")[-1])
    assert (sent.version.matter.slug, sent.submitted_at is not None) == ("fund-query", True)


def test_the_errand_needs_no_script(visit, world):
    page = visit("licences", script=False, reduced_motion="reduce")

    the_errand(page, world, "纳税记录", "tax-paid-proof")

    sent = Case.objects.get(ref=page.url.split("?")[0].rstrip("/").split("/")[-1])
    assert (sent.version.matter.slug, sent.submitted_at is not None) == ("tax-paid-proof", True)


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
  .map(one => one.tagName + "." + one.className).slice(0, 5).concat(document.documentElement.scrollWidth) }"""
CUT = """() => [...document.querySelectorAll("main h1, main h2, main h3, main p, main dt, main dd, main label, main .ds-button")]
  .filter(one => one.checkVisibility() && !one.closest(".ds-sr-only") && one.scrollWidth > one.clientWidth + 1 && ["hidden", "clip"].includes(getComputedStyle(one).overflowX))
  .map(one => one.className + ": " + one.textContent.trim().slice(0, 40))"""


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


def test_every_page_has_its_own_title(visit, world):
    titles = {}
    for name in world.pages:
        html = visit(name, language="en").content() if name == "form_with_mistakes" else served(world, name, "en")
        titles[name] = unescape(html.split("<title>", 1)[1].split("</title>", 1)[0])
        assert html.count("<h1") == 1, name

    assert titles["form_with_mistakes"] == f"Error: {titles['form']}"
    assert len(set(titles.values())) == len(titles)
    assert {title.rsplit(" – ", 1)[1] for title in titles.values()} == {"Tongban", "Officers' workplace"}


@pytest.mark.parametrize("language, declared", [("zh-hans", "zh-Hans"), ("en", "en")])
def test_the_language_of_a_page_is_declared(visit, world, language, declared):
    found = {name: served(world, name, language).split('<html lang="', 1)[1].split('"', 1)[0] for name in world.pages}

    assert found == dict.fromkeys(world.pages, declared)
