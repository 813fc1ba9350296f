"""Taking a permit away: the department says what it means to do and why, the holder is heard, another officer decides.

An urgent suspension holds from the beginning; whoever decides later confirms it or lifts it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments.models import Department, Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.licences import bases, events, industry, items, services
from tongban.licences.models import Licence, LicenceAct, LicenceItem, Proceeding
from tongban.licences.proceeding_states import ANSWER_WITHIN_DAYS, CARRY_OUT, DROP, ProceedingState
from tongban.licences.states import RESUME, REVOKE, SUSPEND
from tongban.notices import services as notices
from tongban.parties.models import Account, Membership

OPENS = {"dept_reviewer", "dept_approver"}
DECIDES = "dept_approver"
LONGEST = 2000
MOVES = {Proceeding.Aim.SUSPEND: SUSPEND, Proceeding.Aim.REVOKE: REVOKE}
AIMS: dict[str, Bilingual] = {
    Proceeding.Aim.SUSPEND: {"zh": "暂停", "en": "suspend"},
    Proceeding.Aim.REVOKE: {"zh": "撤销", "en": "revoke"},
}


def open_proceeding(
    licence: Licence,
    *,
    aim: str,
    reason: str,
    officer: Officer,
    basis: str = bases.SECTOR,
    ground: str = "",
    item: LicenceItem | None = None,
    urgent: bool = False,
    now: datetime | None = None,
) -> Proceeding:
    """Tell the holder what is meant and why; the days for answering begin. `urgent`: suspended at once, heard afterwards."""
    now = now or timezone.now()
    errors = {}
    if aim not in Proceeding.Aim.values:
        errors["aim"] = [_("Please choose one of the two.")]
    if not reason.strip():
        errors["reason"] = [_("Say the facts and the reason. The holder reads exactly this.")]
    chosen = bases.find(aim, basis) if not errors.get("aim") else bases.named(basis)
    if chosen is None:
        errors["basis"] = [_("Choose the legal basis from the list.")]
    elif chosen.code == bases.SECTOR and not ground.strip():
        errors["ground"] = [_("Name the law and the article.")]
    if urgent and aim != Proceeding.Aim.SUSPEND:
        errors["urgent"] = [_("Only a suspension can be urgent: a revocation always waits for the holder's answer.")]
    if chosen is None or errors:
        raise Invalid(
            "proceeding-incomplete", errors=errors, kept=_("Nothing was changed. What you typed is still here.")
        )
    may(officer, _issuer(licence, item), licence, OPENS if not urgent else {DECIDES})
    state = item.state if item is not None else licence.state
    if not MOVES[Proceeding.Aim(aim)].may_start_from(state):
        raise NotAllowed(
            "not-in-this-state", _("Its present state does not allow this."), kept=_("Nothing was changed.")
        )
    until = departments.calendar().due(timezone.localdate(now), ANSWER_WITHIN_DAYS).day or timezone.localdate(now)
    actor = acting(officer)
    try:
        with transaction.atomic():
            row = Proceeding.objects.create(
                licence=licence,
                item=item,
                aim=aim,
                urgent=urgent,
                reason=reason.strip()[:LONGEST],
                ground=chosen.said(ground.strip())[:300],
                opened_by=officer,
                opened_at=now,
                answer_until=until,
            )
            if urgent:
                _carry(row, actor, now)
            journal.record(
                events.ProceedingOpened(licence=licence.pk, proceeding=row.pk),
                subject=f"licence:{licence.pk}",
                actor=actor,
            )
            _tell(row, "proceeding_urgent" if urgent else "proceeding_opened", due=until.isoformat())
    except IntegrityError:
        raise NotAllowed(
            "proceeding-open",
            _("There is already a proceeding about this permit."),
            kept=_("Nothing was changed."),
            next_step=_("Decide that one first."),
        ) from None
    return row


def answer(row: Proceeding, *, text: str, account: Account, now: datetime | None = None) -> Proceeding:
    """The holder is heard, once, until the last day. Read by the department before it decides."""
    now = now or timezone.now()
    if not text.strip():
        raise Invalid("statement-missing", errors={"statement": [_("Please write what the department should know.")]})
    with transaction.atomic():
        row = _again(row)
        if row.state != ProceedingState.OPEN or timezone.localdate(now) > row.answer_until:
            raise NotAllowed(
                "too-late-to-answer",
                _("This can no longer be answered here."),
                kept=_("What you wrote was not sent."),
                next_step=_("The decision names the ways to challenge it."),
            )
        if row.stated_at is not None:
            raise NotAllowed("already-answered", _("An answer was already given."), kept=_("The first answer stands."))
        row.statement, row.stated_by, row.stated_at = text.strip()[:LONGEST], account, now
        row.save(update_fields=["statement", "stated_by", "stated_at"])
        journal.record(
            events.ProceedingAnswered(licence=row.licence_id, proceeding=row.pk),
            subject=f"licence:{row.licence_id}",
            actor=Actor(kind="applicant", role="applicant", account=account.pk, party=row.licence.holder_id),
        )
    return row


def carry_out(row: Proceeding, *, officer: Officer, conclusion: str, now: datetime | None = None) -> Proceeding:
    """Decide that it is done; the holder was heard. An urgent suspension is confirmed by it."""
    return _decide(row, CARRY_OUT, officer, conclusion, now or timezone.now())


def drop(row: Proceeding, *, officer: Officer, conclusion: str, now: datetime | None = None) -> Proceeding:
    """Decide that nothing is done; an urgent suspension is lifted."""
    return _decide(row, DROP, officer, conclusion, now or timezone.now())


def resume(
    licence: Licence,
    *,
    officer: Officer,
    reason: str,
    basis: str = "reason-gone",
    item: LicenceItem | None = None,
    now: datetime | None = None,
) -> None:
    """The reason for a suspension is gone: the permit holds again, and the holder is told."""
    now = now or timezone.now()
    issuer = _issuer(licence, item)
    may(officer, issuer, licence, {DECIDES})
    if not reason.strip():
        raise Invalid("reason-missing", errors={"why": [_("Say the reason.")]})
    if bases.find("resume", basis) is None:
        raise Invalid("basis-missing", errors={"resume_basis": [_("Choose the legal basis from the list.")]})
    if Proceeding.objects.filter(licence=licence, item=item, state=ProceedingState.OPEN).exists():
        raise NotAllowed(
            "proceeding-open",
            _("There is already a proceeding about this permit."),
            kept=_("Nothing was changed."),
            next_step=_("Decide that one first."),
        )
    with transaction.atomic():
        LicenceAct.objects.create(
            licence=licence,
            act=LicenceAct.Act.RESUME,
            basis=basis,
            reason=reason.strip()[:LONGEST],
            officer=officer,
            at=now,
        )
        if item is not None:
            industry.resume_item(item, reason=reason, actor=acting(officer), now=now)
        else:
            services.resume(licence, reason=reason, actor=acting(officer), now=now)
        notices.tell(
            licence.holder,
            "licence_resumed",
            about=f"licence:{licence.pk}",
            link=f"/my/licences/{licence.pk}/",
            params={"licence": item.name if item else licence.type.name, "department": issuer.name},
            once=f"resumed:{licence.pk}:{item.pk if item else 0}:{now.timestamp():.0f}",
        )


# --


def _decide(row: Proceeding, step, officer: Officer, conclusion: str, now: datetime) -> Proceeding:
    if not conclusion.strip():
        raise Invalid(
            "reason-missing", errors={"conclusion": [_("Say what was decided and why. The holder reads exactly this.")]}
        )
    with transaction.atomic():
        row = _again(row)
        issuer = _issuer(row.licence, row.item)
        may(officer, issuer, row.licence, {DECIDES})
        if officer.pk == row.opened_by_id:
            raise NotAllowed(
                "four-eyes", _("Whoever opened a proceeding does not decide it."), next_step=_("Ask another approver.")
            )
        if step is CARRY_OUT and row.stated_at is None and timezone.localdate(now) <= row.answer_until:
            raise NotAllowed(
                "not-heard",
                worded(
                    _("The holder may answer until %(day)s and has not answered yet."), day=row.answer_until.isoformat()
                ),
                kept=_("Nothing was changed."),
                next_step=_("Decide when the answer is there or the day is over."),
            )
        make(row, step, decided_by=officer, decided_at=now, conclusion=conclusion.strip()[:LONGEST])
        actor = acting(officer)
        if step is CARRY_OUT and not row.urgent:
            _carry(row, actor, now)
        if step is DROP and row.urgent:
            _lift(row, actor, now)
        journal.record(
            events.ProceedingEnded(licence=row.licence_id, proceeding=row.pk, state=str(row.state)),
            subject=f"licence:{row.licence_id}",
            actor=actor,
        )
        _tell(row, "proceeding_carried_out" if step is CARRY_OUT else "proceeding_dropped")
    return row


def _carry(row: Proceeding, actor: Actor, now: datetime) -> None:
    why = f"proceeding:{row.pk}"
    if row.item is not None:
        act = industry.suspend_item if row.aim == Proceeding.Aim.SUSPEND else industry.revoke_item
        act(row.item, reason=why, actor=actor, now=now)
        return
    move = services.suspend if row.aim == Proceeding.Aim.SUSPEND else services.revoke
    move(_newest(row.licence), reason=why, actor=actor, now=now)


def _lift(row: Proceeding, actor: Actor, now: datetime) -> None:
    why = f"proceeding:{row.pk}"
    if row.item is not None:
        industry.resume_item(row.item, reason=why, actor=actor, now=now)
        return
    newest = _newest(row.licence)
    if RESUME.may_start_from(newest.state):  # it may have run out meanwhile
        services.resume(newest, reason=why, actor=actor, now=now)


def _newest(licence: Licence) -> Licence:
    """A permit that was renewed while its holder was heard is taken away in its newest edition."""
    return items.editions(licence).select_related("type", "issuer", "holder")[0]


def _issuer(licence: Licence, item: LicenceItem | None) -> Department:
    return item.regulator if item is not None else licence.issuer


def may(officer: Officer, issuer: Department, licence: Licence, roles: set[str]) -> None:
    if not officer.active or officer.department_id != issuer.pk or not roles & set(officer.roles):
        raise NotAllowed(
            "not-the-issuer",
            _("Only an officer of the authority that issued this permit, in the right role, can do this."),
            kept=_("Nothing was changed."),
            status=403,
        )
    person = officer.account.person_id
    own = person is not None and (
        person == licence.holder_id
        or Membership.objects.filter(person_id=person, company_id=licence.holder_id).exists()
    )
    if own:
        raise NotAllowed("own-case", _("Nobody handles their own case."), kept=_("Nothing was changed."), status=403)


def acting(officer: Officer) -> Actor:
    role = DECIDES if DECIDES in officer.roles else "dept_reviewer"
    return Actor(
        kind="officer", role=role, account=officer.account_id, department=officer.department.code, name=officer.staff_no
    )


def _again(row: Proceeding) -> Proceeding:
    rows = Proceeding.objects.select_related(
        "licence__type", "licence__issuer", "licence__holder", "item__regulator", "item__whole", "opened_by"
    )
    return rows.select_for_update(of=("self",)).get(pk=row.pk)


def tell_new_days(rows: Iterable[Proceeding]) -> None:
    """A corrected calendar gave these holders more time to say what they have to say. Inside that act."""
    for row in rows:
        _tell(row, "proceeding_day_changed", once=str(row.answer_until), due=row.answer_until.isoformat())
        journal.touch(f"licence:{row.licence_id}")


def _tell(row: Proceeding, kind: str, *, once: str = "", **more) -> None:
    notices.tell(
        row.licence.holder,
        kind,
        about=f"licence:{row.licence_id}",
        link=f"/my/licences/{row.licence_id}/",
        params={
            "licence": row.item.name if row.item is not None else row.licence.type.name,
            "department": _issuer(row.licence, row.item).name,
            "aim": AIMS[row.aim],
            **more,
        },
        once=f"{kind}:{row.pk}{once and ':' + once}",
        needs_answer=kind in {"proceeding_opened", "proceeding_urgent", "proceeding_day_changed"},
    )
