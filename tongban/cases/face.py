"""What stands on the face of a licence: taken from the application, the applicant's record and the licence before it."""

from datetime import date

from django.db.models import BigIntegerField

from tongban.cases import rules
from tongban.cases.models import Case
from tongban.lib.composed import composed
from tongban.licences.models import Licence, LicenceType
from tongban.parties.models import Company, Person
from tongban.places import queries as places

NAMES_OF_FORM = {"operator": "company", "site": "premises", "address": "premises", "bank": "bank"}


def face_for(
    case: Case, kind: LicenceType, *, issued_on: date, valid_to: date | None, before: Licence | None
) -> dict[str, str]:
    """{face field: text} for every field of the type; a field nobody knows is left out, never invented."""
    given = _given(case)
    known = _of_holder(case) | {
        "issued_on": issued_on.isoformat(),
        "registered_on": issued_on.isoformat(),
        "first_issue": (before.face.get("first_issue") if before else None) or issued_on.isoformat(),
        "valid_from": issued_on.isoformat(),
        "valid_to": valid_to.isoformat() if valid_to else "长期 long-term",
        "authority": kind.issuer.name["zh"],
        "licence_no": case.number,
        "cert_no": case.number,
        "filing_no": case.number,
        "code_no": case.number,
        "valid_hours": str(rules.licence_hours(case.version)),
        "staff_count": str(len(case.value("staff") or [])),
        "file_no": case.number,
    }
    face = {}
    chosen = (case.version.result or {}).get("fields", {})  # which answer its editors put there
    for field in kind.face_fields:
        value = (
            given.get(chosen.get(field, ""))
            or given.get(field)
            or given.get(NAMES_OF_FORM.get(field, ""))
            or (before.face.get(field) if before and field not in {"valid_to", "issued_on", "valid_from"} else None)
            or known.get(field)
        )
        if value not in (None, "", []):
            face[field] = _as_text(value)
    return face


def _given(case: Case) -> dict:
    """The answers; what was chosen from a list in the words of both languages."""
    given = {field: held.get("value") for field, held in case.values.items()}
    if given.get("new_name"):  # a registered name or address that is being changed
        given |= dict.fromkeys(("name", "operator", "company"), given["new_name"])
    if given.get("new_address"):
        given["address"] = given["new_address"]
    for field in rules.form_of(case):
        if field.id in given and field.labels and field.type in ("choice", "multi"):
            chosen = given[field.id] if isinstance(given[field.id], list) else [given[field.id]]
            given[field.id] = [" ".join(dict.fromkeys(_words(field, one))) for one in chosen]
        if field.type == "division" and isinstance(given.get(field.id), str):
            given[field.id] = _place(given[field.id])
    return given


def _place(code: str) -> str:
    """A division as people write it, from the province down, in both languages where it has both."""
    names: list[dict[str, str]] = []
    here = places.division(code[:12])
    while here is not None and len(names) < 6:
        names.insert(0, here.name)
        here = here.parent
    zh, en = (
        "".join(one.get("zh", "") for one in names),
        ", ".join(one["en"] for one in reversed(names) if one.get("en")),
    )
    return f"{zh} {en}".strip() or code


def _words(field, option) -> list[str]:
    said = field.labels.get(str(option)) or {}
    return [said.get("zh") or str(option), said.get("en") or str(option)]


@composed(pk=BigIntegerField())
def _person(pk):
    return Person.objects.filter(pk=pk).order_by("pk")


def _of_holder(case: Case) -> dict:
    person = next(iter(_person(pk=case.applicant_id)), None)
    if person is not None:
        return {
            "name": person.name,
            "holder": person.name,
            "sex": {"M": "男 M", "F": "女 F"}[person.sex],
            "birth_date": person.birth_date.isoformat(),
            "id_no": person.id_no,
            "address": person.address,
        }
    company = Company.objects.select_related("legal_representative").get(pk=case.applicant_id)
    return {
        "name": company.name,
        "company": company.name,
        "operator": company.name,
        "holder": company.name,
        "uscc": company.uscc,
        "address": company.address,
        "legal_rep": company.legal_representative.name if company.legal_representative else "",
    }


def _as_text(value) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or " ".join(str(part) for part in value.values() if part))
    if isinstance(value, list):
        return "、".join(_as_text(one) for one in value)
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return str(value)
