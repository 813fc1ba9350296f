"""The district is built by the product's own acts; here with fewer cases, one of every kind."""

import datetime

import pytest
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from tongban.cases.models import Case, Delivery, TrackingEvent
from tongban.cases.states import CaseState
from tongban.departments.models import CalendarYear, Certification, Department, Officer
from tongban.evaluations.models import Rating
from tongban.journal import services as journal
from tongban.journal.models import Event
from tongban.licences.models import Licence, LicenceType
from tongban.matters.models import Matter
from tongban.notices.models import Dispatch, Message
from tongban.parties.models import Account, Company, Person
from tongban.places.models import Division
from tongban.registers import checks as register_checks
from tongban.registers.models import Grant, Resource
from tongban.site.commands import demo as command
from tongban.site.demonstration import district, history, people
from tongban.site.demonstration.moved_time import moved_to

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """Built once, taken back at the end."""
    plan = history.PLAN
    with django_db_blocker.unblock(), transaction.atomic():
        history.PLAN = [(target, min(count, 3), days) for target, count, days in plan]
        try:
            yield district.build()
        finally:
            history.PLAN = plan
            transaction.set_rollback(True)


def test_every_state_is_there(built):
    assert sum(built.values()) == history.how_many()
    assert set(built) == set(CaseState.values)


def test_the_content_is_loaded_whole(built):
    counted = [model.objects.count() for model in (Division, Department, LicenceType, CalendarYear, Person, Company)]

    assert counted == [42, 31, 42, 21, 15, 8]  # one of the fourteen people was entered twice
    assert Resource.objects.count() == 31
    assert Grant.objects.count() > 100
    assert register_checks.problems() == []


def test_everybody_signs_in_and_officers_have_their_second_factor(built):
    accounts = Account.objects.all()

    assert all(account.check_password(people.PASSWORD) for account in accounts[:2])
    assert len({account.password for account in accounts}) == 1
    assert Account.objects.filter(person__isnull=False).count() == 12
    assert all(officer.account.authenticator_set.exists() for officer in Officer.objects.all())


def test_every_department_with_matters_has_who_reviews_and_who_approves(built):
    for department in Department.objects.filter(matters__isnull=False).distinct():
        roles = [role for officer in department.officers.all() for role in officer.roles]
        assert {"dept_reviewer", "dept_approver"} <= set(roles), department.code


def test_nobody_of_a_department_is_certified_for_more_than_its_matters(built):
    for row in Certification.objects.exclude(officer__department__code="DSO").select_related("officer__department"):
        assert row.officer.department.matters.filter(slug=row.matter).exists()


def test_every_company_has_its_legal_representative_among_the_people(built):
    for company in Company.objects.all():
        assert company.memberships.filter(
            person=company.legal_representative, role="legal_representative", until__isnull=True
        ).exists()


def test_the_newcomers_permit_ends_within_thirty_days(built):
    newcomer = Account.objects.get(login="wang-anhui").person
    permit = Licence.objects.get(type__slug="residence-permit", holder=newcomer, state="valid")

    assert 0 < (permit.valid_to - timezone.localdate()).days <= 30


def test_history_lies_in_the_past_and_nothing_was_refused_on_the_way(built):
    now = timezone.now()

    for case in Case.objects.exclude(submitted_at=None):
        steps = [step.at for step in case.steps.all()]
        assert steps == sorted(steps)
        assert case.submitted_at <= now and steps[-1] <= now
    assert Case.objects.filter(decided_by_machine=True).exists()
    assert not Case.objects.filter(decided_by_machine=True, decision="refused").exists()


def test_results_on_paper_lie_wherever_a_new_user_may_look_for_them(built):
    """At the hall, two of one person; back from a courier; in a locker; on its way; never fetched; to be prepared."""
    rows = Delivery.objects.order_by("state", "way").values_list("state", "way")

    assert list(rows) == [
        ("in_locker", "locker"), ("posted", "post"), ("preparing", "pickup"), ("unclaimed", "pickup"),
        ("waiting", "pickup"), ("waiting", "pickup"), ("waiting", "post"),
    ]  # fmt: skip
    assert Delivery.objects.get(state="unclaimed").reminded == 2
    last = (
        TrackingEvent.objects.filter(delivery__way="post")
        .order_by("delivery", "-at", "-pk")
        .values_list("kind", flat=True)
    )
    assert {"returned", "in_transit"} <= set(last)


def test_nobody_gets_letters_about_the_past(built):
    assert Message.objects.exists()
    assert not Dispatch.objects.exists()


def test_the_log_of_the_history_is_whole(built):
    assert journal.verify_log() is None
    assert Event.objects.filter(kind="CaseSubmitted").count() >= 20


def test_ratings_come_only_from_closed_cases(built):
    assert set(Rating.objects.values_list("case__state", flat=True)) <= {"closed", "revoked"}


def test_a_district_that_is_there_is_left_alone(built, capsys):
    before = Case.objects.count()

    assert command.run(type("Options", (), {"signins": False, "rebuild": False})) == 0
    assert "is there" in capsys.readouterr().out
    assert Case.objects.count() == before


def test_a_district_of_an_earlier_version_gets_the_matters_that_came_since(built):
    """What was corrected here since stays: the calendar, and what an editor made this place's own."""
    cases, day = Case.objects.count(), CalendarYear.objects.get(year=2026)
    CalendarYear.objects.filter(pk=day.pk).update(source="corrected here")
    earlier = Matter.objects.filter(slug="industry-restaurant")
    assert earlier.exists()
    with transaction.atomic():
        Matter.objects.filter(slug__startswith="industry-").update(slug=Concat("slug", Value("-elsewhere")))

        now, published = district.follow_content("an earlier one")

        assert (now, published) == (district.fingerprint(), 25) and earlier.exists()
        assert district.follow_content("an earlier one") == (now, 0), "read again, nothing is new"
        transaction.set_rollback(True)
    assert (Case.objects.count(), CalendarYear.objects.get(year=2026).source) == (cases, "corrected here")


def test_what_is_read_already_is_not_read_again(monkeypatch):
    monkeypatch.setattr(district, "content", lambda **how: pytest.fail("read again"))

    assert district.follow_content(district.fingerprint()) == (district.fingerprint(), 0)


def test_the_sign_ins_are_printed(built, capsys):
    assert command.sign_ins() == 0
    out = capsys.readouterr().out
    assert people.PASSWORD in out
    for login, *_rest in (*command.STORIES, *command.OFFICERS):
        assert login in out and Account.objects.filter(login=login).exists()


@pytest.mark.parametrize("rebuild", [False, True])
def test_outside_the_demonstration_nothing_is_built_or_thrown_away(settings, capsys, rebuild):
    before = Department.objects.count()
    settings.DEMO = False

    assert command.run(type("Options", (), {"signins": False, "rebuild": rebuild})) == 1
    assert Department.objects.count() == before
    with pytest.raises(PermissionError):
        district.throw_away()


def test_the_clock_goes_on_after_it_was_moved():
    then = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    with pytest.raises(ZeroDivisionError), moved_to(then):
        assert timezone.now() == then
        1 / 0  # noqa: B018
    assert timezone.now() > then


def test_bank_accounts_of_the_demonstration_add_up():
    number = people.bank_account(7)

    total = sum(
        digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
        for place, digit in enumerate(map(int, reversed(number)))
    )
    assert (len(number), total % 10) == (19, 0)
