"""People are told what became of what they asked about their data."""

from django.utils import timezone

from tongban.departments import duties
from tongban.journal import services as journal
from tongban.journal.services import on
from tongban.notices import services as notices
from tongban.registers.events import DisputeAnswered
from tongban.registers.models import Dispute
from tongban.rights import closing, erasing, events, exporting  # loading them enters their errands and duties
from tongban.rights.models import Review
from tongban.rights.services import LOOKED_AT_WITHIN

__all__ = ["closing", "erasing", "exporting"]

duties.enter(
    duties.Duty(
        "looks at a machine's decision",
        lambda: Review.objects.filter(state="open").select_related("case"),
        "due",
        lambda row: (timezone.localdate(row.asked_at), LOOKED_AT_WITHIN),
        provisional="provisional",
        moved=lambda rows: journal.touch(
            *sorted({name for row in rows for name in (row.subject, f"reviews:{row.department}", row.case.subject)})
        ),
    )
)


@on(DisputeAnswered)
def tell_dispute_answered(event):
    row = Dispute.objects.select_related("of_party", "resource").get(pk=event.dispute)
    notices.tell(
        row.of_party,
        f"dispute_{event.outcome}",
        about=row.subject,
        link=f"/my/data/disputes/{row.ref}/",
        params={"value": row.label or {"zh": row.field, "en": row.field}, "register": row.resource.name},
        once=f"dispute:{row.pk}:{event.outcome}",
    )


@on(events.ReviewAnswered)
def tell_review_answered(event):
    row = Review.objects.select_related("case__applicant", "case__version").get(pk=event.review)
    notices.tell(
        row.case.applicant,
        "review_answered",
        about=row.case.subject,
        link=f"/my/cases/{row.case.ref}/why/",
        params={"matter": row.case.version.name, "number": row.case.number or ""},
        once=f"review:{row.pk}",
    )


@on(events.ExportReady)
def tell_copy_ready(event):
    if (row := exporting.told_of(event.export)) is not None:
        exporting.tell(row, "copy_ready")


@on(events.ExportFailed)
def tell_copy_failed(event):
    if (row := exporting.told_of(event.export)) is not None:
        exporting.tell(row, "copy_failed")
