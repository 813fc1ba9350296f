"""The office enrols devices and revokes their keys; a device is told at its next request."""

import re

import pytest

from tests import make
from tests.codes.gate_world import Gate, card_of, codes_of
from tests.doors import enter
from tongban.codes.models import DeviceKey
from tongban.codes.services import scanning
from tongban.codes.services.readers import suspend
from tongban.journal.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    for module in ("verifying", "holding"):
        monkeypatch.setattr(f"tongban.codes.services.{module}.key_directory", lambda: tmp_path / "codes")
    scanning.devices.forget()
    yield
    scanning.devices.forget()


def test_the_office_shows_a_code_once_and_revokes_with_one_click(client):
    gate = Gate()
    officer = make.officer("coordinator")
    enter(client, officer.account)
    at = f"/office/codes/devices/{gate.reader.ref}/"

    before = client.get(at).content.decode()
    shown = client.post(at + "enrol").content.decode()
    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", shown)[0]
    after = client.get(at).content.decode()
    revoked = client.post(at + "revoke", {"key": gate.row.key_id}, follow=True).content.decode()

    assert gate.row.key_id in before and code not in after and "A code is open" in after
    assert "Revoked. The device gets no answer" in revoked and "Revoke this key" not in revoked
    assert DeviceKey.objects.get().state == DeviceKey.State.REVOKED
    assert Event.objects.filter(kind__in=["EnrolmentOpened", "DeviceKeyRevoked"]).count() == 2
    assert gate.verify(client, codes_of(card_of())[0]).status_code == 401


def test_others_neither_enrol_nor_revoke(client):
    gate = Gate()
    enter(client, make.officer("auditor").account)
    at = f"/office/codes/devices/{gate.reader.ref}/"

    assert client.get(at).status_code == 200
    assert client.post(at + "enrol").status_code == client.post(at + "revoke").status_code == 403
    assert "Revoke this key" not in client.get(at).content.decode()


def test_a_reader_that_was_suspended_gets_no_answer_from_that_moment(client):
    gate, card = Gate(), card_of()
    assert gate.verify(client, codes_of(card)[0]).status_code == 200

    suspend(gate.reader, officer=make.officer("coordinator"), why="stolen from the hall")

    assert gate.verify(client, codes_of(card)[0]).json()["code"] == "reader-suspended"
