"""A case as its applicant sees it, and as anybody sees it who holds its number and code."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.doors import enter
from tongban.cases import services
from tongban.cases.models import Case
from tongban.cases.states import CaseState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_tried_before():
    cache.clear()


@pytest.fixture
def applicant(client):
    account = make.account()
    enter(client, account, present=True)
    client.cookies["language"] = "en"
    return account


SHOWN = sorted(set(CaseState) - {CaseState.DRAFT})


@pytest.mark.parametrize("state", [state.value for state in SHOWN])
def test_the_page_of_a_case_says_where_it_stands_in_every_state(client, applicant, state):
    case = ways.bring(state, account_=applicant)

    page = client.get(f"/my/cases/{case.ref}/")
    lists = client.get("/my/cases/")

    words = page.content.decode()
    assert (page.status_code, lists.status_code) == (200, 200)
    assert str(page.context["state"]) in words
    assert case.number in lists.content.decode()
    assert ("/withdraw" in words) == (page.context["withdrawable"])


@pytest.mark.parametrize(
    ("state", "ahead", "said", "unsaid"),
    [
        ("received", 3, "Expected by", "if it is accepted today"),
        ("received", -3, "if it is accepted today", "This day has passed"),
        ("under_review", 3, "Expected by", "This day has passed"),
        ("under_review", -3, "This day has passed", "Expected by"),
        ("issuing", 3, "The result is being made", "Expected by"),
    ],
)
def test_no_day_that_has_passed_is_expected(client, applicant, state, ahead, said, unsaid):
    """Nor does the day of the decision stand as that of the result, once it was decided."""
    case = ways.bring(state, account_=applicant)
    day = timezone.localdate() + timedelta(days=ahead)
    Case.objects.filter(pk=case.pk).update(promised_due=day)

    words = client.get(f"/my/cases/{case.ref}/").content.decode()
    lists = client.get("/my/cases/").content.decode()
    asked = client.post("/track/", {"number": case.number, "code": case.query_code}).content.decode()

    assert said in words and unsaid not in words
    waited_for = ahead > 0 and state != "issuing"
    assert ("expected by" in lists, "Expected by" in asked) == (waited_for, waited_for)
    late = state == "under_review" and ahead < 0
    assert (", late" in lists, "is late" in asked) == (late, late)


def test_what_is_over_is_not_on_its_way(client, applicant):
    ways.bring("closed", account_=applicant)
    assert "Applied for lately" in client.get("/my/").content.decode()

    ways.bring("under_review", account_=applicant)
    words = client.get("/my/").content.decode()
    assert "On its way" in words and "Applied for lately" not in words


@pytest.mark.parametrize("state", ["refused", "not_accepted"])
def test_a_no_carries_its_reason_its_ground_and_the_ways_of_appeal(client, applicant, state):
    case = ways.bring(state, account_=applicant)

    words = client.get(f"/my/cases/{case.ref}/").content.decode()

    assert case.reason["text"] in words and case.ground["text"] in words
    assert "60 days" in words and "6 months" in words
    paper = case.documents.get(kind={"refused": "refusal", "not_accepted": "non_acceptance"}[state])
    assert client.get(f"/my/cases/{case.ref}/papers/{paper.number}.pdf").content.startswith(b"%PDF")


def test_the_trace_of_the_machine_is_there_to_read(client, applicant):
    matter = make.matter(rules={"==": [{"var": "form.reason"}, "work"]}, decided_by="rule")
    case = make.submitted(matter, account_=applicant)
    Case.objects.filter(pk=case.pk).update(query_code="000001")
    ways.machine.SAMPLE_PERCENT, before = 0, ways.machine.SAMPLE_PERCENT
    try:
        ways.work()
    finally:
        ways.machine.SAMPLE_PERCENT = before

    page = client.get(f"/my/cases/{case.ref}/")

    assert page.context["took"]
    assert all(line["text"]["en"] in page.content.decode() for line in page.context["trace"]["lines"])


def test_a_question_is_asked_once_and_answered_in_the_case(client, applicant):
    case = make.case("received", account_=applicant)

    for _click in range(2):
        client.post(f"/my/cases/{case.ref}/ask", {"text": "May I bring it tomorrow?", "key": "one page"})
    services.answer(case, officer=ways.hall("window_officer"), text="Yes, before five.")

    words = client.get(f"/my/cases/{case.ref}/").content.decode()
    assert words.count("May I bring it tomorrow?") == 1
    assert "Yes, before five." in words


def test_an_empty_question_is_told_and_nothing_is_kept(client, applicant):
    case = make.case("received", account_=applicant)

    answer = client.post(f"/my/cases/{case.ref}/ask", {"text": "   ", "key": "one page"})

    assert answer.status_code == 422
    assert case.questions.count() == 0


def test_withdrawing_asks_once_and_then_it_is_done(client, applicant):
    case = make.case("accepted", account_=applicant)

    asked = client.get(f"/my/cases/{case.ref}/withdraw")
    client.post(f"/my/cases/{case.ref}/withdraw", {"reason": "I moved"})
    again = client.post(f"/my/cases/{case.ref}/withdraw", {})

    assert asked.status_code == 200
    assert Case.objects.get(pk=case.pk).state == "withdrawn"
    assert again.status_code == 409


# -- without signing in


def test_number_and_code_tell_where_a_case_stands_and_nothing_of_its_content(client):
    case = make.case("received", account_=make.account(make.person(name="欧阳示范")))

    answer = client.post("/track/", {"number": f"{case.number[:6]} {case.number[6:]}", "code": case.query_code})

    words = answer.content.decode()
    assert answer.status_code == 200
    assert str(answer.context["found"]["state"]) in words
    assert "欧阳示范" not in words and case.ref not in words


def test_a_wrong_code_and_an_unknown_number_look_the_same(client):
    case = make.case("received")
    wrong = f"{(int(case.query_code) + 1) % 1_000_000:06d}"

    answers = [
        client.post("/track/", {"number": number, "code": wrong}) for number in (case.number, "9" * 18, "", "no number")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.context["found"] for answer in answers} == {None}


def test_a_code_is_not_guessed(client):
    case = make.case("received")
    wrong = f"{(int(case.query_code) + 1) % 1_000_000:06d}"

    tries = [client.post("/track/", {"number": case.number, "code": wrong}).status_code for _guess in range(12)]
    right = client.post("/track/", {"number": case.number, "code": case.query_code})

    assert tries == [404] * 10 + [429] * 2
    assert (right.status_code, right["Retry-After"]) == (429, "3600")


def test_whoever_knows_the_code_may_look_as_often_as_they_like(client):
    case = make.case("received")

    looks = [
        client.post("/track/", {"number": case.number, "code": case.query_code}).status_code for _look in range(15)
    ]

    assert looks == [200] * 15
