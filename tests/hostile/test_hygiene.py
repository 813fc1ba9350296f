"""What every answer carries, whatever it is: headers, cookies, a form that only our pages can send, ways back that stay here,
and the same words for what is there and what is not."""

import json
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests import doors, make
from tests.cases import ways
from tests.hostile.strings import page, strangers
from tests.house.test_access import World, addresses
from tests.site.product import furnish
from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.licences.models import Licence
from tongban.parties.models import Account, Membership, Person

pytestmark = pytest.mark.django_db

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

BESIDE = {
    "office:theirs",
    "office:guide_preview",
}  # the applicant's page beside the officer's own, framed by our own page alone


def _beside(one, answer) -> bool:
    """A refusal at that address is framed by nobody, as everywhere."""
    return one.name in BESIDE and answer.headers.get("X-Frame-Options") == "SAMEORIGIN"


@pytest.fixture
def world(db):
    cache.clear()
    return World()


def at(world, who: str, **more) -> Client:
    client = Client(raise_request_exception=False, **more)
    if who != "anonymous":
        doors.enter(client, getattr(world, who), present=who == "citizen")
    return client


def where(one) -> str:
    return reverse(one.name, kwargs=one.arguments)


# -- headers


@pytest.mark.ignore_template_errors
def test_every_answer_at_every_address_carries_its_protection_and_no_inline_code(world):
    """Pages, refusals, redirects, problem documents: with a strict policy, a fresh nonce, and nothing that needs an exception."""
    wrong, nonces = {}, []
    case = world.case()
    for who in ("anonymous", "citizen", "officer"):
        client = at(world, who)
        for one in addresses():
            kwargs = {**one.arguments, **({"ref": case.ref} if "ref" in one.arguments else {})}
            answer = client.get(reverse(one.name, kwargs=kwargs))
            always = {**ALWAYS, **({"X-Frame-Options": "SAMEORIGIN"} if _beside(one, answer) else {})}
            lacking = [name for name, value in always.items() if answer.headers.get(name) != value]
            policy = answer.headers.get("Content-Security-Policy", "")
            framed_by = "frame-ancestors 'self'" if _beside(one, answer) else "frame-ancestors 'none'"
            lacking += [] if framed_by in policy or "sandbox" in policy else ["frame-ancestors"]
            lacking += [word for word in ("unsafe-eval", "http:", " * ") if word in policy]
            lacking += ["unsafe-inline"] if "unsafe-inline" in policy and "default-src 'none'" not in policy else []
            lacking += [] if answer.headers.get("Permissions-Policy") else ["Permissions-Policy"]
            if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
                read = page(answer)
                lacking += strangers(read)
                used = {given["nonce"] for _tag, given in read.tags if given.get("nonce")}
                lacking += [nonce for nonce in used if f"'nonce-{nonce}'" not in policy]
                nonces += used
            if lacking:
                wrong[who, one.name] = lacking

    assert wrong == {}
    assert len(nonces) == len(set(nonces))


def test_the_policy_lets_in_nothing_but_our_own(client):
    policy = dict(part.strip().partition(" ")[::2] for part in client.get("/account/sign-in/").headers["Content-Security-Policy"].split(";"))  # fmt: skip

    assert policy["default-src"] == "'self'" and policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'" and policy["form-action"] == "'self'"
    assert re.fullmatch(r"'self' 'nonce-[A-Za-z0-9+/=_-]{16,}'|'self'", policy["script-src"])
    assert "unsafe" not in " ".join(policy.values())


@pytest.mark.ignore_template_errors
def test_what_belongs_to_somebody_is_kept_by_no_browser_and_no_proxy(world):
    client, kept = at(world, "citizen"), {}
    case = world.case()
    for one in addresses():
        if not one.door.startswith(("signed_in", "party")):
            continue
        kwargs = {**one.arguments, **({"ref": case.ref} if "ref" in one.arguments else {})}
        answer = client.get(reverse(one.name, kwargs=kwargs))
        if answer.status_code == 200 and "no-store" not in answer.headers.get("Cache-Control", ""):
            kept[one.name] = answer.headers.get("Cache-Control")

    assert kept == {}


PRODUCTION = """
import django, json
django.setup()
from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.test import RequestFactory, Client
from django.test.utils import override_settings, setup_test_environment
found = [str(one) for one in checks.run_checks(include_deployment_checks=True) if one.level >= checks.WARNING and one.id not in settings.SILENCED_SYSTEM_CHECKS]
call_command("check", deploy=True, fail_level="WARNING")
setup_test_environment()
host = {"HTTP_HOST": "services.example.org", "HTTP_X_TONGBAN_SCHEME": "https"}
plain = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
with override_settings(STORAGES=plain):
    answer = Client().get("/account/sign-in/", **host)
    host["HTTP_ACCEPT_LANGUAGE"] = "en"
    person = Client()
    chosen = person.post("/language/", {"language": "zh-hans", "next": "/"}, **host)
    kept = person.get("/account/sign-in/", **host).content.decode()
    neighbour = Client()
    neighbour.cookies["language"] = "zh-hans"
    planted = neighbour.get("/account/sign-in/", **host).content.decode()
other = Client(raise_request_exception=False).get("/", HTTP_HOST="evil.example", HTTP_X_TONGBAN_SCHEME="https")
print(json.dumps({
    "found": found,
    "hsts": answer.headers.get("Strict-Transport-Security"),
    "policy": answer.headers["Content-Security-Policy"],
    "cookies": {name: [bool(one["secure"]), bool(one["httponly"]), one["samesite"], one["path"], one["domain"]] for name, one in answer.cookies.items()},
    "chosen": {name: [bool(one["secure"]), one["path"], one["domain"]] for name, one in chosen.cookies.items()},
    "kept": '<html lang="zh' in kept, "planted": '<html lang="zh' in planted,
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
    "secure": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.CSRF_COOKIE_SECURE],
    "debug": settings.DEBUG,
    "other": other.status_code,
    "status": answer.status_code,
}))
"""


@pytest.fixture(scope="module")
def production(tmp_path_factory) -> dict:
    """The product as an operator sets it up: its own address with HTTPS, no demonstration."""
    var = tmp_path_factory.mktemp("production")
    furnish(var)
    given = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TONGBAN_", "DATABASE_URL", "DJANGO_"))
    }
    given |= {
        "TONGBAN_VAR": str(var), "TONGBAN_DEMO": "0", "TONGBAN_PUBLIC_URL": "https://services.example.org",
        "DJANGO_SETTINGS_MODULE": "tongban.site.settings", "PYTHONPATH": os.getcwd(),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PRODUCTION], env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_django_finds_nothing_careless_in_the_settings_of_a_real_district(production):
    assert production["found"] == []
    assert production["debug"] is False and production["status"] == 200


def test_under_https_cookies_are_bound_to_the_host_and_the_address_is_never_asked_for_in_clear(production):
    assert production["names"] == ["__Host-session", "__Host-csrf"]
    assert production["secure"] == [True, True, True]
    assert production["cookies"]
    for name, (secure, httponly, samesite, path, domain) in production["cookies"].items():
        assert (secure, httponly, samesite, path, domain) == (True, True, "Lax", "/", ""), name
        assert name.startswith("__Host-")
    assert production["hsts"] == "max-age=31536000; includeSubDomains"
    assert "upgrade-insecure-requests" in production["policy"]


def test_under_https_no_neighbouring_host_plants_a_cookie_and_a_choice_is_kept_all_the_same(production):
    assert production["chosen"]
    for name, about in production["chosen"].items():
        assert name.startswith("__Host-") and about == [True, "/", ""], name
    assert production["kept"] and not production["planted"]


def test_an_address_that_is_not_ours_is_not_answered_and_stands_in_no_letter(production, client):
    assert production["other"] == 400
    account = make.account(login="reader")
    doors.enter(client, account)
    client.post("/account/email/", {"action_add": "1", "email": "new@example.org"}, headers={"host": "testserver"})

    links = {urlsplit(link).netloc for letter in mail.outbox for link in re.findall(r"https?://\S+", letter.body)}
    assert links <= {urlsplit(settings.PUBLIC_URL).netloc}


# -- forms and ways back


EXEMPT = {
    "exchange:upload": "a program without a page; Origin and Sec-Fetch-Site are looked at instead",
    "pages:look": "a cookie about colours; its form stands on pages that are kept for everybody",
    "pages:language": "a cookie about the language; the same",
    "exchange:api:rules_evaluate": "reads JSON, changes nothing, knows nobody",
    "exchange:api:check_id": "reads, changes nothing, knows nobody",
    "exchange:api:check_id_in_body": "reads JSON, changes nothing, knows nobody",
    "exchange:gateway_notices": "a service outside: its signature is the door",
    "exchange:carrier_notices": "the same: couriers and lockers sign what they say",
    "exchange:api:pass_verify": "reads JSON, changes nothing, knows nobody",
    "exchange:api:licence_verify_many": "reads JSON; an officer's cookie is not sent from a foreign page (SameSite), a device signs",
    "exchange:api:robot_ticket": "a robot in a hall: the key in its address is the door, a cookie says nothing",
    "exchange:take_ticket": "a ticket machine: the key it sends is the door, a cookie says nothing",
    "exchange:codes_verify": "a gate or a partner: its signature or its secret is the door, a cookie says nothing",
    "exchange:codes_scans": "the same",
    "exchange:codes_question": "the same",
    "exchange:wallet_ask": "the same",
    "exchange:wallet_answer": "the same",
    "exchange:codes_key": "the same",
    "exchange:codes_enrol": "a device shows a one-time code; a cookie says nothing",
    "exchange:credential_token": "OpenID4VCI: a wallet shows its code",
    "exchange:credential_nonce": "the same: a number for everybody, of nobody",
    "exchange:credential": "the same: token and proof of the wallet's key",
    "exchange:credential_answer": "OpenID4VP: a wallet answers a question of its own; signed and bound to it",
    "portal:together_add": "its form stands on pages that are kept for everybody; Origin is looked at, and without ours nothing is put on the list",
}


@pytest.mark.ignore_template_errors
def test_no_form_of_anybody_elses_page_changes_anything(world):
    """Every address refuses a POST without the token of one of our own pages."""
    client, taken = at(world, "citizen", enforce_csrf_checks=True), {}
    for one in addresses():
        answer = client.post(where(one), {"x": "1"})
        if answer.status_code not in (403, 405) and one.name not in EXEMPT:
            taken[one.name] = answer.status_code

    assert taken == {}
    assert client.get("/my/").status_code == 200  # and the session is still there


def test_a_program_without_token_is_refused_when_it_comes_from_a_foreign_page(world):
    client = at(world, "citizen", enforce_csrf_checks=True)

    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert client.post("/api/v1/uploads", {"file": b""}, headers=headers).status_code == 403


AWAY = [
    "https://evil.example/", "//evil.example/", "///evil.example", "////evil.example", "http:evil.example", "https:/evil.example",
    "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)", "data:text/html,x",
    " https://evil.example", "\x01https://evil.example", "https://testserver@evil.example/", "/\n/evil.example", "//evil。example",
]  # fmt: skip


@pytest.mark.parametrize("away", AWAY)
def test_no_way_back_leads_to_a_foreign_house(away):
    cache.clear()
    account = make.account(login="somebody")
    led = []
    for post, address, data in (
        (True, "/language/", {"language": "en", "next": away}),
        (True, "/look/", {"scheme": "dark", "next": away}),
        (True, "/my/space/", {"space": "1", "next": away}),
        (True, "/account/presence/", {"next": away}),
        (False, "/account/identity/", {"next": away}),
        (False, "/account/sign-in/", {"next": away}),
    ):
        client = doors.enter(Client(), account)
        answer = client.post(address, data) if post else client.get(address, data)
        led.append(answer.headers.get("Location", "/"))
        if answer.status_code == 200:
            led += [
                one.get("href") or one.get("action") or "/"
                for _tag, one in page(answer).tags
                if "next=" not in str(one)
            ]
    fresh = Client()
    led.append(fresh.post("/account/sign-in/", {"login": "somebody", "password": "a good pass phrase", "next": away}).headers.get("Location", "/"))  # fmt: skip

    assert [
        one for one in led if "evil" in one.partition("?")[0] or one.startswith(("//", "/\\", "javascript:", "data:"))
    ] == []


# -- known and unknown


def _worn(answer, *said: str) -> str:
    """The answer without what is new in each: nonces, tokens, numbers of the request, and the words that were asked with."""
    text = answer.content.decode()
    for one in sorted(said, key=len, reverse=True):
        text = text.replace(one, "…")
    text = re.sub(r'(nonce|value|X-CSRFToken|content)="[A-Za-z0-9+/=_-]{16,}"', r'\1="…"', text)
    return re.sub(r"<code>[0-9a-f]{12}</code>|\b[0-9a-f]{12}\b|\b[0-9a-f]{32}\b", "…", text)


def _asked(client, method: str, address: str, *said: str, **given):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = getattr(client, method)(address, given)
    return answer.status_code, _worn(answer, *said), len(asked)


def test_what_belongs_to_others_is_answered_like_what_is_not_there(client):
    """The same status, the same page and as many questions to the database: cases, drafts, licences, documents, messages."""
    other = ways.bring("ready")
    draft = make.draft(account_=other.account)
    paper = make.document(other.applicant, by=other.account).pages.get()
    doors.enter(client, make.account(), present=True)
    pairs = {
        "case": ("/my/cases/{}/", other.ref, "zzzzzzzzzzzz"),
        "draft": ("/apply/{}/form/", draft.ref, "zzzzzzzzzzzz"),
        "licence": ("/my/licences/{}/", other.licence_id, 987654),
        "sealed file": ("/my/licences/{}/licence.pdf", other.licence_id, 987654),
        "paper": ("/my/papers/{}/1", paper.document.key, "00000000-0000-4000-8000-000000000000"),
    }
    client.get("/my/cases/zzzzzzzzzzzy/")  # the first answer of a process fills caches

    different = {}
    for what, (address, known, unknown) in pairs.items():
        one = _asked(client, "get", address.format(known), address.format(known))
        two = _asked(client, "get", address.format(unknown), address.format(unknown))
        if one != two or one[0] != 404:
            different[what] = (one[0], two[0], one[2], two[2], one[1] == two[1])

    assert different == {}


def test_a_case_number_is_not_found_out_by_the_public_query(client):
    case = ways.bring("received")
    client.post("/track/", {"number": "990000200101010001", "code": "000001"})

    known = _asked(
        client,
        "post",
        "/track/",
        case.number,
        number=case.number,
        code="000001" if case.query_code != "000001" else "000002",
    )
    unknown = _asked(client, "post", "/track/", "990000200101019999", number="990000200101019999", code="000001")

    assert (known[0], known[1].replace("000002", "000001"), known[2]) == (unknown[0], unknown[1], unknown[2])
    assert known[0] == 404


def test_names_of_accounts_are_not_found_out_at_the_door(client):
    make.account(login="known-person")

    def tried(name, password="wrong wrong wrong"):
        cache.clear()
        status, text, questions = _asked(Client(), "post", "/account/sign-in/", name, login=name, password=password)
        return status, text, questions

    known, unknown = tried("known-person"), tried("unknown-name")
    assert known[:2] == unknown[:2]


# -- fields that nobody asked for


def _fields() -> dict[str, str]:
    """The name of every column of every table, each with a value somebody might wish for."""
    wished = {
        "state": "approved",
        "decision": "granted",
        "level": "3",
        "role": "auditor",
        "roles": "dept_approver",
        "is_superuser": "1",
    }
    names = {field.name for model in apps.get_models() for field in model._meta.concrete_fields}
    names |= {field.attname for model in apps.get_models() for field in model._meta.concrete_fields}
    return {name: wished.get(name, "1") for name in sorted(names)}


def _everything(own: Case) -> list:
    """All that decides about people, but what this person is writing just now."""
    writing = {"values", "revision", "saver", "step", "saved_at", "updated_at", "expires_at", "situation"}
    kept = []
    for model in (Case, Person, Account, Officer, Licence, Membership):
        names = [one.attname for one in model._meta.concrete_fields if model is not Case or one.attname not in writing]
        names = [name for name in names if name not in ("last_login", "language")]
        kept.append(list(model.objects.order_by("pk").values_list(*names)))
    return kept


@pytest.mark.ignore_template_errors
def test_fields_that_no_form_asks_for_change_nothing_anywhere(client):
    """Every column's name, with a wish, in every form a citizen can send: what stands in the tables stays."""
    account = make.account()
    make.officer("auditor")
    draft, sent = make.draft(account_=account), make.case("under_review", account_=account)
    doors.enter(client, account, present=True)
    wishes, before = _fields(), _everything(draft)
    own = {"name", "reason", "delivery", "truth", "text", "email", "mobile", "code", "number", "key"}
    wishes = {name: wish for name, wish in wishes.items() if name not in own}

    for address, given_ in (
        (f"/apply/{draft.ref}/save", {"reason": "study", "revision": draft.revision, "tab": "one"}),
        (f"/apply/{draft.ref}/form/", {"reason": "study", "revision": draft.revision, "tab": "one"}),
        (f"/my/cases/{sent.ref}/ask", {"text": "when?"}),
        ("/account/contact/", {"email": "on"}),
        ("/account/language/", {"language": "en"}),
        ("/my/space/", {}),
        ("/account/identity/", {}),
        ("/account/profile/", {}),
        ("/track/", {"number": "1", "code": "1"}),
    ):
        client.post(address, {**wishes, **given_})

    assert len(wishes) > 150
    assert _everything(draft) == before
    draft.refresh_from_db()
    assert set(draft.values) <= {"reason", "delivery", "truth", "name"}


@hypothesis_settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(sorted(_fields()) if apps.models_ready else ["x"]), st.sampled_from(["1", "granted", "true", "3", "{}", "[]"]), min_size=1, max_size=12))  # fmt: skip
def test_a_program_that_sends_more_than_the_contract_is_told_so(extra):
    answer = Client().post(
        "/api/v1/rules/evaluate", {"logic": {"==": [1, 1]}, "data": {}, **extra}, content_type="application/json"
    )

    assert answer.status_code == (200 if set(extra) <= {"logic", "data"} else 422)


def test_signing_up_makes_nobody_an_officer_or_verified():
    cache.clear()
    client = Client()
    client.post(
        "/account/sign-up/",
        {**_fields(), "username": "climber", "login": "climber", "email": "c@example.org", "password1": "k3w-odd-horse", "password2": "k3w-odd-horse"},
    )  # fmt: skip

    made = Account.objects.filter(login="climber").values_list("level", "person", "is_active").first()
    assert made in (None, (1, None, True)) and not Officer.objects.exists()


# -- controls


def test_control_a_page_without_its_protection_is_noticed(client, monkeypatch, settings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "csp" not in one and "clickjacking" not in one]

    answer = Client().get("/privacy/")

    assert "Content-Security-Policy" not in answer.headers and "X-Frame-Options" not in answer.headers


def test_control_different_words_for_what_is_there_would_be_noticed():
    class Said:
        def __init__(self, text):
            self.content = text.encode()

    assert _worn(Said("wrong code"), "x") != _worn(Said("no such case"), "x")
