"""Questions about hearings: must this applicant be heard first, is it over, who may lead it. Nothing here changes anything."""

from django.db.models import BigIntegerField, CharField, Exists, OuterRef, Q, QuerySet

from tongban.cases.models import Case, Hearing
from tongban.cases.procedure_states import HEARING_OVER, HearingState
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.composed import composed


def wanted_by_law(case: Case) -> bool:
    """Does the guide name a hearing among the steps that are not counted? Then nothing is refused before the applicant could be heard."""
    return any(
        "听证" in str(one.get("name", {}).get("zh", "")) or "hearing" in str(one.get("name", {}).get("en", "")).lower()
        for one in case.version.special_procedures
    )


def may_be_asked_for() -> Q:
    """Cases whose applicant can ask for a hearing now."""
    return Q(Exists(Hearing.objects.filter(case=OuterRef("pk"), state=HearingState.OFFERED)))


@composed(case=BigIntegerField(), about=CharField())
def _hearing(case, about):
    return Hearing.objects.filter(case_id=case, about=about).select_related("leader", "officer").order_by("pk")[:1]


def of(case: Case, about: str) -> Hearing | None:
    for row in _hearing(case=case.pk, about=about):
        row.case = case
        return row
    return None


def running(case: Case) -> Hearing | None:
    """The hearing that is not over yet."""
    return not_over(case.pk).select_related("leader", "officer").order_by("-id").first()


def not_over(case: int) -> QuerySet[Hearing]:
    return Hearing.objects.filter(case_id=case).exclude(state__in=HEARING_OVER)


def is_over(case: Case, about: str) -> bool:
    row = of(case, about)
    return row is not None and row.state in HEARING_OVER


def who_may_lead(case: Case) -> list[Officer]:
    """People of the department who did not handle the case; of the service office where nobody else is left."""
    handled = {case.reviewer_id, case.approver_id, case.claimed_by_id}
    handled |= set(case.steps.exclude(officer=None).values_list("officer", flat=True))
    handled |= set(case.hearings.values_list("officer", flat=True))
    own = [one for one in departments.officers(case.department) if one.pk not in handled]
    return own or [one for one in departments.officers(role="coordinator") if one.pk not in handled]
