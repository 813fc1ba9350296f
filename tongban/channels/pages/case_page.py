"""A case as its applicant sees it: one page, drawn for the applicant, and for an officer who helps beside it."""

from datetime import date
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tongban.cases import clocks, damage, inspections, rules, seldom, services, talking, time_spent
from tongban.cases import queries as cases
from tongban.cases.services import lettering
from tongban.cases.states import (
    BEFORE_ACCEPTANCE,
    EDITABLE,
    ENDED,
    GRANTED,
    IN_REVIEW,
    SHOWN_TO_APPLICANT,
    WITH_APPLICANT,
    WITHDRAWABLE,
    CaseState,
)
from tongban.channels.pages import bundle_page, errand, getting
from tongban.channels.pages.beside_case import beside
from tongban.lib.bilingual import say
from tongban.payments import queries as payments

TEMPLATE = "portal/case/case.html"
WAY = [
    ("sent", {CaseState.SUBMITTED, CaseState.PRE_REVIEW, CaseState.PRE_REVIEW_RETURNED}),
    ("accepted", {CaseState.RECEIVED, CaseState.CORRECTION_REQUESTED}),
    ("reviewed", {CaseState.ACCEPTED, CaseState.UNDER_REVIEW, CaseState.SITE_INSPECTION, CaseState.SUSPENDED, CaseState.PUBLIC_NOTICE}),
    ("made", {CaseState.APPROVED, CaseState.ISSUING}),
    ("done", {CaseState.READY, CaseState.DELIVERED, CaseState.CLOSED}),
]  # fmt: skip
TOLD_ENDINGS = {"terminate", "revoke"}  # reasons the applicant is told; those of other moves stay with the office


def context(
    row, party, *, base: str = "base_portal.html", sent=None, errors=None, text: str = "", receives=False, own=False
) -> dict:
    """Everything that page says; `base` is what stands around it. `receives` and `own` as for `getting.shown`: a code is for nobody who helps."""
    clock, due = cases.running_clock(row)
    there = seldom.beside(row)
    happened = cases.timeline(row)
    return {
        "base": base,
        **shown(row),
        "party": party,
        "steps": way(row),
        "timeline": happened,
        "clock": clock,
        "due": due,
        "holder": who_has_it(row),
        "findings": [one for one in cases.open_findings(row) if not one.answered_at] if row.state in EDITABLE else [],
        "editable": row.state in EDITABLE,
        "withdrawable": row.state in WITHDRAWABLE,
        "papers": lettering.of_case(row),
        "thread": talking.thread(row),
        "ask_whom": [(ref, say(words)) for ref, words in talking.parts_to_ask(row)],
        "talk_open": services.is_open(row),
        "granted": row.state in GRANTED,
        "refused": row.state in {CaseState.REFUSED, CaseState.NOT_ACCEPTED},
        "trace": row.rules_trace or {},
        "took": took(row),
        "ending": next((step.reason for step in reversed(happened) if step.move in TOLD_ENDINGS), ""),
        "ended_or_ready": ENDED | GRANTED,
        "sent": sent,
        "key": uuid4().hex,
        "errors": errors or {},
        "text": text,
        "answers": answers(row, own=base == "base_portal.html"),
        "materials": row.materials.select_related("type").only("case", "how", "type__name"),
        "damaged": damage.pages(row) if row.state not in ENDED else [],
        "invited": hasattr(row, "invitation") and not hasattr(row, "rating"),
        "rated": getattr(row, "rating", None),
        "calls": list(row.phone_notes.select_related("officer__department")) if "phone_notes" in there else [],
        "posted": list(row.posted.all()) if "posted" in there else [],
        "hands": list(cases.hands_of(row)) if "hands" in there else [],
        "beside": beside(row, there),
        "present": True,  # for whoever looks beside; the portal says both of this person
        "takes_home": True,
        "bills": list(payments.of_subject(row.subject)) if (row.version.fee or {}).get("charged") else [],
        "inspections": inspections.of_case(row) if "inspections" in there else [],
        "objected": _objected(row) if "public_notices" in there else [],
        "forecast": clocks.forecast(row, now=timezone.now()),
        "if_accepted": _if_accepted_today(row),
        "spent": [one for one in time_spent.by_place(row) if one.working_days or one.running],
        "bundle": bundle_page.of_applicant(row),
        "still": bundle_page.standing_still(row),
        "getting": getting.shown(
            row, receives=receives, own=own, packed=bool(there & {"deliveries", "delivery_items"})
        ),
    }


def _objected(row) -> list:
    return [one for one in inspections.objections_of(row) if one.taken_back_at is None]


def shown(case) -> dict:
    """What a line about a case says."""
    # of a step that does not count the plan is told, not days that run
    left = None if case.state == CaseState.SUSPENDED else cases.days_left(case, until=case.promised_due)
    return {
        "case": case,
        "state": SHOWN_TO_APPLICANT[CaseState(case.state)],
        "asks": _asks(case),
        "light": cases.light_of(case),
        "left": left,
        **promised(case, today=timezone.localdate()),
        "with_you": case.state in WITH_APPLICANT or case.state == CaseState.READY,
        "over": case.state in ENDED,
    }


def _asks(case):
    """What a line says of a case that waits for its applicant, also where its state does not say so: a paper to come, a hearing offered."""
    state = CaseState(case.state)
    said = state in WITH_APPLICANT or state == CaseState.READY
    return SHOWN_TO_APPLICANT[state] if said else _("Something here needs your answer")


def promised(case, *, today: date) -> dict:
    """The day to expect, or the promised day that has passed. Of a day that has gone by before acceptance nothing is said: the promise runs from there."""
    day = case.promised_due
    if day is None or case.state in GRANTED | ENDED:
        return {"expected": None, "missed": None}
    return {
        "expected": day if day >= today else None,
        "missed": day if day < today and case.state in IN_REVIEW else None,
    }


def _if_accepted_today(row):
    """Due: what the promise comes to, where it waits for acceptance longer than was reckoned with."""
    late = row.state in BEFORE_ACCEPTANCE and row.promised_due is not None and row.promised_due < timezone.localdate()
    return clocks.expected_from(row, clocks.day_of_act(row, timezone.now()))["promised"] if late else None


def way(row) -> list[dict]:
    """The five stations of every case, as the applicant sees them."""
    labels = {
        "sent": _("Sent"),
        "accepted": _("Acceptance"),
        "reviewed": _("Review"),
        "made": _("Result is made"),
        "done": _("Result"),
    }
    at = next((place for place, (_name, states) in enumerate(WAY) if row.state in states), None)
    over = row.state in {CaseState.DELIVERED, CaseState.CLOSED}
    return [
        {
            "label": labels[name],
            "state": "done" if at is None and _reached(row, name) or at is not None and (place < at or over) else "current" if place == at else "todo",
        }
        for place, (name, _states) in enumerate(WAY)
    ]  # fmt: skip


def _reached(row, name: str) -> bool:
    """How far a case got that ended on the way."""
    return {"sent": True, "accepted": row.accepted_at is not None, "reviewed": row.decided_at is not None}.get(
        name, False
    )


def took(row) -> str:
    """How long a decision by rule took, in words; nothing where people decided: they have days."""
    if not row.decided_by_machine or row.submitted_at is None:
        return ""
    seconds = max(1, round((row.decided_at - row.submitted_at).total_seconds()))
    if seconds < 100:
        return ngettext("%(number)s second", "%(number)s seconds", seconds) % {"number": seconds}
    minutes = round(seconds / 60)
    return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes} if minutes < 100 else ""


def who_has_it(row) -> str:
    """Who must do the next thing, as a name a person knows."""
    if row.state in WITH_APPLICANT or row.state == CaseState.READY:
        return _("you")
    if row.state in {CaseState.SUBMITTED, CaseState.PRE_REVIEW, CaseState.RECEIVED}:
        return _("the comprehensive window")
    return say(row.department.name)


def answers(row, *, own: bool = True) -> list[dict]:
    """What was answered. Numbers stand covered: their owner uncovers them with a touch, nobody else from here."""
    asked = rules.form_of(row)
    values = rules.plain_values(row.values)
    return [
        {
            "label": one.label,
            "value": errand.named(
                one, one.display(values.get(one.id), masked=None if own or not one.personal else True)
            ),
            "covered": one.covered(values.get(one.id)) if own else "",
            "full": one.display(values.get(one.id), masked=False) if own else "",
        }
        for one in asked.visible(values)
    ]
