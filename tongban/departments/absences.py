"""Days on which somebody is not there, and who looks after their desk."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tongban.departments import events
from tongban.departments.models import Absence, Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed

LEADS_EVERYWHERE = {"supervisor", "coordinator"}
LEADS = LEADS_EVERYWHERE | {"dept_approver"}
LONGEST = 400  # days


def may_enter_for(officer: Officer, who: Officer) -> bool:
    """Everybody for themselves, a lead for the people of the own department, the hall's leads for all."""
    roles = set(officer.roles)
    here = officer.department_id == who.department_id
    return officer.pk == who.pk or bool(roles & LEADS_EVERYWHERE) or (here and bool(roles & LEADS))


def enter(
    officer: Officer, who: Officer, *, first: date | None, last: date | None, substitute: Officer | None, actor: Actor
) -> Absence:
    _permit(officer, who)
    errors: dict[str, list] = {}
    if first is None:
        errors["first_day"] = [_("Say the first day.")]
    if last is None:
        errors["last_day"] = [_("Say the last day.")]
    if first is not None and last is not None:
        if last < first:
            errors["last_day"] = [_("The last day is before the first.")]
        elif (last - first).days > LONGEST:
            errors["last_day"] = [_("This is longer than a year. Enter the next year when it comes.")]
    if substitute is not None and (substitute.pk == who.pk or substitute.department_id != who.department_id):
        errors["substitute"] = [_("Choose a colleague of the same department.")]
    if errors or first is None or last is None:
        raise Invalid("absence", errors=errors, kept=_("What you typed is still here."))
    with transaction.atomic():
        row = Absence.objects.create(
            officer=who, first_day=first, last_day=last, substitute=substitute, entered_by=officer
        )
        journal.record(events.AbsenceEntered(absence=row.pk, officer=who.pk), subject=f"officer:{who.pk}", actor=actor)
        _heard(row)
    return row


def strike(officer: Officer, row: Absence, *, actor: Actor) -> None:
    """They are there after all."""
    _permit(officer, row.officer)
    with transaction.atomic():
        journal.record(
            events.AbsenceStruck(absence=row.pk, officer=row.officer_id),
            subject=f"officer:{row.officer_id}",
            actor=actor,
        )
        _heard(row)
        row.delete()


def _heard(row: Absence) -> None:
    """The open page of whoever stands in shows it."""
    if row.substitute_id is not None:
        journal.touch(f"desk:{row.substitute_id}")


def _permit(officer: Officer, who: Officer) -> None:
    if not may_enter_for(officer, who):
        raise NotAllowed("not-your-people", _("You enter absences for yourself or for those you lead."), status=403)
