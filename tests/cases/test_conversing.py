"""The conversation inside a case: who waits until when, what has been read, papers sent along, parts of a bundle, and its end."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tests.materials.conftest import picture
from tongban.cases import services, talking
from tongban.cases.models import Case, Question, Talk
from tongban.lib.problems import Invalid, NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOON = datetime.datetime(2026, 11, 18, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))  # a Wednesday


def ask(case, text="When is it ready?", key="k1", **more):
    return services.ask(case, account=case.account, text=text, key=key, **more)


def test_who_asks_has_an_answer_within_one_working_day_and_the_light_says_so():
    case = make.case("under_review", now=NOON)
    ask(case, now=NOON)

    talk = Talk.objects.get(case=case)

    assert talk.due > NOON.date()
    assert talking.light(talk, talk.due - datetime.timedelta(days=1)) == "green"
    assert talking.light(talk, talk.due) == "yellow"
    assert talking.light(talk, talk.due + datetime.timedelta(days=1)) == "red"


def test_the_clock_counts_from_the_first_question_and_an_answer_ends_it():
    case = make.case("under_review", now=NOON)
    ask(case, now=NOON)
    ask(case, "And what does it cost?", "k2", now=NOON + datetime.timedelta(days=3))
    assert Talk.objects.get(case=case).waiting_since == NOON

    services.answer(case, officer=ways.of_department("dept_reviewer", case), text="Next week.")

    assert Talk.objects.get(case=case).waiting_since is None


def test_a_desk_sees_what_waits_in_its_department_and_nothing_of_others():
    case = make.case("under_review")
    other = make.case("under_review", make.matter(department=make.department("AMR")))
    ask(case)
    ask(other, key="k2")

    waiting = talking.waiting(ways.of_department("dept_reviewer", case))

    assert [one.case_id for one in waiting] == [case.pk]


def test_the_list_of_what_waits_asks_the_same_number_of_questions_for_one_and_for_three(
    client, django_assert_num_queries
):
    officer = make.officer("dept_reviewer")

    def look() -> int:
        return len(list(talking.waiting(officer)))

    ask(make.case("under_review"))
    with django_assert_num_queries(1):
        assert look() == 1
    for number in range(2):
        ask(make.case("under_review"), key=f"more{number}")
    with django_assert_num_queries(1):
        rows = talking.waiting(officer)
        assert [(one.case.number != "", one.case.version.name["en"], one.case.department.name["en"]) for one in rows]


def test_what_the_other_side_had_before_its_eyes_is_marked_as_read():
    case = make.case("under_review")
    ask(case)
    officer = ways.of_department("dept_reviewer", case)
    assert [one.read for one in talking.thread(case)] == [False]

    services.read_by_office(case, officer)
    assert [one.read for one in talking.thread(case)] == [True]
    services.answer(case, officer=officer, text="Next week.")
    assert [one.read for one in talking.thread(case)] == [True, False]
    services.read_by_applicant(case)

    assert [one.read for one in talking.thread(case)] == [True, True]


def test_whoever_only_looks_leaves_no_mark_of_an_office_that_has_read_it():
    case = make.case("under_review")
    ask(case)

    services.read_by_office(case, make.officer("auditor"))

    assert [one.read for one in talking.thread(case)] == [False]


def test_a_paper_sent_along_passes_the_gate_and_the_desk_can_open_it():
    case = make.case("under_review")
    ask(case, files=[SimpleUploadedFile("door.png", picture("PNG"), "image/png")])

    (line,) = talking.thread(case)

    assert len(line.pages) == 1
    assert line.pages[0].document.owner_id == case.applicant_id


def test_what_is_no_picture_is_refused_and_nothing_is_sent():
    case = make.case("under_review")

    with pytest.raises(Invalid):
        ask(case, files=[SimpleUploadedFile("door.png", b"MZ not a picture", "image/png")])

    assert not Question.objects.filter(case=case).exists()


def test_the_same_press_twice_is_one_question_and_one_paper():
    case = make.case("under_review")
    for _press in range(2):
        ask(case, files=[SimpleUploadedFile("door.png", picture("PNG"), "image/png")])

    assert Question.objects.filter(case=case).count() == 1
    assert case.applicant.documents.exclude(state="removed").filter(in_questions__isnull=True).count() == 0


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("请再提交一份无犯罪记录证明。", True),
        ("麻烦您补充房屋租赁合同的复印件", True),
        ("Please send us a copy of your lease.", True),
        ("You need to upload a certificate of no debts", True),
        ("您的材料已经齐全，不需要再提供任何证明。", False),
        ("Your documents are complete. Nothing more is needed.", False),
        ("请查看办件页面的告知书。", False),
        ("Please look at the notice on the page of your case.", False),
        ("预计下周出结果。", False),
    ],
)
def test_a_sentence_that_asks_for_a_paper_is_noticed(text, asked):
    assert talking.asks_for_papers(text) is asked


def test_no_ready_answer_asks_for_a_paper():
    for one in talking.READY:
        assert not talking.asks_for_papers(one.words["zh"]) and not talking.asks_for_papers(one.words["en"])


def test_an_officer_who_asks_for_a_paper_is_told_where_that_belongs_and_may_insist():
    case = make.case("under_review")
    officer = ways.of_department("dept_reviewer", case)
    text = "Please send us a copy of your lease."

    with pytest.raises(Invalid) as told:
        services.answer(case, officer=officer, text=text)

    assert told.value.code == "asks-for-papers"
    assert services.answer(case, officer=officer, text=text, meant=True).text == text


def test_a_part_of_a_bundle_is_asked_in_its_department_and_the_others_do_not_see_it():
    whole = shop.in_review(shop.bundle())
    members = list(Case.objects.filter(parent=whole).select_related("parent__matter", "department").order_by("pk"))
    Case.objects.filter(pk__in=[one.pk for one in members]).update(account=whole.account)
    services.ask(members[0], account=whole.account, text="Is my kitchen all right?", key="k1")

    (line,) = talking.thread(whole)

    assert line.part == members[0].version.name
    assert talking.thread(members[1], whole=False) == []
    assert {ref for ref, _words in talking.parts_to_ask(whole)} == {one.ref for one in members}


def test_some_days_after_the_end_the_conversation_is_closed_and_can_still_be_read():
    case = ways.bring("withdrawn")
    ask(case, "Thank you", "k1")
    late = timezone.now() + datetime.timedelta(days=16)

    with pytest.raises(NotAllowed):
        ask(case, "One more thing", "k2", now=late)
    with pytest.raises(NotAllowed):
        services.answer(case, officer=ways.of_department("dept_reviewer", case), text="Yes?", now=late)

    assert [one.question.text for one in talking.thread(case)] == ["Thank you"]


# -- the pages


def sign_in(client, account):
    client.force_login(account)
    return client


def test_the_applicant_sees_the_office_and_a_badge_and_no_name(client):
    case = make.case("under_review")
    officer = ways.of_department("dept_reviewer", case)
    services.answer(case, officer=officer, text="Next week.")

    page = sign_in(client, case.account).get(f"/my/cases/{case.ref}/").content.decode()

    assert "Next week." in page and officer.staff_no in page
    assert officer.name["en"] not in page and officer.name["zh"] not in page


def test_a_question_with_a_paper_is_sent_without_script(client):
    case = make.case("under_review")
    given = {"text": "Is this right?", "key": "k9", "paper": SimpleUploadedFile("a.png", picture("PNG"), "image/png")}

    answer = sign_in(client, case.account).post(f"/my/cases/{case.ref}/ask", given)

    assert answer.status_code == 302
    page = client.get(f"/my/cases/{case.ref}/").content.decode()
    assert "Is this right?" in page and "Paper, page 1" in page
