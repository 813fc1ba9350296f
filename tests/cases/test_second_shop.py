"""Whoever opens a second shop keeps the permit of the first; whoever has the second child keeps the first one's certificate."""

import pytest

from tests import make
from tongban.cases import services
from tongban.licences.models import Licence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

FORM = [{"id": "premises", "type": "text", "label": {"zh": "经营场所", "en": "Premises"}, "required": True}]
PERMIT = {"kind": "e_licence", "ref": "shop-permit"}


@pytest.fixture
def owner():
    return make.account()


def permit_type(*told_apart_by: str):
    return make.licence_type("shop-permit", face_fields=["address", "valid_to"], told_apart_by=list(told_apart_by))


def granted(owner, address: str, slug: str | None = None) -> Licence:
    case = make.case(
        "approved", make.matter(slug, form=FORM, result=PERMIT), account_=owner, answers={"premises": address}
    )
    return case.licence


def states(owner) -> list[tuple[str, str]]:
    rows = Licence.objects.filter(holder=owner.person).order_by("pk")
    return [(row.face["address"], row.state) for row in rows]


def test_a_permit_for_another_shop_stands_beside_the_first(owner):
    permit_type("address")
    first, second = granted(owner, "1 North Road"), granted(owner, "2 South Road")
    assert states(owner) == [("1 North Road", "valid"), ("2 South Road", "valid")]
    assert second.previous is None
    assert first.serial != second.serial


def test_the_same_shop_again_is_the_next_edition_of_its_own_permit(owner):
    permit_type("address")
    first, _second = granted(owner, "1 North Road"), granted(owner, "2 South Road")
    third = granted(owner, "1  north road")  # written with other spaces and letters
    assert third.previous_id == first.pk
    assert (third.serial, third.edition) == (first.serial, 2)
    assert [state for _address, state in states(owner)] == ["superseded", "valid", "valid"]


def test_a_change_of_address_replaces_the_permit_it_changes(owner):
    permit_type("address")
    first = granted(owner, "1 North Road")
    assert granted(owner, "3 East Road", "shop-permit-change").previous_id == first.pk
    assert [state for _address, state in states(owner)] == ["superseded", "valid"]


def test_control_of_what_everybody_has_once_a_new_one_replaces_the_old(owner):
    permit_type()
    first = granted(owner, "1 North Road")
    assert granted(owner, "2 South Road").previous_id == first.pk
    assert [state for _address, state in states(owner)] == ["superseded", "valid"]


def test_what_was_filled_from_a_permit_goes_on_from_it(owner):
    """A renewal by whatever name: its answers came from the permit, and the place is written anew."""
    permit_type("address")
    first = granted(owner, "1 North Road")
    case = make.case(
        "reviewed", make.matter(form=FORM, result=PERMIT), account_=owner, answers={"premises": "9 West Road"}
    )
    case.values["premises"] |= {"given_source": "licence:shop-permit"}
    case.save(update_fields=["values"])
    case = services.approve(case, officer=make.officer("dept_approver", of=case.department))
    assert case.licence.previous_id == first.pk
