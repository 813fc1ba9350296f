"""A prefilled value is wrong: the dispute goes to the register, and the applicant may go on with what they say is right."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import origins, planning, rules
from tongban.cases.models import Case
from tongban.cases.moving import again, changed
from tongban.cases.states import EDITABLE
from tongban.lib.problems import NotAllowed
from tongban.parties.models import Account
from tongban.registers.disputing import open_dispute
from tongban.registers.models import Dispute


def dispute(
    case: Case,
    field: str,
    *,
    account: Account,
    says: Any,
    why: str = "",
    paper: UUID | None = None,
    go_on: bool = False,
    now: datetime | None = None,
) -> Dispute:
    """Say that the value in this field is wrong. With `go_on` the form takes what the applicant says, marked as their own
    statement under dispute, and from then on people and not the machine decide the case.
    """
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        origin = origins.origin_of(case, field)
        resource = origins.resource_of(origin) if origin is not None and origin.kind == "register" else None
        if origin is None or resource is None:
            raise NotAllowed(
                "nothing-to-dispute", _("This value did not come from a register: you can change it yourself.")
            )
        held = case.values[field]
        was = held.get("given", held["value"])
        label: dict = next((one for one in planning.form_of(case) if one["id"] == field), {})
        row = open_dispute(
            resource,
            origin.field,
            of=origins.concerned(case, origin),
            account=account,
            was=was,
            says=says,
            why=why,
            paper=paper,
            label={"zh": label.get("zh", field), "en": label.get("en", field)},
            matter=case.matter.slug,
            about=case.subject,
            provider=origin.provider,
            now=now,
        )
        if go_on and case.state in EDITABLE and origins.own_statement_allowed(case, field):
            case.values = case.values | {
                field: {
                    "value": says,
                    "source": "applicant",
                    "at": now.isoformat(),
                    "changed": True,
                    "given": was,
                    "given_source": held.get("given_source") or held["source"],
                    "dispute": row.pk,
                }
            }
            case.values = rules.with_results(case, case.values, now)
            case.revision += 1
            case.saved_at = now
            case.with_people = True
            case.save(update_fields=["values", "revision", "saved_at", "with_people", "updated_at"])
        changed(case)
    return row
