"""What codes do when something below them happened: one consequence, one call each."""

from datetime import timedelta

from django.utils import timezone

from tongban.cases.events import CaseDecided
from tongban.cases.models import Case
from tongban.codes.models import StatusAppeal, VenueFinding
from tongban.codes.order_states import AppealState
from tongban.codes.services import keeping_keys, keeping_venues, passes, status_appealing, visiting
from tongban.codes.visit_states import FoundState
from tongban.departments import duties
from tongban.journal import services as journal
from tongban.journal.services import every, on
from tongban.licences.events import LicenceStateChanged
from tongban.registers.events import ConsentRevoked

duties.enter(
    duties.Duty(
        "answers to appeals against a colour",
        lambda: StatusAppeal.objects.filter(state=AppealState.OPEN),
        "due",
        lambda row: (timezone.localdate(row.at), status_appealing.ANSWER_WITHIN),
        moved=lambda rows: journal.touch(status_appealing.TOPIC),
    )
)
duties.enter(
    duties.Duty(
        "findings at venues",
        lambda: VenueFinding.objects.filter(state=FoundState.OPEN).select_related("venue__party"),
        "due",
        lambda row: (row.counted_from, visiting.days_of(row.what)) if row.counted_from else None,
        never_earlier=True,
        moved=visiting.tell_new_days,
    )
)


@on(CaseDecided)
def make_the_venue(event):
    """A granted application for a venue code makes the venue, its entrances and their first posters."""
    if event.outcome == Case.Decision.GRANTED:
        keeping_venues.register(event.case)


@on(LicenceStateChanged)
def follow_the_certificate(event):
    keeping_venues.follow_licence(event.licence)


@on(ConsentRevoked)
def forget_what_the_register_said(event):
    """A consent was taken back: what rested on it goes, within minutes and not only when it is thirty days old."""
    passes.consent_revoked(event.consent)


@every("keys of codes", timedelta(hours=1))
def renew_keys_of_codes():
    keeping_keys.keep_keys()


@every("late appeals against colours", timedelta(hours=1))
def tell_of_late_appeals():
    status_appealing.tell_of_late_ones()
