"""Beside each prefilled value: the way to say that it is wrong, or what became of having said so."""

from django.urls import reverse

from tongban.cases import origins
from tongban.cases.models import Case
from tongban.registers import queries as registers
from tongban.registers.models import Resource


def ways(case: Case, fields) -> dict[str, dict]:
    """{field: {"wrong_href"} or {"disputed"}} for the fields of a form whose values came from somewhere."""
    pictures = {one["id"] for one in case.version.form if one.get("type") == "photo"}
    found = {field: origins.origin_of(case, field) for field in fields if field not in pictures}
    known = set(
        Resource.objects.filter(slug__in={one.resource for one in found.values() if one}).values_list("slug", flat=True)
    )
    running = {}
    for party in {case.applicant_id: case.applicant, **_person(case)}.values():
        for dispute in registers.running_disputes(party):
            running[dispute.of_party_id, dispute.resource.slug, dispute.field] = dispute
    shown: dict[str, dict] = {}
    for field, origin in found.items():
        if origin is None:
            continue
        if origin.kind == "contact":
            shown[field] = {
                "wrong_href": f"{reverse('portal:my_contact')}?next={reverse('portal:apply_form', args=[case.ref])}"
            }
            continue
        row = running.get((origins.concerned(case, origin).pk, origin.resource, origin.field))
        if row is not None:
            shown[field] = {
                "disputed": {
                    "opened_at": row.opened_at,
                    "due": row.due,
                    "href": reverse("portal:dispute", args=[row.ref]),
                }
            }
        elif origin.resource in known:
            shown[field] = {"wrong_href": reverse("portal:dispute_begin", args=[case.ref, field])}
    return shown


def _person(case: Case) -> dict:
    person = case.account.person if case.account else None
    return {person.pk: person} if person else {}
