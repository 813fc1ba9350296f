"""Two stewards answer at once, a person disputes twice at once, an account is closed while its draft is sent: one of both, never half."""

import datetime

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.cases import services as cases
from tongban.cases.models import Case
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.parties.models import Account
from tongban.records import taking_home
from tongban.registers import disputing
from tongban.registers.models import Dispute, Resource
from tongban.rights import closing, exporting
from tongban.rights.models import Export

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 4


@pytest.fixture
def account():
    make.calendar()
    return make.account(make.person("王演练"), login="wang")


@pytest.fixture
def resource():
    return Resource.objects.create(
        slug="employment-filing", name={"zh": "用工", "en": "Work"}, provider="HRSS", share="conditional"
    )


def say_it(resource, account, says="new") -> Dispute:
    return disputing.open_dispute(resource, "employer", of=account.person, account=account, was="old", says=says)


def test_two_stewards_answering_at_once_give_one_answer(account, resource):
    row = say_it(resource, account)
    stewards = [make.officer("dept_reviewer", of=make.department("HRSS")) for _number in range(2)]
    seen = [Dispute.objects.select_related("of_party").get(pk=row.pk) for _steward in stewards]

    answers = together(
        lambda: disputing.correct(seen[0], officer=stewards[0], answer="right"),
        lambda: disputing.uphold(seen[1], officer=stewards[1], answer="wrong"),
    )

    late = problems(answers)
    row.refresh_from_db()
    assert len(late) == 1 and isinstance(late[0], NotAllowed)
    assert row.state in {"correcting", "upheld"}
    assert row.answer == ("right" if row.state == "correcting" else "wrong")
    assert row.steward == stewards[0 if row.state == "correcting" else 1]
    assert Event.objects.filter(subject=row.subject).exclude(kind="DisputeOpened").count() == 1


def test_one_after_the_other_the_second_is_told(account, resource):
    """Negative control: the refusal above does not come from the threads."""
    row = say_it(resource, account)
    stewards = [make.officer("dept_reviewer", of=make.department("HRSS")) for _number in range(2)]
    disputing.uphold(row, officer=stewards[0], answer="wrong")

    with pytest.raises(NotAllowed):
        disputing.correct(Dispute.objects.get(pk=row.pk), officer=stewards[1], answer="right")


def test_many_hands_dispute_a_value_once(account, resource):
    answers = together(*[lambda: say_it(resource, account) for _hand in range(HANDS)])

    assert Dispute.objects.count() == 1
    assert {one.code for one in problems(answers)} == {"dispute-runs"}


def test_many_hands_ask_for_one_copy(account):
    answers = together(*[lambda: exporting.ask(account, account.person) for _hand in range(HANDS)])

    assert problems(answers) == []
    assert Export.objects.count() == 1


def test_many_hands_have_two_applications_packed_one_after_the_other(account):
    """Of each person one at a time; the other application is told to wait, and nobody gets a package of something else."""
    cases_ = [make.case("under_review", account_=account) for _number in range(2)]

    answers = together(*[lambda case=case: taking_home.ask(case, account=account) for case in cases_ * (HANDS // 2)])

    packed = Export.objects.get()
    late = problems(answers)
    assert {one.pk for one in answers if isinstance(one, Export)} == {packed.pk}
    assert {one.code for one in late} == {"another-is-packed"} and len(late) == HANDS // 2


def test_without_the_constraint_many_hands_have_many_packages_made(account):
    """Negative control: it is the constraint of the database that leaves one, not luck."""
    case = make.case("under_review", account_=account)
    constraint = next(one for one in Export._meta.constraints if one.name == "one_application_packed_at_a_time")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Export, constraint)
    try:
        together(*[lambda: taking_home.ask(case, account=account) for _hand in range(HANDS)])

        assert Export.objects.count() == HANDS
    finally:
        Export.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Export, constraint)


def test_an_account_closed_while_its_draft_is_sent_is_one_or_the_other(account):
    draft = make.draft(account_=account)

    answers = together(
        lambda: closing.close(account),
        lambda: cases.submit(draft, account=account, level=3, key="k", now=timezone.now() + datetime.timedelta(0)),
    )

    closed = Account.objects.get(pk=account.pk).closed_at is not None
    sent = Case.objects.filter(pk=draft.pk, number__isnull=False).exists()
    assert closed != sent
    assert len(problems(answers)) == 1
