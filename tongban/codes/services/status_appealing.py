"""A person says that a status is wrong: answered in writing within working days by somebody who had no hand in it."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import bases, events
from tongban.codes.models import HealthStatus, StatusAppeal
from tongban.codes.order_states import (
    AUTHORITY,
    DECIDES,
    FIND_RIGHT,
    FIND_WRONG,
    LIFT_STATUS,
    PROPOSES,
    AppealState,
    StatusState,
)
from tongban.codes.services.ordering import REASON_AT_LEAST, SHORT, acting
from tongban.codes.services.status_deciding import TOPIC
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices
from tongban.parties.models import Account

ANSWER_WITHIN = 3  # working days; as long as the status holds, every day of it is one too many
LONGEST = 2000


def appeal(
    status: HealthStatus, *, account: Account, actor: Actor, text: str, now: datetime | None = None
) -> StatusAppeal:
    """Once against each status, while it holds and afterwards: whoever was red in error may want that in writing."""
    return _taken_in(status, actor, text, now, account=account)


def take_down(status: HealthStatus, *, officer: Officer, text: str, now: datetime | None = None) -> StatusAppeal:
    """Said at a window or by telephone, as the notice on paper offers: an officer writes it down, and the clock is the same."""
    return _taken_in(status, acting(officer, PROPOSES, DECIDES), text, now, taken_by=officer)


def _taken_in(status: HealthStatus, actor: Actor, text: str, now: datetime | None, **by) -> StatusAppeal:
    now = now or timezone.now()
    if len(text.strip()) < REASON_AT_LEAST:
        raise Invalid("appeal-empty", errors={"text": [SHORT]}, kept=_("Nothing was sent yet. What you typed is kept."))
    today = timezone.localdate(now)
    due = departments.calendar().due(today, ANSWER_WITHIN).day or today
    try:
        with transaction.atomic():
            row = StatusAppeal.objects.create(status=status, text=text.strip()[:LONGEST], at=now, due=due, **by)
            journal.record(events.StatusAppealed(status=status.pk), subject=status.subject, actor=actor)
            journal.touch(TOPIC)
    except IntegrityError:
        raise NotAllowed(
            "appealed-already",
            _("An appeal against this was made already, and it is being looked at."),
            kept=_("What you wrote first stands."),
        ) from None
    return row


def answer_appeal(
    row: StatusAppeal, *, officer: Officer, right: bool, answer: str, now: datetime | None = None
) -> StatusAppeal:
    """The written answer. Where the person is right the status ends at this second, without anybody else having to act."""
    now = now or timezone.now()
    actor = acting(officer, DECIDES, AUTHORITY)
    if len(answer.strip()) < REASON_AT_LEAST:
        raise Invalid(
            "answer-missing", errors={"answer": [SHORT]}, kept=_("Nothing was sent yet. What you typed is kept.")
        )
    with transaction.atomic():
        row = (
            StatusAppeal.objects.select_for_update(of=("self",))
            .select_related("status__line__proposal", "status__person")
            .get(pk=row.pk)
        )
        status, proposal = row.status, row.status.line.proposal
        if officer.pk in {proposal.proposed_by_id, proposal.signed_by_id, proposal.decided_by_id}:
            raise NotAllowed(
                "had-a-hand-in-it",
                _("Whoever proposed, signed or decided a status does not answer the appeal against it."),
                kept=_("Nothing was changed."),
                next_step=_("Ask another person with this right."),
                status=403,
            )
        if officer.account.person_id == status.person_id:
            raise NotAllowed(
                "own-case", _("Nobody handles their own case."), kept=_("Nothing was changed."), status=403
            )
        make(
            row,
            FIND_RIGHT if right else FIND_WRONG,
            answer=answer.strip()[:LONGEST],
            answered_by=officer,
            answered_at=now,
        )
        if right and status.state == StatusState.HOLDS and status.until > now:
            make(status, LIFT_STATUS, ended_at=now)
        journal.record(events.StatusAppealAnswered(status=status.pk, lifted=right), subject=status.subject, actor=actor)
        notices.tell(
            status.person,
            "status_appeal_answered",
            about=status.subject,
            link=f"/my/status/{status.pk}/",
            params={"colour": bases.COLOUR_WORDS[status.colour], "explanation": row.answer},
            once=f"status_appeal_answered:{row.pk}",
        )
        journal.touch(TOPIC)
    return row


def tell_of_late_ones(now: datetime | None = None) -> int:
    """Whoever may answer and had no hand in the status hears once of an appeal whose last day has passed. Returns how many were late."""
    now = now or timezone.now()
    late = StatusAppeal.objects.filter(state=AppealState.OPEN, due__lt=timezone.localdate(now))
    rows = list(late.select_related("status__line__proposal", "status__person").order_by("due", "pk"))
    if not rows:
        return 0
    staff = Officer.objects.filter(active=True).select_related("account").order_by("pk")
    may_answer = [one for one in staff if {DECIDES, AUTHORITY} & set(one.roles)]
    for row in rows:
        proposal = row.status.line.proposal
        hands = {proposal.proposed_by_id, proposal.signed_by_id, proposal.decided_by_id}
        notices.tell_staff(
            [one for one in may_answer if one.pk not in hands and one.account.person_id != row.status.person_id],
            "status_appeal_late",
            link=f"/office/statuses/appeals/{row.pk}/",
            params={"due": row.due.isoformat()},
            once=f"status_appeal_late:{row.pk}",
        )
    return len(rows)
