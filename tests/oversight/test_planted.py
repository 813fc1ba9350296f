"""Five thousand planted numbers, telephones, names, addresses and accounts: after what people typically do none lies readable on the disk.

Looked through: the database as a file (with its indexes and free pages), everything under var, which holds log, media, mail and the
anchors, and a backup. A letter may name whom it is for, and the text message's twin stands for the provider, who must know the number.
"""

import random
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests import doors, make
from tests.materials.conftest import picture
from tests.office.desks import at_the_desk, give_a_reason, officer_for, work
from tongban.cases import services as cases
from tongban.lib.identifiers import check_resident_id
from tongban.materials import services as documents
from tongban.notices import services as notices
from tongban.parties import rules as party_rules
from tongban.parties.models import Person
from tongban.site import logs

pytestmark = pytest.mark.django_db

PEOPLE, ACTING = 1000, 4
FORM = [
    {"id": "name", "zh": "姓名", "en": "Name", "type": "text", "required": True, "prefill": "user.name", "readonly": True},
    {"id": "id_no", "zh": "证件号码", "en": "ID number", "type": "id_number", "prefill": "user.id_no", "readonly": True,
     "masked": True},
    {"id": "mobile", "zh": "手机", "en": "Mobile", "type": "text", "prefill": "user.mobile"},
    {"id": "reason", "zh": "事由", "en": "Reason", "type": "text", "required": True},
]  # fmt: skip
SYLLABLES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


def _id_no(number: int) -> str:
    body = f"990000{1950 + number % 50}{1 + number % 12:02d}{1 + number % 28:02d}{number % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def planted(number: int, chance: random.Random) -> dict:
    name = "鑫" + "".join(chance.choice(SYLLABLES) for _syllable in range(5)) + f"垚{number}"
    return {
        "name": name,
        "id_no": _id_no(number),
        "mobile": f"177{number:04d}{chance.randint(1000, 8999)}",
        "address": f"紫薇弄{number}号{chance.randint(100000, 999999)}室",
        "bank_account": f"62{number:04d}{chance.randint(10**11, 10**12 - 1)}",
    }


@pytest.fixture
def city(settings, tmp_path):
    settings.TONGBAN_VAR = tmp_path
    make.calendar()
    chance = random.Random(58)
    people = []
    for number in range(PEOPLE):
        told = planted(number, chance)
        index = party_rules.index_of("id_card", party_rules.check_number("id_card", told["id_no"]))
        people.append(
            (told, make.person(**told, id_index=index, mobile_index=party_rules.mobile_index_of(told["mobile"])))
        )
    assert check_resident_id(people[3][0]["id_no"]).valid
    return people


def typical_acts(city) -> None:
    """Sent, handed in, looked at, found, asked, told, taken along, written down."""
    make.material_type("lease")
    of = make.matter(form=FORM, requirements=[{"material": "lease", "required": True}])
    window, auditor = officer_for("window_officer"), officer_for("auditor")
    for number, (told, person) in enumerate(city[:ACTING]):
        account = make.account(person, login=f"person{number}")
        client = doors.enter(Client(), account, present=True)
        draft = cases.begin(of, party=person, account=account)
        draft = cases.save(
            draft, {"reason": f"{told['name']} {told['id_no']}", "mobile": told["mobile"]}, revision=draft.revision,
            account=account,
        )  # fmt: skip
        paper = documents.keep(
            [SimpleUploadedFile("lease.jpg", picture(), "image/jpeg")], owner=person, by=account, name="lease"
        )
        cases.attach(draft, "lease", paper, account=account)
        case = cases.submit(draft, account=account, level=3, key=f"key-{number}")
        cases.ask(case, account=account, text=f"我的电话是{told['mobile']}", key=f"ask-{number}")
        case = cases.pass_pre_review(cases.start_pre_review(case))
        notices.tell(person, "correction_reminder", about=case.subject, link="/my/",
                     params={"matter": of.slug, "number": case.number, "due": "2026-12-01"}, once=f"x{number}")  # fmt: skip
        client.get(f"/my/cases/{case.ref}/")
        client.get("/track/", {"number": told["id_no"], "code": told["mobile"]})
        client.get("/search/", {"q": told["id_no"]})
        at_the_desk(window).get(reverse("office:case", args=[case.ref]))
        at_the_desk(window).post(reverse("office:reveal", args=[case.ref, "id_no"]))
        at_the_desk(window).get(reverse("office:find"), {"number": told["id_no"]})
        desk = at_the_desk(auditor)
        give_a_reason(desk, case, what="person", id_kind="id_card", id_no=told["id_no"],
                      reason=f"{told['name']} rang about {told['mobile']}")  # fmt: skip
        at_the_desk(window).post(
            "/office/window/visitor/", {"id_kind": "id_card", "id_no": told["id_no"], "code": "nothing"}
        )
    at_the_desk(window).post(reverse("office:export"), {"tab": "intake"})
    work()


def kept_on_disk(folder: Path) -> dict[str, bytes]:
    """Every byte that is kept: the database as a file, with indexes and what was deleted, and all files beside it."""
    (folder / "copy.sqlite3").write_bytes(connection.connection.serialize())
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def found(files: dict[str, bytes], people) -> list[tuple]:
    """(place, kind of value) of whatever planted value can be read somewhere, plain or as JSON escapes it."""
    numbers, words = {}, {}
    for told, _person in people:
        numbers |= {told[kind].encode(): kind for kind in ("id_no", "mobile", "bank_account")}
        words |= {told["name"]: "name", told["address"]: "address"}
    lengths = {len(number) for number in numbers}
    where = set()
    for place, content in files.items():
        text = content.decode("utf-8", "replace") + content.decode("utf-16-le", "replace")
        text += ESCAPED.sub(lambda one: chr(int(one[1], 16)), text) if "\\u" in text else ""
        seen = {
            numbers[number] for run in DIGITS.findall(content) for number in _within(run, lengths) if number in numbers
        }
        seen |= {words[word] for word in WORDS.findall(text) if word in words}
        where |= {(place, kind) for kind in seen if (place.partition("/")[0], kind) not in MAY}
    return sorted(where)


DIGITS = re.compile(rb"\d{11,}X?")
WORDS = re.compile(r"鑫[一-龥]{5}垚\d+|紫薇弄\d+号\d{6}室")
ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
MAY = {("mail", "name"), ("sms", "mobile")}


def _within(run: bytes, lengths: set[int]):
    return {run[at : at + length] for length in lengths for at in range(len(run) - length + 1)}


@pytest.fixture
def on_sqlite():
    if connection.vendor != "sqlite":
        pytest.skip("the file is SQLite's; sealed fields are the same on PostgreSQL")


def test_none_of_five_thousand_planted_values_can_be_read(on_sqlite, city, tmp_path, caplog):
    assert sum(len(told) for told, _person in city) == 5 * PEOPLE
    with caplog.at_level("INFO"):
        typical_acts(city)
    written = "\n".join(
        str(logs._without_people(None, "", {"event": record.getMessage()})) for record in caplog.records
    )
    (tmp_path / "log").mkdir(exist_ok=True)
    (tmp_path / "log" / "all.log").write_text(written)

    files = kept_on_disk(tmp_path)

    assert any(place.startswith("media/") for place in files)
    assert any(place.startswith(("mail/", "sms/")) for place in files)
    assert found(files, city) == []


def test_control_a_value_in_the_clear_is_found_in_the_database_and_in_a_file(on_sqlite, city, tmp_path):
    told, person = city[7]
    other, _person = city[8]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE parties_person SET mobile = %s WHERE party_id = %s", [told["mobile"], person.pk])
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "tongban.log").write_text(f"somebody wrote {other['id_no']}")

    assert found(kept_on_disk(tmp_path), city) == [("copy.sqlite3", "mobile"), ("log/tongban.log", "id_no")]
    assert Person.objects.count() >= PEOPLE
