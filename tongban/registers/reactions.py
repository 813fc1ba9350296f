"""The register of businesses is told what was decided here."""

from django.utils import timezone

from tongban.departments import duties
from tongban.journal import services as journal
from tongban.journal.services import on
from tongban.parties.events import CompanyChanged, CompanyClosed
from tongban.parties.models import Company
from tongban.registers.gateways.authority import NotFound, authority
from tongban.registers.models import Dispute
from tongban.registers.services import subject_of
from tongban.registers.states import ANSWER_DAYS, RUNNING

REGISTER = "company-status"

duties.enter(
    duties.Duty(
        "answers to disputes",
        lambda: Dispute.objects.filter(state__in=RUNNING),
        "due",
        lambda row: (timezone.localdate(row.opened_at), ANSWER_DAYS),
        provisional="provisional",
        moved=lambda rows: journal.touch(
            *sorted({name for row in rows for name in (row.subject, f"disputes:{row.provider}")})
        ),
    )
)


@on(CompanyClosed)
def strike_off(event):
    _write(event.company, "status", "closed", event.reference)


@on(CompanyChanged)
def enter_change(event):
    """The register of businesses holds the name; the address is the licence's."""
    if "name" in event.fields:
        _write(event.company, "name", Company.objects.get(pk=event.company).name, event.reference)


def _write(company: int, field: str, value: str, reference: str) -> None:
    """Tried again until the register takes it; the same reference is written once. A company the register never knew stays unknown."""
    row = Company.objects.get(pk=company)
    subject = subject_of(row)
    if subject is None:
        return
    try:
        authority().correct(
            REGISTER, subject, field, value, reference=f"{reference}:{field}", why=f"decision {reference}"
        )
    except NotFound:
        return
