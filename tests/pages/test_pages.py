import gzip
import importlib.util
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import timezone, translation

from tests import doors, make
from tongban.channels.pages.templatetags import tongban as tags

ROOT = Path(__file__).resolve().parents[2]
STATIC = Path(tags.__file__).resolve().parents[1] / "static/tongban"
SENTENCES = {
    "title": "Something is wrong",
    "what": "It broke",
    "kept": "Your draft is kept",
    "next_step": "Try again",
    "REQUEST_ID": "r-1",
}


def weight(text: str | bytes) -> int:
    return len(gzip.compress(text if isinstance(text, bytes) else text.encode(), 9))


@pytest.mark.parametrize("status", [400, 408, 413, 500, 503, 504, 507])
def test_the_last_pages_are_drawn_without_request_database_or_session(status):
    """No database is allowed in this test: pytest-django refuses every query."""
    html = get_template(f"{status}.html").render({**SENTENCES, "status": status, "language": "en"}, None)

    assert "Your draft is kept" in html and "Try again" in html and "r-1" in html
    assert '<html lang="en"' in html and "<h1>Something is wrong</h1>" in html


@pytest.mark.parametrize("status", [403, 404])
def test_not_allowed_and_not_found_keep_the_whole_look(status):
    html = get_template(f"{status}.html").render({**SENTENCES, "status": status}, RequestFactory().get("/nowhere/"))

    assert "tb-tabbar" in html and "It broke" in html


def test_the_style_sheet_is_the_one_its_sources_make():
    package = ROOT / "node_modules/@digdir/designsystemet-css"
    if not package.is_dir():
        pytest.skip("the design system is not installed here; `npm ci` brings it")
    spec = importlib.util.spec_from_file_location("stylesheet", ROOT / "tools/stylesheet.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    assert (tool.STYLES / "theme.css").read_text(encoding="utf-8") == tool.theme()
    assert (STATIC / "tongban.css").read_text(encoding="utf-8") == tool.build(package)


def test_every_class_that_templates_use_is_drawn_by_the_style_sheet():
    sheet = "".join(
        (STATIC / name).read_text(encoding="utf-8")
        for name in ("tongban.css", "papers.css", "wallet.css", "passes.css", "halls.css")
    )
    known = set(re.findall(r"\.(tb-[a-z_-]+)", sheet))
    plain = {"tb-page", "tb-fields", "tb-matter__head", "tb-rows", "tb-ticket__label", "tb-pass"}
    used = set()
    for path in (ROOT / "tongban/channels/pages/templates").rglob("*.html"):
        for words in re.findall(r'class="([^"]*)"', path.read_text(encoding="utf-8")):
            used |= set(re.findall(r"\btb-[a-z_-]+", words))

    assert sorted(used - known - plain) == []


def test_script_and_first_visit_are_light():
    script, sheet = (STATIC / "tongban.js").read_bytes(), (STATIC / "tongban.css").read_bytes()
    page = get_template("404.html").render(SENTENCES, RequestFactory().get("/"))

    assert weight(script) < 6_400
    assert weight(script) + weight(sheet) + weight(page) + weight((STATIC / "favicon.svg").read_bytes()) < 40_000


def test_nothing_comes_from_elsewhere():
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|@font-face|\beval\(|innerHTML", text), path.name


@pytest.mark.parametrize(
    ("address", "name", "value"),
    [("/look/", "scheme", "dark"), ("/look/", "edition", "elderly"), ("/language/", "language", "en")],
)
def test_a_preference_is_kept_in_this_browser_and_leads_back(client, db, address, name, value):
    answer = client.post(address, {name: value, "next": "/search/?q=x"})

    assert (answer.status_code, answer.url) == (302, "/search/?q=x")
    cookie = answer.cookies[name if name != "language" else settings.LANGUAGE_COOKIE_NAME]
    assert cookie.value == value and cookie["samesite"] == "Lax" and cookie["httponly"]


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_preference_never_leads_out_of_the_house(client, db, elsewhere):
    assert client.post("/look/", {"scheme": "dark", "next": elsewhere}).url == "/"


@pytest.mark.parametrize(("address", "said"), [("/look/", {"scheme": "neon"}), ("/language/", {"language": "xx"})])
def test_a_preference_nobody_offers_is_not_kept(client, db, address, said):
    assert not client.post(address, said).cookies


def test_the_style_page_is_only_for_the_demonstration(client, db, settings):
    settings.DEMO = True
    assert client.get("/style/").status_code == 200
    settings.DEMO = False
    assert client.get("/style/").status_code == 404


def test_the_demonstration_says_so_on_every_page(rf, settings):
    template = get_template("404.html")
    with translation.override("en"):
        settings.DEMO = True
        assert "nothing here is a real government act" in template.render(SENTENCES, rf.get("/"))
        settings.DEMO = False
        assert "nothing here is a real government act" not in template.render(SENTENCES, rf.get("/"))


# -- links that bring a language or an edition along, and what makes it an app


def test_a_link_brings_its_language_and_edition_and_the_switches_do_not_go_back_to_it(client, db):
    page = client.get("/accessibility/?lang=en&edition=elderly&x=1")

    words = page.content.decode()
    assert '<html lang="en"' in words and 'data-edition="elderly"' in words
    assert (page.cookies["language"].value, page.cookies["edition"].value) == ("en", "elderly")
    assert 'name="next" value="/accessibility/?x=1"' in words
    assert not client.get("/accessibility/?lang=xx&edition=tiny").cookies


def test_the_edition_stays_with_the_account(client, db):
    account = make.account()
    doors.enter(client, account)

    client.post("/look/", {"edition": "elderly", "next": "/"})

    account.refresh_from_db()
    assert account.edition == "elderly"


def test_every_page_says_whose_it_is_and_only_some_may_be_kept(client, db):
    account = make.account()
    assert client.get("/accessibility/").headers["Tongban-Account"] == "none"
    assert client.get("/").headers["Tongban-Keep"] == "public"
    doors.enter(client, account)

    licences, inbox = client.get("/my/licences/"), client.get("/my/inbox/")

    assert licences.headers["Tongban-Keep"] == "own" and "Tongban-Keep" not in inbox.headers
    mark = licences.headers["Tongban-Account"]
    assert mark == inbox.headers["Tongban-Account"] and len(mark) == 32
    assert mark not in {"none", str(account.pk).zfill(32), f"{account.pk:032x}"}  # says whose, and not who
    assert licences.headers["Cache-Control"] == "private, no-store"  # the browser's own cache keeps nothing of it
    assert client.get("/my/device/pages").json()["account"] == mark


def test_signing_out_clears_what_the_browser_kept(client, db):
    doors.enter(client, make.account())

    assert client.post("/account/sign-out/").headers["Clear-Site-Data"] == '"storage"'


def test_a_session_ends_at_a_known_hour_and_one_press_gives_more_time(client, db, settings):
    doors.enter(client, make.account())
    session = client.session
    session.set_expiry(timezone.now() + timedelta(minutes=10))
    session["signed_in_at"] = (timezone.now() - timedelta(hours=11)).isoformat()
    session.save()
    page = client.get("/my/inbox/").content.decode()
    assert 'action="/account/stay/"' in page and "data-ends" in page and not re.search(r"data-ends[^>]* hidden", page)

    client.post("/account/stay/", {"next": "/my/inbox/"})

    assert re.search(r"data-ends[^>]* hidden", client.get("/my/inbox/").content.decode())
    assert client.session.get_expiry_date() <= timezone.now() + timedelta(hours=12)


def test_the_worker_names_the_files_it_needs_and_nothing_of_other_houses(client, db):
    answer = client.get("/service-worker.js")
    said = answer.content.decode()

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "__" not in said.replace("__proto__", "") and "export " not in said and "/account/sign-out/" in said
    assert not re.search(r"https?://|importScripts|\beval\(", said)


def test_the_reader_of_codes_is_the_one_that_was_locked():
    package = ROOT / "node_modules/qr"
    if not package.is_dir():
        pytest.skip("the reader is not installed here; `npm ci` brings it")

    for source, name in {"decode.js": "decode.js", "index.js": "index.js", "LICENSE-MIT": "LICENSE"}.items():
        assert (STATIC.parent / "qr" / name).read_bytes() == (package / source).read_bytes()


def test_only_a_page_that_scans_is_given_the_camera(client, settings):
    settings.DEMO = True

    assert "camera=(self)" in client.get("/style/").headers["Permissions-Policy"]
    assert "camera=()" in client.get("/accessibility/").headers["Permissions-Policy"]
