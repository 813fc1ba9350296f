"""An approver corrects or cancels a licence of the own department, on a legal basis of the list; a stolen key is withdrawn by two."""

import pytest
from django.test import Client

from tests import doors, make
from tests.office.test_licences import TODAY, knocking
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.licences import keys, services
from tongban.licences.models import KeyWithdrawal, Licence
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

WRONG = {"correct_basis": "own-mistake", "correct_reason": "The house number was typed wrongly."}


@pytest.fixture
def owner():
    make.calendar()
    return make.account()


@pytest.fixture
def permit(owner) -> Licence:
    kind = make.licence_type(
        "food-licence", issuer=make.department("AMR"), holder_kind="company", face_fields=["operator", "address"]
    )
    return services.issue(
        kind.slug, holder=make.company(of=owner.person), face={"operator": "示范面馆", "address": {"zh": "十八湾路18号", "en": "No. 18"}},
        decision="case:1", issued_on=TODAY, valid_from=TODAY, valid_to=None, actor=PLATFORM,
    )  # fmt: skip


def said(owner, kind: str) -> list[str]:
    return [message.body["en"] for message in Message.objects.filter(account=owner, kind=kind)]


def test_a_mistake_is_corrected_by_a_new_edition_and_the_old_one_stops_at_once(owner, permit):
    desk = knocking("dept_approver", of="AMR")
    typed = {"face-operator": "示范面馆", "face-address-zh": "十八湾路81号", "face-address-en": "No. 81", **WRONG}

    answer = desk.post(f"/office/licences/{permit.pk}/correct", typed)

    made = Licence.objects.get(previous=permit)
    assert answer.headers["Location"] == f"/office/licences/{made.pk}/"
    assert made.face == {"operator": "示范面馆", "address": {"zh": "十八湾路81号", "en": "No. 81"}}
    assert (made.edition, made.serial, made.state) == (2, permit.serial, "valid")
    assert services.verify(permit.token, channel="page").reason == "superseded"
    assert services.verify(made.token, channel="page").status == "valid"
    (told,) = said(owner, "licence_corrected")
    assert "Address" in told and WRONG["correct_reason"] in told
    page = desk.get(f"/office/licences/{permit.pk}/").text
    assert "No. 81" not in page and "A mistake of the issuer" in page and WRONG["correct_reason"] in page


def test_without_basis_reason_or_a_change_nothing_happens_and_what_was_typed_stays(permit):
    desk = knocking("dept_approver", of="AMR")
    typed = {"face-operator": "示范面馆", "face-address-zh": "新路1号", "face-address-en": "No. 1"}

    unfounded = desk.post(f"/office/licences/{permit.pk}/correct", typed)
    unchanged = desk.post(
        f"/office/licences/{permit.pk}/correct",
        {"face-operator": "示范面馆", "face-address-zh": "十八湾路18号", "face-address-en": "No. 18", **WRONG},
    )

    assert unfounded.status_code == unchanged.status_code == 422
    assert "Choose the legal basis" in unfounded.text and "新路1号" in unfounded.text
    assert "Change at least one value" in unchanged.text
    assert Licence.objects.count() == 1


@pytest.mark.parametrize(
    ("role", "department", "answer"), [("dept_reviewer", "AMR", 403), ("dept_approver", "PSB", 404)]
)
def test_only_an_approver_of_the_issuer_corrects_and_cancels(permit, role, department, answer):
    desk = knocking(role, of=department)

    for move, typed in (
        ("correct", {"face-operator": "Another", **WRONG}),
        ("cancel", {"cancel_basis": "own-wish", "cancel_reason": "Asked for."}),
    ):
        assert desk.post(f"/office/licences/{permit.pk}/{move}", typed).status_code == answer
    assert Licence.objects.get().state == "valid"


def test_it_is_cancelled_at_the_holders_wish_and_everybody_sees_it_at_once(owner, permit):
    desk = knocking("dept_approver", of="AMR")

    nameless = desk.post(f"/office/licences/{permit.pk}/cancel", {"cancel_basis": "sector", "cancel_reason": "x"})
    desk.post(f"/office/licences/{permit.pk}/cancel", {"cancel_basis": "own-wish", "cancel_reason": "Gave it up."})

    assert "Name the law and the article." in nameless.text
    assert services.verify(permit.token, channel="page").reason == "cancelled"
    assert "Gave it up." in said(owner, "licence_cancelled")[0]
    again = desk.post(f"/office/licences/{permit.pk}/cancel", {"cancel_basis": "own-wish", "cancel_reason": "again"})
    assert again.status_code == 409


def test_a_suspended_licence_is_not_corrected(permit):
    services.suspend(permit, reason="x", actor=PLATFORM)

    answer = knocking("dept_approver", of="AMR").post(
        f"/office/licences/{permit.pk}/correct", {"face-operator": "Another", **WRONG}
    )

    assert answer.status_code == 409 and "has to be given back first" in answer.text


# -- a stolen key


@pytest.fixture
def approver():
    client = Client()
    client.officer = make.officer("dept_approver", of=make.department("AMR"))
    doors.enter(client, client.officer.account)
    client.cookies["language"] = "en"
    return client


def test_a_stolen_key_is_withdrawn_by_two_and_followed_to_its_end(owner, permit, approver):
    services.put_seal(licence=permit.pk)
    assert permit.key_id in approver.get("/office/licences/keys/").text

    where = approver.post("/office/licences/keys/ask", {"key": permit.key_id, "why": "A disk is missing."}).headers[
        "Location"
    ]
    alone = approver.post(f"{where}confirm")
    assert alone.status_code == 409 and "does not confirm it" in alone.text
    assert services.verify(permit.token, channel="page").status == "valid"  # one alone stops nothing

    second = knocking("coordinator", of="DSO")
    assert "Withdraw the key now" in second.get(where).text
    second.post(f"{where}confirm")
    assert services.verify(permit.token, channel="page").reason == "key_withdrawn"
    assert "1</" in second.get(where).text.split("check again")[1][:400]

    while journal.work_once():
        pass
    permit.refresh_from_db()
    page = second.get(where).text
    assert services.verify(permit.token, channel="page").status == "valid"
    assert "signed and sealed anew, and its holders have been told" in page
    assert said(owner, "licence_signed_anew")
    assert keys.find(services.key_directory(), KeyWithdrawal.objects.get().key_id).withdrawn_at is not None


def test_an_approver_sees_and_stops_only_keys_of_the_own_department(permit):
    stranger = knocking("dept_approver", of="PSB")

    assert permit.key_id not in stranger.get("/office/licences/keys/").text
    refused = stranger.post("/office/licences/keys/ask", {"key": permit.key_id, "why": "x"})
    unknown = stranger.post("/office/licences/keys/ask", {"key": "../../root", "why": "x"})

    assert refused.status_code == 403 and unknown.status_code == 422
    assert not KeyWithdrawal.objects.exists()


def test_it_can_be_left_in_use(permit, approver):
    where = approver.post("/office/licences/keys/ask", {"key": permit.key_id, "why": "Perhaps."}).headers["Location"]

    approver.post(f"{where}drop")

    assert services.verify(permit.token, channel="page").status == "valid"
    assert "not withdrawn" in approver.get("/office/licences/keys/").text
    assert (
        approver.post("/office/licences/keys/ask", {"key": permit.key_id, "why": "Now for certain."}).status_code == 302
    )


def test_a_key_whose_files_are_missing_is_said_and_not_an_error(permit, approver):
    where = approver.post("/office/licences/keys/ask", {"key": permit.key_id, "why": "x"}).headers["Location"]
    for path in services.key_directory().glob(f"{permit.key_id}.*"):
        path.unlink()

    answer = knocking("coordinator", of="DSO").post(f"{where}confirm")

    assert answer.status_code == 409 and "files are missing" in answer.text
    assert KeyWithdrawal.objects.get().state == "asked"
