"""What runs beside an application, for its applicant: what is asked, until when, and what comes next, in plain words."""

from collections.abc import Collection
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tongban.cases import correction, planning, promising, rules
from tongban.cases.models import Case, StaffChange
from tongban.cases.procedure_states import HEARING_OVER, HearingState
from tongban.cases.services import reconsidering
from tongban.cases.states import IN_REVIEW, CaseState, ClockKind
from tongban.lib.bilingual import say


def beside(case: Case, there: Collection[str]) -> dict[str, Any]:
    """Everything that the page of a case shows beside its ordinary way; falsy values show nothing; `there` as `seldom.beside` says it."""
    done, total = correction.progress(case)
    request = correction.latest_request(case) if case.corrections else None
    return {
        "progress": {"done": done, "total": total} if total else None,
        "only_marked": bool(request and request.only_marked and case.state == CaseState.CORRECTION_REQUESTED),
        "second_time": bool(request and request.second and case.state == CaseState.CORRECTION_REQUESTED),
        "hearing": _hearing(case) if "hearings" in there else None,
        "heard": list(case.hearings.filter(state=HearingState.HELD)) if "hearings" in there else [],
        "owed": list(_owed(case)) if "tolerances" in there else [],
        "opinions": _opinions(case) if "consultations" in there else [],
        "promise": promising.promise_it_rests_on(case),
        "changes": changes(case) if "staff_changes" in there else [],
        "planned_end": _planned_end(case),
        "deemed": case.steps.filter(move="deem_accepted").exists(),
        "appeal": case.appeals.select_related("anew").order_by("-id").first() if "appeals" in there else None,
        "appeal_until": _open_until(case),
        "court_until": reconsidering.sue_until(case),
        "today": timezone.localdate(),
    }


def _hearing(case: Case):
    return case.hearings.select_related("leader").exclude(state__in=HEARING_OVER).order_by("-id").first()


def _opinions(case: Case) -> list:
    return list(case.consultations.select_related("department").filter(recalled_at__isnull=True))


def _owed(case: Case):
    rows = case.tolerances.select_related("material__type").order_by("id")
    return rows.filter(settled__in=["", "late"]) if case.state in IN_REVIEW else rows.none()


def _planned_end(case: Case):
    if case.state != CaseState.SUSPENDED:
        return None
    clock = case.clocks.filter(kind=ClockKind.SPECIAL_PROCEDURE, stopped_on__isnull=True).first()
    return clock.due if clock is not None else None


def _open_until(case: Case):
    """The last day to ask for reconsideration, while it can be asked."""
    until = reconsidering.ask_until(case)
    if until is None or timezone.localdate() > until:
        return None
    return None if case.appeals.filter(decision=reconsidering.decision_of(case)).exists() else until


def changes(case: Case) -> list[dict]:
    """What staff changed, before and after, and whether it can still be undone."""
    form = rules.form_of(case)
    names = {row.type.slug: row.type.name for row in case.materials.select_related("type")}
    open_now = case.state in correction.STAFF_MAY_CHANGE_IN | {
        CaseState.CORRECTION_REQUESTED,
        CaseState.PRE_REVIEW_RETURNED,
    }
    shown = []
    for row in case.staff_changes.select_related("officer__department"):
        one = form[row.field] if row.field and row.field in form else None
        shown.append(
            {
                "row": row,
                "label": say(one.label)
                if one
                else say(names.get(row.material, {"zh": row.material, "en": row.material})),
                "before": one.display((row.before or {}).get("value")) if one else "",
                "after": one.display((row.after or {}).get("value")) if one else "",
                "field": row.what == StaffChange.What.FIELD,
                "open": open_now and row.undone_at is None,
            }
        )
    return shown


def meant(case: Case) -> dict[str, dict[str, Any]]:
    """What yes and no mean where the form itself asks whether to be decided on a promise, for `filling.controls`."""
    asked = next((one for one in rules.form_of(case) if one.id == promising.IN_FORM), None)
    if asked is None:
        return {}
    reasons = promising.reasons_against(case)
    if reasons:
        closed = _("This way is not open for this application: choose “No”.")
        return {
            asked.id: {"hint": say(_after_each_other([closed, *map(str, reasons)])), "options": _yes_and_no("", "")}
        }
    within, ordinary = (promising.decided_within(case, committed=way) for way in (True, False))
    said = [
        _(
            "You sign that you meet every condition; nobody comes before the decision, the check follows within 2 months."
        )
    ]
    covers = covered(case)
    if covers["names"]:
        said.append(in_one_day(covers))
    if within and not covers["others"]:
        said.append(
            ngettext("Decided within %(n)s working day.", "Decided within %(n)s working days.", within) % {"n": within}
        )
    if ordinary and within is not None and within < ordinary:
        said.append(
            ngettext("Otherwise it takes %(n)s working day.", "Otherwise it takes %(n)s working days.", ordinary)
            % {"n": ordinary}
        )
    said.append(
        _(
            "If it was not true, you are heard, then the licence is revoked, it goes on your credit record, and this way is closed to you."
        )
    )
    return {
        asked.id: {
            "hint": _("Not where public safety, the environment or life and health are directly at stake, nor for anybody whose promise was found false before."),
            "options": _yes_and_no(say(_after_each_other(said)), _("The ordinary way: papers are looked at, and places where the law says so, before the decision.")),
        }
    }  # fmt: skip


def covered(case: Case) -> dict[str, Any]:
    """Of a bundle: the matters a promise decides, and whether there are others whose law does not allow it. Empty for a single matter."""
    if not planning.is_bundle(case):
        return {"names": [], "others": False}
    resting = promising.versions_of(case)
    return {
        "names": [say(one.name) for one in resting],
        "others": len(resting) < len(planning.plan_of(case).members),
    }


def in_one_day(covers: dict[str, Any]) -> str:
    names = {"names": say({"zh": "、".join(covers["names"]), "en": ", ".join(covers["names"])})}
    if covers["others"]:
        return _("It covers %(names)s: each is decided within one working day once it is its turn. The others keep their time.") % names  # fmt: skip
    return _("It covers %(names)s: each is decided within one working day once it is its turn.") % names


def _after_each_other(sentences: list[str]) -> dict[str, str]:
    """Chinese sentences stand without a space between."""
    return {"zh": "".join(sentences), "en": " ".join(sentences)}


def _yes_and_no(yes: str, no: str) -> list[dict[str, str]]:
    return [
        {"value": "true", "label": _("Yes"), "hint": yes},
        {"value": "false", "label": _("No"), "hint": no},
    ]


def promise_at_the_end(case: Case) -> dict[str, Any]:
    """What the last page before sending says about deciding on a promise."""
    row = promising.promise_of(case)
    in_form = rules.checked(case).values.get("commit") is True
    reasons = promising.reasons_against(case) if (row or in_form or case.version.commitment) else []
    wanted = row is not None or in_form
    asked = any(one.id == promising.IN_FORM for one in rules.form_of(case))  # answered there, and not asked twice
    offered = bool(promising.versions_of(case)) and not wanted and not asked and not reasons and case.number is None
    return {
        "wanted": wanted,
        "chosen": row,
        "text": promising.text_of(case) if wanted and not reasons else [],
        "offered": offered,
        "covers": in_one_day(covers) if offered and (covers := covered(case))["names"] else "",
        "reasons": reasons if wanted or (case.version.commitment and promising.has_broken_one(case.applicant)) else [],
    }
