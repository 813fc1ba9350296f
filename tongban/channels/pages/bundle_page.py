"""A bundle on pages: its parts for the applicant and the front desk, and for a department what stands around its own part."""

from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.cases import bundles, clocks, planning
from tongban.cases.models import Case
from tongban.cases.states import IN_REVIEW, SHOWN_TO_APPLICANT, CaseState
from tongban.lib.bilingual import say

HANDLED = IN_REVIEW | {
    CaseState.SUBMITTED,
    CaseState.RECEIVED,
    CaseState.ACCEPTED,
    CaseState.APPROVED,
    CaseState.ISSUING,
}


def of_applicant(case: Case) -> dict:
    """`parts` of a whole, or the `whole` a part belongs to; empty for a single matter."""
    if case.parent_id is not None:
        return {"whole": case.parent, "part": _own_part(case)}
    if not planning.is_bundle(case):
        return {}
    parts = _lines(case)
    return {"parts": parts, "standing": bundles.standing(case), "planned": [] if parts else _planned(case)}


def _planned(whole: Case) -> list[dict]:
    """What the answers make of a bundle that nobody has taken on yet: its parts become cases of their own after the check."""
    return [
        {"name": say(one.name), "department": say(one.version.matter.department.name), "mandatory": one.mandatory}
        for one in planning.plan_of(whole).members
    ]


def _own_part(case: Case) -> dict | None:
    lines = _lines(case.parent) if case.parent is not None else []
    return next((line for line in lines if line["case"].pk == case.pk), None)


def _lines(whole: Case) -> list[dict]:
    parts = bundles.members_of(whole)
    names = {part.row.slug: say(part.case.version.name) for part in parts}
    still = clocks.that_stand_still([part.case for part in parts])
    return [_line(part, whole, names) | {"still": part.case.pk in still} for part in parts]


def standing_still(case: Case) -> dict:
    """Why no day is promised now: of a whole its `parts` that stand still, of a part what it `waits_for`, or the last day of its `notice`.

    {} where the clock runs, or the case itself is in an excluded step, which its page says already.
    """
    if case.state not in IN_REVIEW or case.state == CaseState.SUSPENDED or not clocks.that_stand_still([case]):
        return {}
    if case.state == CaseState.PUBLIC_NOTICE:
        return {"notice": case.public_notices.filter(over_at__isnull=True).values_list("until", flat=True).first()}
    whole = case.parent if case.parent_id is not None else case
    if whole is None:
        return {}
    parts = [part for part in bundles.parts_of(whole) if part.open]
    still = clocks.that_stand_still([part.case for part in parts])
    if case is not whole:
        own: list[str] = next((part.row.after for part in parts if part.case.pk == case.pk), [])
        return {"waits_for": _(", ").join(say(part.case.version.name) for part in parts if part.row.slug in own)}
    planned = clocks.planned_ends([part.case for part in parts])
    held = [part.case for part in parts if part.case.pk in still and part.case.state != CaseState.ACCEPTED]
    return {
        "parts": [
            {"ref": one.ref, "name": say(one.version.name), "until": planned.get(one.pk), "notice": one.state == CaseState.PUBLIC_NOTICE}
            for one in held
        ],
        "forecast": clocks.forecast_together([part.case for part in parts], now=timezone.now()),
    }  # fmt: skip


def _line(part: bundles.Part, whole: Case, names: dict[str, str]) -> dict:
    case = part.case
    return {
        "slug": part.row.slug,
        "case": case,
        "name": say(case.version.name),
        "department": say(case.department.name),
        "why": say(part.row.why),
        "state": SHOWN_TO_APPLICANT[CaseState(case.state)],
        "holder": say(case.department.name) if case.state in HANDLED else "",
        "granted": part.granted,
        "lost": part.lost,
        "dropped": part.dropped,
        "mandatory": part.row.mandatory,
        "to_be_chosen": part.to_be_chosen and whole.state in IN_REVIEW,
        "choice": part.row.choice,
        "choose_by": part.row.choose_by,
        "reason": say((case.reason or {}).get("text")) if isinstance((case.reason or {}).get("text"), dict) else (case.reason or {}).get("text", ""),
        "after": [names.get(slug, slug) for slug in part.row.after] if part.open else [],
        "early": bundles.early(part, whole),
        "released": part.row.released_at,
        "with_you": case.state == CaseState.CORRECTION_REQUESTED and case.next_due is not None,
        "licence": part.result.licence if part.granted else None,
        "due": case.promised_due if part.open else None,
        "decided": timezone.localdate(case.decided_at) if case.decided_at else None,
    }  # fmt: skip


def of_office(case: Case) -> dict:
    """For the front desk every part; for a department its part's place among the others: what they are and how they stand."""
    if case.parent_id is not None:
        siblings = [
            {
                "number": one.number,
                "name": say(one.name),
                "department": say(one.department),
                "state": CaseState(one.state).label,
                "here": one.here,
                "before": one.before,
            }
            for one in bundles.siblings_of(case)
        ]
        return {"part_of": case.parent, "siblings": siblings}
    if not planning.is_bundle(case):
        return {}
    parts = [{**line, "office_state": line["case"].get_state_display()} for line in _lines(case)]
    standing = bundles.standing(case)
    return {
        "parts": parts,
        "standing": standing,
        "late": standing.late(case),
        "planned": [] if parts else _planned(case),
    }
