"""Fills the product's database with people who have a complete draft open and are signed in: `python -m tests.faults.drafts COUNT`.

Prints, as JSON, what each of them needs to send it: the session and the draft's reference.
"""

import json
import sys
import time

import django

django.setup()

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from tests import make  # noqa: E402


def session_of(account) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(account.pk)
    session["present_at"] = time.time()
    session.save()
    return session.session_key


def with_a_licence():
    make.licence_type("residence-permit")
    rule = {"==": [{"var": "form.reason"}, "work"]}
    return make.matter(
        "faults-licence", rules=rule, decided_by="rule", result={"kind": "e_licence", "ref": "residence-permit"}
    )


def main(count: int, licence: bool, each: int = 5) -> None:
    matter = with_a_licence() if licence else make.matter("faults-matter")
    drafts = []
    while len(drafts) < count:
        account = make.account()
        session = session_of(account)
        drafts += [{"session": session, "ref": make.draft(matter, account_=account).ref} for _ in range(each)]
    json.dump(drafts[:count], sys.stdout)


main(int(sys.argv[1]), "licence" in sys.argv)
