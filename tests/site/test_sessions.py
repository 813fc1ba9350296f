"""Sessions that the keeper of the machine ends, and the inventory of what the product is made of."""

from types import SimpleNamespace

import pytest
from django.test import Client

from tests import doors, make
from tongban.journal.models import Event
from tongban.site.commands import sessions
from tools import inventory


def is_in(client) -> bool:
    return client.get("/account/").status_code == 200


def end(name=None, *, everybody=False) -> int:
    return sessions.run(SimpleNamespace(act="end", name=name, everybody=everybody))


@pytest.mark.django_db
def test_one_person_is_out_on_every_device_and_nobody_else_is(capsys):
    hers, his = make.account(login="hers"), make.account(login="his")
    phone, desk, other = (doors.enter(Client(), one) for one in (hers, hers, his))
    assert all(map(is_in, (phone, desk, other)))  # the control: all of them are in before

    assert end("hers") == 0

    assert [is_in(one) for one in (phone, desk, other)] == [False, False, True]
    assert "2 sessions ended" in capsys.readouterr().out
    assert Event.objects.get(kind="SessionsEnded").payload == {"account": hers.pk, "sessions": 2}


@pytest.mark.django_db
def test_everybody_is_out_at_once():
    clients = [doors.enter(Client(), make.account()) for _one in range(3)]

    assert end(everybody=True) == 0
    assert not any(map(is_in, clients))


@pytest.mark.django_db
def test_an_unknown_name_or_no_name_ends_nothing(capsys):
    client = doors.enter(Client(), make.account(login="hers"))

    assert (end("nobody"), end(), end("hers", everybody=True)) == (1, 2, 2)
    assert is_in(client) and "Nothing was ended" in capsys.readouterr().err


def test_the_inventory_names_every_library_of_the_locks_with_its_hashes():
    found = {one["name"]: one for one in inventory.drawn()["components"]}
    locked = (inventory.ROOT / "requirements/core.lock").read_text("utf-8")

    assert found["django"]["purl"].startswith("pkg:pypi/django@5.2")
    assert len(found) >= locked.count("==") and not [name for name, one in found.items() if not one["properties"]]
    assert "pytest" not in found
