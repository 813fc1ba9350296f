"""A paper whose code cannot be read: number and a word on it, together; guessing is slow and tells nothing."""

import pytest

from tests.licences.test_presenting import licence, owner  # noqa: F401 - fixtures
from tongban.lib.problems import Invalid, TooMany
from tongban.licences import by_number
from tongban.licences.models import LicenceCheck

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


@pytest.fixture(autouse=True)
def nobody_asked_before():
    by_number.asking.clear()
    by_number.guessing.clear()


def test_number_and_holder_together_open_the_public_check(licence):  # noqa: F811
    found = by_number.verify(f" {licence.identifier.lower()} ", " 张 示范", address="1")

    assert found is not None and (found.signature, found.status) == (True, "valid")
    assert LicenceCheck.objects.get().channel == "number"
    assert "990000199001010011" not in str(found.face)


def test_a_wrong_word_and_a_number_that_is_not_there_are_answered_alike(licence):  # noqa: F811
    assert by_number.verify(licence.identifier, "李示范", address="1") is None
    assert by_number.verify(licence.identifier[:-1] + "?", "张示范", address="1") is None
    assert not LicenceCheck.objects.exists()


@pytest.mark.parametrize(("number", "word"), [("", "张示范"), ("1.2", ""), ("1.2", "张"), ("x" * 81, "张示范")])
def test_one_alone_is_asked_for_the_other(number, word):
    with pytest.raises(Invalid):
        by_number.verify(number, word, address="1")


def test_guessing_the_word_of_one_licence_is_slowed_down_from_wherever_and_the_right_one_is_not(licence):  # noqa: F811
    with pytest.raises(TooMany):
        for n in range(20):
            by_number.verify(licence.identifier, f"guess {n}", address=str(n))

    assert by_number.verify(licence.identifier, "张示范", address="new") is not None


def test_a_list_of_numbers_is_not_worked_through_from_one_address():
    with pytest.raises(TooMany):
        for n in range(100):
            by_number.verify(f"1.2.156.{n}", "some name", address="scraper")

    assert by_number.verify("1.2.156.1", "some name", address="a hall") is None
