"""The demonstration is built at any hour."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tongban.journal.actors import PLATFORM
from tongban.licences import services as licences
from tongban.licences.models import LicencePresentation
from tongban.site.demonstration import wallet

pytestmark = pytest.mark.django_db


def test_soon_after_midnight_nothing_is_shared_before_its_first_day():
    """Sharing began hours ago: what is in force since midnight was not in force then."""
    make.calendar()
    who = make.account(make.person("李示例"), login=wallet.WHO)
    night = timezone.localtime().replace(hour=2, minute=30)
    kind = make.licence_type("driving", face_fields=["name", "id_no", "address", "class"])
    face = {"name": "李示例", "id_no": "990000199001010011", "address": "示范路1号", "class": "C1"}
    for since in (night.date() - datetime.timedelta(3), night.date()):
        licences.issue(
            kind, holder=who.person, face=face, decision=f"case:{since}", issued_on=since, valid_from=since,
            valid_to=night.date() + datetime.timedelta(400), actor=PLATFORM, now=night,
        )  # fmt: skip

    wallet.use(night)

    assert {one.licence.valid_from for one in LicencePresentation.objects.select_related("licence")} == {
        night.date() - datetime.timedelta(3)
    }
