"""What the version of a case's matter says to the applicant in its own words, at a moment of the case."""

from tongban.cases import standing
from tongban.cases.models import Case, Step
from tongban.matters import own_messages
from tongban.notices import services as notices
from tongban.notices import wording


def say(case_pk: int, when: str, occasion: str = "1") -> None:
    """Once for a case and an occasion, whatever the editors change or the worker repeats. Most matters say nothing here."""
    message = own_messages.at(Case.objects.values_list("version__letters", flat=True).get(pk=case_pk), when)
    if message is None:
        return
    case = Case.objects.select_related("applicant", "version", "department", "matter", "parent__matter").get(pk=case_pk)
    blanks = {
        "matter": case.version.name,
        "number": {"zh": case.number or "（编号待定）", "en": case.number or "(number still to be given)"},
        "due": {language: wording.written_day(case.promised_due, language) for language in ("zh", "en")},
    }
    notices.tell(
        case.applicant,
        "matter_message",
        about=case.subject,
        link=f"/my/cases/{case.ref}/",
        params={
            "matter": case.version.name,
            "number": case.number or "",
            "department": case.department.name,
            "text": own_messages.filled(message, blanks),
        },
        once=f"matter_message:{case_pk}:{when}:{occasion}",
        matter=standing.matter_of(case),
    )


def times(case_pk: int, move: str) -> str:
    """Which time it is that a case makes this move: the name of an occasion that comes again."""
    return str(Step.objects.filter(case=case_pk, move=move).count())
