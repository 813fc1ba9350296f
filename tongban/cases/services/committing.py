"""Deciding on a promise: chosen, signed with the application, granted at once, checked afterwards; what follows when it was false."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, papers, promising, rules, standing
from tongban.cases.models import BrokenPromise, Case, CaseMaterial, Promise
from tongban.cases.moving import acting, again, changed
from tongban.cases.noting import note
from tongban.cases.permission import handler_of
from tongban.cases.procedure_states import (
    BREAK,
    CHOOSE,
    COMMITMENT_CHECK_MONTHS,
    FIND_FALSE,
    FIND_KEPT,
    FIND_TRUE_AFTER_ALL,
    GRANT,
    LEAVE,
    ORDER_PUT_RIGHT,
    PUT_RIGHT_AT_MOST,
    SIGN,
    PromiseState,
)
from tongban.cases.services import hearing
from tongban.cases.states import CaseState, ClockKind
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.parties.models import Account
from tongban.parties.states import Act

FOUND = ("kept", "put_right", "false")


def choose(case: Case, *, account: Account, now: datetime | None = None) -> Promise:
    """Choose to be decided on a promise. Papers that may be promised instead are, until the applicant adds them. Again: the same."""
    now = now or timezone.now()
    _forbid(case)
    with transaction.atomic():
        case = again(case)
        if case.state not in promising.OFFERED_WHILE:
            raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))
        row, made = Promise.objects.get_or_create(case=case, defaults={"account": account, "chosen_at": now})
        if not made and row.state == PromiseState.LEFT:
            make(row, CHOOSE, account=account, chosen_at=now)
        for one in case.materials.select_related("type").filter(how=CaseMaterial.How.MISSING, type__commitment_ok=True):
            one.how, one.trust = CaseMaterial.How.COMMITMENT, "D"
            one.save()
        journal.record(
            events.PromiseChosen(case=case.pk),
            subject=case.subject,
            actor=standing.act_as_applicant(account, case, Act.PREPARE, "choose_promise", now),
        )
        changed(case)
        row.refresh_from_db()
    return row


def leave(case: Case, *, account: Account, now: datetime | None = None) -> None:
    """Back to the ordinary way: what was promised instead of a paper is asked for again."""
    with transaction.atomic():
        case = again(case)
        if case.state not in promising.OFFERED_WHILE:
            raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))
        row = Promise.objects.filter(case=case).exclude(state=PromiseState.LEFT).first()
        if row is None:
            return
        make(row, LEAVE)
        exempt = {one.slug for one in rules.requirements_of(case) if one.exempt == "commitment"}
        for one in case.materials.select_related("type").filter(how=CaseMaterial.How.COMMITMENT):
            if one.type.slug not in exempt:
                one.how = CaseMaterial.How.MISSING
                one.save()
        case.committed = False
        case.save(update_fields=["committed", "updated_at"])
        journal.record(
            events.PromiseLeft(case=case.pk),
            subject=case.subject,
            actor=standing.act_as_applicant(account, case, Act.PREPARE, "leave_promise", now or timezone.now()),
        )
        changed(case)


def wanted(case: Case, *, asked_in_form: bool) -> bool:
    """Whether this application, about to be sent, goes on a promise. Raises Invalid where it may not."""
    row = promising.promise_of(case)
    if row is None and not asked_in_form:
        return False
    reasons = promising.reasons_against(case)
    if reasons:
        raise Invalid(
            "commitment-forbidden",
            _("This application cannot be decided on a promise."),
            errors={"commit" if asked_in_form else "other": reasons},
            kept=_("Your answers are kept."),
            next_step=_("Choose the ordinary way."),
        )
    return True


def sign(case: Case, *, account: Account | None, now: datetime) -> None:
    """The promise is signed with the application, as it was shown; sent again, what is signed last counts. Inside the act of sending."""
    if not case.committed:
        return
    row, _made = Promise.objects.get_or_create(case=case, defaults={"account": account, "chosen_at": now})
    if row.state == PromiseState.LEFT:  # left on its own page, and chosen in the form after all
        make(row, CHOOSE)
    text = promising.text_of(case)
    if row.state == PromiseState.CHOSEN:
        make(row, SIGN, text=text, signed_at=now, account=account)
    else:
        Promise.objects.filter(pk=row.pk, state=PromiseState.SIGNED).update(text=text, signed_at=now)
    papers.make(case, "promise", now=now, paragraphs=text)


def granted(case: Case, now: datetime) -> None:
    """Granted on a promise: the check afterwards is a task of the department from now on. Inside the act of deciding."""
    if not promising.rests_on_one(case):
        return
    row = promising.promise_of(case) or _of_the_whole(case)
    if row is None or row.state != PromiseState.SIGNED:
        return
    today = clocks.local_day(now)
    due = promising.check_due(today)
    make(row, GRANT, check_by=due)
    clocks.start(case, ClockKind.COMMITMENT_CHECK, today, COMMITMENT_CHECK_MONTHS, unit="month")
    journal.record(
        events.PromiseToCheck(case=case.pk, promise=row.pk, due=due.isoformat()), subject=case.subject, actor=PLATFORM
    )


def _of_the_whole(case: Case) -> Promise | None:
    """A member of a bundle rests on the promise that was signed with the whole."""
    if case.parent_id is None:
        return None
    whole = Promise.objects.filter(case_id=case.parent_id, state=PromiseState.SIGNED).first()
    if whole is None:
        return None
    return Promise.objects.create(
        case=case, account=whole.account, state=PromiseState.SIGNED, text=promising.text_of(case),
        chosen_at=whole.chosen_at, signed_at=whole.signed_at,
    )  # fmt: skip


def not_granted(case: Case, now: datetime) -> None:
    """Refused, withdrawn or ended without a grant: there is nothing to check."""
    row = Promise.objects.filter(case=case, state__in=[PromiseState.CHOSEN, PromiseState.SIGNED]).first()
    if row is not None:
        make(row, LEAVE)


def check(
    case: Case,
    *,
    officer: Officer,
    found: str,
    seen: str,
    place: str,
    put_right_days: int = 0,
    ground: str = "",
    now: datetime | None = None,
) -> Promise:
    """What the check found: `kept`, `put_right` (by a day) or `false` (the holder is heard, then the decision is revoked)."""
    now = now or timezone.now()
    if not promising.may_check(officer, case):
        raise NotAllowed(
            "not-your-case",
            _("The check is the department's: an inspector or a reviewer with a certificate."),
            status=403,
        )
    seen, place, ground = seen.strip()[:4000], place.strip()[:300], ground.strip()[:500]
    _told_enough(found, seen, place, put_right_days, ground)
    today = clocks.local_day(now)
    role = "inspector" if "inspector" in officer.roles else "dept_reviewer"
    actor = acting(officer, role)
    with transaction.atomic():
        case = again(case)
        row = Promise.objects.filter(case=case).first()
        if row is None or row.state not in promising.CHECKED_IN:
            raise NotAllowed("nothing-to-check", _("There is no promise to check in this case now."))
        told: dict = {"seen": seen, "place": place, "checked_at": now, "checked_by": officer}
        if found == "kept":
            make(row, FIND_KEPT, **told)
            clocks.stop(case, ClockKind.COMMITMENT_CHECK, today)
            _letter(case, "promise_check", seen, now, {"zh": "经核查，您的情况与承诺一致，无需再做任何事。", "en": "The check found it as you promised. There is nothing more to do."})  # fmt: skip
        elif found == "put_right":
            due = departments.calendar().due(today, put_right_days).day
            make(row, ORDER_PUT_RIGHT, put_right_by=due, put_right_days=put_right_days, **told)
            _letter(case, "put_right_order", seen, now, {"zh": "以下情况与承诺不符，请按期改正；到期我们将再次核查。", "en": "What stands below is not as you promised. Please put it right by the day named; then we look again."},
                    rows=[({"zh": "改正期限", "en": "Put right by"}, due.isoformat() if due else "—")])  # fmt: skip
        else:
            if case.state not in {CaseState.DELIVERED, CaseState.CLOSED}:
                raise NotAllowed(
                    "result-not-delivered",
                    _("The result has not been handed over yet, so there is nothing to revoke."),
                    next_step=_("Record it when the result was delivered, or order it to be put right."),
                )
            make(row, FIND_FALSE, **told)
            clocks.stop(case, ClockKind.COMMITMENT_CHECK, today)
            _letter(case, "promise_check", seen, now, {"zh": "经核查，您的承诺不实。在作出撤销决定之前，您有权陈述、申辩并申请听证。", "en": "The check found that your promise was false. Before the decision is revoked you may say what you have to say, and be heard."})  # fmt: skip
            hearing.offer_for_revocation(case, officer=officer, role=role, reason=seen, ground=ground, now=now)
        note(
            case, f"promise_{found}", actor=actor, officer=officer, now=now, reason=seen[:500],
            what=events.PromiseChecked(case=case.pk, promise=row.pk, found=found),
        )  # fmt: skip
    row.refresh_from_db()
    return row


def true_after_all(case: Case, *, officer: Officer, why: str, now: datetime | None = None) -> Promise:
    """After the hearing the approver leaves the decision as it is."""
    now = now or timezone.now()
    handler = handler_of(officer)
    if "dept_approver" not in handler.roles or handler.department != case.department.code:
        raise NotAllowed("not-your-case", _("This is the approver's of the department."), status=403)
    if not why.strip():
        raise Invalid("reason-missing", _("Say the reason."), errors={"why": [_("Say the reason.")]})
    with transaction.atomic():
        case = again(case)
        hearing.wait_for(case, "revocation")
        row = Promise.objects.filter(case=case, state=PromiseState.FALSE).first()
        if row is None:
            raise NotAllowed("nothing-to-check", _("There is no promise to check in this case now."))
        make(row, FIND_TRUE_AFTER_ALL)
        _letter(case, "promise_check", why.strip(), now, {"zh": "听取您的意见后，决定维持不变。", "en": "After hearing you, the decision stays as it is."})  # fmt: skip
        note(
            case, "promise_kept", actor=acting(officer, "dept_approver"), officer=officer, now=now, reason=why.strip()[:500],
            what=events.PromiseChecked(case=case.pk, promise=row.pk, found="kept"),
        )  # fmt: skip
    row.refresh_from_db()
    return row


def broken(case: Case, *, actor: Actor, reason: str, now: datetime) -> None:
    """The decision was revoked because the promise was false: it stands on the credit record. Inside the act of revoking."""
    row = Promise.objects.filter(case=case, state=PromiseState.FALSE).first()
    if row is None:
        return
    make(row, BREAK)
    BrokenPromise.objects.create(party_id=case.applicant_id, promise=row, at=now, reason=reason)
    journal.record(events.PromiseBroken(case=case.pk, promise=row.pk), subject=case.subject, actor=actor)


def _forbid(case: Case) -> None:
    for reason in promising.reasons_against(case):
        raise NotAllowed("commitment-forbidden", reason, next_step=_("Go on the ordinary way."))


def _told_enough(found: str, seen: str, place: str, days: int, ground: str) -> None:
    errors: dict[str, list] = {}
    if found not in FOUND:
        errors["found"] = [_("Choose what was found.")]
    if len(seen) < 5:
        errors["observed"] = [_("Write what you saw.")]
    if not place:
        errors["place"] = [_("Write where.")]
    if found == "put_right" and not 1 <= days <= PUT_RIGHT_AT_MOST:
        errors["put_right_days"] = [worded(_("Between 1 and %(most)s working days."), most=PUT_RIGHT_AT_MOST)]
    if found == "false" and not ground:
        errors["ground"] = [_("Name the legal ground.")]
    if errors:
        raise Invalid("record-missing", _("Something is still missing."), errors=errors)


def _letter(case: Case, kind: str, seen: str, now: datetime, sentence: dict, rows=()) -> None:
    papers.make(
        case,
        kind,
        now=now,
        paragraphs=[sentence, {"zh": f"核查情况：{seen}", "en": f"What was seen: {seen}"}],
        rows=rows,
    )
