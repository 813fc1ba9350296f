"""A case is done: its applicant may say how it was."""

from tongban.cases.events import CaseClosed, CaseDelivered
from tongban.cases.models import Case
from tongban.evaluations import services
from tongban.journal.services import on


@on(CaseDelivered, CaseClosed)
def invite_applicant(event):
    services.invite(Case.objects.select_related("applicant", "account", "version").get(pk=event.case))
