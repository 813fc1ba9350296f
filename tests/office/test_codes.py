"""Identity codes at the office: reading them, registering readers, and scenes that two people put in force."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.doors import enter
from tongban.codes.models import CodeCheck, Reader, Scene, SceneDraft
from tongban.codes.services import holding, readers, scenes, verifying
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

WORDS = {"zh": "犬只公园", "en": "Dog park"}
WRITTEN = {
    "name_zh": "犬只公园", "name_en": "Dog park", "purpose_zh": "遛狗", "purpose_en": "To walk dogs", "basis_zh": "示例",
    "basis_en": "Example", "fields": ["alias", "of_age"], "sorts": ["person"], "compares": "no", "closed": "no",
}  # fmt: skip


@pytest.fixture
def hotel():
    return Scene.objects.create(
        slug="hotel",
        name=WORDS,
        purpose=WORDS,
        basis=WORDS,
        fields=["name", "masked_id"],
        sorts=["person"],
        compares=True,
    )


@pytest.fixture
def desk(hotel):
    return Reader.objects.create(name="Reception", place="River hotel", operator="hotel", scene=hotel)


def shown(who) -> str:
    at = timezone.now()
    return holding.shown_now(holding.code_of(who, who.person, at), at)[0].payload


def test_the_attendant_sees_the_scenes_fields_and_afterwards_only_that_it_was_valid(client, desk):
    enter(client, make.officer("window_officer").account)
    who = make.account(make.person("张示范"))

    answer = client.post(reverse("office:codes"), {"reader": desk.ref, "payload": shown(who)}).content.decode()
    later = client.get(reverse("office:codes")).content.decode()

    assert "张示范" in answer and "Compare the person" in answer
    assert "张示范" not in later and "River hotel" in later and "valid" in later


def test_a_refusal_says_why_and_tells_nothing_of_the_person(client, desk):
    enter(client, make.officer("window_officer").account)
    who = make.account(make.person("张示范"))
    code = shown(who)

    for _each in range(2):
        answer = client.post(reverse("office:codes"), {"reader": desk.ref, "payload": code}).content.decode()

    assert "This code was used here already" in answer and "张示范" not in answer


def test_a_reader_is_registered_its_secret_said_once_and_suspended_at_once(client, hotel):
    enter(client, make.officer("coordinator").account)
    given = {"name": "Reception", "place": "River hotel", "operator": "hotel", "sort": "desk", "scene": "hotel"}

    page = client.post(reverse("office:code_readers"), given).content.decode()
    row = Reader.objects.get()
    secret = re.search(rf"{row.ref}\.([\w-]+)", page)[1]
    again = client.get(reverse("office:code_reader", args=[row.ref])).content.decode()

    assert secret not in again and secret not in row.secret_digest
    assert readers.by_credentials(row.ref, secret) == row and readers.by_credentials(row.ref, secret[:-1]) is None
    client.post(reverse("office:code_reader_act", args=[row.ref, "suspend"]), {"why": "stolen"})
    row = Reader.objects.select_related("scene").get()
    with pytest.raises(NotAllowed, match="suspended"):
        verifying.verify(shown(make.account()), reader=row, purpose="hotel", at=timezone.now())


def test_a_scene_is_written_by_one_and_put_in_force_by_another(client):
    writer, second = make.officer("catalogue_manager"), make.officer("catalogue_manager")
    enter(client, writer.account)
    client.post(reverse("office:code_scenes"), {"slug": "dog_park"})
    row = SceneDraft.objects.get()
    client.post(
        reverse("office:code_scene_draft", args=[row.pk]), {**WRITTEN, "revision": row.revision, "act": "submit"}
    )

    alone = client.post(reverse("office:code_scene_act", args=[row.pk, "put_in_force"]))
    enter(client, second.account)
    client.post(reverse("office:code_scene_act", args=[row.pk, "put_in_force"]))

    assert alone.status_code == 403
    scene = Scene.objects.get(slug="dog_park")
    assert (scene.fields, scene.sorts, scene.in_force) == (["alias", "of_age"], ["person"], True)
    assert SceneDraft.objects.get().checked_by == second


def test_a_changed_scene_tells_its_readers_less_from_the_next_code_on(desk, hotel):
    one, two = make.officer("content_editor"), make.officer("catalogue_manager")
    row = scenes.begin("hotel", officer=one)
    row = scenes.save(row, {"fields": ["masked_id"], "compares": False}, officer=one, revision=0)
    before = verifying.verify(shown(make.account()), reader=desk, purpose="hotel", at=timezone.now())

    scenes.put_in_force(scenes.submit(row, officer=one), officer=two)
    after = verifying.verify(
        shown(make.account()), reader=Reader.objects.select_related("scene").get(), purpose="hotel", at=timezone.now()
    )

    assert (sorted(before.fields), sorted(after.fields)) == (["masked_id", "name"], ["masked_id"])


def test_an_unfinished_scene_names_everything_that_is_missing(client):
    enter(client, make.officer("content_editor").account)
    client.post(reverse("office:code_scenes"), {"slug": "dog_park"})
    row = SceneDraft.objects.get()
    nothing = {**dict.fromkeys(WRITTEN, ""), "fields": [], "sorts": [], "compares": "no", "closed": "no"}

    answer = client.post(reverse("office:code_scene_draft", args=[row.pk]), {**nothing, "revision": 0, "act": "submit"})

    assert answer.status_code == 422
    assert set(answer.context["errors"]) == {"name", "purpose", "basis", "fields", "sorts"}


def test_nobody_but_the_office_registers_readers_or_reads_codes(client, desk):
    enter(client, make.officer("pre_reviewer").account)

    assert client.get(reverse("office:codes")).status_code == 403
    assert client.get(reverse("office:code_readers")).status_code == 403
    assert not CodeCheck.objects.exists()
