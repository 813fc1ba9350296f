"""Two applications sent at the same moment where a matter takes one: one is sent, the other is told of it."""

import threading
import uuid

import pytest
from django.db import connection

from tests import make
from tests.many_hands.hands import problems, together
from tongban.cases import only_one, services
from tongban.cases.models import Case, OneMore
from tongban.cases.services import excepting

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

BICYCLE = [*make.SMALL_FORM, {"id": "frame_no", "zh": "车架号", "en": "Frame number", "type": "text"}]
ANSWERS = {**make.SMALL_ANSWERS, "frame_no": "HX1"}


def send(case: Case):
    return lambda: services.submit(case, account=case.account, level=3, key=uuid.uuid4().hex)


def sent(drafts: list[Case]) -> int:
    return Case.objects.filter(pk__in=[one.pk for one in drafts], state="submitted").count()


def test_of_many_drafts_of_one_person_sent_at_once_one_is_sent():
    account = make.account()
    matter = make.matter(only_one={"rule": "open"})
    drafts = [make.draft(matter, account_=account) for _number in range(4)]

    answers = together(*map(send, drafts))

    assert sent(drafts) == 1
    assert [type(one) for one in problems(answers)] == [only_one.TakesOnlyOne] * 3


def test_of_many_people_applying_for_one_vehicle_at_once_one_is_sent():
    matter = make.matter(form=BICYCLE, only_one={"rule": "open", "field": "frame_no"})
    drafts = [make.draft(matter, account_=make.account(), answers=ANSWERS) for _number in range(4)]

    answers = together(*map(send, drafts))

    assert sent(drafts) == 1
    assert [type(one) for one in problems(answers)] == [only_one.TakesOnlyOne] * 3


def test_one_exception_is_used_by_one_of_many():
    account = make.account()
    matter = make.matter(only_one={"rule": "open"})
    drafts = [make.draft(matter, account_=account) for _number in range(4)]
    reviewer = make.officer("dept_reviewer", of=matter.department)
    excepting.allow_one_more(matter, party=account.person, officer=reviewer, reason="two homes")

    answers = together(*map(send, drafts))

    assert (sent(drafts), len(problems(answers))) == (2, 2)
    assert OneMore.objects.get().case_id in {one.pk for one in drafts}


def test_control_without_waiting_for_each_other_two_are_sent_on_postgresql(monkeypatch):
    """Each counts before the other has committed. SQLite never shows it: there one writes at a time."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    account = make.account()
    matter = make.matter(only_one={"rule": "open"})
    drafts = [make.draft(matter, account_=account) for _number in range(2)]
    both_have_counted, look = threading.Barrier(2), only_one.stands_against

    def looking_at_once(*given, **more):
        found = look(*given, **more)
        both_have_counted.wait(20)
        return found

    monkeypatch.setattr(only_one, "_take_turns", lambda case, asked: None)
    monkeypatch.setattr(only_one, "stands_against", looking_at_once)

    answers = together(*map(send, drafts))

    assert problems(answers) == []
    assert sent(drafts) == 2


def allowing(matter, party):
    reviewer = make.officer("dept_reviewer", of=matter.department)
    return lambda: excepting.allow_one_more(matter, party=party, officer=reviewer, reason="two homes").pk


def test_officers_who_allow_one_more_at_once_allow_one():
    person = make.account().person
    matter = make.matter(only_one={"rule": "open"})

    answers = together(*[allowing(matter, person) for _officer in range(4)])

    assert problems(answers) == []
    assert {OneMore.objects.get().pk} == set(answers)


def test_control_officers_who_do_not_wait_for_each_other_allow_two_on_postgresql(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    person = make.account().person
    matter = make.matter(only_one={"rule": "open"})
    both_have_looked, answer = threading.Barrier(2), excepting._answer

    def answering_at_once(*given):
        both_have_looked.wait(20)
        return answer(*given)

    monkeypatch.setattr(excepting, "_take_turns", lambda party: None)
    monkeypatch.setattr(excepting, "_answer", answering_at_once)

    together(*[allowing(matter, person) for _officer in range(2)])

    assert OneMore.objects.count() == 2
