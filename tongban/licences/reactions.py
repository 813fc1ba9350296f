"""A permit changed: the industry licences that list it are made to say so."""

from tongban.journal.services import on
from tongban.licences import industry, items
from tongban.licences.events import LicenceIssued, LicenceStateChanged, PermitStateChanged
from tongban.licences.models import Licence


@on(LicenceStateChanged, LicenceIssued)
def keep_the_whole_true(event):
    licence = Licence.objects.select_related("type", "issuer", "holder").get(pk=event.licence)
    for whole in [licence] if items.is_industry(licence) else industry.merging(licence):
        industry.refresh(whole)


@on(PermitStateChanged)
def keep_the_whole_of_a_permit_true(event):
    industry.refresh(Licence.objects.select_related("type", "issuer", "holder").get(pk=event.whole))
