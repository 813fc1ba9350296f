"""Pages of people who signed in, in a district that is lived in: CPU of one request through all middleware, beside the same list in plain Django.

    python bench/signed_in.py [VAR] [rounds]

VAR (else `var`) is the var directory of a product that was prepared with TONGBAN_DEMO=1 and has cases (`python -m tongban prepare`, then let the
demonstration come to rest); it is copied, the original is not touched. Compare two states of the code by running each on the same VAR,
in turns: the ratio to the peer is what holds when the machine is not quiet.
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import ROOT, InProcess, cpu_ms, interleaved, signed_in, table


def main(var: str, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder:
        copy = shutil.copytree(var, Path(folder) / "var")
        os.environ |= {
            "TONGBAN_VAR": str(copy),
            "DJANGO_SETTINGS_MODULE": "tongban.site.settings",
            "TONGBAN_DEMO": "1",
        }
        import django

        django.setup()
        measure(rounds)


def measure(rounds: int) -> None:
    from django.test import override_settings

    from tongban.cases import services
    from tongban.matters.models import Matter
    from tongban.parties.models import Account

    logins = ("wang-anhui", "window", "amr-review")
    cookies = {account.login: signed_in(account) for account in Account.objects.filter(login__in=logins)}
    if len(cookies) < len(logins):
        print("Nobody lives here: prepare this var directory with TONGBAN_DEMO=1 first.", file=sys.stderr)
        return
    account = Account.objects.get(login="wang-anhui")
    draft = services.begin(Matter.objects.get(slug="tax-paid-proof"), party=account.person, account=account)
    pages = InProcess()

    def first(path: str, who: str, link: str) -> str:
        body = pages.ask(path, cookies[who], HTTP_ACCEPT_ENCODING="")[2].decode()
        return re.search(f'href="({link}[^"/#?]+/)"', body)[1]

    wanted = {
        "home": ("/", "wang-anhui"),
        "own cases": ("/my/cases/", "wang-anhui"),
        "inbox": ("/my/inbox/", "wang-anhui"),
        "own space": ("/my/", "wang-anhui"),
        "one own case": (first("/my/cases/", "wang-anhui", "/my/cases/"), "wang-anhui"),
        f"form, {len(draft.version.form)} fields": (f"/apply/{draft.ref}/form/", "wang-anhui"),
        "window's queue": ("/office/", "window"),
        "reviewer's queue": ("/office/", "amr-review"),
        "reviewer's case": (first("/office/", "amr-review", "/office/cases/"), "amr-review"),
    }
    acts = {}
    for name, (path, who) in wanted.items():
        assert pages.ask(path, cookies[who])[0] == 200, (name, path)
        acts[name] = lambda path=path, who=who: cpu_ms(lambda: pages.ask(path, cookies[who]), 0.15)
    ours = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    with override_settings(MIDDLEWARE=ours, ROOT_URLCONF="plain_list"):
        plain = InProcess()
        assert plain.ask("/", cookies["wang-anhui"])[0] == 200

    def peer() -> float:
        with override_settings(ROOT_URLCONF="plain_list"):
            return cpu_ms(lambda: plain.ask("/", cookies["wang-anhui"]), 0.15)

    found = interleaved(rounds, peer=peer, **acts)
    rows = [
        [name, len(pages.queries(path, cookies[who])), found[name], 1000 / found[name], found[name] / found["peer"]]
        for name, (path, who) in wanted.items()
    ]
    rows.append(["peer: own cases in plain Django", "", found["peer"], 1000 / found["peer"], 1.0])
    table(
        "Signed in (CPU of one request, all middleware)", ["page", "queries", "ms", "a second", "times the peer"], rows
    )


if __name__ == "__main__":
    var = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TONGBAN_VAR") or str(ROOT / "var")
    if (Path(var) / "tongban.sqlite3").exists():
        main(var, int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    else:
        print(f"There is no district in {var}: run `make run` once, or name a var directory.", file=sys.stderr)
