"""The decision: granted or refused by another person than the reviewer, or granted by rule. With it, in one transaction, the licence."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import BigIntegerField, CharField, Exists
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, damage, events, face, hearings, papers, rules
from tongban.cases.models import Case
from tongban.cases.moving import acting, again, go
from tongban.cases.permission import permit
from tongban.cases.services import billing, committing, ending, following, hearing, publishing, tolerating
from tongban.cases.services.intake import _reasoned
from tongban.cases.states import APPROVE, AUTO_APPROVE, ISSUANCE_DAYS, REFUSE, REVOKE, TERMINATE, CaseState, ClockKind
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.composed import composed
from tongban.lib.problems import Invalid, NotAllowed
from tongban.lib.written import keep
from tongban.licences import queries as licence_queries
from tongban.licences import services as licences
from tongban.licences.models import Licence, LicenceType
from tongban.licences.states import LicenceState


def approve(case: Case, *, officer: Officer, now: datetime | None = None) -> Case:
    """Grant, on another officer's opinion. The licence exists when this returns; its PDF follows at once."""
    now = now or timezone.now()
    permit(officer, case, APPROVE)
    with transaction.atomic():
        case = again(case)
        if _something_waits(case=case.pk):
            damage.wait_for(case)
            tolerating.wait_for_papers(case, granting=True)
            hearing.none_running(case)
            publishing.wait_for_answers(case)
        _four_eyes(case, officer)
        _grant(case, APPROVE, acting(officer, "dept_approver"), officer, now, trace={})
    return case


def approve_by_rule(case: Case, *, trace: dict, now: datetime) -> Case:
    """The machine grants: all rules pass. It has no way to refuse."""
    with transaction.atomic():
        case = again(case)
        if case.with_people:
            raise NotAllowed("with-people", _("This case was passed to people."))
        tolerating.wait_for_papers(case, granting=True)
        _grant(case, AUTO_APPROVE, PLATFORM, None, now, trace=trace)
    return case


def refuse(
    case: Case, *, officer: Officer, reason: str, ground: str, english: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Case:  # fmt: skip
    """Refuse with reason, legal ground and ways of appeal, on another officer's opinion."""
    now = now or timezone.now()
    permit(officer, case, REFUSE)
    reason, ground = _reasoned(reason, ground, _("A refusal carries its reason and its legal ground."))
    with transaction.atomic():
        case = again(case)
        damage.wait_for(case)
        tolerating.wait_for_papers(case, granting=False)
        hearing.wait_for(case, "refusal")
        publishing.wait_for_answers(case)
        _four_eyes(case, officer)
        go(
            case, REFUSE, actor=acting(officer, "dept_approver"), officer=officer, now=now, reason=reason,
            what=events.CaseDecided(case=case.pk, outcome=Case.Decision.REFUSED, by_machine=False),
            decision=Case.Decision.REFUSED, decided_at=now, approver=officer,
            ground=papers.worded_reason(ground, english, "ground"),
            claimed_by=None, claimed_at=None,
        )  # fmt: skip
        case.reason = papers.worded_reason(reason, english)
        case.save(update_fields=["reason"])
        clocks.stop_all(case, clocks.local_day(now))
        committing.not_granted(case, now)
        clocks.show(case)
        papers.make(
            case, "refusal", now=now, appeal=True,
            paragraphs=[
                {"zh": "经审查，您的申请不符合法定条件，现决定不予准许。", "en": "After review, your application does not meet what the law asks for and is refused."},
                *papers.reasons(reason, ground, english),
                *hearing.in_the_refusal(case),
                *publishing.in_the_decision(case),
            ],
        )  # fmt: skip
        following.follow(case, now=now, officer=officer)
    return case


def terminate(
    case: Case, *, officer: Officer, reason: str, english: Mapping[str, str] | None = None, now: datetime | None = None
) -> Case:
    """Stop for a legal reason: the person died, the company ended, or the object no longer exists."""
    now = now or timezone.now()
    permit(officer, case, TERMINATE)
    if not reason.strip():
        raise Invalid("reason-missing", _("Say the reason."), errors={"reason": [_("Say the reason.")]})
    with transaction.atomic():
        case = again(case)
        go(
            case, TERMINATE, actor=acting(officer, "dept_approver"), officer=officer, now=now, reason=reason.strip(),
            what=events.CaseEnded(case=case.pk, state=CaseState.TERMINATED), claimed_by=None, claimed_at=None,
        )  # fmt: skip
        clocks.stop_all(case, clocks.local_day(now))
        committing.not_granted(case, now)
        clocks.show(case)
        papers.make(
            case, "termination_notice", now=now, appeal=True,
            paragraphs=[
                {"zh": "出现法律规定的情形，现终止办理本次申请。", "en": "For a reason named by law, this application is ended without a decision."},
                *papers.reasons(reason, english=english),
            ],
        )  # fmt: skip
        following.follow(case, now=now, officer=officer)
    return case


FOR_GOOD = {LicenceState.REVOKED, LicenceState.CANCELLED}


def revoke(
    case: Case, *, officer: Officer, reason: str, ground: str, heard: bool, english: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Case:  # fmt: skip
    """Take the decision back: a false commitment, fraud, or beyond powers. The holder must have been heard; the licence is revoked."""
    now = now or timezone.now()
    permit(officer, case, REVOKE)
    reason, ground = _reasoned(reason, ground, _("Who takes a decision back says the reason and the legal ground."))
    if not heard:
        raise NotAllowed("not-heard", _("The holder must be heard before a decision is revoked."))
    with transaction.atomic():
        case = again(case)
        if hearings.of(case, "revocation") is not None:
            hearing.wait_for(case, "revocation")
        actor = acting(officer, "dept_approver")
        go(
            case, REVOKE, actor=actor, officer=officer, now=now, reason=reason,
            what=events.CaseEnded(case=case.pk, state=CaseState.REVOKED),
        )  # fmt: skip
        licence = edition_in_force(case)
        if licence is not None:
            licences.revoke(licence, reason=reason, actor=actor)
        clocks.stop(case, ClockKind.COMMITMENT_CHECK, clocks.local_day(now))
        committing.broken(case, actor=actor, reason=reason, now=now)
        papers.make(
            case, "revocation", now=now, appeal=True,
            paragraphs=[
                {"zh": "听取您的意见后，现决定撤销原准予决定。", "en": "After hearing you, the decision that granted your application is revoked."},
                *papers.reasons(reason, ground, english),
            ],
            rows=[({"zh": "随之撤销的证照", "en": "Licence revoked with it"}, licence.identifier)] if licence else [],
        )  # fmt: skip
        following.follow(case, now=now, officer=officer)
    return case


def edition_in_force(case: Case) -> Licence | None:
    """The licence that stands on this decision now: the one it made, or what a correction, change or renewal made of it. None where it is over
    already, or where the same was granted anew: that is a decision of its own, to be taken back on its own.
    """
    row = case.licence
    while row is not None and row.state == LicenceState.SUPERSEDED:
        row = row.next.order_by("-pk").first()
        if row is not None and Case.objects.filter(licence=row, matter=case.matter_id).exclude(pk=case.pk).exists():
            return None
    return row if row is not None and row.state not in FOR_GOOD else None


# --


@composed(case=BigIntegerField())
def _something_waits(case):
    """Of nearly no case: a paper that is damaged or still to come, a hearing, an objection. Each then says what it waits for."""
    return Case.objects.filter(
        Exists(damage.of(case))
        | Exists(tolerating.unsettled(case))
        | Exists(hearings.not_over(case))
        | Exists(publishing.unanswered(case)),
        pk=case,
    ).values_list("pk", flat=True)


def _four_eyes(case: Case, officer: Officer) -> None:
    for reason in rules.reasons_against_approving(case, officer.pk):
        raise NotAllowed("four-eyes", reason, next_step=_("Ask the reviewer of the department."))


def _grant(case: Case, step, actor: Actor, officer: Officer | None, now: datetime, *, trace: dict) -> None:
    machine = officer is None
    go(
        case, step, actor=actor, officer=officer, now=now,
        what=events.CaseDecided(case=case.pk, outcome=Case.Decision.GRANTED, by_machine=machine),
        decision=Case.Decision.GRANTED, decided_at=now, decided_by_machine=machine, approver=officer,
        claimed_by=None, claimed_at=None,
    )  # fmt: skip
    today = clocks.local_day(now)
    clocks.stop_all(case, today)
    clocks.say(case, [clocks.start(case, ClockKind.ISSUANCE, today, ISSUANCE_DAYS)])
    committing.granted(case, now)
    case.rules_trace = trace or case.rules_trace
    ending.after_grant(case, now=now)
    case.licence = _issue_licence(case, actor, now)
    keep(case, "rules_trace", "licence", *clocks.SHOWN)
    papers.make(
        case, "decision", now=now,
        paragraphs=[
            {
                "zh": "经审查，您的申请符合规定条件，现决定准予。" if not machine else "经系统按公开规则核验，您的申请全部符合条件，现决定准予。",
                "en": "After review, your application meets the conditions and is granted."
                if not machine
                else "Checked by published rules, your application meets every condition and is granted.",
            },
            *publishing.in_the_decision(case),
        ],
        rows=[
            *([({"zh": "证照编号", "en": "Licence"}, case.licence.identifier)] if case.licence else []),
            *([({"zh": "证照有效期至", "en": "Valid until"}, case.licence.valid_to.isoformat())] if case.licence and case.licence.valid_to else []),
        ],
    )  # fmt: skip
    if not billing.charge(case, billing.AFTER_APPROVAL, actor=actor, now=now):
        journal.enqueue("cases.issue", once=f"issue:{case.pk}", case=case.pk)
    following.follow(case, now=now, officer=officer)


@composed(slug=CharField())
def _kind_of(slug):
    return LicenceType.objects.select_related("issuer").filter(slug=slug)


GOES_ON = ("-endorse", "-renew", "-change", "-update", "-replace")


def _edition_before(case: Case, kind: LicenceType, today: date) -> Licence | None:
    """The licence in force that this decision replaces: the holder's only one of this kind; of a kind of which a holder may have several (a
    permit for each shop, a certificate for each child) the one about the same, else the one that is renewed or that the answers came from."""
    newest = licence_queries.in_force(case.applicant, kind.slug, today)
    if newest is None or not kind.told_apart_by:
        return newest
    asked = face.face_for(case, kind, issued_on=today, valid_to=None, before=None)
    same = licence_queries.told_apart(case.applicant, kind, asked, today)
    if same is not None:
        return same
    sources = {held.get("given_source") or held.get("source", "") for held in case.values.values()}
    return newest if f"licence:{kind.slug}" in sources or case.matter.slug.endswith(GOES_ON) else None


def _issue_licence(case: Case, actor: Actor, now: datetime):
    """The licence this decision grants, if its result is one. The one in force that it goes on from is replaced."""
    result = case.version.result or {}
    if result.get("kind") != "e_licence":
        return None
    kind = next(iter(_kind_of(slug=result.get("ref") or "")), None)
    if kind is None:
        return None
    today = clocks.local_day(now)
    before = _edition_before(case, kind, today)
    begins = today
    if (
        before is not None
        and before.valid_to
        and before.valid_to > today
        and case.matter.slug.endswith(("-endorse", "-renew"))
    ):
        begins = before.valid_to  # renewed before its end: no day is lost
    first, ends = rules.licence_term(case, kind.validity, begins)
    return licences.issue(
        kind,
        holder=case.applicant,
        face=face.face_for(case, kind, issued_on=today, valid_to=ends, before=before),
        decision=case.subject,
        issued_on=today,
        valid_from=today if first == begins else first,
        valid_to=ends,
        actor=actor,
        previous=before,
        now=now,
    )
