"""What runs beside a case, at the desk: pages, who is shown what, and what is kept when something is wrong."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import doors, make
from tests.cases import ways
from tests.office.desks import services_mark
from tongban.cases import services
from tongban.cases.models import Case, Consultation
from tongban.journal.models import ReadEntry

pytestmark = pytest.mark.django_db

WRONG = [{"field": "reason", "text": "too short"}]


def desk(officer):
    client = Client()
    doors.enter(client, officer.account)
    return client


def act(client, case, name, **data):
    return client.post(reverse("office:act", args=[case.ref, name]), {"seen": services_mark(case), **data})


def test_a_request_is_taken_back_at_the_desk():
    case = services.request_correction(make.case("received"), WRONG, officer=ways.hall("window_officer"))
    client = desk(ways.hall("window_officer"))

    assert (
        reverse("office:act", args=[case.ref, "recall_correction"])
        in client.get(reverse("office:case", args=[case.ref])).content.decode()
    )
    answer = act(client, case, "recall_correction", why="it was there")

    assert answer.status_code == 302
    assert Case.objects.get(pk=case.pk).state == "received"


def test_a_slip_with_something_that_cannot_stand_there_keeps_what_was_typed():
    case = make.case("received")
    client = desk(ways.hall("window_officer"))

    answer = act(client, case, "staff_change", field="delivery", value="by pigeon", reason="a slip of the pen")

    assert answer.status_code == 422
    assert "by pigeon" in answer.content.decode()
    assert act(client, case, "staff_change", field="delivery", value="pickup", reason="a slip").status_code == 302
    assert Case.objects.get(pk=case.pk).value("delivery") == "pickup"


def test_only_who_was_asked_sees_the_question_and_only_what_was_named():
    case = make.case("under_review")
    row = services.ask_opinion(
        case, officer=ways.of_department("dept_reviewer", case), department=make.department("FRB"),
        question="Is it strong enough?", fields=["reason"], materials=[],
    )  # fmt: skip
    where = reverse("office:opinion", args=[row.pk])
    expert = make.officer("dept_reviewer", of=make.department("FRB"))
    assert desk(make.officer("dept_reviewer", of=make.department("HRB"))).get(where).status_code == 404
    assert desk(make.officer("inspector", of=make.department("FRB"))).get(where).status_code == 404
    client = desk(expert)

    page = client.get(where).content.decode()

    assert "Is it strong enough?" in page and "work" in page
    assert case.applicant.name not in page and case.number not in page
    assert ReadEntry.objects.filter(reader=expert.account_id, of_party=case.applicant_id).exists()
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 404
    assert client.post(where, {"position": "agrees", "answer": "short"}).status_code == 422
    assert client.post(where, {"position": "agrees", "answer": "it is strong enough"}).status_code == 302
    assert Consultation.objects.get().answered_by == expert


def test_the_list_of_what_waits_shows_each_role_its_own():
    case = ways.bring("refused")
    services.appeal(case, account=case.account, wish="the area was measured wrongly")

    coordinator = desk(ways.hall("coordinator")).get(reverse("office:tasks")).content.decode()
    reviewer = desk(ways.of_department("dept_reviewer", case)).get(reverse("office:tasks")).content.decode()

    assert case.number in coordinator
    assert case.number not in reviewer

    published = ways.bring("public_notice")
    neighbour = make.account()
    objection = services.object_to(
        published.public_notices.get(), account=neighbour, party=neighbour.person, text="It is loud here at night."
    )
    answers = ways.of_department("dept_reviewer", published)
    assert published.number in desk(answers).get(reverse("office:tasks")).content.decode()
    assert "其中1件等待答复" in desk(answers).get(reverse("office:case", args=[published.ref])).content.decode()
    assert (
        published.number
        not in desk(make.officer("dept_reviewer", of=make.department("FRB")))
        .get(reverse("office:tasks"))
        .content.decode()
    )
    services.answer_objection(objection, officer=answers, answer="Glass was put in.", followed=True)
    assert published.number not in desk(answers).get(reverse("office:tasks")).content.decode()


def test_a_decision_is_judged_by_somebody_who_did_not_handle_it():
    case = ways.bring("refused")
    row = services.appeal(case, account=case.account, wish="the area was measured wrongly")
    where = reverse("office:appeal", args=[row.pk])
    client = desk(ways.hall("coordinator"))

    assert client.get(where).status_code == 200
    assert client.post(where, {"outcome": "upheld", "reason": "no"}).status_code == 422
    assert client.post(where, {"outcome": "upheld", "reason": "it was measured twice"}).status_code == 302
    row.refresh_from_db()
    assert row.state == "upheld"
    assert desk(ways.of_department("dept_approver", case)).get(where).status_code == 403
