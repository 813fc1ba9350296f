"""Pages: what one costs this machine, in the process and over HTTP.

    python bench/pages.py [rounds]

In the process: CPU of one request through all of the product's middleware, beside the least it could cost (the page's own SQL on a bare
connection and its own bytes), interleaved in the same rounds. Over HTTP: CPU of the web processes per page, so pages a second of one core;
eight callers on open lines. `anew` is a page that nobody has asked for since the catalogue changed; `kept` one that somebody has.
"""

import sys
import time

from measuring import (
    Caller,
    InProcess,
    Replayed,
    a_district,
    cpu_ms,
    interleaved,
    parts,
    signed_in,
    table,
    the_product,
    together,
    used,
)

SECONDS_OVER_HTTP = 2.5
CALLERS = 8


def main(rounds: int) -> None:
    with a_district() as var:
        paths = prepared()
        in_process(var, rounds, paths)
        with the_product(var) as running:
            over_http(running, paths)


def prepared() -> dict[str, tuple[str, str]]:
    """{what: (path, cookie)}"""
    from tongban.cases import services
    from tongban.matters.models import Matter
    from tongban.parties.models import Account

    account = Account.objects.get(login="wang-anhui")
    cookie = signed_in(account)
    drafts = {
        slug: services.begin(Matter.objects.get(slug=slug), party=account.person, account=account)
        for slug in ("residence-permit-endorse", "tax-paid-proof")
    }
    form = drafts["tax-paid-proof"]
    return {
        "home, stranger": ("/", ""),
        "guide, stranger": ("/matters/residence-permit-endorse/", ""),
        "search, stranger": ("/search/?q=juzhuzheng", ""),
        "suggestions": ("/search/suggest?q=ju", ""),
        "sign-in": ("/account/sign-in/", ""),
        "home, signed in": ("/", cookie),
        "guide, signed in": ("/matters/residence-permit-endorse/", cookie),
        "own space": ("/my/", cookie),
        "own cases": ("/my/cases/", cookie),
        "own licences": ("/my/licences/", cookie),
        f"form, {len(form.version.form)} fields": (f"/apply/{form.ref}/form/", cookie),
    }


def in_process(var, rounds: int, paths: dict) -> None:
    from tongban.channels.portal import kept_pages

    pages = InProcess()
    seconds = 0.25
    rows = []
    for name, (path, cookie) in paths.items():
        status, _head, body = pages.ask(path, cookie)
        if status != 200:
            print(f"{name}: {path} answers {status}", file=sys.stderr)
            continue
        statements = pages.queries(path, cookie)
        least = Replayed(var / "tongban.sqlite3", statements, body)
        acts = {
            "page": lambda path=path, cookie=cookie: cpu_ms(lambda: pages.ask(path, cookie), seconds),
            "least": lambda least=least: cpu_ms(least, seconds),
        }
        kept = not cookie and path.count("/") != 2 or path == "/" and not cookie
        if kept and "search" not in path and "login" not in path:

            def anew(path=path):
                kept_pages.pages._pages.clear()
                pages.ask(path)

            acts["anew"] = lambda anew=anew: cpu_ms(anew, seconds)
        found = interleaved(rounds, **acts)
        if "anew" in found:
            kept_pages.pages._pages.clear()
            asked = len(pages.queries(path))
            rows.append([f"{name}, anew", asked, len(body) / 1000, found["anew"], "", "", 1000 / found["anew"]])
            name += ", kept"
        rows.append(
            [
                name,
                len(statements),
                len(body) / 1000,
                found["page"],
                found["least"],
                found["page"] / found["least"],
                1000 / found["page"],
            ]
        )
    rows.append(_plain(paths["own cases"][1], seconds, rounds))
    table(
        "Pages in the process (CPU of one request, all middleware)",
        ["page", "queries", "kB sent", "ms", "least ms", "times", "a second"],
        rows,
        "least: the page's own SQL on a bare connection, and its bytes. kB: compressed where the page compresses.",
    )


def _plain(cookie: str, seconds: float, rounds: int) -> list:
    """Peer: the same list as a tutorial writes it: sessions, sign-in, one query, a template of one loop, and nothing else of ours."""
    from django.test import override_settings

    ours = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    with override_settings(MIDDLEWARE=ours, ROOT_URLCONF="plain_list"):
        plain = InProcess()
        status, _head, body = plain.ask("/", cookie)
        assert status == 200, body
        queries = len(plain.queries("/", cookie))
        took = interleaved(rounds, plain=lambda: cpu_ms(lambda: plain.ask("/", cookie), seconds))["plain"]
    return ["peer: own cases in plain Django", queries, len(body) / 1000, took, "", "", 1000 / took]


def over_http(running, paths: dict) -> None:
    web = parts(running)["web"]
    lines = [Caller(running.port) for _ in range(CALLERS)]
    rows = []
    chosen = [
        "home, stranger",
        "guide, stranger",
        "search, stranger",
        "home, signed in",
        "own cases",
        *[name for name in paths if name.startswith("form")],
    ]
    for name in chosen:
        path, cookie = paths[name]
        for line in lines:
            line.get(path, cookie)
        made, wrong = [0] * CALLERS, [0]
        before, until = used(web), time.monotonic() + SECONDS_OVER_HTTP

        def call(number, path=path, cookie=cookie, made=made, wrong=wrong, until=until):
            while time.monotonic() < until:
                wrong[0] += lines[number].get(path, cookie)[0] != 200
                made[number] += 1

        seconds = together(CALLERS, call)
        spent, count = used(web) - before, sum(made)
        rows.append([name, count, wrong[0], spent * 1000 / count, count / spent, count / seconds])
    table(
        f"Pages over HTTP (granian, {CALLERS} callers on open lines, two web processes)",
        ["page", "asked", "wrong", "server ms", "a second a core", "a second here"],
        rows,
        "Wanted: 5,000 a second a core for guides to strangers, 1,000 for home and lists of people who signed in. "
        "“here” shares the machine with the callers.",
    )
    for line in lines:
        line.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
