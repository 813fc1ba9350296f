"""A thief takes everything: database, logs, the gate's disk. Of 5,000 planted people and scans nothing stands there in clear."""

import logging
import secrets
import time
from datetime import UTC, datetime

import pytest
from django.db import connection

from tests import make
from tests.codes.gate_world import Gate, card_of, codes_of, scene
from tongban.codes import bundle
from tongban.codes.models import IdentityCode
from tongban.codes.services import bundling, holding, scanning, verifying
from tongban.lib import base45
from tongban.parties.models import Person
from tongban.site.gate import Queue

pytestmark = pytest.mark.django_db
PEOPLE, BATCH = 5000, 100


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    for module in ("verifying", "holding"):
        monkeypatch.setattr(f"tongban.codes.services.{module}.key_directory", lambda: tmp_path / "keys")
    monkeypatch.setattr("tongban.codes.services.bundling.key_file", lambda: tmp_path / "gates.key")
    scanning.devices.forget()
    yield
    scanning.devices.forget()


def everything() -> bytes:
    """Every row of every table that codes, people and the journal have, as text: what lies in a backup."""
    said = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("codes_", "parties_", "journal_")):
                cursor.execute(f'SELECT * FROM "{table}"')
                said += [repr(row) for row in cursor.fetchall()]
    return "\n".join(said).encode()


def test_nothing_of_five_thousand_people_and_scans_lies_anywhere_in_clear(tmp_path, caplog, client, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(verifying, "READ_AT_MOST", 2 * PEOPLE)  # one row stands for all of them
    gate = Gate(scene("hotel", fields=("name", "masked_id", "alias")))
    first = card_of(make.account(make.person(name="种下某某", id_no="990000199001010016")))
    numbers = [f"990000{1950 + place % 50}{place:08}" for place in range(PEOPLE)]
    people = Person.objects.filter(pk=first.party_id)
    scanning.devices.refresh()
    device = scanning.devices.get(gate.row.key_id)
    queue = Queue(tmp_path / "queue", secrets.token_bytes(32))
    codes, moment = codes_of(first, PEOPLE), datetime.now(UTC)
    told = []
    for begin in range(0, PEOPLE, BATCH):
        people.update(id_no=numbers[begin])  # sealed as every number is
        scans = [
            scanning.look_at(scanning.Scan(device, f"planted-{place}", codes[place], moment))
            for place in range(begin, begin + BATCH)
        ]
        told += scanning.record_scans(scans, moment)
        queue.append({"code": codes[begin], "scan": f"planted-{begin}", "at": int(time.time())})
    gate.verify(client, codes_of(first)[0])
    text, _tag = bundling.bundle_for(device, datetime.now(UTC))
    queue.close()

    lies = everything() + caplog.text.encode() + text.encode()
    lies += b"".join(path.read_bytes() for path in (tmp_path / "queue").rglob("*") if path.is_file())

    assert {one.verdict for one in told} == {"valid"} and told[0].fields[
        "name"
    ] == "种下某某"  # the control: they were told
    assert "种下某某".encode() not in lies
    assert not [number for number in numbers if number.encode() in lies]
    assert not [code for code in codes if code[4:60].encode() in lies]
    aliases = [base45.decode(code[4:])[30:46] for code in codes[:200]]
    assert (
        holding.payload.judge(codes[0], holding.keys.ring(verifying.key_directory()), moment.timestamp()).alias
        == aliases[0]
    )
    assert not [alias for alias in aliases if alias in lies or alias.hex().encode() in lies]
    assert b"planted-" not in lies
    assert bundle.TYPE and IdentityCode.objects.count() == 1
