"""Looking without a case, a second person for much, questions about reads, alerts: each is on record, and somebody looks at it."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.oversight import events, queries, rules
from tongban.oversight.law_codes import LAW_CODES, NEEDS_LAW, PURPOSES
from tongban.oversight.models import Alert, Allowance, Look, ReadQuestion, Verdict
from tongban.parties.models import Account, Party

log = structlog.get_logger("oversight")

NOTHING_SHOWN = _("Nothing was shown. What you typed is kept on this page.")
SHORT = _("Please say it in at least 10 characters, so that somebody else can understand it.")


class SecondPersonNeeded(NotAllowed):
    """More than one person alone may see. The page it becomes has the form with which a second person is asked."""

    template = "office/second_person_needed.html"

    def __init__(self, kind: str, sentence, *, number: int):
        super().__init__(
            "second-person",
            sentence,
            kept=_("Nothing was shown, and what you did before is kept."),
            next_step=_("Ask your supervisor: say how many and why; as soon as it is allowed you can go on."),
        )
        self.kind, self.number = kind, number


def _actor(officer: Officer, role: str = "") -> Actor:
    return Actor(
        kind="officer",
        role=role or (officer.roles[0] if officer.roles else ""),
        account=officer.account_id,
        department=officer.department.code,
        name=officer.shown_name,
    )


# -- looking without a case


def look(
    officer: Officer,
    *,
    role: str,
    party: Party | None,
    purpose: str,
    reason: str,
    about: str = "",
    law_code: str = "",
    days: int | None = None,
    now: datetime | None = None,
) -> Look:
    """Give purpose and reason, and look at once. The person is told within a day, unless a law says later; somebody else sees it."""
    now = now or timezone.now()
    reason = " ".join(reason.split())[:1000]
    errors: dict[str, list] = {}
    if purpose not in PURPOSES:
        errors["purpose"] = [_("Please choose what it is for.")]
    if len(reason) < rules.REASON_AT_LEAST:
        errors["reason"] = [SHORT]
    law = LAW_CODES.get(law_code)
    if purpose in NEEDS_LAW and law is None:
        errors["law_code"] = [_("An investigation names the law it stands on.")]
    elif law_code and (law is None or not law.may_be_used_by(officer.department.code, officer.roles)):
        raise_alert(Alert.Kind.LAW_REFUSED, account=officer.account, note=law_code[:20])
        errors["law_code"] = [_("This law is not for your department and role. That you named it is on record.")]
    elif law is not None and not 1 <= (days or law.days) <= law.days:
        errors["days"] = [worded(_("This law lets telling wait for 1 to %(days)s days."), days=law.days)]
    if errors:
        raise Invalid("look-not-given", errors=errors, kept=NOTHING_SHOWN)
    with transaction.atomic():
        row = Look.objects.create(
            officer=officer,
            role=role,
            department=officer.department.code,
            party=party,
            about=about,
            purpose=purpose,
            reason=reason,
            law_code=law.code if law else "",
            hidden_until=now + timedelta(days=days or law.days) if law else None,
            at=now,
            ends_at=now + rules.LOOK_LASTS,
        )
        journal.record(events.LookedWithoutCase(look=row.pk), subject=f"look:{row.pk}", actor=_actor(officer, role))
        journal.touch("oversight")
    return row


def mark_seen(row: Look, *, officer: Officer, verdict: str, opinion: str, now: datetime | None = None) -> Look:
    """Another person says whether the look was in order."""
    if row.officer_id == officer.pk:
        raise NotAllowed("own-look", _("Nobody judges their own look."), status=403)
    opinion = opinion.strip()[:1000]
    errors: dict[str, list] = {}
    if verdict not in Verdict.values:
        errors["verdict"] = [_("Please choose one of the two.")]
    if verdict == Verdict.NOT_IN_ORDER and len(opinion) < rules.REASON_AT_LEAST:
        errors["opinion"] = [SHORT]
    if errors:
        raise Invalid("look-not-judged", errors=errors)
    with transaction.atomic():
        done = Look.objects.filter(pk=row.pk, closed_at__isnull=True)
        # an update of the row as it stands in the database: the second of two people changes nothing
        if not done.update(verdict=verdict, opinion=opinion, closed_by=officer, closed_at=now or timezone.now()):
            raise NotAllowed("look-seen-already", _("Somebody has looked at this already."))
        journal.record(
            events.LookWasSeen(look=row.pk, verdict=verdict), subject=f"look:{row.pk}", actor=_actor(officer)
        )
        journal.touch("oversight")
    row.refresh_from_db()
    return row


# -- many people, and exports


def admit(officer: Officer, party: int, *, now: datetime | None = None) -> None:
    """May this officer see one more person this hour? In the transaction that writes the read down: two hands are counted one after the other."""
    now = now or timezone.now()
    Officer.objects.select_for_update(of=("self",)).get(pk=officer.pk)
    people = journal_queries.people_read(officer.account_id, now - rules.HOUR, apart_from=rules.EXPORTING)
    if party in people:
        return
    limit = rules.PEOPLE_AN_HOUR + queries.allowed_more(officer.pk, Allowance.Kind.PEOPLE, now)
    if len(people) >= limit:
        raise SecondPersonNeeded(
            Allowance.Kind.PEOPLE,
            worded(
                _(
                    "You have opened the data of %(number)s different people within an hour. More needs a second person."
                ),
                number=len(people),
            ),
            number=rules.PEOPLE_AN_HOUR,
        )


def admit_export(officer: Officer, rows: int, *, now: datetime | None = None) -> Officer | None:
    """May this officer take so many rows along? In the transaction that writes the reads down. Answers who allowed it, if somebody had to."""
    now = now or timezone.now()
    Officer.objects.select_for_update(of=("self",)).get(pk=officer.pk)
    wanted = queries.exported_lately(officer, now) + rows
    if wanted <= rules.ROWS_ALONE:
        return None
    if wanted > rules.ROWS_ALONE + queries.allowed_more(officer.pk, Allowance.Kind.EXPORT, now):
        raise SecondPersonNeeded(
            Allowance.Kind.EXPORT,
            worded(
                _("These are %(rows)s rows. More than %(limit)s rows within an hour need a second person."),
                rows=rows,
                limit=rules.ROWS_ALONE,
            ),
            number=max(rows, wanted - rules.ROWS_ALONE),
        )
    return queries.allowed_by(officer, Allowance.Kind.EXPORT, now)


def note_export(officer: Officer, role: str, parties: list[int], *, fields: list[str], rows: int) -> None:
    """Who took a list along, of whom: written in the transaction in which it is allowed."""
    with transaction.atomic():
        second = admit_export(officer, rows)
        journal.note_reads(
            actor=_actor(officer, role), of_parties=parties, purpose=rules.EXPORTING, fields=fields, about="queue"
        )
        what = events.ListExported(
            department=officer.department.code, rows=rows, allowed_by=second.pk if second else None
        )
        journal.record(what, subject=f"officer:{officer.pk}", actor=_actor(officer, role))


def ask_second_person(officer: Officer, *, kind: str, number: int | None, reason: str) -> Allowance:
    """Ask for more than one person alone may. A second request of the same kind that waits is the same one."""
    reason = " ".join(reason.split())[:1000]
    errors: dict[str, list] = {}
    if kind not in Allowance.Kind.values:
        errors["kind"] = [_("Please choose one of the two.")]
    if number is None or not 1 <= number <= rules.NUMBER_AT_MOST:
        errors["number"] = [worded(_("Please give a number from 1 to %(most)s."), most=rules.NUMBER_AT_MOST)]
    if len(reason) < rules.REASON_AT_LEAST:
        errors["reason"] = [SHORT]
    if errors or number is None:
        raise Invalid("not-asked", errors=errors, kept=_("Nobody was asked yet. What you typed is kept on this page."))
    with transaction.atomic():
        Officer.objects.select_for_update(of=("self",)).get(pk=officer.pk)
        row = Allowance.objects.filter(officer=officer, kind=kind, granted__isnull=True).first()
        if row is None:
            row = Allowance.objects.create(officer=officer, kind=kind, number=number, reason=reason)
            journal.record(
                events.SecondPersonAsked(allowance=row.pk), subject=f"allowance:{row.pk}", actor=_actor(officer)
            )
            journal.touch("oversight")
    return row


def decide_as_second_person(
    row: Allowance,
    *,
    officer: Officer,
    grant: bool,
    number: int | None = None,
    hours: int = 1,
    now: datetime | None = None,
) -> Allowance:
    """Another officer with that right allows it for a number and a time, or does not."""
    now = now or timezone.now()
    if row.officer_id == officer.pk:
        raise NotAllowed("own-request", _("The second person is somebody else than the first."), status=403)
    if not rules.may_be_second_person(
        officer.roles, officer.department.code, for_department=row.officer.department.code
    ):
        raise NotAllowed("not-a-second-person", _("Your role does not allow this to others."), status=403)
    number = row.number if number is None else number
    errors: dict[str, list] = {}
    if grant and not 1 <= number <= rules.NUMBER_AT_MOST:
        errors["number"] = [worded(_("Please give a number from 1 to %(most)s."), most=rules.NUMBER_AT_MOST)]
    if grant and not 1 <= hours <= rules.ALLOWED_AT_MOST:
        errors["hours"] = [worded(_("Please choose 1 to %(most)s hours."), most=rules.ALLOWED_AT_MOST)]
    if errors:
        raise Invalid("not-decided", errors=errors)
    with transaction.atomic():
        waiting = Allowance.objects.filter(pk=row.pk, granted__isnull=True)
        until = now + timedelta(hours=hours) if grant else None
        if not waiting.update(granted=grant, number=number, until=until, decided_by=officer, decided_at=now):
            raise NotAllowed("decided-already", _("Somebody has decided this already."))
        what = events.SecondPersonDecided(allowance=row.pk, granted=grant)
        journal.record(what, subject=f"allowance:{row.pk}", actor=_actor(officer))
        journal.touch("oversight")
    row.refresh_from_db()
    return row


# -- questions of people


def ask_about_read(
    entry: int, *, party: Party, account: Account, text: str, actor: Actor, now: datetime | None = None
) -> ReadQuestion:
    """ "I do not recognise this." Asked once about each line; a second time it is the same question."""
    now = now or timezone.now()
    due = departments.calendar().due(timezone.localdate(now), rules.ANSWER_WITHIN).day
    with transaction.atomic():
        row, made = ReadQuestion.objects.get_or_create(
            party=party,
            entry=entry,
            defaults={
                "account": account,
                "text": text.strip()[:2000],
                "at": now,
                "due": due or timezone.localdate(now),
            },
        )
        if made:
            journal.record(events.ReadQuestioned(question=row.pk), subject=f"read-question:{row.pk}", actor=actor)
            journal.touch("oversight")
    return row


def answer_read_question(
    row: ReadQuestion, *, officer: Officer, verdict: str, answer: str, now: datetime | None = None
) -> ReadQuestion:
    """Whoever supervises says whether the look was in order and why; the person is told, and the line shows the answer."""
    answer = answer.strip()[:2000]
    errors: dict[str, list] = {}
    if verdict not in Verdict.values:
        errors["verdict"] = [_("Please choose one of the two.")]
    if len(answer) < rules.REASON_AT_LEAST:
        errors["answer"] = [SHORT]
    if errors:
        raise Invalid("not-answered", errors=errors)
    with transaction.atomic():
        open_ = ReadQuestion.objects.filter(pk=row.pk, answered_at__isnull=True)
        if not open_.update(verdict=verdict, answer=answer, answered_by=officer, answered_at=now or timezone.now()):
            raise NotAllowed("answered-already", _("Somebody has answered this already."))
        what = events.ReadQuestionAnswered(question=row.pk, verdict=verdict)
        journal.record(what, subject=f"read-question:{row.pk}", actor=_actor(officer))
        journal.touch("oversight")
    row.refresh_from_db()
    return row


# -- alerts


def raise_alert(kind: str, *, account: Account | None = None, note: str = "") -> Alert:
    with transaction.atomic():
        row = Alert.objects.create(kind=kind, account=account, note=note[:200])
        actor = Actor(kind="platform", role="platform", account=account.pk) if account else PLATFORM
        journal.record(events.AlertRaised(alert=row.pk, kind=str(kind)), subject=f"alert:{row.pk}", actor=actor)
        journal.touch("oversight")
    log.warning("alert", kind=str(kind), alert=row.pk)
    return row


def mark_alert_seen(row: Alert, *, officer: Officer, note: str = "", now: datetime | None = None) -> Alert:
    changed = Alert.objects.filter(pk=row.pk, seen_at__isnull=True).update(
        seen_by=officer, seen_at=now or timezone.now()
    )
    if changed:
        journal.touch("oversight")
    row.refresh_from_db()
    return row
