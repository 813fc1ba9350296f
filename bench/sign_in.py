"""Signing in: what one password costs, and five hundred people at nine o'clock behind one hall's address.

    python bench/sign_in.py [people]

Everybody is another person with another account, all from one address, forty at a time: the sign-in page, then name and password, then their own page.
Counted: who got in, and how long until the last one had. Peers of the same run: Django's default hash and scrypt, as Django ships them.
"""

import os
import re
import sys
import threading
import time
from urllib.parse import urlencode

from measuring import Caller, a_district, cpu_ms, interleaved, parts, share, table, the_product, together, used

AT_ONCE = 40
PASSWORD = "a good pass phrase"


def main(people: int) -> None:
    with a_district() as var:
        from django.contrib.auth.hashers import (
            PBKDF2PasswordHasher,
            ScryptPasswordHasher,
            check_password,
            make_password,
        )

        ours = make_password(PASSWORD)
        pbkdf2, scrypt = (
            hasher().encode(PASSWORD, "saltsaltsaltsalt") for hasher in (PBKDF2PasswordHasher, ScryptPasswordHasher)
        )
        found = interleaved(
            3,
            ours=lambda: cpu_ms(lambda: check_password(PASSWORD, ours), 0.4),
            pbkdf2=lambda: cpu_ms(lambda: PBKDF2PasswordHasher().verify(PASSWORD, pbkdf2), 0.4),
            scrypt=lambda: cpu_ms(lambda: ScryptPasswordHasher().verify(PASSWORD, scrypt), 0.4),
        )
        table(
            "One password (CPU)",
            ["hash", "ms", "a second a core"],
            [
                ["Argon2, 19 MiB, t=2, p=1 (ours)", found["ours"], 1000 / found["ours"]],
                ["PBKDF2 (Django's default)", found["pbkdf2"], 1000 / found["pbkdf2"]],
                ["scrypt (Django)", found["scrypt"], 1000 / found["scrypt"]],
            ],
            "Wanted: at most 30 ms a sign-in.",
        )
        logins = _accounts(people, ours)
        with the_product(var) as running:
            _nine_o_clock(running, logins)


def _accounts(count: int, hashed: str) -> list[str]:
    from tongban.parties.models import Account

    logins = [f"visitor{number:04d}" for number in range(count)]
    Account.objects.bulk_create(Account(login=login, password=hashed, email=f"{login}@example.org") for login in logins)
    return logins


def _nine_o_clock(running, logins: list[str]) -> None:
    web = parts(running)["web"]
    waiting, took, outside = list(logins), [], []
    lock = threading.Lock()

    def call(_number: int):
        line = Caller(running.port)
        while True:
            with lock:
                if not waiting:
                    line.close()
                    return
                login = waiting.pop()
            began = time.monotonic()
            _status, head = line.get("/account/sign-in/")
            csrf = re.search(rb"(?i)set-cookie: *csrf=([^;]+)", head)[1].decode()
            form = urlencode({"csrfmiddlewaretoken": csrf, "login": login, "password": PASSWORD}).encode()
            status, head = line.post("/account/sign-in/", form, f"csrf={csrf}")
            session = re.search(rb"(?i)set-cookie: *session=([^;]+)", head)
            if status == 302 and session:
                status, head = line.get("/account/", f"session={session[1].decode()}")
            if status != 200 or not session:
                outside.append(f"{login}: {status}")
            took.append((time.monotonic() - began) * 1000)

    before = used(web)
    seconds = together(AT_ONCE, call)
    spent = used(web) - before
    table(
        f"{len(logins)} people from one address, {AT_ONCE} at a time, three requests each",
        ["", "got in", "outside", "seconds until the last", "p50 ms", "p99 ms", "web CPU ms each"],
        [
            [
                "sign-in",
                len(logins) - len(outside),
                len(outside),
                seconds,
                share(took, 50),
                share(took, 99),
                spent * 1000 / len(logins),
            ]
        ],
        f"Wanted: all of 500 within 20 s. {os.cpu_count()} cores, shared with the callers. {'; '.join(outside[:3])}",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
