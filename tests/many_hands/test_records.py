"""Two workers on one list, two officers over it: each application is emptied once, told once to the archive, and counted once."""

import pytest
from django.db import IntegrityError
from django.db.models import Sum

from tests import make
from tests.cases import ways
from tests.many_hands.hands import problems, together
from tests.records import worlds
from tongban.cases.models import Case
from tongban.journal.models import Event, Job
from tongban.lib.problems import NotAllowed
from tongban.records import forgetting, services
from tongban.records.models import Destruction, Handover, Keeping

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("in_english")]


@pytest.fixture(autouse=True)
def own_var(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path


@pytest.fixture
def people():
    department = make.department()
    coordinators = [make.officer("coordinator", of=make.department("DSO")) for _one in range(3)]
    return department, coordinators, make.officer("dept_approver", of=department)


def ended(number: int, **matter) -> list[Case]:
    """Applications whose time is over; to the archive unless the matter says otherwise."""
    cases = [worlds.ended("closed", matter=ways.matter_with_everything(**matter)) for _one in range(number)]
    services.find_due_dates()
    return cases


def confirmed(department, coordinators, approver) -> Destruction:
    row = services.propose(department, officer=coordinators[0])
    return services.confirm(row, officer=approver)


def sums(row: Destruction) -> dict[str, int]:
    return row.lines.aggregate(
        gone=Sum("anonymised"), given=Sum("handed_over"), left=Sum("left_out"), listed=Sum("listed")
    )


def test_two_workers_on_one_list_empty_each_application_once(people):
    cases = ended(3)
    row = confirmed(*people)

    answers = together(*[lambda: services.carry_out(row.pk)] * 2)

    assert problems(answers) == []
    services.carry_out(row.pk)  # whatever one left because the other had it
    assert sums(row) == {"gone": 3, "given": 3, "left": 0, "listed": 3}
    assert Destruction.objects.get(pk=row.pk).state == "done"
    assert set(Keeping.objects.values_list("state", flat=True)) == {"anonymised"}
    for kind, number in (("CaseAnonymised", 3), ("DestructionDone", 1), ("CaseHandedOver", 3)):
        assert Event.objects.filter(kind=kind).count() == number, kind
    for given in Handover.objects.all():  # the receipt is for the package that the row names, and the person was in it
        assert given.state == "received" and given.name.endswith(given.sha256[:12]) and not given.name.startswith("x")
    nobody = forgetting.nobody("person").pk
    assert set(Case.objects.filter(pk__in=[case.pk for case in cases]).values_list("applicant", flat=True)) == {nobody}


def test_control_without_the_move_of_the_row_two_workers_count_one_application_twice(people, monkeypatch):
    """What the test above would find: the same race with the guard taken away."""
    years = [{"state": "granted", "years": 5, "then": "anonymise", "basis": {"zh": "示范", "en": "demo"}}]
    ended(1, retention=years)
    row = confirmed(*people)
    keeping = Keeping.objects.select_related("case__department").get()
    real = services.make
    monkeypatch.setattr(
        services, "make", lambda one, step, **rest: None if step is services.ANONYMISE else real(one, step, **rest)
    )
    monkeypatch.setattr(services, "_looked_at", lambda row, today: None)

    answers = together(*[lambda: services._carry_out(row, keeping)] * 2)

    met = problems(answers)
    stopped_by_the_database = len(met) == 1 and isinstance(met[0], IntegrityError)  # no more goes than was listed
    assert stopped_by_the_database or sums(row)["gone"] == 2, answers


def test_of_several_officers_one_makes_the_list_and_one_word_about_it_counts(people):
    department, coordinators, approver = people
    cases = ended(2)

    answers = together(*(lambda who=who: services.propose(department, officer=who) for who in coordinators))

    made = [one for one in answers if isinstance(one, Destruction)]
    late = problems(answers)
    assert len(made) == 1 and [one.code for one in late] == ["list-waits"] * 2, answers
    row = made[0]
    assert sums(row)["listed"] == len(cases)

    others = [who for who in coordinators if who.pk != row.proposed_by_id]
    rows = [Destruction.objects.select_related("department").get(pk=row.pk) for _one in range(3)]
    answers = together(
        lambda: services.confirm(rows[0], officer=approver),
        lambda: services.confirm(rows[1], officer=others[0]),
        lambda: services.drop(rows[2], officer=others[1], why="look at each of them first"),
    )
    late = problems(answers)
    assert len(late) == 2 and all(isinstance(one, NotAllowed) for one in late)
    there = Destruction.objects.get(pk=row.pk)
    assert there.decided_by_id not in (None, there.proposed_by_id)
    assert Job.objects.filter(kind=services.CARRY_OUT).count() == (there.state == "confirmed")
    assert Keeping.objects.filter(state="listed").count() == (2 if there.state == "confirmed" else 0)


def test_a_hold_against_the_worker_leaves_it_whole_or_comes_too_late(people):
    """Never an application that somebody was promised to find, and that is empty."""
    case = ended(1)[0]
    row = confirmed(*people)
    approver = people[2]

    held, worked = together(
        lambda: services.place_hold(case, officer=approver, why="litigation", words="an action before the court"),
        lambda: services.carry_out(row.pk),
    )

    assert worked is None, worked
    gone = Keeping.objects.get(pk=case.pk).state == "anonymised"
    if gone:
        assert isinstance(held, NotAllowed) and held.code == "served-its-time"
    else:
        assert not isinstance(held, Exception) and sums(row)["left"] == 1
        assert Case.objects.get(pk=case.pk).applicant_id == case.applicant_id
