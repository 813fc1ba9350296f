"""Once only: what government already knows goes into the form, each value with where it came from and when.

A field names its source (demo/forms.yaml): `user.*` and `company.*` are the applicant's own record, `e-licence-store.<type>.<field>`
a licence in force, `<resource>.<field>` a register. Alternatives stand behind `|`, the first that answers wins.
Registers are asked one call a resource, before any row is locked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.utils import timezone

from tongban.journal.actors import Actor
from tongban.licences import queries as licences
from tongban.matters.models import MaterialType, MatterVersion
from tongban.parties.models import Company, Party, Person
from tongban.registers import services as registers


def prefill(
    version: MatterVersion,
    *,
    party: Party,
    person: Person | None,
    about: str,
    actor: Actor,
    now: datetime,
    fields: Iterable[Mapping] | None = None,
    papers: bool = True,
) -> dict[str, dict]:
    """{field: {"value", "source", "at", "changed": False}} for every field that some source answered; of the guide's form, or of
    these `fields`. `papers`: also ask what may stand in for papers."""
    asked = version.form if fields is None else fields
    paths = {field["id"]: (field.get("prefill") or "").split("|") for field in asked if field.get("prefill")}
    answers = _ask_registers(version, paths, party=party, about=about, actor=actor)
    if papers:
        _ask_what_stands_in(version, party=party, about=about)
    known = {}
    for field, alternatives in paths.items():
        for path in alternatives:
            value = _look_up(path, party, person, answers, timezone.localdate(now))
            if value not in (None, ""):
                known[field] = {"value": value, "source": _source(path), "at": now.isoformat(), "changed": False}
                break
    return known


def _source(path: str) -> str:
    """`account`, `licence:<type>` or `register:<resource>`: what the page turns into words."""
    head, *rest = path.split(".")
    if head in {"user", "company"}:
        return "account"
    return f"licence:{rest[0]}" if head == "e-licence-store" else f"register:{head}"


def _ask_registers(version, paths, *, party, about, actor) -> dict[str, dict]:
    wanted = defaultdict(set)
    for alternatives in paths.values():
        for path in alternatives:
            head, _, field = path.partition(".")
            if head not in {"user", "company", "e-licence-store", "ocr"} and field:
                wanted[head].add(field)
    answers: dict[str, dict] = {}
    for resource, fields in sorted(wanted.items()):
        answer = registers.read(
            resource,
            of=party,
            matter=version.matter.slug,
            about=about,
            purpose="prefill",
            fields=sorted(fields),
            actor=actor,
        )
        answers[resource] = answer or {}
    return answers


def _ask_what_stands_in(version, *, party, about) -> None:
    """Registers that may stand in for papers say now whether they hold anything, so that nobody asks them under a lock later."""
    by_data = [row["material"] for row in version.requirements if row.get("exempt") == "data"]
    resources = MaterialType.objects.filter(slug__in=by_data).exclude(resource="").values_list("resource", flat=True)
    registers.look(sorted(set(resources)), of=party, matter=version.matter.slug, about=about)


def _look_up(path: str, party: Party, person: Person | None, answers: dict, today: date):
    head, _, field = path.partition(".")
    if head == "user":
        return _of_person(person, field)
    if head == "company":
        return _of_company(party, field)
    if head == "e-licence-store":
        kind, _, name = field.partition(".")
        return licences.face_value(party, kind, name, today)
    if head == "ocr":
        return None  # documents are read by machine after they are uploaded, not before
    return answers.get(head, {}).get(field)


def _of_person(person: Person | None, field: str):
    if person is None:
        return None
    return {
        "name": person.name,
        "id_no": person.id_no,
        "mobile": person.mobile,
        "address": person.address,
        "bank": person.bank_account,
        "person": {"name": person.name, "id_kind": person.id_kind.replace("_", "-"), "id_no": person.id_no},
    }.get(field)


def _of_company(party: Party, field: str):
    company = Company.objects.select_related("legal_representative").filter(pk=party.pk).first()
    if company is None:
        return None
    return {
        "name": company.name,
        "uscc": company.uscc,
        "legal_rep": company.legal_representative.name if company.legal_representative else None,
        "address": company.address,
        "bank": company.bank_account,
    }.get(field)
