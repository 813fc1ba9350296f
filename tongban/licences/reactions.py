"""A permit changed: the industry licences that list it are made to say so."""

from django.utils import timezone

from tongban.departments import duties
from tongban.journal import services as journal
from tongban.journal.services import on
from tongban.licences import industry, items, proceedings, reporting
from tongban.licences.events import LicenceIssued, LicenceStateChanged, PermitStateChanged
from tongban.licences.models import FaceReport, Licence, Proceeding
from tongban.licences.proceeding_states import ANSWER_WITHIN_DAYS, ProceedingState
from tongban.licences.report_states import ReportState

duties.enter(
    duties.Duty(
        "answers to reports about a licence",
        lambda: FaceReport.objects.filter(state=ReportState.OPEN),
        "due",
        lambda row: (timezone.localdate(row.at), reporting.ANSWER_DAYS),
        moved=lambda rows: journal.touch(*sorted({f"licence:{row.licence_id}" for row in rows})),
    )
)
duties.enter(
    duties.Duty(
        "what a holder has to say",
        lambda: Proceeding.objects.filter(state=ProceedingState.OPEN, stated_at__isnull=True).select_related(
            "licence__holder", "licence__type", "licence__issuer", "item"
        ),
        "answer_until",
        lambda row: (timezone.localdate(row.opened_at), ANSWER_WITHIN_DAYS),
        never_earlier=True,
        moved=proceedings.tell_new_days,
    )
)


@on(LicenceStateChanged, LicenceIssued)
def keep_the_whole_true(event):
    licence = Licence.objects.select_related("type", "issuer", "holder").get(pk=event.licence)
    for whole in [licence] if items.is_industry(licence) else industry.merging(licence):
        industry.refresh(whole)


@on(PermitStateChanged)
def keep_the_whole_of_a_permit_true(event):
    industry.refresh(Licence.objects.select_related("type", "issuer", "holder").get(pk=event.whole))
