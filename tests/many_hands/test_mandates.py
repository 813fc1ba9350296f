"""Taken back at the very moment of sending: it was sent before, or it is not sent at all."""

import threading
import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests import make
from tests.cases.test_acting import mandate
from tests.cases.test_cosigning import LI, person, shared
from tests.many_hands.hands import problems, together
from tongban.cases import services, signing
from tongban.cases.models import Case, Signer, Step
from tongban.cases.services import cosigning
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import mandates
from tongban.parties import queries as parties
from tongban.parties.mandates import Scope
from tongban.parties.models import Deed, Mandate

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 4


def fresh(case: Case) -> Case:
    return Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case.pk)


def test_a_mandate_taken_back_in_the_moment_of_sending_sends_before_or_not_at_all():
    matter = make.matter()
    for _round in range(ROUNDS):
        mother, son = make.account(), make.account()
        row = mandate(mother, son)
        case = make.draft(matter, account_=son, party=mother.person)
        seen = fresh(case)

        together(
            lambda seen=seen, son=son: services.submit(seen, account=son, level=3, key=uuid.uuid4().hex),
            lambda row=row, mother=mother: mandates.revoke(row, account=mother),
        )

        row.refresh_from_db()
        sent = Step.objects.filter(case=case, move="submit").first()
        assert row.state == "revoked"
        assert sent is None or Deed.objects.filter(about=case.subject, what="submit").exists()
        with pytest.raises(NotAllowed):  # and from now on nothing
            services.withdraw(fresh(case), account=son)


def test_without_holding_the_mandate_it_would_be_sent_after_it_was_taken_back():
    """The negative control: looking whether one may, then sending, while the principal takes it back between the two."""
    mother, son, matter = make.account(), make.account(), make.matter()
    row = mandate(mother, son)
    case = make.draft(matter, account_=son, party=mother.person)
    looked, taken_back = threading.Event(), threading.Event()

    def send() -> bool:
        may = parties.may_act_for(son, mother.person, timezone.localdate(), matter.slug, "submit")
        looked.set()
        assert taken_back.wait(10)
        with transaction.atomic():
            Case.objects.filter(pk=case.pk, state="draft").update(state="submitted", number=uuid.uuid4().hex[:18])
        return may

    def take_back() -> None:
        assert looked.wait(10)
        mandates.revoke(row, account=mother)
        taken_back.set()

    assert problems(together(send, take_back)) == []
    row.refresh_from_db()
    assert (fresh(case).state, row.state) == ("submitted", "revoked")


def test_taking_back_waits_for_an_act_that_holds_the_mandate():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: whoever holds a transaction holds everything")
    mother, son, matter = make.account(), make.account(), make.matter()
    row = mandate(mother, son)
    held, order = threading.Event(), []

    def act() -> None:
        with transaction.atomic():
            mandates.hold(son, mother.person, act="submit", matter=matter.slug, now=timezone.now())
            held.set()
            threading.Event().wait(0.3)
            order.append("acted")

    def take_back() -> None:
        assert held.wait(10)
        mandates.revoke(row, account=mother)
        order.append("taken back")

    assert problems(together(act, take_back)) == []
    assert order == ["acted", "taken back"]


def test_a_mandate_for_one_application_sends_one_of_many_at_once():
    mother, son, matter = make.account(), make.account(), make.matter()
    mandate(mother, son, cases_at_most=1)
    seen = [fresh(make.draft(matter, account_=son, party=mother.person)) for _number in range(3)]

    answers = together(
        *(lambda row=row: services.submit(row, account=son, level=3, key=uuid.uuid4().hex) for row in seen)
    )

    assert {problem.code for problem in problems(answers)} == {"mandate-used-up"}
    assert Case.objects.filter(applicant=mother.person, state="submitted").count() == 1
    assert Mandate.objects.get().cases_sent == 1


def test_one_code_is_used_by_one_of_many():
    mother, agents = make.account(), [make.account() for _number in range(3)]
    _row, code = mandates.show_code(mother.person, account=mother)

    answers = together(
        *(lambda who=who: mandates.ask_with_code(code, account=who, scope=Scope(acts=("see",))) for who in agents)
    )

    assert len([answer for answer in answers if isinstance(answer, Mandate)]) == 1
    assert {type(problem) for problem in problems(answers)} == {Invalid}


def test_signing_and_changing_at_once_leaves_a_signature_for_what_lies_there_or_none():
    applicant, case = shared(LI)
    li = person(LI)
    [(row, _code)] = cosigning.invite(case, account=applicant)
    seen, content = fresh(case), signing.content_of(case)

    together(
        lambda: cosigning.sign(
            Signer.objects.select_related("case").get(pk=row.pk), account=li, level=3, content=content
        ),
        lambda: services.save(seen, {"reason": "meanwhile"}, revision=seen.revision, account=applicant),
    )

    row.refresh_from_db()
    assert row.state == "asked"
    assert fresh(case).value("reason") == "meanwhile"
