"""Ratings: invited once, reminded once, given once, never changed; a bad one is put right on the 1-5-15 clock."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.evaluations import events, rules
from tongban.evaluations.models import BAD, FollowUp, Invitation, Rating
from tongban.evaluations.states import CALL_BACK, CONTACT, RECTIFY
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices
from tongban.notices.queries import accounts_of
from tongban.parties import queries as parties
from tongban.parties.models import Account
from tongban.parties.states import Act

AT_A_TIME = 500


def invite(case: Case, *, now: datetime | None = None) -> Invitation | None:
    """Ask the applicant once how it was. Nobody with an account, or asked or rated before: nothing happens."""
    now = now or timezone.now()
    if case.parent_id is not None:  # a bundle is one errand, and asked about once
        return None
    account = case.account or next(iter(accounts_of(case.applicant, timezone.localdate(now))), None)
    if account is None or Rating.objects.filter(case=case).exists():
        return None
    if parties.objects_to(account, "rating_invitations"):
        return None
    with transaction.atomic():
        invitation, made = Invitation.objects.get_or_create(case=case, defaults={"account": account, "invited_at": now})
        if not made:
            return None
        journal.record(events.RatingInvited(case=case.pk), subject=case.subject, actor=PLATFORM)
        _tell(case, "rate_invitation", once=f"rate:{case.pk}")
    return invitation


def remind(now: datetime | None = None) -> int:
    """One reminder for invitations that three days brought no rating. Silence is never a rating."""
    now = now or timezone.now()
    since = now - timedelta(days=rules.REMIND_AFTER_DAYS)
    waiting = Invitation.objects.filter(reminded_at__isnull=True, invited_at__lt=since, case__rating__isnull=True)
    reminded = 0
    for invitation in waiting.select_related("case", "case__applicant", "case__version").order_by("pk")[:AT_A_TIME]:
        with transaction.atomic():
            if Invitation.objects.filter(pk=invitation.pk, reminded_at__isnull=True).update(reminded_at=now):
                _tell(invitation.case, "rate_reminder", once=f"rate-again:{invitation.case_id}")
                reminded += 1
    return reminded


@journal.every("remind of ratings", timedelta(hours=1))
def _remind() -> None:
    remind()


def rate(
    case: Case,
    *,
    account: Account,
    grade: int,
    reasons: list[str] | None = None,
    dimensions: dict[str, int] | None = None,
    text: str = "",
    named: bool = False,
    key: str,
    channel: str = "portal",
    now: datetime | None = None,
) -> Rating:
    """Rate a decided case, once. The same key again answers with the rating that stands."""
    now = now or timezone.now()
    reasons, dimensions, text = sorted(set(reasons or [])), dict(dimensions or {}), text.strip()
    if wrong := rules.wrong_answers(grade, reasons, dimensions, text):
        raise Invalid("rating", errors=wrong, kept=_("Nothing was sent yet."))

    def give() -> str:
        _may_rate(case, account, timezone.localdate(now))
        try:
            with transaction.atomic():
                rating = Rating.objects.create(
                    case=case,
                    account=account,
                    grade=grade,
                    reasons=reasons,
                    dimensions=dimensions,
                    text=text,
                    named=named,
                    channel=channel,
                    at=now,
                )
        except IntegrityError as twice:
            raise _rated() from twice
        actor = Actor(kind="applicant", role="applicant", account=account.pk, party=case.applicant_id)
        journal.record(events.CaseRated(case=case.pk, rating=rating.pk, grade=grade), subject=case.subject, actor=actor)
        if grade in BAD:
            _open_follow_up(rating, now)
        journal.touch(case.subject, f"party:{case.applicant_id}")
        return str(rating.pk)

    pk, _now = journal.once("rate", f"{case.pk}:{account.pk}:{key}", give)
    return Rating.objects.select_related("case").get(pk=pk)


def _may_rate(case: Case, account: Account, today) -> None:
    officer = departments.officer_of(account)
    handled = {case.claimed_by_id, case.reviewer_id, case.approver_id} - {None}
    reasons = rules.reasons_against_rating(
        decided=case.decided_at is not None,
        may_act=any(
            power.full or power.allows(Act.RECEIVE, case.matter.slug)
            for power in parties.over(account, case.applicant, today)
        ),
        handled_it=officer is not None and officer.pk in handled,
        rated=Rating.objects.filter(case=case).exists(),
    )
    if reasons == ["rated"]:
        raise _rated()
    if reasons:
        raise NotAllowed(
            reasons[0].replace("_", "-"), rules.REASONS_AGAINST[reasons[0]], kept=_("Nothing was changed.")
        )


def _rated() -> NotAllowed:
    return NotAllowed("already-rated", rules.REASONS_AGAINST["rated"], kept=_("The rating that stands is kept."))


def _open_follow_up(rating: Rating, now: datetime) -> FollowUp:
    dates = rules.follow_up_dates(timezone.localdate(now), departments.calendar())
    follow_up = FollowUp.objects.create(
        rating=rating,
        contact_due=dates.contact,
        simple_due=dates.simple,
        complex_due=dates.complex,
        provisional=dates.provisional,
    )
    journal.record(
        events.FollowUpOpened(follow_up=follow_up.pk, rating=rating.pk), subject=rating.case.subject, actor=PLATFORM
    )
    journal.touch("follow-ups")
    return follow_up


def contact(follow_up: FollowUp, *, officer: Officer, note: str, now: datetime | None = None) -> FollowUp:
    """Somebody spoke with the person: what they said."""
    now = now or timezone.now()
    return _go(
        follow_up, CONTACT, officer, officer_id=officer.pk, contacted_at=now, contact_note=_written(note, "note")
    )


def rectify(
    follow_up: FollowUp, *, officer: Officer, explanation: str, complex: bool = False, now: datetime | None = None
) -> FollowUp:
    """It was put right, or there is an explanation; the person is told which."""
    now = now or timezone.now()
    explanation = _written(explanation, "explanation")
    with transaction.atomic():
        _go(follow_up, RECTIFY, officer, complex=complex, resolved_at=now, explanation=explanation)
        _tell(follow_up.rating.case, "follow_up_answer", once=f"follow-up:{follow_up.pk}", explanation=explanation)
    return follow_up


def call_back(follow_up: FollowUp, *, officer: Officer, now: datetime | None = None) -> FollowUp:
    """The government service office asked the person whether it is well now; that ends it."""
    return _go(follow_up, CALL_BACK, officer, closed_at=now or timezone.now())


@transaction.atomic
def _go(follow_up: FollowUp, step: Move, officer: Officer, **changes) -> FollowUp:
    role = next((role for role in step.by if role in officer.roles), None)
    if role is None or not officer.active:
        raise NotAllowed("not-your-move", _("This is for the hall supervisor or the government service office."))
    case = follow_up.rating.case
    if officer.pk in {case.claimed_by_id, case.reviewer_id, case.approver_id}:
        raise NotAllowed("own-work", _("Whoever handled the case does not follow up its rating."))
    make(follow_up, step, **changes)
    journal.record(
        events.FollowUpMoved(follow_up=follow_up.pk, move=step.name),
        subject=case.subject,
        actor=Actor(
            kind="officer",
            role=role,
            account=officer.account_id,
            department=officer.department.code,
            name=officer.staff_no,
        ),
    )
    journal.touch("follow-ups")
    return follow_up


def _written(text: str, field: str) -> str:
    text = text.strip()
    if not text or len(text) > rules.LONGEST_TEXT:
        sentence = _("Write between 1 and 2,000 characters.")
        raise Invalid("text", errors={field: [sentence]}, kept=_("Nothing was changed."))
    return text


def _tell(case: Case, kind: str, *, once: str, **more) -> None:
    notices.tell(
        case.applicant,
        kind,
        about=case.subject,
        link=f"/my/cases/{case.ref}/",
        params={"matter": case.version.name, "number": case.number or "", **more},
        once=once,
    )
