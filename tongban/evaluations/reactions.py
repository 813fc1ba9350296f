"""A case is done: its applicant may say how it was."""

from django.utils import timezone

from tongban.cases.events import CaseClosed, CaseDelivered
from tongban.cases.models import Case
from tongban.departments import duties
from tongban.evaluations import rules, services
from tongban.evaluations.models import FollowUp
from tongban.evaluations.states import FollowUpState
from tongban.journal import services as journal
from tongban.journal.services import on

CLOCKS = {"contact": rules.CONTACT_DAYS, "simple": rules.SIMPLE_DAYS, "complex": rules.COMPLEX_DAYS}


def _counted(name: str, days: int) -> duties.Duty:
    return duties.Duty(
        f"following up bad ratings, {name}",
        lambda: FollowUp.objects.exclude(state=FollowUpState.CLOSED).select_related("rating"),
        f"{name}_due",
        lambda row: (timezone.localdate(row.rating.at), days),
        moved=lambda rows: journal.touch("follow-ups"),
    )


for _name, _days in CLOCKS.items():
    duties.enter(_counted(_name, _days))


@on(CaseDelivered, CaseClosed)
def invite_applicant(event):
    services.invite(Case.objects.select_related("applicant", "account", "version").get(pk=event.case))
