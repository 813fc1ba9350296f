"""The officer's menu: each place once, open to whoever sees it, and the way to it marked."""

import re

import pytest

from tests import make
from tests.office.desks import at_the_desk
from tongban.channels.office.menu import GROUPS, menu_of
from tongban.departments.models import Role

PLACES = [place for _words, places in GROUPS for place in places]


def addresses(shown: dict) -> list[str]:
    return [place.address for place in [*shown["bar"], *(one for _words, group in shown["groups"] for one in group)]]


@pytest.mark.parametrize("role", Role.values)
def test_each_place_stands_once_and_where_one_works_in_the_bar(role):
    shown = menu_of({role}, "/office/")

    assert len(addresses(shown)) == len(set(addresses(shown)))
    assert {place.address for place in shown["bar"]} == {place.address for place in PLACES if role in place.home_of}
    assert shown["within"] is None


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_whoever_sees_a_place_may_go_there(role):
    client = at_the_desk(make.officer(role))

    refused = {address: answer.status_code for address in addresses(menu_of({role}, "/office/")) if (answer := client.get(address)).status_code != 200}  # fmt: skip

    assert refused == {}


def test_no_two_places_share_their_keys():
    keys = [place.key for place in PLACES if place.key]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("path", "role", "there"),
    [
        ("/office/limits/", "window_officer", "/office/limits/"),
        ("/office/figures/", "coordinator", "/office/disputes/"),
        ("/office/figures/x/y/", "auditor", "/office/figures/"),
        ("/office/window/", "window_officer", None),  # stands in the bar already
        ("/office/cases/123/", "coordinator", None),
    ],
)
def test_what_only_the_menu_leads_to_is_named_while_one_is_there(path, role, there):
    within = menu_of({role}, path)["within"]
    assert (within.address if within else None) == there


@pytest.mark.django_db
def test_the_page_marks_where_one_stands_once():
    client = at_the_desk(make.officer("coordinator"))

    page = client.get("/office/limits/").content.decode()

    main = page[page.index('<nav class="tb-nav"') : page.index("</nav>")]
    assert re.findall(r'href="([^"]+)" aria-current="page"', main) == ["/office/limits/"]
    assert main.count('data-key="g l"') == 1
