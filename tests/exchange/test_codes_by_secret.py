"""The contract of verifying a code for a partner that has a secret: who may ask, what it is told, and what time it is."""

import datetime
import json

import pytest
from django.utils import timezone

from tests import make
from tongban.codes.models import Scene
from tongban.codes.services import holding, readers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

ADDRESS = "/api/v1/codes/verify"


@pytest.fixture
def hotel():
    words = {"zh": "旅馆", "en": "Hotel"}
    Scene.objects.create(
        slug="hotel", name=words, purpose=words, basis=words, fields=["name", "masked_id"], sorts=["person"]
    )
    row, secret = readers.register(
        name="Reception", place="River hotel", operator="hotel", sort="system", scene="hotel",
        officer=make.officer("coordinator"),
    )  # fmt: skip
    row.bearer = f"Bearer {row.ref}.{secret}"
    return row


def shown(name="张示范", **given) -> str:
    who, at = make.account(make.person(name, **given)), timezone.now()
    return holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload


def ask(client, row, *, bearer=None, **more):
    body = {"reader": row.ref, "purpose": "hotel"} | more
    body.setdefault("payload", shown() if "payload" not in body else "")
    return client.post(
        ADDRESS, json.dumps(body), content_type="application/json", headers={"authorization": bearer or row.bearer}
    )


def test_a_partner_is_told_the_fields_of_its_scene(client, hotel):
    answer = ask(client, hotel, payload=shown(id_no="990000199001011234"))

    assert answer.status_code == 200
    assert answer.json() == {
        "verdict": "valid", "reason": "", "fields": {"name": "张示范", "masked_id": "990***********1234"}, "sentence": "",
        "next_step": "",
    }  # fmt: skip


def test_the_second_use_is_refused_with_a_sentence_and_without_fields(client, hotel):
    code = shown()
    first = ask(client, hotel, payload=code, at=timezone.now().isoformat())
    again = ask(client, hotel, payload=code)

    assert first.json()["verdict"] == "valid"
    assert (again.json()["verdict"], again.json()["reason"], again.json()["fields"]) == ("invalid", "used", {})
    assert "used here already" in again.json()["sentence"]


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_reader_cannot_choose_its_own_time(client, hotel, minutes):
    said = (timezone.now() + datetime.timedelta(minutes=minutes)).isoformat()

    assert ask(client, hotel, at=said).json()["verdict"] == "invalid"


def test_an_old_code_is_not_saved_by_an_old_time(client, hotel):
    who = make.account()
    then = timezone.now() - datetime.timedelta(minutes=5)
    code = holding.shown_now(holding.code_of(who, who.person, then), then)[0].payload

    assert ask(client, hotel, payload=code, at=then.isoformat()).json()["reason"] == "expired"


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"purpose": "library"}, 403, "purpose-not-registered"),
        ({"reader": "somebodyelse"}, 422, "not-understood"),
        ({"at": "tomorrow"}, 422, "not-understood"),
        ({"extra": 1}, 422, "not-understood"),
        ({"bearer": "Bearer nobody.nothing"}, 401, "reader-unknown"),
        ({"bearer": "Bearer "}, 401, "reader-unknown"),
    ],
)
def test_who_may_not_ask_is_told_so_and_nothing_else(client, hotel, more, status, code):
    answer = ask(client, hotel, **more)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "张示范" not in answer.content.decode()


def test_a_suspended_reader_gets_no_answer_from_that_moment(client, hotel):
    readers.suspend(hotel, officer=make.officer("supervisor"), why="stolen")

    assert ask(client, hotel).json()["code"] == "reader-suspended"
