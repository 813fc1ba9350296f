"""The record of use holds everything that was done with a licence, in all its editions, and pages without missing or doubling a line."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.licences.test_presenting import NOW, TODAY, anyone, hand, licence, officer_, opened, owner, shared  # noqa: F401
from tongban.journal.actors import PLATFORM
from tongban.licences import authorising, presenting, reporting, services, uses
from tongban.licences.models import Licence, LicenceCall, LicenceCheck

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


def everything(licence, limit=30) -> list[uses.Use]:  # noqa: F811
    rows, place = uses.page(licence, limit=limit)
    while place:
        more, place = uses.page(licence, before=place, limit=limit)
        assert more
        rows += more
    return rows


@pytest.fixture
def used(licence, owner):  # noqa: F811
    """One of everything that can happen."""
    opened(presenting.show(licence, **hand(owner), now=NOW), officer_())
    opened(shared(licence, owner), anyone())
    presenting.print_copy(licence, **hand(owner), now=NOW)
    row = authorising.authorise(
        licence, department=make.department("EDU"), purpose="school", fields=["name"],
        until=TODAY, **hand(owner), now=NOW,
    )  # fmt: skip
    authorising.open_at_office(row, officer=make.officer("inspector", of=make.department("EDU")), now=NOW)
    reporting.report(licence, "address", says="x", **hand(owner), now=NOW)
    services.call(licence, about="case:7", matter="shop", purpose="application", fields=["name"], actor=PLATFORM)
    LicenceCheck.objects.create(
        licence=licence, channel="api", answer="valid", checker="West gate", purpose="entry", at=NOW
    )
    noon = timezone.localtime(NOW).replace(hour=12)
    for hours in (0, 1, 30):
        LicenceCheck.objects.create(licence=licence, channel="page", answer="valid", at=noon - timedelta(hours=hours))
    services.suspend(licence, reason="x", actor=PLATFORM)
    return licence


def test_nothing_that_was_done_is_missing(used):
    kinds = sorted(one.what for one in everything(used))

    assert kinds == sorted(
        [
            "LicenceIssued", "LicenceShown", "LicenceShared", "LicencePrinted", "LicenceAuthorised", "FaceReported",
            "LicenceStateChanged", "show", "share", "office", "call", "reader", "checks", "checks",
        ]
    )  # fmt: skip


def test_whoever_signed_in_is_named_and_whoever_only_checked_is_a_number(used):
    rows = {one.what: one for one in everything(used)}

    assert (rows["show"].by, rows["show"].name, rows["show"].department) == ("officer", "S1", "AMR")
    assert (rows["share"].by, rows["share"].name, rows["share"].receiver) == ("anyone", "", "Landlord Chen")
    assert (rows["office"].department, rows["office"].purpose, rows["office"].fields) == ("EDU", "school", ["name"])
    assert (rows["reader"].name, rows["reader"].purpose) == ("West gate", "entry")
    assert [one.count for one in everything(used) if one.what == "checks"] == [2, 1]


@pytest.mark.parametrize("limit", [1, 3, 5, 30])
def test_every_page_goes_on_where_the_last_one_stopped(used, limit):
    whole = everything(used, 100)

    assert everything(used, limit) == whole
    assert [one.place for one in whole] == sorted((one.place for one in whole), reverse=True)


def test_a_corrected_edition_keeps_the_record_of_the_number(used, owner):  # noqa: F811
    services.resume(used, reason="x", actor=PLATFORM)
    made = services.issue(
        used.type, holder=used.holder, face={"name": "x"}, decision="case:2", issued_on=TODAY, valid_from=TODAY,
        valid_to=None, actor=PLATFORM, previous=used, now=timezone.now(),
    )  # fmt: skip

    assert {"LicenceShown", "office", "call"} < {one.what for one in everything(made)}
    assert everything(made) == everything(Licence.objects.get(pk=used.pk))


@pytest.mark.parametrize("many", [1, 40])
def test_the_record_asks_the_database_the_same_number_of_times(licence, django_assert_num_queries, many):  # noqa: F811
    LicenceCall.objects.bulk_create(
        LicenceCall(licence=licence, about=f"case:{n}", matter="m", purpose="p", fields=[]) for n in range(many)
    )

    with django_assert_num_queries(6):
        uses.page(licence)


@pytest.mark.parametrize(
    "before", ["x", "2026-13-45|1|1", "|1|1", "2026-11-21T00:00:00|1|1", "2026-11-21|a|b", "9" * 200]
)
def test_a_place_that_is_none_begins_at_the_top(used, before):
    assert uses.page(used, before=before) == uses.page(used)
