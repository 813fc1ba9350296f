import datetime
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests import make
from tongban.cases.events import CaseClosed
from tongban.departments import duties
from tongban.departments import services as departments
from tongban.evaluations import queries, rules, services
from tongban.evaluations.models import FollowUp, Invitation, Rating
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib.encryption import encrypt
from tongban.lib.moves import NotNow
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.workdays import Calendar, Year
from tongban.notices.models import Message
from tongban.site.safekeeping import verifying

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    """A decided case of a person with an account."""
    case = make.submitted()
    case.decided_at = timezone.now()
    case.decision = "granted"
    case.save()
    return case


def rate(case, grade=1, account=None, key=None, **more):
    return services.rate(case, account=account or case.account, grade=grade, key=key or uuid.uuid4().hex, **more)


def test_a_case_is_rated_once(case):
    rating = rate(case, 2, text=" 很快 ", dimensions={"overall": 2}, named=True)

    assert (rating.grade, rating.text, rating.dimensions, rating.named) == (2, "很快", {"overall": 2}, True)
    with pytest.raises(NotAllowed) as again:
        rate(case, 5)
    assert again.value.code == "already-rated"
    assert Rating.objects.get().grade == 2


def test_the_same_click_twice_is_one_rating(case):
    first = rate(case, 1, key="one")
    second = rate(case, 1, key="one")

    assert first == second


def test_two_hands_at_once_get_one_rating_and_a_clear_sentence(case, monkeypatch):
    rate(case, 1)
    monkeypatch.setattr(services, "_may_rate", lambda *args: None)  # both looked before either wrote

    with pytest.raises(NotAllowed) as late:
        rate(case, 5)
    assert late.value.code == "already-rated"


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE evaluations_rating SET grade = 1",
        "UPDATE evaluations_rating SET text = 'nothing but praise'",
        "UPDATE evaluations_rating SET text = ''",
        "UPDATE evaluations_rating SET words = 'x'",
        "UPDATE evaluations_rating SET named = NOT named",
        "DELETE FROM evaluations_rating",
    ],
)
def test_the_database_itself_refuses_to_change_a_rating(case, act):
    rate(case, 5, text="慢")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act)

    assert (Rating.objects.get().grade, Rating.objects.get().text) == (5, "慢")


def stored_words() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM evaluations_rating")
        return cursor.fetchone()[0]


def test_the_words_of_a_rating_are_sealed_and_only_their_seal_may_be_renewed(case, settings, tmp_path):
    rate(case, 5, text="慢")
    before = stored_words()
    assert "慢" not in before and before.startswith("e1.")

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evaluations_rating SET text = %s", [encrypt("慢", "evaluations.rating.text").decode("ascii")]
        )

    assert stored_words() != before and Rating.objects.get().text == "慢"
    assert queries.stands(Rating.objects.get().pk)


def test_other_words_under_a_good_seal_are_found(case):
    """The guard cannot read what is under a seal; the mark of the words can."""
    rating = rate(case, 5, text="慢")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evaluations_rating SET text = %s", [encrypt("快", "evaluations.rating.text").decode("ascii")]
        )

    assert not queries.stands(rating.pk)
    assert list(verifying.words(lambda number: None)) == [
        f"Rating {rating.pk} of case {case.pk}: its words are not those that were given."
    ]


def test_without_the_guard_the_same_statement_would_go_through(case):
    rating = rate(case, 1)
    follow_up = FollowUp.objects.create(
        rating=rating, contact_due="2026-01-01", simple_due="2026-01-01", complex_due="2026-01-01"
    )

    with connection.cursor() as cursor:
        cursor.execute("UPDATE evaluations_followup SET complex = %s WHERE id = %s", [True, follow_up.pk])

    follow_up.refresh_from_db()
    assert follow_up.complex


@pytest.mark.parametrize(
    "wrong",
    [{"grade": 0}, {"grade": 6}, {"reasons": ["because"]}, {"dimensions": {"overall": 9}}, {"text": "长" * 2001}],
)
def test_what_cannot_be_taken_is_named(case, wrong):
    with pytest.raises(Invalid) as refused:
        rate(case, **wrong)

    assert list(refused.value.errors) == list(wrong)
    assert not Rating.objects.exists()


def test_nobody_else_rates_a_case(case):
    with pytest.raises(NotAllowed) as refused:
        rate(case, account=make.account())

    assert refused.value.code == "not-yours"


def test_a_case_is_not_rated_before_it_is_decided():
    with pytest.raises(NotAllowed) as refused:
        rate(make.submitted())

    assert refused.value.code == "not-decided"


def test_a_bad_grade_opens_a_follow_up_on_the_1_5_15_clock(case):
    departments.load_calendar_year(
        2025, {"2025-05-01": "", "2025-05-02": "", "2025-05-05": ""}, {"2025-04-27": ""}, True
    )
    rated = datetime.datetime(2025, 4, 25, 10, tzinfo=datetime.UTC)  # a Friday; the Sunday after is a make-up day

    rating = rate(case, 4, reasons=["late"], now=rated)

    follow_up = rating.follow_up
    assert [follow_up.contact_due, follow_up.simple_due, follow_up.complex_due] == [
        datetime.date(2025, 4, 27),
        datetime.date(2025, 5, 6),
        datetime.date(2025, 5, 20),
    ]
    assert not follow_up.provisional

    departments.load_calendar_year(2025, {"2025-04-27": "storm", "2025-05-06": "storm"}, {}, True)
    for name in ("contact", "simple", "complex"):
        duties.recount(f"following up bad ratings, {name}", first="2025-04-27")
    follow_up.refresh_from_db()
    assert [follow_up.contact_due, follow_up.simple_due, follow_up.complex_due] == [
        datetime.date(2025, 4, 28),
        datetime.date(2025, 5, 2),
        datetime.date(2025, 5, 19),
    ]


def test_a_good_grade_opens_none(case):
    rate(case, 3)

    assert not FollowUp.objects.exists()


def test_dates_in_a_year_without_a_calendar_are_provisional():
    calendar = Calendar({2026: Year()})

    dates = rules.follow_up_dates(datetime.date(2026, 12, 30), calendar)

    assert (dates.contact, dates.provisional) == (datetime.date(2026, 12, 31), True)


def test_a_bad_rating_is_put_right_step_by_step(case):
    rating = rate(case, 5)
    office = make.department("DSO")
    supervisor, coordinator = make.officer("supervisor", of=office), make.officer("coordinator", of=office)
    follow_up = rating.follow_up
    assert list(queries.follow_ups(coordinator)) == [follow_up]
    assert queries.due_of(follow_up) == follow_up.contact_due

    services.contact(follow_up, officer=supervisor, note="rang")
    services.rectify(follow_up, officer=supervisor, explanation="已更正指南")
    with pytest.raises(NotAllowed):
        services.call_back(follow_up, officer=supervisor)
    services.call_back(follow_up, officer=coordinator)

    follow_up.refresh_from_db()
    assert (follow_up.state, follow_up.officer) == ("closed", supervisor)
    assert "已更正指南" in Message.objects.get(kind="follow_up_answer").body["zh"]
    assert list(queries.follow_ups(coordinator)) == []
    assert list(queries.follow_ups(coordinator, done=True)) == [follow_up]
    moves = Event.objects.filter(kind="FollowUpMoved").order_by("id")
    assert [event.payload["move"] for event in moves] == ["contact", "rectify", "call_back"]


def test_steps_are_not_skipped_and_not_done_twice(case):
    follow_up = rate(case, 5).follow_up
    supervisor = make.officer("supervisor")

    with pytest.raises(NotNow):
        services.rectify(follow_up, officer=supervisor, explanation="x")
    services.contact(follow_up, officer=supervisor, note="x")
    with pytest.raises(NotNow):
        services.contact(FollowUp.objects.get(), officer=supervisor, note="x")


def test_whoever_handled_the_case_does_not_follow_up(case):
    supervisor = make.officer("supervisor")
    case.reviewer = supervisor
    case.save()
    follow_up = rate(case, 5).follow_up

    with pytest.raises(NotAllowed) as refused:
        services.contact(follow_up, officer=supervisor, note="x")
    assert refused.value.code == "own-work"
    assert queries.moves_for(supervisor, follow_up) == []


def test_reviewers_do_not_see_ratings_of_others_and_names_only_when_given(case):
    rating = rate(case, 5)

    assert list(queries.follow_ups(make.officer("dept_reviewer"))) == []
    assert queries.rater_name(rating) == ""


def test_the_end_of_a_case_invites_once_and_reminds_once(case):
    with transaction.atomic():
        for _turn in range(2):
            journal.record(CaseClosed(case=case.pk), subject=case.subject, actor=PLATFORM)
    while journal.work_once():
        pass

    assert Invitation.objects.count() == 1
    assert [one.pk for one in queries.invitations(case.account)] == [Invitation.objects.get().pk]
    now = timezone.now()
    assert services.remind(now + datetime.timedelta(days=2)) == 0
    assert services.remind(now + datetime.timedelta(days=4)) == 1
    assert services.remind(now + datetime.timedelta(days=5)) == 0
    kinds = Message.objects.filter(kind__startswith="rate").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["rate_invitation", "rate_reminder"]


def test_who_has_rated_is_neither_invited_nor_reminded(case):
    rate(case, 1)

    assert services.invite(case) is None
    assert list(queries.invitations(case.account)) == []


def test_silence_is_never_a_rating(case):
    services.invite(case)
    services.remind(timezone.now() + datetime.timedelta(days=30))

    assert not Rating.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_the_guard_stands_after_tables_were_emptied(turn):
    case = make.submitted()
    case.decided_at, case.decision = timezone.now(), "granted"
    case.save()
    rate(case, 1)

    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.update(grade=2)
    assert Rating.objects.count() == 1
