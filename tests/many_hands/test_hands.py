"""Several hands at one draft: one code lets one helper in, one window takes a draft in once, one officer has one visitor."""

import threading
import uuid

import pytest
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.cases import services
from tongban.cases.models import Case, Hand, PhoneSignature, Visit
from tongban.cases.moving import applying

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def window():
    return make.officer("window_officer", of=make.department("DSO"))


def here(who, officer):
    return services.begin_visit(who, officer=officer, id_kind="id_card", proof="record")


def signed(case):
    return services.Signature("paper", services.content_of(case), "binder")


def test_of_two_who_type_one_code_one_gets_in():
    account = make.account()
    case = make.draft(account_=account)
    _hand, code = services.invite(case, account=account)
    helpers = [make.account(make.person()) for _one in range(4)]

    answers = together(
        *(lambda who=who: services.take(code, actor=applying(who, case), account=who) for who in helpers)
    )

    assert len(problems(answers)) == 3
    assert Hand.objects.filter(case=case, taken_at__isnull=False).count() == 1


def test_a_draft_handed_in_at_the_window_and_sent_from_home_at_once_is_one_case():
    account = make.account()
    case = make.draft(account_=account)
    officer = window()
    visit = here(account.person, officer)

    answers = together(
        lambda: services.hand_in(Case.objects.get(pk=case.pk), officer=officer, visit=visit, signed=signed(case)),
        lambda: services.submit(Case.objects.get(pk=case.pk), account=account, level=3, key=uuid.uuid4().hex),
    )

    case.refresh_from_db()
    # home answers the case that is there; the window is told that it was sent
    assert len(problems(answers)) <= 1
    assert case.state in {"received", "submitted"} and case.steps.filter(move__in=["hand_in", "submit"]).count() == 1
    assert case.documents.count() == 1


def test_pressed_twice_at_the_window_it_is_received_once():
    account = make.account()
    case = make.draft(account_=account)
    officer = window()
    visit = here(account.person, officer)

    answers = together(
        *(lambda: services.hand_in(Case.objects.get(pk=case.pk), officer=officer, visit=visit, signed=signed(case)) for _one in range(3))
    )  # fmt: skip

    assert len(problems(answers)) == 2
    assert (case.steps.filter(move="hand_in").count(), case.documents.count()) == (1, 1)


def test_an_officer_with_two_tabs_has_one_visitor():
    officer = window()
    people = [make.person() for _one in range(3)]

    together(*(lambda who=who: here(who, officer) for who in people))

    assert Visit.objects.filter(officer=officer, ended_at__isnull=True).count() == 1


def test_wrong_codes_sent_at_once_are_all_counted():
    account = make.account()
    case = make.draft(account_=account)
    officer = window()
    visit = here(account.person, officer)
    services.send_code(case, visit=visit, now=timezone.now())

    answers = together(*(lambda: services.confirm_by_phone(case, "", visit=visit) for _one in range(4)))

    assert len(problems(answers)) == 4
    assert PhoneSignature.objects.get().tries == 4


def test_control_looking_first_and_writing_then_lets_two_in():
    """What `take` would do if it trusted its own copy of the row."""
    account = make.account()
    case = make.draft(account_=account)
    hand, _code = services.invite(case, account=account)
    helpers = [make.account(make.person()) for _one in range(2)]
    both_have_looked = threading.Barrier(2)

    def trusting(who):
        row = Hand.objects.get(pk=hand.pk)
        free = row.taken_at is None
        both_have_looked.wait(10)
        if not free:
            raise AssertionError("somebody was faster")
        row.taken_at = row.until = timezone.now()
        row.account = who
        row.save()
        return who

    answers = together(*(lambda who=who: trusting(who) for who in helpers))

    assert problems(answers) == []  # both believe that they got in
