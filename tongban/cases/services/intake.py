"""Sending, pre-review, acceptance, correction: everything up to the yes or no to handle the application."""

from collections.abc import Mapping
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.cases import (
    barring,
    clocks,
    damage,
    events,
    only_one,
    papers,
    planning,
    promising,
    queries,
    rules,
    standing,
)
from tongban.cases.models import Case, CaseMaterial, CaseNumber, Finding, Visit
from tongban.cases.moving import acting, again, go
from tongban.cases.permission import permit
from tongban.cases.services import (
    billing,
    committing,
    cosigning,
    drafting,
    following,
    one_promise,
    pre_reviewing,
    tolerating,
)
from tongban.cases.services.at_window import Signature, has_signed, keep_signature, may_prepare
from tongban.cases.states import (
    ACCEPT,
    ACCEPTANCE_DAYS,
    AUTO_ACCEPT,
    CORRECT,
    DEEM_ACCEPTED,
    HAND_IN,
    LAPSE,
    NOT_ACCEPT,
    PRE_REVIEW_DAYS,
    PRE_REVIEW_PASS,
    PRE_REVIEW_RETURN,
    PRE_REVIEW_START,
    RESUBMIT,
    SKIP_PRE_REVIEW,
    START_REVIEW,
    SUBMIT,
    WITH_APPLICANT,
    WITHDRAW,
    CaseState,
    ClockKind,
)
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.identifiers import case_number
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import services as licences
from tongban.materials import services as documents
from tongban.parties.models import Account
from tongban.parties.states import Act


def submit(
    case: Case, *, account: Account, level: int, key: str, remark: str = "", now: datetime | None = None
) -> Case:
    """Send a draft; `level` is how surely the person stands here now (domain.md 3.2: signing needs 3).

    Exactly once, however often it is asked, with the same key or another: the second time answers the same case.

    Raises Invalid with everything that is missing; nothing of the draft is lost.
    """
    now = now or timezone.now()
    if case.state != CaseState.DRAFT and case.number and case.account_id == account.pk:
        return case
    if case.state == CaseState.DRAFT:
        barring.refuse_if_barred(case, today=clocks.local_day(now))
    sent: list[Case] = []

    def send() -> str:
        sent.append(_submit(case, account, level, now, remark))
        return str(case.pk)

    journal.once("submit", f"{case.pk}:{key}", send)
    if sent:  # as it was written a moment ago
        case.__dict__.update({one.attname: getattr(sent[0], one.attname) for one in Case._meta.concrete_fields})
    else:
        case.refresh_from_db()
    return case


def _submit(case: Case, account: Account, level: int, now: datetime, remark: str = "") -> Case:
    case = again(case)
    if case.state != CaseState.DRAFT:
        return case
    drafting.refuse_closed(case.applicant)
    actor = standing.act_as_applicant(account, case, Act.SUBMIT, "submit", now)
    handed_in = list(case.materials.select_related("type"))
    lacking = rules.missing(case, handed_in, level=level)
    if lacking:
        raise Invalid(
            "not-complete", _("Something is still missing."), errors=_named(lacking), kept=_("Your draft is kept.")
        )
    cosigning.stand(case)
    only_one.count(case, now)
    received = clocks.receipt_day(case, now)
    number = take_number(clocks.local_day(now))
    cleaned = rules.checked(case).values
    reckoned = rules.with_results(case, case.values, now)
    values = {field: held for field, held in reckoned.items() if field in cleaned}
    go(
        case, SUBMIT, actor=actor, account=account, now=now, what=events.CaseSubmitted(case=case.pk),
        number=number, submitted_at=now, received_on=received, values=values, expires_at=None, signed_how=Case.Signed.ONLINE,
        delivery=(cleaned.get("delivery") or "")[:12],
        committed=committing.wanted(case, asked_in_form=bool(cleaned.get("commit"))),
    )  # fmt: skip
    committing.sign(case, account=account, now=now)
    if any(row.how in {CaseMaterial.How.UPLOAD, CaseMaterial.How.LICENCE} for row in handed_in):
        hand_in_papers(case, actor)
    if any(row.how == CaseMaterial.How.UPLOAD for row in handed_in) or case.machine_findings.exists():
        _look_once_more(case, remark, now)
    clocks.start(case, ClockKind.PRE_REVIEW, received, PRE_REVIEW_DAYS)
    promise(case, received)
    papers.make(
        case, "submission_receipt", now=now,
        paragraphs=[{"zh": "您的申请已经提交，我们已收到以下内容。", "en": "Your application was sent and has reached us."}],
        rows=[
            ({"zh": "提交时间", "en": "Sent"}, timezone.localtime(now).strftime("%Y-%m-%d %H:%M")),
            ({"zh": "收件日", "en": "Day of receipt"}, received.isoformat()),
            ({"zh": "承诺办结", "en": "Promised by"}, case.promised_due.isoformat() if case.promised_due else "—"),
            *([({"zh": "代办人", "en": "Sent for the applicant by"}, account.person.name)] if actor.role == "agent" and account.person else []),
            *(({"zh": "共同签署", "en": "Signed, too, by"}, row.name) for row in case.signers.filter(state="signed")),
            *planning.numbered(case),
            *((row.type.name, str(row.get_how_display())) for row in handed_in),
        ],
    )  # fmt: skip
    return case


def hand_in(
    case: Case,
    *,
    officer: Officer,
    signed: Signature,
    visit: Visit | None = None,
    received_on: date | None = None,
    now: datetime | None = None,
) -> Case:
    """A window takes in a draft that the applicant signed: received at once, without pre-review.

    With a `visit` the applicant stands here; without one it came by post and counts from the day it reached the office.
    """
    now = now or timezone.now()
    permit(officer, case, HAND_IN)
    if visit is not None:
        may_prepare(case, visit, now)
    elif received_on is None:
        raise NotAllowed("nobody-here", _("Nobody was compared with a document for this application."), status=403)
    with transaction.atomic():
        case = again(case)
        drafting.refuse_closed(case.applicant)
        lacking = rules.missing(case, list(case.materials.select_related("type")), level=rules.SIGNING_LEVEL)
        if lacking.fields or lacking.others:
            raise Invalid(
                "not-complete", _("Something is still missing."), errors=_named(lacking), kept=_("The draft is kept.")
            )
        has_signed(case, signed, now)
        if visit is not None:
            standing.sign_at_window(visit.person, case, now)
        cosigning.stand(case)
        only_one.count(case, now)
        day = received_on or clocks.local_day(now)
        actor, cleaned = acting(officer, "window_officer"), rules.checked(case).values
        go(
            case, HAND_IN, actor=actor, officer=officer, now=now,
            what=events.CaseHandedIn(case=case.pk), number=take_number(clocks.local_day(now)), submitted_at=now,
            received_on=day, expires_at=None, prepared_by=officer, signed_how=signed.how,
            paper_kept=signed.kept.strip()[:120], channel=Case.Channel.WINDOW if visit else Case.Channel.POST,
            values={field: held for field, held in case.values.items() if field in cleaned},
            delivery=(cleaned.get("delivery") or "")[:12],
            committed=committing.wanted(case, asked_in_form=bool(cleaned.get("commit"))),
        )  # fmt: skip
        case.hands.filter(ended_at__isnull=True).update(ended_at=now, ended_by="sent", code_index="")
        keep_signature(case, signed, officer=officer, now=now)
        committing.sign(case, account=case.account, now=now)
        hand_in_papers(case, actor)
        clocks.start(case, ClockKind.ACCEPTANCE, day, ACCEPTANCE_DAYS)
        promise(case, clocks.local_day(now))
        following.receive(case, now=now)
        papers.make(
            case, "materials_receipt", now=now,
            paragraphs=[
                {"zh": "窗口已收到您的申请材料。", "en": "The window has taken in your papers."}
                if visit
                else {"zh": "您邮寄的申请材料已收到并登记。", "en": "Your papers have arrived by post and are registered."}
            ],
            rows=[
                ({"zh": "收件日", "en": "Day of receipt"}, day.isoformat()),
                ({"zh": "签字方式", "en": "How it was signed"}, SIGNED_WORDS[signed.how]),
                ({"zh": "承诺办结", "en": "Promised by"}, case.promised_due.isoformat() if case.promised_due else "—"),
                *planning.numbered(case),
                *((row.type.name, str(row.get_how_display())) for row in case.materials.select_related("type")),
            ],
        )  # fmt: skip
    return case


SIGNED_WORDS: dict[str, str] = {
    Case.Signed.PAPER: "本人在纸上签字 on paper, by hand",
    Case.Signed.PHONE: "本人手机确认码 by a code on the own phone",
    Case.Signed.GLASS: "本人在窗口手写屏签字 on the glass of the window, by hand",
}


def start_pre_review(
    case: Case, *, actor: Actor = PLATFORM, officer: Officer | None = None, now: datetime | None = None
):
    """Begin the look before acceptance; matters without pre-review are received straight away."""
    now = now or timezone.now()
    if officer is not None:
        permit(officer, case, PRE_REVIEW_START)
        actor = acting(officer, "pre_reviewer")
    with transaction.atomic():
        case = again(case)
        if case.version.pre_review:
            go(case, PRE_REVIEW_START, actor=actor, officer=officer, now=now)
        else:
            go(case, SKIP_PRE_REVIEW, actor=PLATFORM, now=now)
            _received(case, now)
    return case


def pass_pre_review(case: Case, *, officer: Officer | None = None, now: datetime | None = None) -> Case:
    now = now or timezone.now()
    if officer is not None:
        permit(officer, case, PRE_REVIEW_PASS)
    actor = acting(officer, "pre_reviewer") if officer else PLATFORM
    with transaction.atomic():
        case = again(case)
        go(case, PRE_REVIEW_PASS, actor=actor, officer=officer, now=now, claimed_by=None, claimed_at=None)
        _received(case, now)
    return case


def return_from_pre_review(
    case: Case, findings: list[dict], *, officer: Officer | None = None, now: datetime | None = None
) -> Case:
    """Give the application back with everything that should be changed. `findings`: [{"field"|"material", "page", "text"}]."""
    now = now or timezone.now()
    if officer is not None:
        permit(officer, case, PRE_REVIEW_RETURN)
    actor = acting(officer, "pre_reviewer") if officer else PLATFORM
    findings = checked_findings(case, findings)
    with transaction.atomic():
        case = again(case)
        go(
            case, PRE_REVIEW_RETURN, actor=actor, officer=officer, now=now,
            what=events.PreReviewReturned(case=case.pk), claimed_by=None, claimed_at=None,
        )  # fmt: skip
        clocks.stop(case, ClockKind.PRE_REVIEW, clocks.local_day(now))
        clocks.show(case)
        write_findings(case, "pre_review", findings, now)
        papers.make(
            case, "pre_review_notice", now=now, paragraphs=as_paragraphs(case, findings),
            before=queries.as_it_stood(case),
        )  # fmt: skip
    return case


def resubmit(case: Case, *, account: Account, level: int, remark: str = "", now: datetime | None = None) -> Case:
    """Send again after pre-review gave it back: every finding answered (by a change or by ticking it off)."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        actor = standing.act_as_applicant(account, case, Act.SUBMIT, "resubmit", now)
        all_answered(case)
        complete(case, level)
        cosigning.stand(case)
        only_one.count(case, now)
        received = clocks.receipt_day(case, now)
        go(
            case, RESUBMIT, actor=actor, account=account, now=now,
            what=events.CaseSubmitted(case=case.pk), received_on=received, committed=_on_a_promise(case),
        )  # fmt: skip
        committing.sign(case, account=account, now=now)
        hand_in_papers(case, actor)
        _look_once_more(case, remark, now)
        clocks.start(case, ClockKind.PRE_REVIEW, received, PRE_REVIEW_DAYS)
        promise(case, received)
    return case


def answer_finding(
    case: Case, finding: int, *, account: Account, answer: str = "", now: datetime | None = None
) -> None:
    """The applicant says that this point is right as it is, or done, and may say why."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        if case.state not in WITH_APPLICANT:
            raise NotAllowed("not-in-this-state", _("Nothing is asked of you now."), kept=_("Nothing was changed."))
        standing.prepare(account, case, now)
        open_ = case.findings.filter(pk=finding)
        if (
            not open_.filter(answered_at__isnull=True).update(answered_at=now, answer=answer.strip()[:1000])
            and answer.strip()
        ):
            open_.update(answer=answer.strip()[:1000])


def accept(case: Case, *, officer: Officer, supply_days: int = 0, now: datetime | None = None) -> Case:
    """Formal yes: the decision clocks start. Refused while a required material is missing and no commitment was signed.

    What may follow later has to come within `supply_days` working days (five, if the officer names no other), before the decision.
    """
    now = now or timezone.now()
    permit(officer, case, ACCEPT)
    with transaction.atomic():
        case = again(case)
        lacking = following.lacking(case)
        if lacking and not case.committed:
            raise NotAllowed("materials-missing", _("A required document is missing: ask for correction instead."))
        damage.wait_for(case)
        _accept(case, ACCEPT, acting(officer, "window_officer"), officer, clocks.local_day(now), now, deemed=False)
        tolerating.tolerate(case, officer=officer, days=supply_days, now=now)
    return case


def auto_accept(case: Case, *, now: datetime | None = None) -> Case:
    """The machine accepts when the form is valid and every required material is there."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        if rules.missing(case, list(case.materials.all()), level=rules.SIGNING_LEVEL) or tolerating.later(case):
            raise NotAllowed("not-complete", _("The machine accepts only what is complete."))
        # at night or on a Sunday too: counted from the day of receipt, as the applicant was told before sending
        _accept(case, AUTO_ACCEPT, PLATFORM, None, clocks.day_of_act(case, now), now, deemed=False)
    return case


def deem_accepted(case: Case, *, now: datetime) -> Case:
    """Five working days of silence: accepted, and the decision counts from the day of receipt (Administrative Licensing Law, art. 32)."""
    with transaction.atomic():
        case = again(case)
        clock = case.clocks.filter(kind=ClockKind.ACCEPTANCE, stopped_on__isnull=True).first()
        if clock is None or clocks.local_day(now) <= clock.due:
            raise NotAllowed("too-early", _("The time for acceptance is not over yet."))
        _accept(case, DEEM_ACCEPTED, PLATFORM, None, clock.started_on, now, deemed=True)
        tolerating.tolerate(case, officer=None, days=0, now=now)
    return case


def correct(case: Case, *, account: Account, level: int, remark: str = "", now: datetime | None = None) -> Case:
    """The applicant has supplied everything listed: the five days for acceptance begin again."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        actor = standing.act_as_applicant(account, case, Act.SUBMIT, "correct", now)
        all_answered(case)
        complete(case, level)
        cosigning.stand(case)
        only_one.count(case, now)
        received = clocks.receipt_day(case, now)
        go(
            case, CORRECT, actor=actor, account=account, now=now,
            what=events.CaseCorrected(case=case.pk), received_on=received, committed=_on_a_promise(case),
        )  # fmt: skip
        committing.sign(case, account=account, now=now)
        hand_in_papers(case, actor)
        _look_once_more(case, remark, now)
        clocks.stop(case, ClockKind.APPLICANT_CORRECTION, clocks.local_day(now))
        clocks.start(case, ClockKind.ACCEPTANCE, received, ACCEPTANCE_DAYS)
        promise(case, received)
    return case


def lapse(case: Case, *, now: datetime) -> Case:
    """Nothing was supplied in time, after two reminders."""
    with transaction.atomic():
        case = again(case)
        clock = case.clocks.filter(kind=ClockKind.APPLICANT_CORRECTION, stopped_on__isnull=True).first()
        if clock is None or clocks.local_day(now) <= clock.due:
            raise NotAllowed("too-early", _("The time for correction is not over yet."))
        go(
            case, LAPSE, actor=PLATFORM, now=now, what=events.CaseEnded(case=case.pk, state=CaseState.LAPSED),
        )  # fmt: skip
        clocks.stop_all(case, clocks.local_day(now))
        committing.not_granted(case, now)
        clocks.show(case)
        papers.make(
            case, "lapse_notice", now=now,
            paragraphs=[
                {
                    "zh": "您未在期限内补正材料，本次申请已结束。您可以随时重新申请，已填写的内容仍可使用。",
                    "en": "The missing items were not supplied in time, so this application has ended. You may apply again at any time.",
                }
            ],
        )  # fmt: skip
        following.follow(case, now=now)
    return case


def not_accept(
    case: Case, *, officer: Officer, reason: str, ground: str, english: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Case:  # fmt: skip
    """Formal no: not needed, or not within this authority (the reason names the right one). With ground and ways of appeal."""
    now = now or timezone.now()
    permit(officer, case, NOT_ACCEPT)
    reason, ground = _reasoned(reason, ground, _("Who does not accept says the reason and the legal ground."))
    with transaction.atomic():
        case = again(case)
        go(
            case, NOT_ACCEPT, actor=acting(officer, "window_officer"), officer=officer, now=now, reason=reason,
            what=events.CaseNotAccepted(case=case.pk), decision=Case.Decision.NOT_ACCEPTED, decided_at=now,
            ground=papers.worded_reason(ground, english, "ground"),
        )  # fmt: skip
        case.reason = papers.worded_reason(reason, english)
        case.save(update_fields=["reason"])
        clocks.stop_all(case, clocks.local_day(now))
        committing.not_granted(case, now)
        clocks.show(case)
        papers.make(
            case, "non_acceptance", now=now, appeal=True,
            paragraphs=[
                {"zh": "经审查，您的申请不符合受理条件，现决定不予受理。", "en": "After examination your application cannot be accepted."},
                *papers.reasons(reason, ground, english),
            ],
        )  # fmt: skip
        following.follow(case, now=now, officer=officer)
    return case


def withdraw(case: Case, *, account: Account, reason: str = "", now: datetime | None = None) -> Case:
    """The applicant takes the application back, at any time before a decision."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        following.may_withdraw(case)
        go(
            case, WITHDRAW, actor=standing.act_as_applicant(account, case, Act.SUBMIT, "withdraw", now), account=account, now=now, reason=reason[:500],
            what=events.CaseEnded(case=case.pk, state=CaseState.WITHDRAWN),
        )  # fmt: skip
        clocks.stop_all(case, clocks.local_day(now))
        committing.not_granted(case, now)
        clocks.show(case)
        papers.make(
            case, "withdrawal_record", now=now,
            paragraphs=[
                {"zh": "您已撤回本次申请，办理就此结束。", "en": "You have withdrawn this application; nothing more is done about it."},
                {"zh": "您可以随时重新申请，已填写的内容仍可使用。", "en": "You may apply again at any time; what you filled in can be used again."},
            ],
            rows=[
                ({"zh": "撤回时间", "en": "Withdrawn"}, timezone.localtime(now).strftime("%Y-%m-%d %H:%M")),
                *([(({"zh": "撤回原因", "en": "Why"}), papers.both(reason[:500]))] if reason.strip() else []),
            ],
        )  # fmt: skip
        following.follow(case, now=now, account=account)
    return case


def take_number(day: date) -> str:
    """The next case number of the district for a day; called inside the transaction of whoever needs it."""
    division = settings.TONGBAN_DISTRICT[:6]
    table = CaseNumber._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(  # the row is ours from here until the commit
            f"INSERT INTO {table} (division, day, last) VALUES (%s, %s, 1) "  # noqa: S608
            f"ON CONFLICT (division, day) DO UPDATE SET last = {table}.last + 1 RETURNING last",
            [division, connection.ops.adapt_datefield_value(day)],
        )
        return case_number(division, day, cursor.fetchone()[0])


# --


def _received(case: Case, now: datetime) -> None:
    running = clocks.stop(case, ClockKind.PRE_REVIEW, clocks.local_day(now))
    running.append(clocks.start(case, ClockKind.ACCEPTANCE, clocks.day_of_act(case, now), ACCEPTANCE_DAYS))
    clocks.show(case, running)
    following.receive(case, now=now)


def _accept(case: Case, step, actor: Actor, officer, counted_from: date, now: datetime, *, deemed: bool) -> None:
    version = case.version
    go(
        case, step, actor=actor, officer=officer, now=now, what=events.CaseAccepted(case=case.pk, deemed=deemed),
        accepted_at=now, claimed_by=None, claimed_at=None,
    )  # fmt: skip
    running = clocks.stop(case, ClockKind.ACCEPTANCE, clocks.local_day(now))
    promised = promising.decided_within(case)
    if promised is not None:
        running.append(clocks.start(case, ClockKind.DECISION_PROMISED, counted_from, promised, version.time_unit))
    if version.statutory_days and not planning.is_bundle(case):  # its members have their own
        running.append(
            clocks.start(case, ClockKind.DECISION_STATUTORY, counted_from, version.statutory_days, version.time_unit)
        )
    clocks.show(case, running)
    papers.make(
        case, "deemed_acceptance_notice" if deemed else "acceptance_notice", now=now,
        paragraphs=[
            {"zh": "您的申请符合受理条件，现予受理。", "en": "Your application meets the conditions and is accepted."}
            if not deemed
            else {
                "zh": "自收到申请材料之日起5个工作日内未作告知，依法视为受理，办理期限自收到之日起计算。",
                "en": "No notice was given within 5 working days, so by law the application counts as accepted from the day of receipt.",
            }
        ],
        rows=[
            ({"zh": "承诺办结", "en": "Promised by"}, case.promised_due.isoformat() if case.promised_due else "—"),
            ({"zh": "法定期限", "en": "By law at the latest"}, case.statutory_due.isoformat() if case.statutory_due else "—"),
            *planning.numbered(case),
        ],
    )  # fmt: skip
    if planning.is_bundle(case):
        following.accept_members(case, step, actor, officer, counted_from, now, deemed=deemed)
        return
    billing.charge(case, billing.AT_ACCEPTANCE, actor=actor, now=now)
    if case.parent_id:
        one_promise.follow_part(case)
        following.take_turns(case)
    else:
        journal.enqueue("cases.start_review", once=f"start_review:{case.pk}:{case.corrections}", case=case.pk)


@journal.carrier("cases.start_review")
def start_review(case: int) -> None:
    """Route an accepted case to the review office of its department. A second time does nothing."""
    with transaction.atomic():
        row = again(Case(pk=case))
        if row.state == CaseState.ACCEPTED:
            go(row, START_REVIEW, actor=PLATFORM, now=timezone.now())


def promise(case: Case, received: date) -> None:
    """Before acceptance the applicant sees what to expect if everything is in order: as if accepted on the day of receipt."""
    expected = clocks.expected_from(case, received)
    case.promised_due = expected["promised"].day if expected["promised"] else None
    case.statutory_due = expected["statutory"].day if expected["statutory"] else None
    case.provisional = any(due.provisional for due in (expected["promised"], expected["statutory"]) if due)
    clocks.show(case)


def _on_a_promise(case: Case) -> bool:
    return committing.wanted(case, asked_in_form=bool(rules.checked(case).values.get("commit")))


def hand_in_papers(case: Case, actor: Actor) -> None:
    """What stands in for paper and what was uploaded goes to the office: licences are called for this case, seen by their
    holder; uploaded documents cannot be changed any more."""
    for row in case.materials.select_related("document").filter(how=CaseMaterial.How.UPLOAD):
        if row.document is not None:  # uploaded_material_has_its_document
            documents.hand_in(row.document, actor=actor)
    for row in case.materials.select_related("licence", "licence__type").filter(how=CaseMaterial.How.LICENCE):
        if row.licence is not None:  # licensed_material_has_its_licence
            licences.call(
                row.licence, about=case.subject, matter=case.matter.slug, purpose="application",
                fields=list(row.licence.type.face_fields), actor=actor,
            )  # fmt: skip


def _look_once_more(case: Case, remark: str, now: datetime) -> None:
    """What the machine noticed is brought up to the answers that are sent, and keeps what the applicant says to it."""
    pre_reviewing.look_over(case, now=now)
    pre_reviewing.leave_remark(case, remark)


def complete(case: Case, level: int) -> None:
    lacking = rules.missing(case, list(case.materials.select_related("type")), level=level)
    if lacking:
        raise Invalid(
            "not-complete", _("Something is still missing."), errors=_named(lacking), kept=_("Your answers are kept.")
        )


def all_answered(case: Case) -> None:
    if case.findings.filter(answered_at__isnull=True).exists():
        raise NotAllowed(
            "findings-open",
            _("Some of the listed points are not answered yet."),
            kept=_("Your answers are kept."),
            next_step=_("Change what is marked, or tick the point if it is right as it is."),
        )


def _named(lacking: rules.Missing) -> dict:
    errors = {field: list(reasons) for field, reasons in lacking.fields.items()}
    for row in lacking.materials:
        errors[f"material:{row.type.slug}"] = [_("This document is still missing.")]
    if lacking.others:
        errors["other"] = list(lacking.others)
    return errors


def checked_findings(case: Case, findings: list[dict]) -> list[dict]:
    """Findings name a field of the form or a material of the case, and say in words what is wrong."""
    fields = {field["id"] for field in planning.form_of(case)}
    slugs = set(case.materials.values_list("type__slug", flat=True))
    good = [
        {**one, "text": one["text"].strip()}
        for one in findings
        if one.get("text", "").strip() and (one.get("field") in fields or one.get("material") in slugs)
    ]
    if not good:
        raise Invalid(
            "no-finding", _("Mark at least one field or document and say what is wrong with it."),
            errors={"findings": [_("Mark at least one field or document.")]},
        )  # fmt: skip
    return good


def write_findings(case: Case, kind: str, findings: list[dict], now: datetime) -> int:
    """The points of one notice; answers the number of its round."""
    case.findings.filter(answered_at__isnull=True).update(answered_at=now)
    number = (case.findings.order_by("-round").values_list("round", flat=True).first() or 0) + 1
    Finding.objects.bulk_create(
        Finding(
            case=case, round=number, kind=kind, field=one.get("field") or "", material=one.get("material") or "",
            page=one.get("page"), text=one["text"], words=one.get("words"), created_at=now,
        )
        for one in findings
    )  # fmt: skip
    pre_reviewing.take_up(case, findings, now)
    return number


def as_paragraphs(case: Case, findings: list[dict]) -> list[dict]:
    """Each finding as the notice says it: which field or document, which page, what is wrong."""
    fields = {one.id: one.label for one in rules.form_of(case)}
    named = {row.type.slug: row.type.name for row in case.materials.select_related("type")}
    said = []
    for number, one in enumerate(findings, 1):
        what = fields.get(one.get("field") or "") or named.get(one.get("material") or "") or {"zh": "", "en": ""}
        zh, en = what.get("zh") or what.get("en", ""), what.get("en") or what.get("zh", "")
        if one.get("page"):
            zh, en = f"{zh}第{one['page']}页", f"{en}, page {one['page']}"
        asked = planning.asking_members(case, field=one.get("field") or "", material=one.get("material") or "")
        if asked:
            zh += f"（{'；'.join(each.name['zh'] for each in asked)}）"
            en += f" ({'; '.join(each.name['en'] for each in asked)})"
        words = one.get("words") or {"zh": one["text"], "en": one["text"]}
        said.append({"zh": f"{number}. {zh}：{words['zh']}", "en": f"{number}. {en}: {words['en']}"})
    return said


def _reasoned(reason: str, ground: str, sentence: Promise) -> tuple[str, str]:
    reason, ground = reason.strip(), ground.strip()
    errors = {}
    if not reason:
        errors["reason"] = [_("Say the reason in words the applicant understands.")]
    if not ground:
        errors["ground"] = [_("Name the legal ground.")]
    if errors:
        raise Invalid("reason-missing", sentence, errors=errors)
    return reason, ground
