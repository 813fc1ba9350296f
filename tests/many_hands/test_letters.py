"""Many hands enter letters of one department at the same moment: no number is given twice and none is left out."""

import pytest
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.cases import papers
from tongban.cases.models import CaseDocument, Letter, LetterSeries
from tongban.cases.services import lettering

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 6
WORDS = [{"zh": "准予", "en": "granted"}]


def letters(count: int) -> list[CaseDocument]:
    case = make.case("received")
    now = timezone.now()
    made = [papers.make(case, "acceptance_notice", now=now, paragraphs=WORDS) for _one in range(count)]
    return list(CaseDocument.objects.select_related("case__department").filter(pk__in=[one.pk for one in made]))


def test_numbers_have_no_gap_and_no_double_under_many_hands():
    documents = letters(HANDS)

    answers = together(*[lambda one=one: lettering.enter(one) for one in documents])

    assert problems(answers) == []
    assert sorted(one.serial for one in answers) == list(range(1, HANDS + 1))
    assert lettering.gaps(documents[0].case.department_id, timezone.localdate().year) == []


def test_two_hands_at_one_letter_give_it_one_number():
    (document,) = letters(1)

    answers = together(*[lambda: lettering.enter(document)] * 4)

    assert problems(answers) == []
    assert {one.serial for one in answers} == {1}
    assert LetterSeries.objects.get().last == 1


def test_without_the_lock_a_number_would_be_given_twice_and_the_database_refuses_it():
    """The control: what a careless hand would do (count, then write) meets the constraint."""
    first, second = letters(2)
    lettering.enter(first)
    seen = Letter.objects.count()  # both hands counted before either wrote
    fields = {"department": first.case.department, "year": timezone.localdate().year, "code": "x"}

    with pytest.raises(Exception, match="(?i)unique"):
        Letter.objects.create(document=second, serial=seen, token="letter-other", **fields)
