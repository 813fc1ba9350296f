"""Seven thousand planted numbers, telephones, names, addresses, accounts, e-mail addresses and words of ratings: after what people
typically do none lies readable on the disk.

Looked through: the database as a file (with its indexes and free pages) and its write-ahead log, what sessions hold once they are
decoded, everything under var, which holds log, media, mail and the anchors, and a backup as `tongban backup` writes it. A letter may
name whom it is for, and the text message's twin stands for the provider, who must know the number.
"""

import base64
import random
import re
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.backends.sqlite3._functions import register
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.materials.conftest import picture
from tests.office.desks import at_the_desk, give_a_reason, officer_for, work
from tongban.cases import services as cases
from tongban.cases.models import Case
from tongban.evaluations import services as evaluations
from tongban.evaluations.models import Rating, mark_of
from tongban.lib.identifiers import check_resident_id
from tongban.materials import services as documents
from tongban.notices import services as notices
from tongban.parties import rules as party_rules
from tongban.parties.models import Account, Person
from tongban.site import logs
from tongban.site.safekeeping import copying

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


def address_of(number: int) -> str:
    return f"zi{number}wei@planted.example.org"


def opinion_of(number: int) -> str:
    return f"赭石甲乙丙丁戊意见{number}"


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
    they_have_accounts_and_rate(people)
    return people


def they_have_accounts_and_rate(people) -> None:
    """Everybody but those who act below: the address is the sign-in name too, as many people choose it."""
    accounts = Account.objects.bulk_create(
        Account(login=address_of(number), email=address_of(number), person=person, level=2, password="!")
        for number, (_told, person) in enumerate(people)
        if number >= ACTING
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=account, email=account.email, primary=True, verified=True) for account in accounts
    )
    version = make.matter(form=FORM).versions.get()
    rows = Case.objects.bulk_create(
        Case(matter=version.matter, version=version, department=version.matter.department, applicant=account.person,
             account=account, expires_at=timezone.now())
        for account in accounts
    )  # fmt: skip
    Rating.objects.bulk_create(
        Rating(
            case=row,
            account=row.account,
            grade=1,
            text=(said := opinion_of(number + ACTING)),
            words=mark_of(row.pk, said),
        )
        for number, row in enumerate(rows)
    )


def typical_acts(city) -> None:
    """Sent, handed in, looked at, found, asked, told, taken along, written down."""
    make.material_type("lease")
    of = make.matter(form=FORM, requirements=[{"material": "lease", "required": True}])
    of_no_paper = make.matter()
    window, auditor = officer_for("window_officer"), officer_for("auditor")
    for number, (told, person) in enumerate(city[:ACTING]):
        account = make.account(person, login=address_of(number))
        EmailAddress.objects.create(user=account, email=address_of(number), primary=True, verified=True)
        Client().post("/account/forgotten/", {"email": address_of(number)})
        Client().post("/account/sign-in/", {"login": address_of(number), "password": "not this one"})
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
        decided = make.submitted(of_no_paper, account_=account)
        Case.objects.filter(pk=decided.pk).update(decided_at=timezone.now(), decision="granted")
        decided.refresh_from_db()
        evaluations.rate(decided, account=account, grade=5, text=opinion_of(number), reasons=["late"], key="k")
        at_the_desk(window).post(
            "/office/window/visitor/", {"id_kind": "id_card", "id_no": told["id_no"], "code": "nothing"}
        )
    at_the_desk(window).post(reverse("office:export"), {"tab": "intake"})
    work()


def kept_on_disk(folder: Path, settings) -> dict[str, bytes]:
    """Every byte that is kept: the database as a file with its write-ahead log, a backup of it, and all files beside it."""
    database = folder / "tongban.sqlite3"
    database.write_bytes(connection.connection.serialize())
    settings.MEDIA_ROOT = folder / "media"
    sessions = "\n".join(str(row.get_decoded()) for row in Session.objects.all())
    raw = "\n".join(str(_unsigned(row.session_data)) for row in Session.objects.all())
    with closing(sqlite3.connect(database, isolation_level=None)) as line:
        register(line)  # constraints ask with Django's functions
        line.execute("PRAGMA journal_mode = WAL")
        line.execute("PRAGMA wal_autocheckpoint = 0")
        line.execute("VACUUM")  # every page goes through the log
        assert (folder / "tongban.sqlite3-wal").stat().st_size > database.stat().st_size / 2
        with mock.patch.dict(settings.DATABASES["default"], {"NAME": str(database)}):
            copying.back_up(folder / "backup")
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert sessions
    return found | {"sessions": raw.encode()}


def _unsigned(data: str) -> bytes:
    """What anybody reads in a session without any key: the part before the signature, unpacked."""
    body = data.rsplit(":", 2)[0]
    raw = base64.urlsafe_b64decode(body.removeprefix(".") + "=" * (-len(body.removeprefix(".")) % 4))
    return zlib.decompress(raw) if body.startswith(".") else raw


def found(files: dict[str, bytes], people) -> list[tuple]:
    """(place, kind of value) of whatever planted value can be read somewhere, plain or as JSON escapes it."""
    numbers, words = {}, {}
    for told, _person in people:
        numbers |= {told[kind].encode(): kind for kind in ("id_no", "mobile", "bank_account")}
        words |= {told["name"]: "name", told["address"]: "address"}
    for number in range(len(people)):
        words |= {address_of(number): "e-mail", opinion_of(number): "rating"}
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
WORDS = re.compile(r"鑫[一-龥]{5}垚\d+|紫薇弄\d+号\d{6}室|zi\d+wei@planted\.example\.org|赭石[一-龥]{5}意见\d+")
ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
MAY = {("mail", "name"), ("mail", "e-mail"), ("sms", "mobile")}


def _within(run: bytes, lengths: set[int]):
    return {run[at : at + length] for length in lengths for at in range(len(run) - length + 1)}


@pytest.fixture
def on_sqlite():
    if connection.vendor != "sqlite":
        pytest.skip("the file is SQLite's; sealed fields are the same on PostgreSQL")


def test_none_of_seven_thousand_planted_values_can_be_read(on_sqlite, city, tmp_path, caplog, settings):
    assert sum(len(told) + 2 for told, _person in city) == 7 * PEOPLE
    with caplog.at_level("INFO"):
        typical_acts(city)
    written = "\n".join(
        str(logs._without_people(None, "", {"event": record.getMessage()})) for record in caplog.records
    )
    (tmp_path / "log").mkdir(exist_ok=True)
    (tmp_path / "log" / "all.log").write_text(written)

    files = kept_on_disk(tmp_path, settings)

    assert Rating.objects.count() == EmailAddress.objects.count() == PEOPLE
    assert any(place.startswith("backup/") and place.endswith("database.sqlite3") for place in files)
    assert any(place.startswith("media/") for place in files)
    assert any(place.startswith(("mail/", "sms/")) for place in files)
    assert found(files, city) == []


def test_control_a_value_in_the_clear_is_found_wherever_it_lies(on_sqlite, city, tmp_path, settings):
    told, person = city[7]
    other, _person = city[8]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE parties_person SET mobile = %s WHERE party_id = %s", [told["mobile"], person.pk])
        cursor.execute(
            "UPDATE account_emailaddress SET email = %s WHERE id = %s", [address_of(9), EmailAddress.objects.first().pk]
        )
        cursor.execute("DROP TRIGGER rating_is_never_changed")
        cursor.execute(
            "UPDATE evaluations_rating SET text = %s WHERE id = %s", [opinion_of(9), Rating.objects.first().pk]
        )
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "tongban.log").write_text(f"somebody wrote {other['id_no']}")
    store = SessionStore()
    store.serializer = JSONSerializer
    store["typed"] = address_of(10)
    store.save()

    seen = found(kept_on_disk(tmp_path, settings), city)

    places = {place.replace(next(iter((tmp_path / "backup").iterdir())).name, "B") for place, _kind in seen}
    assert places == {
        "backup/B/database.sqlite3",
        "tongban.sqlite3",
        "tongban.sqlite3-wal",
        "log/tongban.log",
        "sessions",
    }
    assert {kind for _place, kind in seen} == {"mobile", "e-mail", "rating", "id_no"}
    assert Person.objects.count() >= PEOPLE
