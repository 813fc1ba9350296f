"""What codes do when something below them happened: one consequence, one call each."""

from datetime import timedelta

from tongban.cases.events import CaseDecided
from tongban.cases.models import Case
from tongban.codes.services import keeping_keys, keeping_venues, passes, status_appealing
from tongban.journal.services import every, on
from tongban.licences.events import LicenceStateChanged
from tongban.registers.events import ConsentRevoked


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
