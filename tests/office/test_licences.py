"""The office's pages of licences: found without names, looked at with a reason in the read log, taken away only after hearing the holder."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import doors, make
from tongban.journal.actors import PLATFORM
from tongban.journal.models import ReadEntry
from tongban.licences import industry, services
from tongban.licences.models import Licence, Proceeding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

TODAY = timezone.localdate()
SAID = {
    "aim": "suspend",
    "basis": "sector",
    "reason": "The kitchen was not clean.",
    "ground": "Food Safety Law, art. 126",
}


@pytest.fixture
def owner():
    make.calendar()
    return make.account()


@pytest.fixture
def food(owner) -> Licence:
    kind = make.licence_type(
        "food-licence", issuer=make.department("AMR"), holder_kind="company", face_fields=["operator"]
    )
    return services.issue(
        kind.slug, holder=make.company("示范面馆有限公司", of=owner.person), face={"operator": "示范面馆有限公司"}, decision="case:1",
        issued_on=TODAY, valid_from=TODAY, valid_to=None, actor=PLATFORM,
    )  # fmt: skip


@pytest.fixture
def whole(food) -> Licence:
    make.licence_type(
        "industry-licence", issuer=make.department("AMR"), holder_kind="company", face_fields=["merged_licences"]
    )
    sign = industry.Permit(
        key="shop-sign", name={"zh": "招牌", "en": "Sign"}, number="S-1", regulator=make.department("GRN"), issued_on=TODAY,
        valid_to=None, mandatory=False,
    )  # fmt: skip
    return industry.issue_industry(
        holder=food.holder, industry={"zh": "饭店", "en": "Restaurant"}, decision="case:9", actor=PLATFORM,
        permits=[industry.permit_of(food, key="food-licence-new", mandatory=True), sign],
    )  # fmt: skip


def knocking(*roles: str, of: str) -> Client:
    client = Client()
    doors.enter(client, make.officer(*roles, of=make.department(of)).account)
    client.cookies["language"] = "en"
    return client


def test_it_is_found_by_its_whole_number_or_the_credit_code_and_the_list_names_nobody(food):
    client = knocking("dept_reviewer", of="AMR")

    for said in (food.identifier, food.holder.company.uscc):
        page = client.get("/office/licences/", {"number": said}).content.decode()
        assert f"/office/licences/{food.pk}/" in page
        assert "示范面馆" not in page
    assert (
        f"/office/licences/{food.pk}/"
        not in client.get("/office/licences/", {"number": food.identifier[:-3]}).content.decode()
    )


def test_looking_at_one_is_written_into_the_read_log_of_its_holder(food):
    knocking("dept_reviewer", of="AMR").get(f"/office/licences/{food.pk}/")

    entry = ReadEntry.objects.get(of_party=food.holder_id)
    assert (entry.purpose, entry.about, entry.department) == ("licence", f"licence:{food.pk}", "AMR")


def test_another_department_does_not_find_it_unless_a_permit_of_its_own_is_in_it(food, whole):
    green = knocking("dept_approver", of="GRN")

    assert green.get(f"/office/licences/{food.pk}/").status_code == 404
    assert green.get(f"/office/licences/{whole.pk}/").status_code == 200
    assert knocking("dept_approver", of="TOB").get(f"/office/licences/{whole.pk}/").status_code == 404


def test_a_proceeding_is_opened_answered_by_the_holder_and_decided_by_another(food, owner):
    knocking("dept_reviewer", of="AMR").post(f"/office/licences/{food.pk}/open", SAID)
    row = Proceeding.objects.get()
    holder = Client()
    doors.enter(holder, owner, present=True, space=food.holder)
    page = holder.get(f"/my/licences/{food.pk}/").content.decode()
    assert SAID["reason"] in page and SAID["ground"] in page
    approver = knocking("dept_approver", of="AMR")

    early = approver.post(f"/office/licences/{food.pk}/carry_out", {"proceeding": row.pk, "conclusion": "Suspended."})
    holder.post(f"/my/licences/{food.pk}/answer/{row.pk}", {"statement": "It is clean now."})
    answered = approver.get(f"/office/licences/{food.pk}/").content.decode()
    decided = approver.post(f"/office/licences/{food.pk}/carry_out", {"proceeding": row.pk, "conclusion": "Suspended."})

    food.refresh_from_db()
    assert early.status_code >= 400 and "It is clean now." in answered
    assert (decided.status_code, food.state) == (302, "suspended")
    assert "Suspended." in holder.get(f"/my/licences/{food.pk}/").content.decode()


def test_what_was_typed_is_kept_when_something_is_missing(food):
    answer = knocking("dept_reviewer", of="AMR").post(f"/office/licences/{food.pk}/open", {**SAID, "ground": ""})

    assert answer.status_code == 422
    assert SAID["reason"] in answer.content.decode()
    assert Proceeding.objects.count() == 0


def test_a_suspended_one_holds_again_by_an_approver(food):
    services.suspend(food, reason="x", actor=PLATFORM)

    knocking("dept_approver", of="AMR").post(
        f"/office/licences/{food.pk}/resume", {"why": "inspected again", "resume_basis": "reason-gone"}
    )

    food.refresh_from_db()
    assert food.state == "valid"


def test_a_line_that_is_no_licence_is_suspended_on_the_page_of_the_whole_and_shows_to_everybody_at_once(whole, client):
    line = whole.items.get(key="shop-sign")
    green = knocking("dept_approver", of="GRN")

    green.post(f"/office/licences/{whole.pk}/open", {**SAID, "item": line.pk, "urgent": "true"})

    line.refresh_from_db()
    client.cookies["language"] = "en"
    page = client.get(f"/verify/{whole.token}").content.decode()
    found = client.get(f"/api/v1/licences/verify/{whole.token}").json()
    assert line.state == "suspended"
    assert "Status: valid" in page and "Suspended" in page
    assert (found["status"], found["reason"]) == ("valid", "item_suspended")
    assert [(one["status"], one["number"]) for one in found["items"]][1] == ("suspended", "S-1")


def test_the_list_asks_the_same_number_of_questions_however_many_there_are(food):
    client = knocking("dept_reviewer", of="AMR")
    reviewer = make.officer("dept_reviewer", of=make.department("AMR"))
    client.get("/office/licences/")

    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            client.get("/office/licences/")
        return len(questions)

    before = asked()
    for number in range(12):
        kind = food.type
        one = services.issue(
            kind.slug, holder=make.company(), face={}, decision=f"case:x{number}", issued_on=TODAY, valid_from=TODAY, valid_to=None,
            actor=PLATFORM,
        )  # fmt: skip
        Proceeding.objects.create(
            licence=one, aim="revoke", reason="x", ground="y", opened_by=reviewer, answer_until=TODAY
        )
    assert asked() == before
