"""Questions about deciding on a promise: may this applicant, what does the promise say, what is to be checked. Nothing here changes anything."""

from collections.abc import Collection
from datetime import date

from django.db.models import BigIntegerField, QuerySet
from django.utils.translation import gettext_lazy as _

from tongban.cases import planning
from tongban.cases.models import BrokenPromise, Case, Promise
from tongban.cases.permission import handler_of
from tongban.cases.procedure_states import COMMITMENT_CHECK_MONTHS, COMMITMENT_DECIDED_WITHIN, PromiseState
from tongban.cases.states import CaseState
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed
from tongban.matters import commitment, promises
from tongban.matters.models import MatterVersion
from tongban.parties.models import Party

OFFERED_WHILE = {CaseState.DRAFT, CaseState.PRE_REVIEW_RETURNED, CaseState.CORRECTION_REQUESTED}
CHECKED_IN = {PromiseState.TO_CHECK, PromiseState.PUT_RIGHT}
CHECKING_ROLES = {"inspector", "dept_reviewer"}
IN_FORM = "commit"  # a form that asks whether to be decided on a promise asks it under this name


def has_broken_one(party: Party) -> bool:
    """Was a promise of this person or company found false, and the record not lifted since?"""
    return BrokenPromise.objects.filter(party=party, lifted_at__isnull=True).exists()


def versions_of(case: Case) -> list[MatterVersion]:
    """Whose decision may rest on a promise: the matter's own; of a bundle those members that allow it."""
    if not planning.is_bundle(case):
        return [case.version] if not kept_out(case.version, case.situation) else []
    return [one.version for one in planning.plan_of(case).members if not kept_out(one.version, one.situation)]


def kept_out(version: MatterVersion, situation: Collection[str]) -> list:
    """Why nothing is decided on a promise here: the law of the matter, or the situation chosen, in which somebody comes to look first."""
    reasons = commitment.reasons_against(version)
    if not reasons and promises.looked_at_first(version, situation):
        reasons = [_("In the situation you chose, somebody comes to look before it is decided.")]
    return reasons


def reasons_against(case: Case) -> list:
    """Why this application is not decided on a promise; empty when it may be."""
    reasons = [] if versions_of(case) else kept_out(case.version, case.situation)
    if has_broken_one(case.applicant):
        reasons.append(
            _("A promise made here before was found false, so this way is closed: the ordinary way is open.")
        )
    return reasons


def promise_of(case: Case) -> Promise | None:
    """The promise that counts for this application; None on the ordinary way."""
    return next((row for row in _promises(case=case.pk) if row.state != PromiseState.LEFT), None)


@composed(case=BigIntegerField())
def _promises(case):
    return Promise.objects.filter(case_id=case)


def promise_it_rests_on(case: Case) -> Promise | None:
    """Its own; of a part that was not decided yet, the one signed with the whole."""
    if not rests_on_one(case):
        return None
    own = promise_of(case)
    if own is not None or case.parent_id is None or case.decided_at is not None:
        return own
    return Promise.objects.filter(case_id=case.parent_id, state=PromiseState.SIGNED).first()


def rests_on_one(case: Case) -> bool:
    """Is what was sent decided on a promise: its own, or as a part of a bundle on that of the whole, where its own law allows it?"""
    if case.committed or case.parent_id is None:
        return case.committed
    return not kept_out(case.version, case.situation) and bool(_is_committed(case=case.parent_id))


@composed(case=BigIntegerField())
def _is_committed(case):
    return Case.objects.filter(pk=case, committed=True).values_list("pk", flat=True)


def will_rest_on_one(case: Case) -> bool:
    """Sent as it stands now, would this be decided on a promise? What was sent says it itself."""
    if case.committed or case.parent_id is not None or case.state not in OFFERED_WHILE:
        return case.committed
    in_form = bool((case.values.get(IN_FORM) or {}).get("value"))
    return (in_form or promise_of(case) is not None) and not reasons_against(case)


def decided_within(case: Case, *, committed: bool | None = None) -> int | None:
    """Working days until the decision: on a promise at most one. A bundle is decided with the last of its parts.

    `committed`: as if it were sent so, of what was not sent yet.
    """
    days = planning.promised_days(case)
    on_a_promise = case.committed if committed is None else committed
    if days is None:
        return COMMITMENT_DECIDED_WITHIN if on_a_promise and not planning.is_bundle(case) else None
    if case.parent_id is not None:
        whole = Case.objects.select_related("version").get(pk=case.parent_id)
        return parts_decided_within(whole, days).get(case.matter.slug, days) if whole.committed else days
    if not on_a_promise:
        return days
    if planning.is_bundle(case):
        return max(parts_decided_within(case, days).values(), default=days)
    return min(days, COMMITMENT_DECIDED_WITHIN)


def parts_decided_within(whole: Case, days: int) -> dict[str, int]:
    """On a signed promise, each member of a bundle that is promised within `days`: one that rests on it is decided in one working day, or
    that much after those it waits for; one whose law does not allow it keeps the time of the whole.
    """
    reached: dict[str, int] = {}
    for one in sorted(planning.plan_of(whole).members, key=lambda each: each.wave):
        if kept_out(one.version, one.situation):
            reached[one.slug] = days
        else:
            waited = max((reached.get(before, 0) for before in one.after), default=0)
            reached[one.slug] = min(days, waited + COMMITMENT_DECIDED_WITHIN)
    return reached


def check_due(granted_on: date) -> date:
    return departments.calendar().due_in_months(granted_on, COMMITMENT_CHECK_MONTHS).day or granted_on


def text_of(case: Case) -> list[Bilingual]:
    """What is promised, by when it is checked, and what happens if it is false: as it is shown, signed and kept."""
    papers = [row.type.name for row in case.materials.select_related("type").filter(how="commitment")]
    said: list[Bilingual] = [*(_conditions(version) for version in versions_of(case)), TRUE_AND_WHOLE]
    if papers:
        said.append(
            {
                "zh": "以本承诺代替的材料：" + "、".join(name.get("zh") or name.get("en", "") for name in papers),
                "en": "Papers that this promise stands for: "
                + ", ".join(name.get("en") or name.get("zh", "") for name in papers),
            }
        )
    return [
        *said,
        {
            "zh": f"部门据此当场或在受理后{COMMITMENT_DECIDED_WITHIN}个工作日内作出决定，不先到现场；并在准予后{COMMITMENT_CHECK_MONTHS}个月内核查。",
            "en": f"The department decides on it at once or within {COMMITMENT_DECIDED_WITHIN} working day of acceptance, without coming first; "
            f"it checks within {COMMITMENT_CHECK_MONTHS} months of granting.",
        },
        {
            "zh": "如核查发现与承诺不符：可改正的，责令限期改正；不实的，先听取您的陈述（可申请听证），再依法撤销决定、收回证照，并记入信用记录，今后不再适用告知承诺。",
            "en": "If the check finds it is not so: what can be put right must be put right by a day; if the promise was false you are heard "
            "first, then the decision and the licence are revoked, it goes on your credit record, and this way is closed to you from then on.",
        },
    ]


TRUE_AND_WHOLE: Bilingual = {
    "zh": "我提交的内容真实、完整；以承诺代替的证明材料，我将在核查时备齐供查。",
    "en": "What I hand in is true and complete. What I promise instead of proving I keep ready for the check.",
}


def _conditions(version: MatterVersion) -> Bilingual:
    conditions, name = version.conditions or {}, version.name
    zh, en = conditions.get("zh") or conditions.get("en") or "", conditions.get("en") or conditions.get("zh") or ""
    return {
        "zh": f"我已知悉“{name['zh']}”的办理条件，并承诺申请时即符合、办理后持续符合：{zh}",
        "en": f"I know the conditions of “{name['en']}” and promise that I meet them now and will go on meeting them: {en}",
    }


def to_check(officer: Officer) -> QuerySet[Promise]:
    """Promises that this officer's department has to look at, due first."""
    rows = Promise.objects.filter(state__in=CHECKED_IN, case__department=officer.department)
    rows = rows.exclude(case__applicant_id__in=handler_of(officer).parties)
    return rows.select_related("case", "case__version", "case__applicant", "case__department").order_by(
        "check_by", "id"
    )


def may_check(officer: Officer, case: Case) -> bool:
    handler = handler_of(officer)
    return (
        handler.active
        and handler.department == case.department.code
        and bool(handler.roles & CHECKING_ROLES)
        and bool({"*", case.matter.slug} & handler.certified)
        and case.applicant_id not in handler.parties
    )


def days_left(row: Promise, today: date) -> int:
    due = row.put_right_by or row.check_by or today
    calendar = departments.calendar()
    return calendar.working_days_between(today, due) if due >= today else -calendar.working_days_between(due, today)
