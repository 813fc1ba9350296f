"""What is filled in already, on the day the applicant lives in."""

from datetime import UTC, date, datetime

import pytest

from tests import make
from tongban.cases import prefill
from tongban.journal.actors import PLATFORM
from tongban.licences import services as licences

pytestmark = pytest.mark.django_db

FORM = [{"id": "permit_no", "zh": "居住证编号", "en": "Permit number", "type": "text", "prefill": "e-licence-store.residence-permit.id_no"}]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "known"),
    [
        (datetime(2026, 11, 21, 15, 59, tzinfo=UTC), {}),  # 23:59 on the 21st in Shanghai: the licence begins tomorrow
        (datetime(2026, 11, 21, 16, 1, tzinfo=UTC), {"permit_no": "J-1"}),  # 00:01 on the 22nd there, the 21st in UTC
        (datetime(2026, 12, 1, 15, 59, tzinfo=UTC), {"permit_no": "J-1"}),
        (datetime(2026, 12, 1, 16, 1, tzinfo=UTC), {}),  # it ended with the 1st there
    ],
)
def test_a_licence_is_known_from_the_first_minute_of_its_day_to_the_last(moment, known):
    owner = make.account()
    version = make.matter(form=FORM).versions.get()
    make.licence_type("residence-permit", issuer=make.department("PSB"), holder_kind="person", face_fields=["id_no"])
    licences.issue(
        "residence-permit", holder=owner.person, face={"id_no": "J-1"}, decision="case:1", issued_on=date(2026, 11, 22),
        valid_from=date(2026, 11, 22), valid_to=date(2026, 12, 1), actor=PLATFORM,
    )  # fmt: skip

    found = prefill.prefill(
        version, party=owner.person, person=owner.person, about="case:2", actor=PLATFORM, now=moment
    )

    assert {field: value["value"] for field, value in found.items()} == known
