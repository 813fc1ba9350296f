"""Checking licences by machines and in the street: lists the root signed, many at once, and the page that works without a network."""

import datetime
import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import caches
from django.utils import timezone

from tests import doors, make
from tests.codes.gate_world import Gate
from tests.exchange.test_api import post, problem
from tongban.channels.exchange import api_licences
from tongban.codes.services import scanning
from tongban.journal.actors import PLATFORM
from tongban.licences import keys, paper, services, withdrawing
from tongban.licences.models import Licence, LicenceCheck
from tongban.licences.verifying import AT_MOST

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]

TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def fresh():
    caches["process"].clear()
    api_licences.rates.clear()
    scanning.devices.forget()
    yield
    scanning.devices.forget()


def licence(decision="case:1", **changes) -> Licence:
    kind = make.licence_type(
        "food-licence", issuer=make.department("AMR"), holder_kind="company", face_fields=["operator"],
        name={"zh": "食品经营许可证", "en": "Food business licence"},
    )  # fmt: skip
    given = {
        "holder": make.company(), "face": {"operator": "示范面馆有限公司"}, "decision": decision, "issued_on": TODAY, "valid_from": TODAY,
        "valid_to": TODAY + datetime.timedelta(days=300), "actor": PLATFORM,
    }  # fmt: skip
    return services.issue(kind.slug, **(given | changes))


def code_of(row: Licence) -> str:
    row = Licence.objects.select_related("type", "issuer", "holder").get(pk=row.pk)
    now = timezone.now()
    return services._paper_code(row, keys.held(services.key_directory(), row.key_id, now=now), now)


def public(jwk: dict) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(paper._decode(jwk[name]), "big") for name in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def lists(client) -> tuple[paper.Trust, paper.Statuses]:
    trust, status = (client.get(f"/api/v1/{name}").json() for name in ("trust-list", "licence-status"))
    root = public(trust["root"])
    return (
        paper.trust_of(paper.read_list(trust["list"], root, "tongban-trust-list")),
        paper.statuses_of(paper.read_list(status["list"], root, "tongban-licence-status")),
    )


def checked_offline(client, code) -> tuple[str, str, str]:
    api_licences.trust.changed()
    answer = paper.check(code, *lists(client), now=timezone.now())
    return answer.signature, answer.state, answer.reason


def test_the_lists_hold_a_day_and_are_enough_to_check_a_paper_without_us(client):
    code = code_of(licence())

    trust, _statuses = lists(client)

    assert trust.until - trust.issued_at == datetime.timedelta(hours=24)
    assert trust.names["types"]["food-licence"]["name"]["en"] == "Food business licence"
    assert checked_offline(client, code) == ("good", "valid", "")


@pytest.mark.parametrize(("act", "said"), [
    (services.suspend, ("good", "suspended", "")), (services.revoke, ("good", "not_valid", "revoked")),
    (services.cancel, ("good", "not_valid", "cancelled")),
])  # fmt: skip
def test_what_an_issuer_does_stands_in_the_next_list(client, act, said):
    row = licence()
    code = code_of(row)

    act(row, reason="x", actor=PLATFORM)

    assert checked_offline(client, code) == said


def test_a_replaced_edition_stands_in_the_list_and_the_new_one_does_not(client):
    row = licence()
    old = code_of(row)
    new = code_of(licence("case:2", holder=row.holder, previous=row))

    assert checked_offline(client, old) == ("good", "not_valid", "superseded")
    assert checked_offline(client, new) == ("good", "valid", "")


def test_a_withdrawn_key_stands_in_the_list_with_its_hour_and_other_departments_hold(client):
    row = licence()
    other = licence("case:2", issuer=make.department("PSB"))
    stolen, kept = code_of(row), code_of(other)

    withdrawing.by_operator(row.key_id, why="stolen")

    assert checked_offline(client, stolen) == ("key_withdrawn", "unknown", "key_withdrawn")
    assert checked_offline(client, kept) == ("good", "valid", "")


def test_the_list_of_those_not_in_force_asks_the_same_number_of_questions_however_many(
    client, django_assert_max_num_queries
):
    for number in range(6):
        services.revoke(licence(f"case:{number}"), reason="x", actor=PLATFORM)

    with django_assert_max_num_queries(6):
        assert len(lists(client)[1].ids) == 6


# -- many at once


def test_tokens_addresses_and_codes_are_answered_in_their_order_and_only_counted(client):
    row, other = licence(), licence("case:2")
    services.suspend(other, reason="x", actor=PLATFORM)
    code = code_of(row)
    asked = [
        row.token,
        f"http://x.test/verify/{other.token}",
        code,
        code.partition("#")[2],
        "nonsense",
        "A" * 22,
        code[:-3] + "AAA",
    ]

    answer = post(client, "/api/v1/licences/verify", {"items": asked})

    body = answer.json()
    assert answer.status_code == 200 and body["checker"] == ""
    assert [(one["trouble"], one["answer"] and one["answer"]["status"]) for one in body["answers"]] == [
        ("", "valid"), ("", "suspended"), ("", "valid"), ("", "valid"), ("not_understood", None), ("not_found", None),
        ("bad_signature", None),
    ]  # fmt: skip
    assert set(LicenceCheck.objects.values_list("channel", "checker")) == {("batch", None)}


def test_more_than_a_hundred_and_unknown_fields_are_refused(client):
    problem(post(client, "/api/v1/licences/verify", {"items": ["x"] * (AT_MOST + 1)}), 422)
    problem(post(client, "/api/v1/licences/verify", {"items": []}), 422)
    problem(post(client, "/api/v1/licences/verify", {"items": ["x"], "who": "me"}), 422)


def test_anonymous_callers_have_a_limit_that_a_hall_does_not_reach_and_are_told_when_to_come_back(client):
    asked = {"items": ["nonsense"] * AT_MOST}

    answers = [post(client, "/api/v1/licences/verify", asked) for _time in range(8)]

    assert [answer.status_code for answer in answers[:6]] == [200] * 6
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) >= 1


def test_a_registered_device_is_named_to_the_holder_and_has_no_limit_by_address(client):
    gate, row = Gate(), licence()
    body = json.dumps({"items": [row.token], "purpose": "delivery"}).encode()
    api_licences.rates.at_once = 0
    try:
        answer = client.post(
            api_licences.BATCH, body, content_type="application/json", headers=gate.signed(api_licences.BATCH, body)
        )
    finally:
        api_licences.rates.at_once = 600

    assert answer.status_code == 200, answer.content
    check = LicenceCheck.objects.get()
    assert check.checker == answer.json()["checker"] and gate.reader.name in check.checker
    assert check.purpose == "delivery"


def test_a_request_signed_wrongly_is_refused_and_not_taken_for_an_anonymous_one(client):
    gate, row = Gate(), licence()
    body = json.dumps({"items": [row.token]}).encode()
    headers = gate.signed(api_licences.BATCH, body)

    answer = client.post(
        api_licences.BATCH, body.replace(b"items", b"ITEMS"), content_type="application/json", headers=headers
    )
    other = client.post(
        api_licences.BATCH, json.dumps({"items": ["x"]}), content_type="application/json", headers=headers
    )

    assert answer.status_code in (401, 422) and other.status_code == 401
    assert not LicenceCheck.objects.exists()


def test_a_list_is_pasted_on_a_page_and_an_officer_who_checks_is_named(client):
    row = licence()
    pasted = {"list": f"{row.token}\n{code_of(row)}, nonsense"}

    page = client.post("/verify/many/", pasted).text
    assert page.count("示范面馆有限公司") == 2 and "This is not the code of a licence." in page
    assert LicenceCheck.objects.exclude(checker=None).count() == 0

    doors.enter(client, make.officer("inspector", of=make.department("AMR")).account)
    assert client.post("/verify/many/", pasted).status_code == 200
    assert set(LicenceCheck.objects.filter(channel="list").values_list("checker", flat=True)) == {
        None,
        make.department("AMR").name["zh"],
    }


@pytest.mark.parametrize("pasted", ["", " \n ", "x " * (AT_MOST + 1)])
def test_an_empty_or_too_long_list_is_said_and_kept(client, pasted):
    answer = client.post("/verify/many/", {"list": pasted})

    assert answer.status_code == 422 and ("at least one" in answer.text or "at most 100" in answer.text)


# -- the page


def test_the_page_carries_the_root_and_says_everything_in_the_language_of_the_reader(client):
    page = client.get("/verify/offline/").text

    root = json.loads(re.search(r'id="verifier-root"[^>]*>(.*?)</script>', page)[1])
    assert root == client.get("/api/v1/trust-list").json()["root"]
    assert (
        "Signature: genuine" in page and "camera=(self)" in client.get("/verify/offline/").headers["Permissions-Policy"]
    )


def test_the_worker_fetches_everything_the_page_needs(client):
    worker = client.get("/verify/worker.js")

    files = json.loads(re.search(r"FILES = (\[.*?\])", worker.text)[1])
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert {one.rpartition("/")[2].partition(".")[0] for one in files} >= {
        "verifier",
        "paper",
        "ed25519",
        "scan",
        "decode",
        "index",
    }
    assert client.get("/verify/app.webmanifest").json()["scope"] == "/verify/"


def test_a_code_typed_whole_into_the_online_check_is_understood(client):
    row = licence()

    assert client.get("/verify/", {"token": code_of(row)}).headers["Location"] == f"/verify/{row.token}"
