"""The contracts of shared use (docs/api.md): each with its shape, and with what it refuses."""

import io
import json
from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from tests import doors, make
from tongban.departments.services import load_calendar_year
from tongban.journal import services as journal
from tongban.lib.workdays import MAKE_UP_DAY, REASONS
from tongban.materials.models import Document
from tongban.matters.models import Matter, Theme
from tongban.matters.permit_errands import PART
from tongban.site.demonstration import district

pytestmark = pytest.mark.django_db

VECTORS = Path(__file__).resolve().parents[1] / "vectors/cn-identifiers"
ENGLISH = {"Accept-Language": "en"}


def matter(slug="endorse", zh="居住证签注", en="Residence permit endorsement", **elements) -> Matter:
    return make.matter(slug, name={"zh": zh, "en": en}, **elements)


def post(client, address, body, **headers):
    return client.post(address, json.dumps(body), content_type="application/json", headers=headers)


def picture(kind="PNG") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (80, 60), "white").save(file, kind)
    file.seek(0)
    file.name = f"page.{kind.lower()}"
    return file


def problem(response, status: int) -> dict:
    body = response.json()
    assert response.status_code == status and response.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= set(body) and body["status"] == status
    return body


# -- matters


def test_the_list_has_the_shape_of_its_contract(client):
    matter()

    body = client.get("/api/v1/matters", {"q": "jzz", "lang": "zh-hans"}).json()

    assert body == {
        "items": [
            {
                "id": "endorse",
                "kind": "matter",
                "code": "",
                "name": {"zh": "居住证签注", "en": "Residence permit endorsement"},
                "department": {"code": "PSB", "name": {"zh": "PSB局", "en": "PSB Bureau"}},
                "promised_days": 5,
                "channels": ["online_pc", "window"],
                "online": True,
                "online_depth": 7,
                "themes": [],
                "url": body["items"][0]["url"],
            }
        ],
        "total": 1,
        "suggestion": "",
        "next": None,
    }
    assert body["items"][0]["url"].endswith("/matters/endorse/")


def test_the_list_is_narrowed_by_theme_department_and_channel(client):
    shelf = Theme.objects.create(slug="residence", name={"zh": "居住", "en": "Living"})
    matter("a", en="Residence A").versions.get().themes.add(shelf)
    matter("b", en="Residence B", channels=["kiosk"], department=make.department("AMR"))

    def found(**asked):
        return [one["id"] for one in client.get("/api/v1/matters", asked).json()["items"]]

    assert found(theme="residence") == ["a"]
    assert found(department="AMR") == ["b"]
    assert found(channel="kiosk") == ["b"]
    assert sorted(found()) == ["a", "b"]


@pytest.mark.parametrize("channel", [None, "window"])
def test_pages_follow_each_other_without_gap_or_repetition(client, channel):
    for number in range(7):
        matter(
            f"m{number}", en=f"Residence {number}", channels=["window", "online_pc"] if number % 2 == 0 else ["window"]
        )

    seen, address = [], "/api/v1/matters?limit=3" + (f"&channel={channel}" if channel else "")
    while address:
        body = client.get(address).json()
        assert len(body["items"]) <= 3
        seen += [one["id"] for one in body["items"]]
        address = body["next"]

    assert sorted(seen) == [f"m{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"lang": "fr"}, "lang"), ({"channel": "pigeon"}, "channel"), ({"after": "x"}, "after"), ({"q": "x" * 201}, "q")],
)  # fmt: skip
def test_what_is_not_in_the_contract_is_refused_in_words(client, asked, field):
    body = problem(client.get("/api/v1/matters", asked, headers=ENGLISH), 422)

    assert list(body["errors"]) == [field] and body["errors"][field][0].endswith(".")


def test_a_guide_has_every_element_and_is_found_by_its_item_code(client):
    row = matter()
    Matter.objects.filter(pk=row.pk).update(item_code="511623001", basic_code="990700002000")

    by_id = client.get("/api/v1/matters/endorse").json()
    by_code = client.get("/api/v1/matters/511623001").json()

    assert by_id == by_code
    assert {
        "legal_basis", "conditions", "requirements", "steps", "places", "result", "validity", "rights", "contacts", "appeal",
        "faqs", "fee", "situations", "form", "rules", "registers", "not_supplied", "implementing_code", "objects", "level",
    } <= set(by_id)  # fmt: skip
    assert by_id["implementing_code"] == row.department.uscc + "1" + "990700002000"
    assert by_id["form"]["type"] == "object" and "reason" in by_id["form"]["properties"]


def test_every_guide_of_the_district_keeps_the_contract(client):
    district.content()
    assert Matter.objects.exclude(origin=PART).count() == 159

    broken = {}
    for slug in Matter.objects.values_list("slug", flat=True):
        response = client.get(f"/api/v1/matters/{slug}")
        if response.status_code != 200:
            broken[slug] = response.status_code

    assert broken == {}


def test_an_unknown_matter_is_a_problem_document(client):
    assert problem(client.get("/api/v1/matters/nothing", headers=ENGLISH), 404)["code"] == "not_found"


def test_another_method_is_a_problem_document(client):
    response = client.delete("/api/v1/matters")

    problem(response, 405)
    assert response.headers["Allow"] == "GET"


# -- linked data


def test_the_catalogue_is_cpsv_ap(client):
    district.content()

    response = client.get("/catalogue.jsonld")
    body = json.loads(response.content)

    assert response.headers["Content-Type"] == "application/ld+json"
    nodes = {node["@id"]: node for node in body["@graph"]}
    assert len(nodes) == len(body["@graph"])
    services = [node for node in nodes.values() if node["@type"] == "cpsv:PublicService"]
    events = [node for node in nodes.values() if node["@type"] in ("cv:LifeEvent", "cv:BusinessEvent")]
    assert (len(services), len(events)) == (119, 40)
    for service in services:  # the mandatory properties of CPSV-AP 3.2
        assert service["dct:identifier"] and service["dct:title"] and service["dct:description"]
        assert nodes[service["cv:hasCompetentAuthority"]["@id"]]["@type"] == "cv:PublicOrganisation"
    pointed = {
        ref["@id"]
        for service in services
        for name in (
            "cv:hasChannel",
            "cv:hasInputType",
            "cpsv:produces",
            "cv:hasCost",
            "cv:thematicArea",
            "cpsv:follows",
        )
        for ref in service.get(name, ())
    }
    assert pointed <= set(nodes)
    prefixes = set(body["@context"])
    used = {key.partition(":")[0] for node in nodes.values() for key in node if not key.startswith("@")}
    assert used <= prefixes


def test_the_catalogue_is_made_anew_only_when_something_was_published(client):
    matter("a", en="A")
    first = client.get("/catalogue.jsonld")
    assert client.get("/catalogue.jsonld", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304

    matter("b", en="B")
    journal.touch("catalogue")

    again = client.get("/catalogue.jsonld", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200 and b"/matters/b/" in again.content


# -- numbers


def test_real_company_codes_are_valid_and_with_one_character_changed_they_are_not(client):
    codes = json.loads((VECTORS / "uscc.json").read_text("utf-8"))["uscc_valid"]
    assert len(codes) > 20

    for code in codes[:20]:
        changed = code[:-1] + ("0" if code[-1] != "0" else "1")
        for value, valid in ((code, True), (changed, False)):
            assert client.get("/api/v1/check/id", {"type": "uscc", "value": value}).json()["valid"] is valid, value


def test_a_number_that_cannot_be_says_why_in_the_callers_language(client):
    asked = {"type": "resident_id", "value": "990000199001010012"}

    body = client.get("/api/v1/check/id", asked, headers=ENGLISH).json()

    assert set(body) == {"valid", "reason", "remarks"}
    assert (body["valid"], body["reason"][:18]) == (False, "The last character")
    assert problem(client.get("/api/v1/check/id", {"type": "shoe", "value": "43"}), 422)["errors"].keys() == {"type"}
    assert problem(client.get("/api/v1/check/id"), 422)["errors"].keys() == {"type", "value"}


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "resident_id", "value": "990000199001010012"},
        {"type": "resident_id", "value": "990000194912310026"},
        {"type": "uscc", "value": "x"},
        {"type": "mrz", "value": ""},
        {"type": "shoe", "value": "43"},
        {"type": "uscc"},
    ],
)
def test_a_number_in_the_body_is_answered_as_one_in_the_address(client, asked):
    by_get = client.get("/api/v1/check/id", asked)
    by_post = client.post("/api/v1/check/id", asked, content_type="application/json")

    assert by_post.status_code == by_get.status_code
    known = ("valid", "reason", "remarks", "code", "title")
    assert {name: by_post.json().get(name) for name in known} == {name: by_get.json().get(name) for name in known}


def test_a_number_in_an_address_is_written_nowhere(client, caplog, tmp_path):
    """Not in a log, not in a cache, not in the next page's referrer; the shipped nginx file logs addresses without queries."""
    number = "990000199001010012"

    answer = client.get("/api/v1/check/id", {"type": "resident_id", "value": number})
    client.get("/api/v1/check/id", {"type": "shoe", "value": number})
    client.get("/api/v1/check/id/nowhere", {"value": number})

    assert "check/id" in caplog.text and number not in caplog.text
    assert answer.headers["Referrer-Policy"] == "no-referrer" and "no-store" in answer.headers["Cache-Control"]
    assert number not in answer.content.decode()
    nginx = (Path(__file__).parents[2] / "deploy" / "nginx" / "tongban.conf").read_text()
    line = next(one for one in nginx.splitlines() if one.startswith("log_format"))
    assert "$uri" in line and not any(
        word in line for word in ("$request ", "$request_uri", "$args", "$query", "referer")
    )
    assert nginx.count("access_log ") == 1 and "access_log /var/log/nginx/tongban.log tongban;" in nginx


# -- rules


def test_a_rule_answers_what_jsonlogic_answers_and_says_each_condition(client):
    body = post(
        client,
        "/api/v1/rules/evaluate",
        {"logic": {"and": [{">=": [{"var": "age"}, 65]}, {"==": [{"var": "gone"}, 1]}]}, "data": {"age": 70}},
    ).json()

    assert body["holds"] is None and body["missing"] == ["gone"]
    assert [(line["op"], line["left"], line["right"], line["result"]) for line in body["trace"]] == [
        (">=", 70, 65, True),
        ("==", None, 1, None),
    ]
    assert body["trace"][0]["text"]["en"] == "Age: must be at least 65; it is 70. Met."
    assert post(client, "/api/v1/rules/evaluate", {"logic": {"+": [1, 2]}}).json()["result"] == 3


def test_a_rule_that_cannot_be_read_is_refused_in_words(client):
    assert "/" in problem(post(client, "/api/v1/rules/evaluate", {"logic": {"launch": 1}}), 422)["errors"]
    assert problem(post(client, "/api/v1/rules/evaluate", {"data": {}}), 422)["errors"].keys() == {"logic"}
    assert problem(post(client, "/api/v1/rules/evaluate", {"logic": 1, "more": 1}), 422)["errors"].keys() == {"more"}
    deep = '{"logic":' + '{"!":' * 5000 + "1" + "}" * 5001
    for body in ("{", "", "[" * 100_000, deep):
        response = client.post("/api/v1/rules/evaluate", body, content_type="application/json")
        assert response.status_code in (400, 422) and response.headers["Content-Type"] == "application/problem+json"


# -- working days


def test_the_clock_keeps_its_contract_and_says_what_is_too_far(client):
    make.calendar(2026)

    due = client.get("/api/v1/clock/due", {"start": "2026-11-20", "working_days": 3}).json()
    day = client.get("/api/v1/clock/is-working-day", {"date": "2026-11-21"}).json()

    load_calendar_year(2026, {}, {date(2026, 10, 10): "国庆节"}, official=True)
    worked = client.get("/api/v1/clock/is-working-day", {"date": "2026-10-10"}).json()

    assert due == {"due": "2026-11-25", "provisional": False}
    assert worked == {"working_day": True, "reason": str(REASONS[MAKE_UP_DAY]), "provisional": False}
    assert (day["working_day"], day["provisional"]) == (False, False)
    assert (
        problem(client.get("/api/v1/clock/due", {"start": "9999-12-30", "working_days": 3}), 422)["code"] == "too-far"
    )
    assert "start" in problem(client.get("/api/v1/clock/due", {"start": "soon", "working_days": 3}), 422)["errors"]


# -- uploads


def test_an_upload_is_kept_and_says_what_was_stored(client):
    account = make.account()
    doors.enter(client, account)

    response = client.post("/api/v1/uploads", {"file": [picture(), picture("JPEG")], "name": "Lease"})

    body = response.json()
    assert response.status_code == 201
    assert (body["name"], [page["number"] for page in body["pages"]]) == ("Lease", [1, 2])
    assert body["pages"][0]["width"] == 80 and len(body["pages"][0]["sha256"]) == 64


def test_what_is_no_picture_and_no_pdf_is_refused_in_words(client):
    doors.enter(client, make.account())
    file = io.BytesIO(b"MZ\x90\x00 this is a program")
    file.name = "lease.pdf"

    body = client.post("/api/v1/uploads", {"file": file})

    assert 400 <= body.status_code < 500
    assert problem(body, body.status_code)["title"]
    assert problem(client.post("/api/v1/uploads"), 422)["errors"].keys() == {"file"}


@pytest.mark.parametrize("name", ["lea\x00se", "lea\x1bse", "lea\x85se", "lea\x7fse"])
def test_a_name_with_control_characters_is_refused_and_nothing_is_kept(client, name):
    doors.enter(client, make.account())

    told = problem(client.post("/api/v1/uploads", {"file": picture(), "name": name}), 422)

    assert told["errors"].keys() == {"name"} and told["kept"]
    assert not Document.objects.exists()


def test_nobody_uploads_without_signing_in_or_from_a_foreign_page(client):
    assert problem(client.post("/api/v1/uploads", {"file": picture()}), 401)["code"] == "sign-in-needed"
    doors.enter(client, make.account())
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert problem(client.post("/api/v1/uploads", {"file": picture()}, headers=foreign), 403)["code"] == "foreign-page"
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert Client.post(client, "/api/v1/uploads", {"file": picture()}, headers=own).status_code == 201


# -- the description


def test_the_interface_is_described_in_openapi_31(client):
    body = client.get("/api/openapi.json").json()

    assert body["openapi"].startswith("3.1")
    assert set(body["paths"]) == {
        "/api/v1/matters", "/api/v1/matters/{id}", "/api/v1/matters/{id}/plan", "/api/v1/check/id", "/api/v1/rules/evaluate", "/api/v1/clock/due",
        "/api/v1/clock/is-working-day", "/api/v1/licences/verify/{token}", "/api/v1/uploads", "/catalogue.jsonld",
        "/api/v1/codes/bundle", "/api/v1/codes/enrol", "/api/v1/codes/key", "/api/v1/codes/question",
        "/api/v1/codes/scans", "/api/v1/codes/verify", "/api/v1/licence-status", "/api/v1/licences/verify",
        "/api/v1/passes/verify", "/api/v1/trust-list", "/api/v1/robots/{key}/answers", "/api/v1/robots/{key}/tickets",
        "/api/v1/tickets", "/api/v1/tickets/{slip}", "/api/v1/wallet/answer", "/api/v1/wallet/ask", "/api/v1/code-lists", "/api/v1/code-lists/{key}",
    }  # fmt: skip
    for path in body["paths"].values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert client.get("/api/v1/openapi.json").json() == body
