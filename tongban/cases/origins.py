"""Where a prefilled value can be put right: at the register it came from, or in one's own record."""

from dataclasses import dataclass

from tongban.cases import planning
from tongban.cases.models import Case
from tongban.licences.models import LicenceType
from tongban.parties.models import Party
from tongban.registers.models import Resource

# our own record of a party was made from these registers, so that is where it is put right
RECORDED_FROM = {
    "user.name": ("population-base", "name"),
    "user.id_no": ("population-base", "id_no"),
    "company.name": ("company-status", "name"),
    "company.uscc": ("company-status", "uscc"),
    "company.legal_rep": ("company-status", "legal_rep"),
}
OWN_CONTACT = {"user.mobile", "user.address", "user.bank", "company.address", "company.bank"}
WHO_ONE_IS = {"name", "id_no", "uscc", "legal_rep", "photo"}


@dataclass(frozen=True)
class Origin:
    """`kind`: `register` (a dispute goes to `provider`) or `contact` (one changes it oneself)."""

    kind: str
    resource: str = ""
    field: str = ""
    provider: str = ""


def origin_of(case: Case, field: str) -> Origin | None:
    """Where the value that stands in this field came from; None for what the applicant wrote, or nobody can put right."""
    held = case.values.get(field) or {}
    source = held.get("given_source") or held.get("source", "")
    asked: dict = next((one for one in planning.form_of(case) if one["id"] == field), {})
    path = next((path for path in (asked.get("prefill") or "").split("|") if source and _source(path) == source), "")
    head, _dot, rest = path.partition(".")
    if path in OWN_CONTACT:
        return Origin("contact")
    if path in RECORDED_FROM:
        resource, name = RECORDED_FROM[path]
        return Origin("register", resource, name)
    if head == "e-licence-store":
        issuer = LicenceType.objects.filter(slug=rest.partition(".")[0]).values_list("issuer__code", flat=True).first()
        return Origin("register", head, rest, issuer or "")
    return Origin("register", head, rest) if source.startswith("register:") else None


def _source(path: str) -> str:
    head, *rest = path.split(".")
    if head in {"user", "company"}:
        return "account"
    return f"licence:{rest[0]}" if head == "e-licence-store" and rest else f"register:{head}"


def own_statement_allowed(case: Case, field: str) -> bool:
    """Whether the applicant may go on with what they say is right: not for who they are, nor where the matter says no."""
    origin = origin_of(case, field)
    asked: dict = next((one for one in planning.form_of(case) if one["id"] == field), {})
    return (
        origin is not None
        and origin.kind == "register"
        and origin.field.rpartition(".")[2] not in WHO_ONE_IS
        and asked.get("type") != "photo"
        and asked.get("own_statement", True) is not False
    )


def resource_of(origin: Origin) -> Resource | None:
    return Resource.objects.filter(slug=origin.resource).first()


def concerned(case: Case, origin: Origin) -> Party:
    """Whose value it is: `user.*` is the person's who acts, also when they act for a company."""
    person = case.account.person if case.account else None
    return person if origin.resource == "population-base" and person is not None else case.applicant
