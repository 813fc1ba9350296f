"""Ready answers: each department's own, kept by the coordinating office; one that only promises an answer leaves the question waiting."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.office.desks import at_the_desk
from tongban.cases import services, talking
from tongban.cases.models import Question, ReadyAnswer, Talk
from tongban.cases.services import conversing, ready_answers
from tongban.lib.problems import Invalid, NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NEW = {"zh": "请到二楼窗口。", "en": "Please come to the windows on the second floor.", "waits": False}


@pytest.fixture
def coordinator():
    return make.officer("coordinator", of=make.department("DSO"))


def keys(department) -> list[str]:
    return [one.key for one in talking.ready_of(department.pk)]


def test_an_office_begins_with_those_of_the_house_and_keeps_its_own_once_one_is_changed(coordinator):
    mine, other = make.department("PSB"), make.department("AMR")
    assert keys(mine) == [one.key for one in talking.READY]

    ready_answers.put(mine, officer=coordinator, key="thanks", **NEW)
    ready_answers.put(mine, officer=coordinator, **{**NEW, "zh": "请稍候。", "en": "A moment, please."})

    words = {one.key: one.words["en"] for one in talking.ready_of(mine.pk)}
    assert (words["thanks"], len(words)) == (NEW["en"], len(talking.READY) + 1)
    assert list(words.values())[-1] == "A moment, please."
    assert [one.words for one in talking.ready_of(other.pk)] == [one.words for one in talking.READY]


def test_the_same_words_twice_are_one_answer_and_a_place_is_changed_by_one(coordinator):
    mine = make.department("PSB")
    for _press in range(2):
        ready_answers.put(mine, officer=coordinator, **NEW)
    row = ReadyAnswer.objects.get(department=mine, first="")

    ready_answers.move_up(mine, officer=coordinator, key=str(row.pk))
    ready_answers.move_up(mine, officer=coordinator, key="received")
    ready_answers.take_out(mine, officer=coordinator, key="on_the_way")

    found = keys(mine)
    assert (found[0], found[-2:], "on_the_way" in found) == ("received", [str(row.pk), "thanks"], False)
    with pytest.raises(NotAllowed) as gone:
        ready_answers.take_out(mine, officer=coordinator, key="on_the_way")
    assert gone.value.code == "ready-gone"


@pytest.mark.parametrize(
    ("said", "field"),
    [({"en": ""}, "en"), ({"zh": "请补交材料复印件。"}, "zh"), ({"zh": "x" * 501}, "zh")],
)
def test_both_languages_are_needed_and_no_paper_is_asked_for(said, field, coordinator):
    with pytest.raises(Invalid) as refused:
        ready_answers.put(make.department("PSB"), officer=coordinator, **NEW | said)

    assert set(refused.value.errors) == {field}
    assert not ReadyAnswer.objects.exists()


def test_nobody_but_the_coordinating_office_changes_them():
    with pytest.raises(NotAllowed) as refused:
        ready_answers.put(make.department("PSB"), officer=make.officer("dept_approver"), **NEW)

    assert refused.value.status == 403


def asked(text="When is it ready?"):
    case = make.case("under_review")
    services.ask(case, account=case.account, text=text, key="k1")
    return case, ways.of_department("dept_reviewer", case)


def test_who_only_says_that_an_answer_comes_has_not_answered():
    case, officer = asked()

    services.answer(case, officer=officer, text="", ready="received")
    assert Talk.objects.get(case=case).waiting_since is not None
    assert [one.case_id for one in talking.waiting(officer)] == [case.pk]

    services.answer(case, officer=officer, text="Next week.", ready="received")
    assert Talk.objects.get(case=case).waiting_since is None


def test_a_ready_answer_that_was_taken_out_meanwhile_is_not_sent_as_nothing(coordinator):
    case, officer = asked()
    ready_answers.take_out(case.department, officer=coordinator, key="thanks")

    with pytest.raises(Invalid) as told:
        services.answer(case, officer=officer, text="", ready="thanks")

    assert told.value.code == "ready-gone"


def test_an_answer_pressed_twice_stands_there_once_and_other_words_from_the_same_page_are_another():
    case, officer = asked()
    for text in ("Next week.", "Next week.", "On Tuesday."):
        services.answer(case, officer=officer, text=text, key="page")
    for text in ("And the fee?", "And the fee?", "And the place?"):
        services.ask(case, account=case.account, text=text, key="page")

    said = list(Question.objects.filter(case=case).order_by("pk").values_list("pk", flat=True))
    words = [Question.objects.get(pk=pk).text for pk in said]
    assert words == ["When is it ready?", "Next week.", "On Tuesday.", "And the fee?", "And the place?"]


def test_what_nobody_can_answer_any_more_waits_at_no_desk():
    case = ways.bring("withdrawn")
    services.ask(case, account=case.account, text="Why?", key="k1")
    officer = ways.of_department("dept_reviewer", case)
    late = timezone.now() + datetime.timedelta(days=16)
    assert [one.case_id for one in talking.waiting(officer)] == [case.pk]

    assert talking.waiting(officer, now=late) == []
    assert (conversing.let_go_of_what_nobody_can_answer(now=late), Talk.objects.get().waiting_since) == (1, None)
    assert conversing.let_go_of_what_nobody_can_answer(now=late) == 0


def test_the_page_keeps_what_was_typed_and_shows_what_is_kept(coordinator):
    desk = at_the_desk(coordinator)
    desk.cookies["language"] = "en"
    make.department("PSB")
    address = "/office/ready-answers/"
    assert "every office begins with" in desk.get(f"{address}?of=PSB").content.decode()

    wrong = desk.post(address, {"of": "PSB", "zh": "好的。", "en": ""})
    assert wrong.status_code == 422 and "好的。" in wrong.content.decode()
    wrong = desk.post(address, {"of": "PSB", "key": "thanks", "zh": "谢谢您！", "en": ""})
    assert wrong.status_code == 422 and "谢谢您！" in wrong.content.decode()
    assert desk.post(address, {"of": "PSB", "zh": NEW["zh"], "en": NEW["en"], "waits": "1"}).status_code == 302
    page = desk.get(f"{address}?of=PSB").content.decode()

    assert NEW["en"] in page and "own" in page and page.count("the question still waits after it") == 2
    assert desk.post(address, {"of": "PSB", "key": "thanks", "act": "out"}).status_code == 302
    assert desk.get(f"{address}?of=nowhere").status_code == 404


def test_an_officer_answers_with_what_the_department_keeps(coordinator):
    case, officer = asked()
    ready_answers.put(officer.department, officer=coordinator, **NEW)
    desk = at_the_desk(officer)

    page = desk.get(f"/office/cases/{case.ref}/").content.decode()
    row = ReadyAnswer.objects.get(first="")
    assert f'value="{row.pk}"' in page
    desk.post(f"/office/cases/{case.ref}/answer", {"text": "", "ready": str(row.pk), "key": "p"})

    assert Question.objects.filter(case=case).last().text == f"{NEW['zh']}\n{NEW['en']}"
