"""More things that several hands do at the same moment, each with what would happen without its guard (see tests/many_hands)."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tests.many_hands.test_cases import fresh
from tongban.cases import services
from tongban.cases.models import Case, CaseMaterial
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib.problems import Problem
from tongban.licences import services as licences
from tongban.licences.models import Licence
from tongban.notices import services as notices
from tongban.notices.models import Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_new_opinion_and_the_approval_at_once_leave_the_opinion_that_was_decided_on():
    case = ways.bring("reviewed")
    reviewer, approver = case.reviewer, ways.of_department("dept_approver", case)
    seen = [fresh(case), fresh(case)]

    answers = together(
        lambda: services.conclude(seen[0], officer=reviewer, proposal="refuse", opinion="on second thoughts"),
        lambda: services.approve(seen[1], officer=approver),
    )

    now, late = fresh(case), problems(answers)
    assert all(isinstance(problem, Problem) for problem in late) and len(late) <= 1
    assert not isinstance(answers[1], Problem) or now.state == "under_review"
    assert Licence.objects.filter(decision=case.subject).count() == (now.state != "under_review")
    if isinstance(answers[0], Problem):
        assert (now.opinion, now.proposal) == ("in order", "approve")


def test_control_without_the_lock_an_approval_would_stand_on_an_opinion_that_says_refuse():
    """Each looks (under review; proposed: approve) and writes afterwards: the granted case then carries a proposal to refuse."""
    case = ways.bring("reviewed")
    looked = threading.Barrier(2)

    def conclude():
        assert fresh(case).state == "under_review"
        looked.wait(10)
        Case.objects.filter(pk=case.pk).update(proposal="refuse")

    def approve():
        assert fresh(case).proposal == "approve"
        looked.wait(10)
        Case.objects.filter(pk=case.pk).update(state="approved", decision="granted", decided_at=timezone.now())

    answers = together(conclude, approve)

    assert problems(answers) == []
    assert (fresh(case).state, fresh(case).proposal) == ("approved", "refuse")


def test_a_paper_taken_out_while_it_is_sent_is_either_in_the_case_or_the_case_was_not_sent():
    make.material_type("lease")
    matter = make.matter(requirements=[{"material": "lease", "required": True, "exempt": "none"}])
    case = make.draft(matter)
    services.attach(case, "lease", make.document(case.applicant, by=case.account), account=case.account)
    seen = [fresh(case), fresh(case)]

    answers = together(
        lambda: services.submit(seen[0], account=seen[0].account, level=3, key="one"),
        lambda: services.detach(seen[1], "lease", account=seen[1].account),
    )

    now, row = fresh(case), CaseMaterial.objects.get(case=case, type__slug="lease")
    assert len(problems(answers)) == 1 and isinstance(problems(answers)[0], Problem)
    assert (now.state, row.how) in {("submitted", "upload"), ("draft", "missing")}
    assert (row.document is not None) == (now.state == "submitted")


def test_control_without_the_lock_a_case_could_be_sent_without_its_paper():
    """Looking whether it is there, and writing afterwards, lets both through."""
    make.material_type("lease")
    case = make.draft(make.matter(requirements=[{"material": "lease", "required": True, "exempt": "none"}]))
    services.attach(case, "lease", make.document(case.applicant, by=case.account), account=case.account)
    looked = threading.Barrier(2)

    def send():
        assert CaseMaterial.objects.get(case=case, type__slug="lease").how == "upload"
        looked.wait(10)
        Case.objects.filter(pk=case.pk).update(state="submitted", number="1" * 18, submitted_at=timezone.now())

    def take_out():
        assert fresh(case).state == "draft"
        looked.wait(10)
        CaseMaterial.objects.filter(case=case).update(how="missing", document=None)

    together(send, take_out)

    assert fresh(case).state == "submitted"
    assert CaseMaterial.objects.get(case=case, type__slug="lease").how == "missing"


def test_revoking_and_suspending_a_licence_at_once_leaves_it_revoked_or_says_who_was_faster():
    licence = ways.bring("ready").licence
    seen = [Licence.objects.get(pk=licence.pk) for _hand in range(2)]

    answers = together(
        lambda: licences.revoke(seen[0], reason="false", actor=PLATFORM),
        lambda: licences.suspend(seen[1], reason="looked into", actor=PLATFORM),
    )

    licence.refresh_from_db()
    kinds = list(Event.objects.filter(subject=f"licence:{licence.pk}").order_by("pk").values_list("kind", flat=True))
    late = problems(answers)
    assert all(isinstance(problem, Problem) for problem in late)
    assert licence.state == "revoked" and not isinstance(answers[0], Problem)
    assert kinds.count("LicenceStateChanged") == 2 - len(
        late
    )  # suspended and then revoked, or revoked and nothing after


def test_control_without_the_condition_a_revoked_licence_could_come_back():
    licence = ways.bring("ready").licence
    looked = threading.Barrier(2)

    def put(state: str, waits: float):
        assert Licence.objects.get(pk=licence.pk).state == "valid"
        looked.wait(10)
        with transaction.atomic():
            Licence.objects.filter(pk=licence.pk).update(state=state, state_since=timezone.now())
        return state

    answers = together(lambda: put("revoked", 0), lambda: put("suspended", 0))

    assert problems(answers) == []  # both believe that they have done it; the last one stands


def test_marking_read_many_times_at_once_keeps_the_first_hour():
    account = make.account()
    message = Message.objects.create(
        account=account, party=account.person, kind="case_submitted", title={"zh": "示", "en": "x"},
        body={"zh": "示", "en": "x"}, link="/my/",
    )  # fmt: skip

    answers = together(*[lambda: notices.mark_read(account, message.pk)] * 3, *[lambda: notices.mark_read(account)] * 3)

    message.refresh_from_db()
    assert problems(answers) == [] and message.read_at is not None
    first = message.read_at
    notices.mark_read(account, message.pk)
    message.refresh_from_db()
    assert message.read_at == first


def test_control_without_the_condition_a_later_hand_would_write_its_own_hour():
    """Looking whether it is unread and writing afterwards: the hour of the first reading is lost."""
    account = make.account()
    message = Message.objects.create(
        account=account, party=account.person, kind="case_submitted", title={"zh": "示", "en": "x"},
        body={"zh": "示", "en": "x"}, link="/my/",
    )  # fmt: skip
    hours = [timezone.now() - timedelta(hours=number) for number in range(2)]
    looked, first = threading.Barrier(2), threading.Event()

    def read(number: int):
        assert Message.objects.get(pk=message.pk).read_at is None
        looked.wait(10)
        if number:
            first.wait(10)
        Message.objects.filter(pk=message.pk).update(read_at=hours[number])
        first.set()

    answers = together(lambda: read(0), lambda: read(1))

    message.refresh_from_db()
    assert problems(answers) == [] and message.read_at == hours[1]
