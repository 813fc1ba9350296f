"""Pure questions about a case: what it needs, what is missing, who may not handle it, and why. Nothing here changes anything."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import planning, signers
from tongban.cases.models import Case, CaseMaterial
from tongban.lib import money
from tongban.lib.formschema import Field, Form
from tongban.lib.moves import Move
from tongban.lib.problems import worded
from tongban.licences.models import Licence
from tongban.matters import fees
from tongban.matters.models import MatterVersion
from tongban.matters.requirements import Requirement as Requirement
from tongban.matters.requirements import requirements as requirements

SIGNING_LEVEL = 3  # domain.md 3.2: level 3 is needed for signing
HALL_ROLES = {"window_officer", "pre_reviewer", "issuing_officer", "supervisor", "coordinator"}
READING_ROLES = {"auditor"}


def form_of(of: Case | MatterVersion) -> Form:
    """The form as it is asked: a guide's own, or what a case asks (of a bundle each question once)."""
    if not isinstance(of, Case):
        return Form.from_demo(of.form)
    return Form.from_demo(planning.form_of(of), of.submitted_at)  # what was sent keeps the words it was sent with


def requirements_of(case: Case) -> list[planning.Asked]:
    """The materials that a case asks for (of a bundle each once)."""
    return planning.requirements_of(case)


COVERED = {"id_number", "person", "phone", "bank_account"}


def is_covered(field: Field) -> bool:
    """Numbers of people stay covered, also inside a table, until somebody asks for one of them."""
    return field.masked or field.type in COVERED or any(is_covered(column) for column in field.columns)


def plain_values(values: dict) -> dict:
    """{field: value} out of the stored {field: {"value", "source", ...}}."""
    return {field: held.get("value") for field, held in values.items()}


def checked(case: Case):
    """The stored answers, judged as if sent now (lib.formschema.Cleaned); what registers gave for read-only fields stands."""
    given = {field: held["value"] for field, held in case.values.items() if held["source"] != "applicant"}
    return form_of(case).validate(plain_values(case.values), fixed=given)


def answers_shown(case: Case) -> dict:
    """What is asked in this application and answered: what conditions on answers are judged by."""
    values = plain_values(case.values)
    seen = {one.id: values[one.id] for one in form_of(case).visible(values) if one.id in values}
    return {**seen, "form": dict(seen)}


def with_results(case: Case, values: dict, now: datetime) -> dict:
    """The stored answers with every formula of the form reckoned anew: whatever stood there, or was sent for it, counts for nothing."""
    if not any(one.get("formula") for one in planning.form_of(case)):
        return values
    form = form_of(case)
    found = form.reckoned(plain_values(values), timezone.localdate(now))
    results = {one.id for one in form.reckoned_fields}
    kept = {name: held for name, held in values.items() if name not in results}
    for name in results & set(found):
        held = values.get(name)
        kept[name] = (
            held
            if held is not None and held.get("value") == found[name]
            else {"value": found[name], "source": "applicant", "at": now.isoformat(), "changed": False}
        )
    return kept


@dataclass(frozen=True)
class Missing:
    """Everything that stands between a draft and sending it."""

    fields: dict
    materials: list[CaseMaterial]
    others: list

    def __bool__(self) -> bool:
        return bool(self.fields or self.materials or self.others)


def missing(case: Case, materials: list[CaseMaterial], *, level: int) -> Missing:
    cleaned = checked(case)
    others = []
    if planning.unanswered(case):
        others.append(_("Please say which situation is yours."))
    if level < SIGNING_LEVEL:
        others.append(_("Sending is signing: please confirm that it is you (face check or a visit to a window)."))
    others += [worded(_("%(name)s has not signed yet."), name=name) for name in signers.lacking(case)]
    return Missing(
        fields=cleaned.errors,
        materials=[row for row in materials if row.required and row.how == CaseMaterial.How.MISSING],
        others=others,
    )


@dataclass(frozen=True)
class Handler:
    """What we know of an officer when we ask whether they may handle a case."""

    staff_no: str
    department: str
    roles: frozenset[str]
    active: bool
    parties: frozenset[int]
    certified: frozenset[str]


def role_for(handler: Handler, step: Move) -> str | None:
    """The role in which this officer may make the move, or None."""
    return next((role for role in step.by if role in handler.roles), None)


def reasons_against_handling(handler: Handler, case: Case, *, role: str) -> list:
    """Every reason why this officer may not handle this case in this role; empty when they may."""
    reasons = []
    if not handler.active:
        reasons.append(_("This officer is not on duty any more."))
    if role not in handler.roles:
        reasons.append(worded(_("This officer does not work as %(role)s."), role=role))
    if role not in HALL_ROLES and handler.department != case.department.code:
        reasons.append(_("The matter belongs to another department."))
    if not {"*", case.matter.slug} & handler.certified:
        reasons.append(_("This officer is not certified for this matter."))
    if case.applicant_id in handler.parties:
        reasons.append(_("Nobody handles their own case."))
    return reasons


def reasons_against_approving(case: Case, handler_pk: int) -> list:
    reasons = []
    if case.reviewer_id is None or not case.opinion:
        reasons.append(_("There is no review opinion yet."))
    if case.reviewer_id == handler_pk:
        reasons.append(_("Whoever reviewed a case does not decide it."))
    return reasons


def licence_validity(version: MatterVersion, validity: dict, on: date) -> date | None:
    """The last day of a licence that begins on this day; None when it holds without end. Terms in years, from its type."""
    years = (version.validity or {}).get("years") or next(
        (y for y in (validity or {}).get("years", ()) if isinstance(y, int)), None
    )
    if not isinstance(years, int):
        return None
    try:
        end = on.replace(year=on.year + years)
    except ValueError:  # 29 February
        end = on.replace(year=on.year + years, day=28)
    return date.fromordinal(end.toordinal() - 1)


PERIOD, HOURS = "period on the face", "hours on the face"
HOURS_ELSE = 48


def licence_term(case: Case, validity: dict, on: date) -> tuple[date, date | None]:
    """(first day, last day) of a licence decided on this day. Where the application names its days, these stand on it: of a period
    `from` and `to`, of one that holds for hours the day `date` and as many as its matter says."""
    terms = set((validity or {}).get("years", ()))
    if PERIOD in terms and (first := _day(case, "from")) and (last := _day(case, "to")) and first <= last:
        return first, last
    if HOURS in terms and (first := _day(case, "date")):
        days = -(-licence_hours(case.version) // 24)
        return first, date.fromordinal(first.toordinal() + days - 1)
    return on, licence_validity(case.version, validity, on)


def licence_hours(version: MatterVersion) -> int:
    hours = (version.validity or {}).get("hours")
    return hours if isinstance(hours, int) and hours > 0 else HOURS_ELSE


def _day(case: Case, field: str) -> date | None:
    try:
        return date.fromisoformat(str(case.value(field)))
    except ValueError:
        return None


def fee_of(fee: dict, licence: Licence | None, case: Case | None = None) -> int | None:
    """The fee of a matter in fen; None where the matter alone cannot tell. Fees by time follow how long the licence is valid, those by
    answers what the application says."""
    if not fee.get("charged"):
        return 0
    if fee.get("reckoned"):
        return None if case is None else fee_for(case).amount
    if fee.get("amount") is not None:
        return money.of_yuan(fee["amount"])
    if licence is None or licence.valid_to is None or licence.valid_from is None:
        return None
    years = (licence.valid_to - licence.valid_from).days / 365.25
    steps = sorted((one for one in fee.get("cases", ()) if one.get("years")), key=lambda one: one["years"])
    return next((money.of_yuan(one["amount"]) for one in steps if years <= one["years"]), None)


def fee_for(case: Case) -> fees.Reckoning:
    """A fee that follows from answers, with these answers; in which words."""
    return fees.reckon(case.version.fee, plain_values(case.values), case.version.form)
