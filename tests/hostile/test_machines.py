"""Programs knock at the open interface with whatever its own description allows, and with what it forbids.

schemathesis draws the requests from the OpenAPI description. Nothing may break (500), and every answer must be exactly what
the description says: status, kind of content, and no field that is not written there. `make fuzz` sends 100,000; here a short form.
"""

import json
import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests import doors, make
from tests.cases import ways
from tongban.channels.exchange.api import api
from tongban.site.wsgi import application

load_all_checks()

CASES = int(os.environ.get("TONGBAN_FUZZ", "1000"))
HELD = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
NAMES = [
    "GET /api/v1/matters",
    "GET /api/v1/matters/{id}",
    "GET /api/v1/matters/{id}/plan",
    "GET /api/v1/check/id",
    "POST /api/v1/check/id",
    "POST /api/v1/rules/evaluate",
    "GET /api/v1/clock/due",
    "GET /api/v1/clock/is-working-day",
    "GET /api/v1/licences/verify/{token}",
    "POST /api/v1/uploads",
    "GET /catalogue.jsonld",
    "GET /api/v1/code-lists",
    "GET /api/v1/code-lists/{key}",
    "GET /api/v1/licence-status",
    "GET /api/v1/trust-list",
    "POST /api/v1/licences/verify",
    "POST /api/v1/passes/verify",
    "GET /api/v1/codes/bundle",
    "POST /api/v1/codes/enrol",
    "POST /api/v1/codes/key",
    "POST /api/v1/codes/question",
    "POST /api/v1/codes/scans",
    "POST /api/v1/codes/verify",
    "GET /api/v1/robots/{key}/answers",
    "POST /api/v1/robots/{key}/tickets",
    "POST /api/v1/tickets",
    "GET /api/v1/tickets/{slip}",
    "POST /api/v1/wallet/answer",
    "POST /api/v1/wallet/ask",
]
# take nothing: one request is all there is
FEW = {"GET /catalogue.jsonld", "GET /api/v1/licence-status", "GET /api/v1/trust-list", "GET /api/v1/codes/bundle", "POST /api/v1/codes/question"}  # fmt: skip


@pytest.fixture
def described(db):
    """The interface behind the real WSGI door, on the connection of this test: requests may not close it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    make.matter("endorse", name={"zh": "居住证签注", "en": "Residence permit endorsement"})
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def cookies(db, client):
    doors.enter(client, make.account())
    return {name: cookie.value for name, cookie in client.cookies.items()}


def operations(described) -> dict:
    found = [one.ok() for one in described.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in found}


def knock(operation, *, cases: int, cookies: dict, start: int = 1) -> int:
    """Send so many requests; each answer is held against the description. Answers how many were sent."""
    sent = 0

    @seed(start)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def send(case):
        nonlocal sent
        sent += 1
        response = case.call(cookies=cookies, headers={"Accept-Encoding": "identity"})
        case.validate_response(response, checks=HELD)

    send()
    return sent


def test_every_operation_of_the_description_is_knocked_at(described):
    assert sorted(operations(described)) == sorted(NAMES)


@pytest.mark.fuzz
@pytest.mark.parametrize("name", NAMES)
def test_nothing_a_program_sends_breaks_the_interface_or_its_contract(described, cookies, name, record_property):
    operation = operations(described)[name]
    wanted = 1 if name in FEW else CASES // (len(NAMES) - len(FEW))
    sent, start = 0, 1

    while sent < wanted:
        sent += knock(operation, cases=min(2000, wanted - sent), cookies=cookies, start=start)
        start += 1

    record_property("sent", sent)
    assert sent >= wanted


def test_what_is_really_there_is_answered_exactly_as_described(described, cookies):
    """Drawn requests hardly ever hit a number that exists: these do."""
    licence = ways.bring("ready").licence
    given = {
        "GET /api/v1/matters": {"query": {"q": "居住证", "limit": 5}},
        "GET /api/v1/matters/{id}": {"path_parameters": {"id": "endorse"}},
        "GET /api/v1/check/id": {"query": {"type": "resident_id", "value": "990000199207080045"}},
        "POST /api/v1/check/id": {
            "body": {"type": "resident_id", "value": "990000199207080045"},
            "media_type": "application/json",
        },
        "GET /api/v1/clock/due": {"query": {"start": "2026-02-10", "working_days": 5}},
        "GET /api/v1/clock/is-working-day": {"query": {"date": "2026-02-10"}},
        "GET /api/v1/licences/verify/{token}": {"path_parameters": {"token": licence.token}},
        "POST /api/v1/rules/evaluate": {
            "body": {"logic": {">=": [{"var": "age"}, 18]}, "data": {"age": 20}},
            "media_type": "application/json",
        },
        "GET /catalogue.jsonld": {},
    }

    answers = {}
    for name, one in given.items():
        case = operations(described)[name].Case(**one)
        response = case.call(cookies=cookies, headers={"Accept-Encoding": "identity"})
        case.validate_response(response, checks=HELD)
        answers[name] = response.status_code

    assert answers == dict.fromkeys(given, 200)


def test_control_an_answer_with_a_field_that_is_not_described_is_noticed(described, cookies, monkeypatch):
    """One field too many in one answer, and the knocking fails."""
    made = api.renderer.render
    monkeypatch.setattr(
        type(api.renderer), "render", lambda self, request, data, **given: made(request, {**data, "secret": 1}, **given)
    )

    with pytest.raises(BaseExceptionGroup) as caught:
        knock(operations(described)["GET /api/v1/clock/is-working-day"], cases=60, cookies=cookies)

    assert "secret" in "".join(str(one) for one in caught.value.exceptions)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml", ""]
)
def test_a_program_that_sends_a_form_instead_of_json_is_told_so(client, db, kind):
    answer = client.generic("POST", "/api/v1/rules/evaluate", b"--x--\r\n", content_type=kind)

    assert answer.status_code in (400, 415, 422)
    assert answer.json()["code"] == "not-understood"


@pytest.mark.parametrize(
    "value", ["16689184990327031726080", '"\\ud800"', '"a\\u0000b"', "1e308", "-9223372036854775809"]
)
def test_numbers_and_characters_at_the_edge_come_back_from_a_rule(client, db, value):
    """Found by the long run: JSON can say whole numbers that 64 bits do not hold."""
    body = f'{{"logic": {{"var": "x"}}, "data": {{"x": {value}}}}}'

    answer = client.post("/api/v1/rules/evaluate", body, content_type="application/json")

    assert answer.status_code == 200
    assert json.loads(answer.content)["result"] == json.loads(value)
