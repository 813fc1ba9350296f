"""What the register of businesses says about a company changes: its name or address, or that it is closed. Decided elsewhere, entered here."""

from django.db import transaction
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.parties import mandates
from tongban.parties.events import CompanyChanged, CompanyClosed
from tongban.parties.models import Company


@transaction.atomic
def change(company: Company, *, actor: Actor, reference: str, name: str = "", address: str = "") -> Company:
    """Enter a new registered name or address; what is empty stays. Nothing new: nothing happens."""
    row = Company.objects.select_for_update(of=("self",)).get(pk=company.pk)
    wanted = {"name": name.strip(), "address": address.strip()}
    fields = [field for field, value in wanted.items() if value and value != getattr(row, field)]
    if not fields:
        return row
    for field in fields:
        setattr(row, field, wanted[field])
    if "name" in fields:
        row.name_en = ""  # an old translation would name another company
    row.save(update_fields=[*fields, "name_en", "updated_at"])
    journal.record(
        CompanyChanged(company=row.pk, fields=fields, reference=reference), subject=f"party:{row.pk}", actor=actor
    )
    return row


@transaction.atomic
def close(company: Company, *, actor: Actor, reference: str) -> bool:
    """Strike it off, once; whether it was this act that did it. `reference` names the decision."""
    active = Company.objects.filter(pk=company.pk, status=Company.Status.ACTIVE)
    if not active.update(status=Company.Status.CLOSED):
        return False
    mandates.end_of_the_closed(company, timezone.now())
    journal.record(CompanyClosed(company=company.pk, reference=reference), subject=f"party:{company.pk}", actor=actor)
    return True
