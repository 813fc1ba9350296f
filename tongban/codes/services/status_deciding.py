"""Setting a person's status is a decision: basis from the list, evidence for each person, an end, two people, a notice, a way to appeal.

There is one way to a status and it is `decide`. What the database refuses besides: a proposer who decides, a long list without the
signature of a third person, a status without an end. A rule of the machine may propose and nothing else. Lists of one hand within
a day count together, so that cutting a long list into short ones leads to the same signature (security.md 26, the Zhengzhou case).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import bases, colours, events
from tongban.codes.models import EmergencyOrder, HealthStatus, StatusDay, StatusLine, StatusProposal
from tongban.codes.models.orders import ALONE_AT_MOST
from tongban.codes.order_states import (
    AUTHORITY,
    DECIDE_STATUS,
    DECIDES,
    DROP_STATUS,
    FOLLOW_STATUS,
    PROPOSES,
    ProposalState,
    StatusState,
)
from tongban.codes.services.ordering import NOTHING_CHANGED, REASON_AT_LEAST, SHORT, acting
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.notices import services as notices
from tongban.parties import rules
from tongban.parties.models import IdKind, Person

TOPIC = "statuses"
A_DAY = timedelta(hours=24)
LIST_AT_MOST = 500
EVIDENCE_AT_MOST = 200
SEPARATORS = ",，;；\t"
NOT_IN_FORCE = _("No emergency order with health colours is in force, so nobody can be given a status.")


@dataclass(frozen=True)
class Named:
    """One person as an officer names them: who, and the document or test that says so."""

    person: Person
    evidence: str


# -- naming persons


def read_list(text: str, *, evidence: str = "") -> list[Named]:
    """A list as typed, pasted or read from a file: one identity number a line, after a comma the evidence for this person.

    Every line that names nobody known is named back; nothing is taken of a list that is not right as a whole.
    """
    lines = [line.strip() for line in text.replace("\ufeff", "").splitlines()]
    rows = [(number, line) for number, line in enumerate(lines, 1) if line]
    errors: list = []
    found: dict[int, Named] = {}
    if not rows:
        errors.append(_("Please name at least one person by identity number."))
    if len(rows) > LIST_AT_MOST:
        raise Invalid(
            "list-too-long",
            errors={"persons": [worded(_("A list has %(most)s lines at most."), most=LIST_AT_MOST)]},
            kept=NOTHING_CHANGED,
        )
    named = {number: _cut(line) for number, line in rows}
    known = _known({number for number, _said in named.values()})
    for number, _line in rows:
        id_no, said = named[number]
        said = said or evidence.strip()
        person = known.get(id_no)
        if person is None:
            errors.append(worded(_("Line %(line)s: nobody is known by this number."), line=number))
        elif not said:
            errors.append(worded(_("Line %(line)s: the document or test it rests on is missing."), line=number))
        elif person.pk in found:
            errors.append(worded(_("Line %(line)s: this person stands on the list twice."), line=number))
        else:
            found[person.pk] = Named(person, said[:EVIDENCE_AT_MOST])
    if errors:
        raise Invalid("list-not-right", errors={"persons": errors[:20]}, kept=NOTHING_CHANGED)
    return list(found.values())


def _cut(line: str) -> tuple[str, str]:
    at = next((at for at, letter in enumerate(line) if letter in SEPARATORS), len(line))
    return line[:at].strip(), line[at + 1 :].strip()


def _known(numbers: set[str]) -> dict[str, Person]:
    """{number: person}, whatever kind of document it is, in one query."""
    meant = {
        rules.index_of(kind, checked): number
        for number in numbers
        for kind in IdKind.values
        if (checked := rules.check_number(kind, number)).valid
    }
    return {meant[one.id_index]: one for one in Person.objects.filter(id_index__in=meant)}


# -- proposing


def propose_status(
    order: EmergencyOrder | None,
    *,
    officer: Officer,
    colour: str,
    basis: str,
    reason: str,
    until: datetime | None,
    persons: Sequence[Named],
    now: datetime | None = None,
) -> StatusProposal:
    """One officer proposes a status for one or more persons. Nothing changes for anybody yet."""
    now = now or timezone.now()
    actor = acting(officer, PROPOSES)
    _not_oneself(officer, [one.person.pk for one in persons])
    return _propose(order, colour, basis, reason, until, persons, now, actor, proposed_by=officer)


def propose_by_rule(
    rule: str,
    order: EmergencyOrder | None,
    *,
    colour: str,
    basis: str,
    reason: str,
    until: datetime | None,
    persons: Sequence[Named],
    now: datetime | None = None,
) -> StatusProposal:
    """A rule of the machine found something. It can only propose: two persons look at it, one as always and one in its place."""
    return _propose(order, colour, basis, reason, until, persons, now or timezone.now(), PLATFORM, rule=rule)


def _propose(order, colour, basis, reason, until, persons, now, actor, **by) -> StatusProposal:
    law = bases.STATUS_BASES.get(basis)
    errors: dict[str, list] = {}
    if law is None:
        errors["basis"] = [_("Please choose the basis from the list. There is no status without one.")]
    elif colour not in law.colours:
        errors["colour"] = [_("This basis does not lead to this colour.")]
    if len(reason.strip()) < REASON_AT_LEAST:
        errors["reason"] = [SHORT]
    if not persons:
        errors["persons"] = [_("Please name at least one person by identity number.")]
    if any(not one.evidence.strip() for one in persons):
        errors["persons"] = [_("Each person needs the document or test it rests on.")]
    if until is None:
        errors["until"] = [_("Please give the day on which it ends: a status without an end cannot be made.")]
    elif until <= now:
        errors["until"] = [_("The end lies in the past.")]
    elif law is not None and until > now + timedelta(days=law.days):
        errors["until"] = [worded(_("On this basis a status holds for %(days)s days at most."), days=law.days)]
    elif order is not None and until > order.ends_at:
        errors["until"] = [_("A status cannot hold longer than the order it stands on.")]
    if errors:
        raise Invalid("status-not-proposed", errors=errors, kept=NOTHING_CHANGED)
    _in_force(order, now)
    with transaction.atomic():
        row = StatusProposal.objects.create(
            order=order,
            colour=colour,
            basis=basis,
            reason=reason.strip()[:1000],
            until=until,
            persons=len({one.person.pk for one in persons}),
            proposed_at=now,
            **by,
        )
        StatusLine.objects.bulk_create(
            [
                StatusLine(proposal=row, person=one.person, evidence=one.evidence.strip()[:EVIDENCE_AT_MOST])
                for one in {one.person.pk: one for one in persons}.values()
            ]
        )
        journal.record(events.StatusProposed(proposal=row.pk, persons=row.persons), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


# -- deciding


def needs_higher_signature(row: StatusProposal, *, decider: Officer | None = None, now: datetime) -> bool:
    """Over ten at once, or together with what the same hands decided without the signature within a day. Back to green counts as well."""
    if row.persons > ALONE_AT_MOST:
        return True
    hands = Q()
    if row.proposed_by_id is not None:
        hands |= Q(proposed_by=row.proposed_by_id)
    if decider is not None:
        hands |= Q(decided_by=decider)
    if not hands:
        return False
    lately = StatusProposal.objects.filter(
        hands, state=ProposalState.DECIDED, signed_by__isnull=True, decided_at__gt=now - A_DAY
    )
    return (lately.aggregate(persons=Sum("persons"))["persons"] or 0) + row.persons > ALONE_AT_MOST


def sign_list(row: StatusProposal, *, officer: Officer, now: datetime | None = None) -> StatusProposal:
    """The higher signature under a long list: a third person, neither who proposed nor who will decide."""
    now = now or timezone.now()
    actor = acting(officer, AUTHORITY)
    if officer.pk == row.proposed_by_id:
        raise NotAllowed(
            "third-person",
            _("The higher signature is given by somebody who did not propose the list."),
            kept=_("Nothing was changed."),
            status=403,
        )
    with transaction.atomic():
        waiting = StatusProposal.objects.filter(pk=row.pk, state=ProposalState.PROPOSED, signed_by__isnull=True)
        if not waiting.update(signed_by=officer, signed_at=now):
            raise NotAllowed(
                "signed-or-decided-already",
                _("Somebody has signed or decided this already."),
                kept=_("Nothing was changed."),
            )
        journal.record(events.StatusListSigned(proposal=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    row.refresh_from_db()
    return row


def decide_status(row: StatusProposal, *, officer: Officer, now: datetime | None = None) -> StatusProposal:
    """Another person decides: from this second each person on it has the status, and the notice with reason, end and way to appeal.

    The order is locked, so that it cannot be lifted meanwhile and two lists of the same hands are counted one after the other.
    """
    now = now or timezone.now()
    actor = acting(officer, DECIDES)
    with transaction.atomic():
        order = _held(row.order_id)
        row = StatusProposal.objects.select_for_update(of=("self",)).get(pk=row.pk)
        _in_force(order, now)
        lines = list(row.lines.select_related("person"))
        _may_decide(row, lines, officer, now)
        make(row, DECIDE_STATUS, decided_by=officer, decided_at=now)
        _follow([line.person_id for line in lines], order, now)
        statuses = HealthStatus.objects.bulk_create(
            [
                HealthStatus(
                    line=line, order=order, person=line.person, colour=row.colour, basis=row.basis, since=now, until=row.until
                )
                for line in lines
            ]
        )  # fmt: skip
        for status, line in zip(statuses, lines, strict=True):
            _give_notice(status, line, row, now)
        _count(row, now)
        journal.record(events.StatusDecided(proposal=row.pk, persons=row.persons), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


def _count(row: StatusProposal, now: datetime) -> None:
    """The public figure of the day, counted with the act itself."""
    day = timezone.localdate(now)
    StatusDay.objects.get_or_create(day=day, basis=row.basis, colour=row.colour)
    StatusDay.objects.filter(day=day, basis=row.basis, colour=row.colour).update(persons=F("persons") + row.persons)


def _may_decide(row: StatusProposal, lines: list[StatusLine], officer: Officer, now: datetime) -> None:
    if officer.pk == row.proposed_by_id:
        raise NotAllowed(
            "four-eyes",
            _("Whoever proposed a status does not decide it."),
            kept=_("Nothing was changed."),
            next_step=_("Ask another person with this right."),
            status=403,
        )
    if row.signed_by_id == officer.pk:
        raise NotAllowed(
            "third-person",
            _("Whoever signed the list does not decide it as well: three people look at a long list."),
            kept=_("Nothing was changed."),
            status=403,
        )
    _not_oneself(officer, [line.person_id for line in lines])
    if len(lines) != row.persons:
        raise NotAllowed(
            "list-was-changed", _("The list is not the one that was proposed."), kept=_("Nothing was changed.")
        )
    if row.until <= now:
        raise NotAllowed(
            "status-has-no-time",
            _("Its end lies in the past."),
            kept=_("Nothing was changed."),
            next_step=_("Propose it again with another end."),
        )
    if row.signed_by_id is None and needs_higher_signature(row, decider=officer, now=now):
        raise NotAllowed(
            "higher-signature-missing",
            worded(
                _("More than %(most)s persons, at once or by the same hands within a day, need the higher signature."),
                most=ALONE_AT_MOST,
            ),
            kept=_("Nothing was changed."),
            next_step=_("Ask a person with the higher right to look at the list and sign it."),
            status=403,
        )


def drop_proposal(row: StatusProposal, *, officer: Officer, why: str, now: datetime | None = None) -> StatusProposal:
    """It is not decided so; whoever proposed it may drop it too."""
    actor = acting(officer, DECIDES, PROPOSES)
    if DECIDES not in officer.roles and officer.pk != row.proposed_by_id:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    if len(why.strip()) < REASON_AT_LEAST:
        raise Invalid("reason-missing", errors={"why": [SHORT]}, kept=_("Nothing was changed."))
    with transaction.atomic():
        make(row, DROP_STATUS, decided_by=officer, decided_at=now or timezone.now(), why_dropped=why.strip()[:300])
        journal.record(events.StatusProposalDropped(proposal=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


# -- telling


def _give_notice(status: HealthStatus, line: StatusLine, row: StatusProposal, now: datetime) -> None:
    """Into the inbox of the person and of whoever stands for them; whoever has none gets it on paper (`hand_over_notice`)."""
    told = notices.tell(
        line.person,
        "status_set",
        about=status.subject,
        link=f"/my/status/{status.pk}/",
        params={
            "colour": bases.COLOUR_WORDS[status.colour],
            "basis": bases.STATUS_BASES[status.basis].name,
            "reason": row.reason,
            "until": timezone.localdate(status.until).isoformat(),
        },
        once=f"status_set:{status.pk}",
    )
    if told:
        status.told_at, status.told_how = now, "message"
        status.save(update_fields=["told_at", "told_how"])


def hand_over_notice(status: HealthStatus, *, officer: Officer, now: datetime | None = None) -> HealthStatus:
    """The printed notice was handed to a person without an account; once."""
    actor = acting(officer, PROPOSES, DECIDES)
    with transaction.atomic():
        waiting = HealthStatus.objects.filter(pk=status.pk, told_at__isnull=True)
        if not waiting.update(told_at=now or timezone.now(), told_how="paper"):
            raise NotAllowed(
                "notice-given-already", _("The person has the notice already."), kept=_("Nothing was changed.")
            )
        journal.record(events.StatusNoticeHandedOver(status=status.pk), subject=status.subject, actor=actor)
        journal.touch(TOPIC)
    status.refresh_from_db()
    return status


A_TURN = 200


@journal.every("statuses that have ended", timedelta(minutes=5))
def tell_ends(now: datetime | None = None, limit: int = A_TURN) -> int:
    """Tell the people whose status has ended by itself, or with its order. It was off at that second; this is only the message."""
    now = now or timezone.now()
    ended = HealthStatus.objects.filter(end_told_at__isnull=True).filter(
        Q(until__lte=now) | Q(order__lifted_at__lte=now) | ~Q(state=StatusState.HOLDS)
    )
    rows = list(ended.select_related("person", "order").order_by("until", "pk")[:limit])
    for row in rows:
        with transaction.atomic():
            if not HealthStatus.objects.filter(pk=row.pk, end_told_at__isnull=True).update(end_told_at=now):
                continue
            if row.state == StatusState.HOLDS:  # who followed or lifted it has told the person
                notices.tell(
                    row.person,
                    "status_ended",
                    about=row.subject,
                    link=f"/my/status/{row.pk}/",
                    params={"colour": bases.COLOUR_WORDS[row.colour]},
                    once=f"status_ended:{row.pk}",
                )
    return len(rows)


# --


def _held(order: int) -> EmergencyOrder:
    return EmergencyOrder.objects.select_for_update(of=("self",)).select_related("area").get(pk=order)


def _in_force(order: EmergencyOrder | None, now: datetime) -> None:
    if order is None or not order.health_colours or not colours.orders_in_force(now).filter(pk=order.pk).exists():
        raise NotAllowed("no-order-in-force", NOT_IN_FORCE, kept=_("Nothing was changed."))


def _follow(people: Iterable[int], order: EmergencyOrder, now: datetime) -> None:
    """What held before ends with this decision (or ended at its own end before)."""
    held = HealthStatus.objects.filter(person__in=list(people), order=order, state__in=FOLLOW_STATUS.sources)
    held.update(state=FOLLOW_STATUS.target, ended_at=Least(F("until"), now))


def _not_oneself(officer: Officer, people: Iterable[int]) -> None:
    if officer.account.person_id is not None and officer.account.person_id in set(people):
        raise NotAllowed("own-case", _("Nobody handles their own case."), kept=_("Nothing was changed."), status=403)
