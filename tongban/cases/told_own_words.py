"""What the version of a case's matter says in its own words at a moment of the case: to the applicant, or to officers at their desks."""

from typing import Any

from tongban.cases import permission, rules, standing
from tongban.cases.models import Case, Step
from tongban.departments.models import Officer
from tongban.matters import own_messages
from tongban.notices import services as notices
from tongban.notices import wording

HANDLING = {"dept_reviewer", "dept_approver"}
TOLD_AT_MOST = 40


def say(case_pk: int, when: str, occasion: str = "1") -> None:
    """Once for a case and an occasion, whatever the editors change or the worker repeats. Most matters say nothing here."""
    messages = own_messages.at(Case.objects.values_list("version__letters", flat=True).get(pk=case_pk), when)
    if not messages:
        return
    case = Case.objects.select_related("applicant", "version", "department", "matter", "parent__matter").get(pk=case_pk)
    blanks = {
        "matter": case.version.name,
        "number": {"zh": case.number or "（编号待定）", "en": case.number or "(number still to be given)"},
        "due": {language: wording.written_day(case.promised_due, language) for language in ("zh", "en")},
    }
    answers = rules.answers_shown(case) if any(one.get("if") for one in messages) else {}
    for message in messages:
        if not own_messages.holds(message, answers):
            continue
        own = own_messages.occasion(message)
        once = f"matter_message:{case_pk}:{when}:{occasion}" + (f":{own}" if own else "")
        params = {
            "matter": case.version.name,
            "number": case.number or "",
            "department": case.department.name,
            "text": own_messages.filled(message, blanks),
        }
        if own_messages.to_officers(message):
            notices.tell_staff(
                handling(case), "matter_message_staff", about=case.subject, link=f"/office/cases/{case.ref}/", params=params,
                once=once,
            )  # fmt: skip
        else:
            _tell_applicant(case, params, once)


def _tell_applicant(case: Case, params: dict[str, Any], once: str) -> None:
    notices.tell(
        case.applicant, "matter_message", about=case.subject, link=f"/my/cases/{case.ref}/", params=params, once=once,
        matter=standing.matter_of(case),
    )  # fmt: skip


def handling(case: Case) -> list[Officer]:
    """Who of the case's department reviews or decides this matter and has nothing to do with the applicant."""
    staff = Officer.objects.filter(department=case.department_id, active=True).select_related(
        "account__person", "department"
    )
    found = []
    for one in staff.order_by("pk"):
        handler = permission.handler_of(one)
        certified = bool({"*", case.matter.slug} & handler.certified)
        if handler.roles & HANDLING and certified and case.applicant_id not in handler.parties:
            found.append(one)
    return found[:TOLD_AT_MOST]


def times(case_pk: int, move: str) -> str:
    """Which time it is that a case makes this move: the name of an occasion that comes again."""
    return str(Step.objects.filter(case=case_pk, move=move).count())
