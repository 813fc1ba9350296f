"""POST /api/v1/passes/verify: everything that can be judged is answered with 200 and the same six fields."""

import base64
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from django.utils import timezone
from PIL import Image

from tests.codes import health_passes as make
from tongban.codes import hcert
from tongban.codes.services import passes

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/health-pass/cases.json").read_text("utf-8"))
AT = make.AT.isoformat()
FIELDS = ["verdict", "reason", "kind", "holder", "test", "light"]


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def ask(client, db):
    def asking(**body):
        return client.post(
            "/api/v1/passes/verify",
            json.dumps(body),
            content_type="application/json",
            headers={"accept-language": "en"},
        )

    return asking


def picture(text: str, kind: str = "PNG", turned: int = 0) -> bytes:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    image = _drawn(code)
    to = io.BytesIO()
    image.rotate(turned, expand=True, fillcolor=255).save(to, kind)
    return to.getvalue()


def _drawn(code) -> Image.Image:
    shape = memoryview(zxingcpp.write_barcode_to_image(code, scale=4))
    return Image.frombytes("L", (shape.shape[1], shape.shape[0]), shape.tobytes())


def test_a_pass_is_answered_exactly_as_the_contract_says(ask):
    answered = ask(qr_text=make.pass_of("t"), at=AT, trust=[b64(make.trusted())], purpose="entry")

    assert answered.status_code == 200
    assert list(answered.json()) == FIELDS
    assert answered.json() == {
        "verdict": "valid",
        "reason": None,
        "kind": "t",
        "holder": {"name": "Erika Mustermann", "dob": "1964-08-12"},
        "test": {
            "type": "LP6464-4",
            "sampled_at": "2026-11-20T08:00:00Z",
            "result": "260415000",
            "centre": "Hall of tests",
        },
        "light": "green",
    }
    assert answered["Cache-Control"] == "no-store"


def test_all_the_vectors_are_answered_as_expected(ask):
    trust = list(VECTORS["trust"].values())
    for case in VECTORS["cases"]:
        said = ask(qr_text=case["qr_text"], at=case["clock"], trust=trust, purpose="test").json()

        assert (case["id"], said["verdict"], said["kind"]) == (case["id"], case["expect"], case["kind"])


def test_an_invalid_pass_is_an_answer_too(ask):
    for qr, reason in (
        ("hello", "prefix"),
        ("HC1:hello", "encoding"),
        (make.pass_of(exp=make.AT - timedelta(days=2)), "expired"),
    ):
        answered = ask(qr_text=qr, at=AT, trust=[b64(make.trusted())])

        assert (answered.status_code, answered.json()["verdict"], answered.json()["reason"]) == (200, "invalid", reason)


@pytest.mark.parametrize(("kind", "turned"), [("PNG", 0), ("JPEG", 8), ("WEBP", 90)])
def test_a_picture_is_read(ask, kind, turned):
    answered = ask(image=b64(picture(make.pass_of("v"), kind, turned)), at=AT, trust=[b64(make.trusted())])

    assert (answered.status_code, answered.json()["verdict"], answered.json()["kind"]) == (200, "valid", "v")


def test_a_picture_as_a_data_address_is_read_too(ask):
    image = "data:image/png;base64," + b64(picture("just a shopping list"))

    assert ask(image=image, at=AT, trust=[]).json()["reason"] == "prefix"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "not-understood"),
        ({"qr_text": "HC1:", "image": "aGVsbG8="}, "not-understood"),
        ({"qr_text": "HC1:", "at": "yesterday"}, "not-understood"),
        ({"qr_text": "HC1:", "at": "0001-01-01T00:00:00+14:00"}, "not-understood"),
        ({"qr_text": "HC1:", "trust": ["not base64!"]}, "not-understood"),
        ({"qr_text": "HC1:", "trust": [b64(b"no certificate")]}, "not-understood"),
        ({"qr_text": "HC1:", "trust": "nobody-has-this-list"}, "no-such-list"),
        ({"qr_text": "HC1:", "trust": "\x00"}, "no-such-list"),
        ({"qr_text": "HC1:", "trust": "\ud800"}, "not-understood"),
        ({"qr_text": "HC1:", "more": 1}, "not-understood"),
        ({"qr_text": 5}, "not-understood"),
        ({"image": "*"}, "not-understood"),
        ({"image": b64(b"no picture")}, "unknown_kind"),
        ({"image": b64(b"%PDF-1.4")}, "not_a_picture"),
        ({"image": ""}, "empty"),
    ],
)
def test_what_is_no_question_is_a_problem_that_says_so(ask, body, code):
    answered = ask(**body)

    assert answered.status_code == 422
    assert answered["Content-Type"].startswith("application/problem+json")
    assert answered.json()["code"] == code


def test_a_picture_without_a_code_says_how_to_take_it_again(ask):
    blank = io.BytesIO()
    Image.new("L", (200, 200), 255).save(blank, "PNG")

    answered = ask(image=b64(blank.getvalue()))

    assert (answered.status_code, answered.json()["code"]) == (422, "no-code-in-picture")
    assert "Take it again" in answered.json()["detail"]


def test_a_stored_list_is_used_by_its_name_and_nothing_stands_for_the_districts_own(ask):
    for name in ("neighbours", "health-pass"):
        passes.trust_signers(passes.load_signers(name, make.trusted(), origin="tests", officer=None), officer=None)

    assert ask(qr_text=make.pass_of(), at=AT, trust="neighbours").json()["verdict"] == "valid"
    assert ask(qr_text=make.pass_of(), at=AT).json()["verdict"] == "valid"
    passes.trust_signers(
        passes.load_signers("health-pass", make.certificate(make.key("two")), origin="tests", officer=None),
        officer=None,
    )
    assert ask(qr_text=make.pass_of(), at=AT).json()["reason"] == "unknown_key"


def test_without_any_list_nobody_is_trusted(ask):
    assert ask(qr_text=make.pass_of(), at=AT).json()["reason"] == "unknown_key"


def test_a_positive_test_is_never_green_whoever_asks(ask):
    positive = make.pass_of("t", tr=make.POSITIVE)

    assert ask(qr_text=positive, at=AT, trust=[b64(make.trusted())]).json()["light"] == "red"
    assert ask(image=b64(picture(positive)), at=AT, trust=[b64(make.trusted())]).json()["light"] == "red"


def test_nothing_of_a_pass_is_written_anywhere(ask, caplog, django_assert_num_queries):
    with caplog.at_level("DEBUG"), django_assert_num_queries(0):
        ask(qr_text=make.pass_of(), at=AT, trust=[b64(make.trusted())], purpose="entry")

    assert "Mustermann" not in caplog.text
    assert make.pass_of()[:40] not in caplog.text
    assert hcert.PREFIX not in caplog.text


# -- the page at an entrance


def trusted_now() -> bytes:
    return make.certificate(begins=timezone.now() - timedelta(days=9), ends=timezone.now() + timedelta(days=9))


@pytest.fixture
def entrance(client, db, in_english):
    return lambda **sent: client.post("/passes/", sent)


def current(**changes) -> tuple[bytes, str]:
    """A signer in force now, and a pass of today by it."""
    der, now = trusted_now(), timezone.now()
    passes.trust_signers(passes.load_signers("health-pass", der, origin="tests", officer=None), officer=None)
    changes = {"sc": (now - timedelta(hours=3)).isoformat()} | changes
    return der, make.pass_of("t", der=der, iat=now - timedelta(hours=2), exp=now + timedelta(days=5), **changes)


def test_a_guard_reads_big_words_in_two_languages(entrance):
    _der, text = current()
    page = entrance(qr_text=text).content.decode()

    assert "May pass" in page
    assert 'lang="zh-Hans">可以通行' in page
    assert "Erika Mustermann" in page
    assert "3 hours ago" in page


def test_a_guard_sees_a_positive_test_and_it_is_never_green(entrance):
    _der, text = current(tr=make.POSITIVE)
    page = entrance(qr_text=text).content.decode()

    assert 'data-verdict="bad"' in page
    assert "Positive test: may not pass" in page


def test_a_guard_is_told_why_and_what_to_do(entrance):
    page = entrance(qr_text="HC1:nonsense").content.decode()

    assert "The code is incomplete or was altered." in page
    assert "Scan it once more" in page


def test_a_picture_is_read_at_the_entrance_too(entrance):
    _der, text = current()
    file = io.BytesIO(picture(text))
    file.name = "pass.png"

    assert "May pass" in entrance(picture=file).content.decode()


def test_nothing_sent_and_nothing_to_read_are_said(entrance):
    blank = io.BytesIO(b"no picture at all")
    blank.name = "x.png"

    assert entrance(qr_text=" ").status_code == 422
    assert entrance(picture=blank).status_code == 422


def test_the_page_publishes_the_rule_and_whom_the_district_trusts(client, in_english, db):
    assert "no list of trusted signers in force" in client.get("/passes/").content.decode()
    current()
    page = client.get("/passes/").content.decode()

    assert "72" in page
    assert "The district trusts 1 signer" in page
    assert "2021/953" in page


def test_a_journey_asks_for_a_newer_test_than_an_entrance(ask):
    sampled = (make.AT - timedelta(hours=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = {"qr_text": make.pass_of("t", sc=sampled), "at": AT, "trust": [b64(make.trusted())]}

    lights = {word: ask(**asked, purpose=word) for word in ("entry", "travel", "TRAVEL ", "anything else")}

    assert [said.json()["light"] for said in lights.values()] == ["green", "amber", "amber", "green"]
    assert [said["Judged-For"] for said in lights.values()] == ["entry", "travel", "travel", "entry"]
    assert {said.json()["verdict"] for said in lights.values()} == {"valid"}  # genuine whatever it is checked for


def test_the_log_says_for_what_and_how_it_went_and_nothing_of_the_pass(ask, caplog):
    ask(qr_text=make.pass_of("t"), at=AT, trust=[b64(make.trusted())], purpose="to see whether Erika may come")

    said = " ".join(row.getMessage() for row in caplog.records if row.name == "tongban.passes")
    assert "'purpose': 'entry'" in said and "'light': 'green'" in said
    assert "Erika" not in said and "1964" not in said
