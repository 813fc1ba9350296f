"""A holder lets one office open a licence: without it nothing opens, and each opening is a row the holder sees."""

from datetime import timedelta

import pytest

from tests import make
from tests.licences.test_presenting import NOW, TODAY, hand, licence, owner  # noqa: F401 - fixtures
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import authorising, services
from tongban.licences.models import LicenceAuthority, LicenceCall

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


@pytest.fixture
def school():
    return make.department("EDU")


def let_in(licence, owner, school, **more):  # noqa: F811
    given = {"department": school, "purpose": "enrolling my child", "fields": ["name", "address"], "until": TODAY + timedelta(days=30)}  # fmt: skip
    return authorising.authorise(licence, **hand(owner), now=NOW, **(given | more))


def test_an_officer_of_that_office_sees_the_chosen_lines_and_the_holder_sees_the_officer(licence, owner, school):  # noqa: F811
    row = let_in(licence, owner, school)
    officer = make.officer("window_officer", of=school)

    first, second = (authorising.open_at_office(row, officer=officer, for_case="9900", now=NOW) for _look in range(2))

    assert [(one["field"], one["value"]) for one in first.face] == [("name", "张示范"), ("address", "示范路1号")]
    assert (first.status, second.call.pk != first.call.pk) == ("valid", True)
    calls = LicenceCall.objects.filter(licence=licence).order_by("pk")
    assert [(one.officer, one.office, one.for_case, one.fields) for one in calls] == [
        (officer, "EDU", "9900", ["name", "address"])
    ] * 2
    assert LicenceAuthority.objects.get().openings == 2
    assert Event.objects.filter(kind="LicenceOpenedAtOffice").count() == 2


def test_nobody_else_comes_in_by_it(licence, owner, school):  # noqa: F811
    row = let_in(licence, owner, school)
    elsewhere = make.officer("window_officer", of=make.department("TAX"))

    with pytest.raises(NotAllowed) as refused:
        authorising.open_at_office(row, officer=elsewhere, now=NOW)

    assert refused.value.code == "no-authority"
    assert authorising.by_code(elsewhere, row.code, TODAY) is None
    assert not authorising.of_holders(elsewhere, [licence.holder_id], TODAY).exists()
    assert not LicenceCall.objects.exists()


def test_it_ends_with_its_last_day_and_when_the_holder_says_so(licence, owner, school):  # noqa: F811
    officer = make.officer("window_officer", of=school)
    timed, ended = let_in(licence, owner, school, until=TODAY), let_in(licence, owner, school)
    authorising.end(ended, **hand(owner))
    authorising.end(ended, **hand(owner))

    for row, when in ((timed, NOW + timedelta(days=1)), (ended, NOW)):
        with pytest.raises(NotAllowed):
            authorising.open_at_office(row, officer=officer, now=when)
    assert authorising.open_at_office(timed, officer=officer, now=NOW).status == "valid"
    assert authorising.by_code(officer, ended.code, TODAY) is None
    assert Event.objects.filter(kind="AuthorityEnded").count() == 1


def test_the_code_is_read_as_people_write_it(licence, owner, school):  # noqa: F811
    row = let_in(licence, owner, school)
    officer = make.officer("window_officer", of=school)

    written = f" {row.code[:5].lower()}-{row.code[5:]} "

    assert authorising.by_code(officer, written, TODAY) == row
    assert [authorising.by_code(officer, said, TODAY) for said in ("", row.code[:9], "0" * 10, row.code + "A")] == [
        None
    ] * 4
    assert row.code not in str(LicenceAuthority.objects.values_list("index", flat=True).get())


def test_an_office_sees_that_a_licence_was_revoked_since(licence, owner, school):  # noqa: F811
    row = let_in(licence, owner, school)
    services.revoke(licence, reason="x", actor=PLATFORM)

    opened = authorising.open_at_office(row, officer=make.officer("inspector", of=school), now=NOW)

    assert (opened.status, opened.reason) == ("not_valid", "revoked")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"department": None}, "department"),
        ({"purpose": " "}, "purpose"),
        ({"fields": ["photo"]}, "fields"),
        ({"until": None}, "until"),
        ({"until": TODAY - timedelta(days=1)}, "until"),
        ({"until": TODAY + timedelta(days=367)}, "until"),
    ],
)
def test_an_office_is_not_let_in_without_its_limits(licence, owner, school, given, field):  # noqa: F811
    with pytest.raises(Invalid) as wrong:
        let_in(licence, owner, school, **given)

    assert list(wrong.value.errors) == [field]
