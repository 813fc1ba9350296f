"""Questions about a request for correction: what may be changed now, how much is done, who may ask again. Nothing here changes anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from tongban.cases import queries, rules
from tongban.cases.models import Case, CaseMaterial, CorrectionRequest, Finding
from tongban.cases.states import WITH_APPLICANT, CaseState
from tongban.departments.models import Officer
from tongban.lib.problems import NotAllowed

STAFF_MAY_NOT_TYPE = {"consent", "photo", "person", "table", "scope_codes", "id_number", "bank_account", "reference"}
STAFF_MAY_CHANGE_IN = {CaseState.PRE_REVIEW, CaseState.RECEIVED}


@dataclass(frozen=True)
class Point:
    """One point of a notice as its applicant answers it."""

    finding: Finding
    done: bool
    here: str


def latest_request(case: Case) -> CorrectionRequest | None:
    return case.correction_requests.select_related("officer", "officer__department").order_by("-id").first()


def points(case: Case) -> list[Finding]:
    """The points of the notice that is open now, in order."""
    return queries.open_findings(case) if case.state in WITH_APPLICANT else []


def progress(case: Case) -> tuple[int, int]:
    """How many points are answered, of how many."""
    found = points(case)
    return sum(1 for one in found if one.answered_at), len(found)


@dataclass(frozen=True)
class Changeable:
    """What the applicant may change while only marked things may be; None where nothing is locked."""

    fields: frozenset[str]
    materials: frozenset[str]


def changeable(case: Case) -> Changeable | None:
    """What is marked, what follows from it, and what else stands in the way of sending; None: everything."""
    if case.state != CaseState.CORRECTION_REQUESTED:
        return None
    request = latest_request(case)
    if request is None or not request.only_marked:
        return None
    found = points(case)
    form = rules.form_of(case)
    shown = {one.id for one in form.visible(rules.plain_values(case.values))}
    wrong = {name.split("-")[0] for name in rules.checked(case).errors}
    missing = case.materials.filter(how=CaseMaterial.How.MISSING, required=True).values_list("type__slug", flat=True)
    return Changeable(
        fields=frozenset(
            form.with_what_they_take({one.field for one in found if one.field} | wrong)
            | {one.id for one in form if one.id not in shown}
        ),
        materials=frozenset({one.material for one in found if one.material} | set(missing)),
    )  # fmt: skip


def within(case: Case, answers: Mapping) -> dict:
    """Of these answers those that may be changed now; the rest stays as it was sent."""
    limits = changeable(case)
    return dict(answers) if limits is None else {name: one for name, one in answers.items() if name in limits.fields}


def refuse_locked_paper(case: Case, material: str) -> None:
    limits = changeable(case)
    if limits is not None and material not in limits.materials:
        raise NotAllowed(
            "only-what-is-marked",
            _("Only what is marked can be changed now."),
            kept=_("What you sent is kept as it is."),
            next_step=_("If something else is wrong, write a question inside the case."),
        )


def refuse_locked_situation(case: Case) -> None:
    if changeable(case) is not None:
        raise NotAllowed(
            "only-what-is-marked",
            _("Only what is marked can be changed now."),
            kept=_("What you sent is kept as it is."),
        )


def who_asked_first(case: Case) -> int | None:
    """The officer of the first request; None while there was none."""
    return case.correction_requests.order_by("id").values_list("officer", flat=True).first()


def may_ask(case: Case, officer: Officer) -> bool:
    """The first request is a window's; a second a supervisor's who did not make the first."""
    if not case.corrections:
        return "window_officer" in officer.roles
    return case.corrections == 1 and "supervisor" in officer.roles and who_asked_first(case) != officer.pk


def staff_may_change(case: Case) -> list:
    """The fields of the form in which staff may put an obvious slip right: not what is a signature, an identity or another's data."""
    if case.state not in STAFF_MAY_CHANGE_IN:
        return []
    values = rules.plain_values(case.values)
    return [
        one
        for one in rules.form_of(case).visible(values)
        if one.type not in STAFF_MAY_NOT_TYPE
        and one.formula is None
        and not one.readonly
        and not one.masked
        and (case.values.get(one.id) or {}).get("source", "applicant") == "applicant"
    ]
