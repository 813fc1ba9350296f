"""Nothing anybody can type makes an answer of 500, on either database, and nothing typed comes back as markup."""

from urllib.parse import quote

import pytest

from tests import make
from tests.doors import enter

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOSTILE = [
    "99999999999999999999999999",
    "-1",
    "9223372036854775808",
    "a\x00b",
    "\ud7ff\uffff",
    "<script>alert(1)</script>",
    "'; DROP TABLE cases_case; --",
    "%00",
    "../../etc/passwd",
    "ﷺ" * 400,
    "x" * 5000,
    "１２３",
    "9999-99-99.1",
    "9999-12-31.99999999999999999999",
]
LISTS = {
    "anyone": [
        "/search/?q={}", "/search/?q=a&after={}", "/search/?theme={}", "/search/?department={}", "/search/suggest?q={}",
        "/verify/?token={}", "/api/v1/matters?q={}&limit=5", "/api/v1/matters?q=a&limit={}",
        "/api/v1/clock/due?start={}&working_days=1", "/api/v1/clock/due?start=2026-01-01&working_days={}",
        "/api/v1/check/id?type=resident_id&value={}", "/account/sign-in/?next={}",
    ],
    "citizen": [
        "/my/cases/?before={}", "/my/inbox/?after={}", "/account/reads/?after={}", "/account/reads/?before={}",
        "/my/cases/{}/", "/apply/{}/form/",
    ],
    "officer": [
        "/office/?tab={}", "/office/?tab=intake&after={}", "/office/?tab=done&after={}", "/office/?matter={}",
        "/office/?department={}", "/office/?due={}", "/office/find/?number={}", "/office/find/?q={}",
    ],
}  # fmt: skip
CASES = [(who, address) for who, addresses in LISTS.items() for address in addresses]


@pytest.fixture
def people(db):
    citizen = make.account()
    make.submitted(account_=citizen)
    return {
        "anyone": None,
        "citizen": citizen,
        "officer": make.officer("window_officer", "coordinator", of=make.department("DSO")).account,
    }


@pytest.mark.parametrize(("who", "address"), CASES)
def test_an_address_with_anything_in_it_is_answered_in_words(client, people, who, address):
    client.raise_request_exception = False
    if people[who] is not None:
        enter(client, people[who], present=True)

    for typed in HOSTILE:
        answer = client.get(address.format(quote(typed, safe="")))

        assert answer.status_code < 500, (address, typed[:30], answer.status_code)
        assert b"<script>alert(1)" not in getattr(answer, "content", b"")


POSTS = [
    ("anyone", "/account/sign-in/", ["login", "password"]),
    ("anyone", "/account/sign-up/", ["login", "email", "password1", "password2"]),
    ("anyone", "/track/", ["number", "code"]),
    ("anyone", "/language/", ["language", "next"]),
    ("anyone", "/look/", ["scheme", "edition", "next"]),
    ("citizen", "/my/cases/{ref}/ask", ["text", "key"]),
    ("citizen", "/my/cases/{ref}/withdraw", ["reason"]),
    (
        "citizen",
        "/apply/{draft}/form/",
        ["name", "reason", "delivery", "truth", "revision", "tab", "add-row", "remove-row"],
    ),
    ("citizen", "/apply/{draft}/save", ["reason", "revision", "tab"]),
    ("citizen", "/apply/{draft}/situation/", ["situation"]),
    ("citizen", "/apply/{draft}/submit", ["sign", "key"]),
    ("officer", "/office/cases/{ref}/acts/not_accept", ["reason", "ground", "mark"]),
    ("officer", "/office/cases/{ref}/acts/request_correction", ["text-field-reason", "wrong-field-reason", "mark"]),
    ("officer", "/office/cases/{ref}/answer", ["text"]),
]


@pytest.mark.parametrize(("who", "address", "fields"), POSTS)
def test_a_form_with_anything_in_it_is_answered_in_words(client, people, who, address, fields):
    client.raise_request_exception = False
    citizen = people["citizen"]
    sent = make.case("received", account_=citizen)
    draft = make.draft(account_=citizen)
    if people[who] is not None:
        enter(client, people[who], present=True)
    where = address.format(ref=sent.ref, draft=draft.ref)

    for typed in HOSTILE:
        answer = client.post(where, dict.fromkeys(fields, typed))

        assert answer.status_code < 500, (where, typed[:30], answer.status_code)
        assert b"<script>alert(1)" not in getattr(answer, "content", b"")
