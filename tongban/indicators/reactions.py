"""A case was sent or decided: it adds to the figures of its matter."""

from tongban.cases.events import CaseDecided, CaseHandedIn, CaseSubmitted, MemberReceived
from tongban.cases.models import Case
from tongban.indicators import services
from tongban.journal.services import on


@on(CaseSubmitted, CaseHandedIn, MemberReceived)
def count_sent(event):
    services.count_sent(Case.objects.select_related("matter", "version", "department").get(pk=event.case))


@on(CaseDecided)
def count_decided(event):
    services.count_decided(Case.objects.select_related("matter", "version", "department").get(pk=event.case))
