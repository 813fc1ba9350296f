"""Another department is asked for its opinion: with a day of its own, seeing only what it is shown. The decision's clock runs on."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, rules
from tongban.cases.models import Case, Consultation
from tongban.cases.moving import acting, again
from tongban.cases.noting import note
from tongban.cases.permission import handler_of, permit, permit_to_work
from tongban.cases.procedure_states import OPINION_DAYS
from tongban.cases.states import IN_REVIEW, START_REVIEW
from tongban.departments import queries as departments
from tongban.departments.models import Department, Officer
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.lib.workdays import light

MOST_DAYS = 20
GIVING_ROLES = {"dept_reviewer", "dept_approver"}
POSITIONS = ("agrees", "agrees_if", "objects")


def ask_opinion(
    case: Case,
    *,
    officer: Officer,
    department: Department | None,
    question: str,
    fields: Iterable[str],
    materials: Iterable[str],
    days: int = 0,
    now: datetime | None = None,
) -> Consultation:
    """Ask; what is shown is named here, and nothing else is seen. One open question to a department at a time."""
    now = now or timezone.now()
    permit(officer, case, START_REVIEW)
    question, days = question.strip()[:4000], days or OPINION_DAYS
    known = {one.id for one in rules.form_of(case)}
    slugs = set(case.materials.values_list("type__slug", flat=True))
    errors: dict[str, list] = {}
    if department is None or department.pk == case.department_id:
        errors["department"] = [_("Choose another department.")]
    if len(question) < 10:
        errors["question"] = [_("Ask in at least 10 characters.")]
    if not 1 <= days <= MOST_DAYS:
        errors["days"] = [worded(_("Between 1 and %(most)s working days."), most=MOST_DAYS)]
    if errors or department is None:
        raise Invalid("opinion-not-asked", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        case = again(case)
        if case.state not in IN_REVIEW:
            raise NotAllowed("not-in-this-state", _("This case is not under review now."))
        if still_asked().filter(case=case, department=department).exists():
            raise NotAllowed("asked-already", _("This department has been asked already and has not answered yet."))
        today = clocks.local_day(now)
        due = departments.calendar().due(today, days).day or today
        row = Consultation.objects.create(
            case=case, officer=officer, department=department, question=question, asked_at=now, due=due, days=days,
            fields=sorted(set(fields) & known), materials=sorted(set(materials) & slugs),
        )  # fmt: skip
        note(
            case, "ask_opinion", actor=acting(officer, "dept_reviewer"), officer=officer, now=now,
            reason=f"{department.name['zh']} {department.name['en']} · {due.isoformat()}",
            what=events.OpinionAsked(case=case.pk, consultation=row.pk, department=department.code),
        )  # fmt: skip
    return row


def give_opinion(
    row: Consultation, *, officer: Officer, position: str, answer: str, now: datetime | None = None
) -> Consultation:
    """The department asked says what it thinks. Once: what it said stands."""
    now = now or timezone.now()
    if not may_give(officer, row):
        raise NotAllowed("not-asked", _("Your department was not asked."), status=403)
    answer = answer.strip()[:4000]
    errors: dict[str, list] = {}
    if position not in POSITIONS:
        errors["position"] = [_("Choose.")]
    if len(answer) < 10:
        errors["answer"] = [_("Give your opinion in at least 10 characters.")]
    if errors:
        raise Invalid("opinion-missing", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        case = again(row.case)
        done = (
            still_asked()
            .filter(pk=row.pk)
            .update(answered_at=now, answered_by=officer, position=position, answer=answer)
        )
        if not done:
            raise NotAllowed("answered-already", _("Somebody has answered this already, or it is not asked any more."))
        role = next(iter(sorted(set(officer.roles) & GIVING_ROLES)))
        note(
            case, "give_opinion", actor=acting(officer, role), officer=officer, now=now,
            what=events.OpinionGiven(case=case.pk, consultation=row.pk),
        )  # fmt: skip
    row.refresh_from_db()
    return row


def recall_opinion(row: Consultation, *, officer: Officer, now: datetime | None = None) -> None:
    """It is not needed any more."""
    now = now or timezone.now()
    permit_to_work(officer, row.case)
    with transaction.atomic():
        again(row.case)
        if officer.department_id != row.case.department_id or not still_asked().filter(pk=row.pk).update(
            recalled_at=now
        ):
            raise NotAllowed("answered-already", _("Somebody has answered this already, or it is not asked any more."))


def may_give(officer: Officer, row: Consultation) -> bool:
    handler = handler_of(officer)
    return (
        handler.active
        and officer.department_id == row.department_id
        and bool(handler.roles & GIVING_ROLES)
        and row.case.applicant_id not in handler.parties
        and officer.pk != row.officer_id
    )


def asked_of(officer: Officer) -> QuerySet[Consultation]:
    """What this officer's department was asked, the open ones first by their day."""
    rows = Consultation.objects.filter(department=officer.department, recalled_at__isnull=True)
    rows = rows.exclude(case__applicant_id__in=handler_of(officer).parties)
    return rows.select_related("case", "case__version", "case__department", "officer", "officer__department")


def waiting(officer: Officer) -> QuerySet[Consultation]:
    return asked_of(officer).filter(answered_at__isnull=True).order_by("due", "id")


def light_of(row: Consultation, today: date) -> str:
    if row.answered_at is not None or row.recalled_at is not None:
        return "grey"
    return light(today, row.due, None, timezone.localtime(row.asked_at).date(), departments.calendar())


def still_asked() -> QuerySet[Consultation]:
    return Consultation.objects.filter(answered_at__isnull=True, recalled_at__isnull=True)
