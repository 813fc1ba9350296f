"""The copy holds everything the data map says is about somebody, and nothing of anybody else."""

import datetime
import io
import json
import os
import zipfile
from typing import Any

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model
from django.utils import timezone, translation

from tests import make
from tongban.cases import services as cases
from tongban.cases.services import deleting
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import ReadEntry
from tongban.lib import yamls
from tongban.lib.problems import NotAllowed
from tongban.materials import store
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party, Person
from tongban.rights import exporting, holdings
from tongban.rights.models import Export
from tongban.site.commands import books

pytestmark = pytest.mark.django_db


def everything(account: Account, party: Party | None) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(exporting.build(account, party))) as archive:
        return json.loads(archive.read("data.json"))


# -- the map


def known_tables() -> dict[str, Any]:
    return {**holdings.rows(), **{label: why for label, why in holdings.OTHERS.items() if isinstance(why, str)}}


def test_every_model_says_whose_it_is_or_that_it_is_about_nobody():
    """A new model fails here until docs/data-map.yaml says `about` (and `make books` was run)."""
    assert sorted(model._meta.label for model in apps.get_models() if model._meta.label not in known_tables()) == []


def test_every_row_of_the_map_says_whose_it_is():
    listed = yamls.read(books.DOCS / "data-map.yaml")

    assert sorted(model for model, row in listed.items() if "about" not in row) == [], (
        "write `about` and `chapter`, or `about: nobody`"
    )
    assert {row["chapter"] for row in listed.values() if row["about"] != "nobody"} <= set(holdings.CHAPTERS)


def reaches_a_person(model: type[Model], seen: frozenset = frozenset()) -> bool:
    """Whether a row leads to a person or an account along its references."""
    if model in (Party, Account) or issubclass(model, Party):
        return True
    return any(
        reaches_a_person(field.related_model, seen | {model})
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.related_model not in seen | {model}
    )


def test_whatever_leads_to_a_person_is_in_the_copy():
    """The graph of references is walked: a table from which one comes to a person cannot be called `about nobody`."""
    called_nobody = {label for label, row in holdings.rows().items() if not row.about_people}

    wrong = [label for label in called_nobody if reaches_a_person(apps.get_model(label))]

    assert sorted(wrong) == []


def test_the_walk_finds_a_table_that_the_map_forgot():
    """Negative control: were cases called `about nobody`, the walk would say so."""
    assert reaches_a_person(apps.get_model("cases.Finding"))
    assert not reaches_a_person(apps.get_model("places.Division"))


def test_every_path_of_the_map_leads_somewhere():
    for label, row in holdings.rows().items():
        model = apps.get_model(label)
        account, party = Account(pk=1), Party(pk=1)
        assert holdings.own_rows(model, row, account=account, party=party).count() == 0, label


def test_what_is_erased_by_time_has_its_field():
    for label, row in holdings.rows().items():
        if row.erase_days:
            assert apps.get_model(label)._meta.get_field(row.erase_from), label


# -- what is in it


@pytest.fixture
def somebody():
    account = make.account(make.person("李唯一", address="唯一路77号"), login="only@example.org")
    case = make.case("approved", account_=account)
    make.document(account.person, by=account)
    return account, case


def test_every_field_of_every_row_is_there_or_is_named_as_left_out(somebody):
    account, _case = somebody
    content = everything(account, account.person)
    left_out = {(one["table"], one["field"]) for one in content["left_out"]}
    tables = {label: lines for chapter in content["chapters"].values() for label, lines in chapter.items()}

    checked = 0
    for model, row in holdings.tables():
        label = model._meta.label
        expected = list(holdings.own_rows(model, row, account=account, party=account.person))
        got = {str(_key(line, model)): line for line in tables[label]}
        assert set(got) == {str(one.pk) for one in expected}, label
        for one in expected:
            for field in model._meta.concrete_fields:
                if (label, field.name) in left_out:
                    assert field.name not in got[str(one.pk)], f"{label}.{field.name}"
                    continue
                held = got[str(one.pk)][field.name]
                value = exporting.plain(getattr(one, field.attname))
                assert (held["id"] if isinstance(field, ForeignKey) and held else held) == value, (
                    f"{label}.{field.name}"
                )
                checked += 1
    assert checked > 150


def _key(line: dict, model: type[Model]) -> Any:
    held = line[model._meta.pk.name]
    return held["id"] if isinstance(held, dict) else held


def test_a_table_without_its_path_would_be_missed(somebody, monkeypatch):
    """Negative control: take one path out of the map, and its rows are gone from the copy."""
    account, case = somebody
    assert [line["id"] for line in everything(account, account.person)["chapters"]["cases"]["cases.Case"]] == [case.pk]
    rows = holdings.rows()
    without = {**rows, "cases.Case": rows["registers.Grant"]}
    monkeypatch.setattr(holdings, "rows", lambda: without)

    assert "cases.Case" not in everything(account, account.person)["chapters"]["cases"]


def test_nothing_of_anybody_else_is_in_it(somebody):
    account, _case = somebody
    other = make.account(make.person("赵旁人", address="旁人路5号"), login="bystander@example.org")
    make.case("under_review", account_=other, answers={**make.SMALL_ANSWERS, "reason": "canary-of-another"})

    text = json.dumps(everything(account, account.person), ensure_ascii=False)

    assert "李唯一" in text and "唯一路77号" in text and "only@example.org" in text
    for foreign in ("赵旁人", "旁人路5号", "bystander@example.org", "canary-of-another"):
        assert foreign not in text


def test_no_secret_is_in_it(somebody):
    account, _case = somebody
    text = json.dumps(everything(account, account.person), ensure_ascii=False)

    assert account.password not in text
    assert Person.objects.get(pk=account.person_id).id_index not in text


def test_the_index_is_in_the_persons_language(somebody):
    account, _case = somebody
    account.language = "en"
    account.save()
    row = exporting.ask(account, account.person)
    while journal.work_once():
        pass

    row.refresh_from_db()
    assert (row.state, row.progress) == ("ready", 100)
    with zipfile.ZipFile(io.BytesIO(exporting.fetch(row, account=account))) as archive:
        page = archive.read("index.html").decode()
        files = [name for name in archive.namelist() if name.startswith("files/")]
    assert "Everything that is held about me" in page and '<html lang="en">' in page
    assert any(name.startswith("files/cases/") for name in files)


def test_a_company_takes_its_own_data_and_not_that_of_whoever_acts_for_it():
    person = make.person("陈法人", address="私宅路1号")
    account = make.account(person)
    company = make.company("示范公司", of=person, address="营业路9号")

    content = everything(account, company)
    text = json.dumps(content, ensure_ascii=False)

    assert "营业路9号" in text
    assert "私宅路1号" not in text and account.login not in text


def test_without_a_proved_identity_there_is_a_copy_of_the_account():
    account = Account.objects.create_user("fresh", "a good pass phrase", email="fresh@example.org")

    content = everything(account, None)

    assert content["chapters"]["account"]["parties.Account"][0]["email"] == "fresh@example.org"


def test_what_a_law_still_hides_is_not_in_it(somebody):
    account, _case = somebody
    journal.note_read(actor=PLATFORM, of_party=account.person_id, purpose="handling", fields=["name"])
    before = len(everything(account, account.person)["chapters"]["reads"]["journal.ReadEntry"])
    entry = ReadEntry.objects.filter(of_party=account.person_id).first()
    ReadEntry.objects.filter(pk=entry.pk).update(
        hidden_until=timezone.now() + datetime.timedelta(days=3), law_code="test"
    )

    assert len(everything(account, account.person)["chapters"]["reads"]["journal.ReadEntry"]) == before - 1


# -- asking and fetching


def test_asked_twice_one_copy_is_made(somebody):
    account, _case = somebody

    assert exporting.ask(account, account.person) == exporting.ask(account, account.person)


def test_only_its_asker_gets_it_and_only_for_seven_days(somebody):
    account, _case = somebody
    row = exporting.ask(account, account.person)
    while journal.work_once():
        pass
    row.refresh_from_db()
    other = make.account()

    with pytest.raises(NotAllowed):
        exporting.fetch(row, account=other)
    with pytest.raises(NotAllowed):
        exporting.fetch(row, account=account, now=row.until)
    assert exporting.fetch(row, account=account).startswith(b"PK")


def test_a_copy_lies_sealed_and_is_deleted_after_its_week(somebody):
    account, _case = somebody
    row = exporting.ask(account, account.person)
    while journal.work_once():
        pass
    row.refresh_from_db()
    path = store._path(row.file)

    assert b"data.json" not in path.read_bytes()
    Export.objects.filter(pk=row.pk).update(until=timezone.now())
    exporting.delete_old()
    os.utime(path, (0, 0))
    exporting.delete_old()
    assert not path.exists()
    row.refresh_from_db()
    assert (row.state, row.file) == ("gone", "")


def test_a_draft_that_was_deleted_for_good_is_in_no_table():
    """Erased is erased: no field of any row still says what stood in it. Until then it stands in one, for a week."""
    account = make.account(login="eraser@example.org")
    draft = make.draft(account_=account, answers={**make.SMALL_ANSWERS, "reason": "canary-7f3a"})
    assert "canary-7f3a" in values_of_the_database()

    deleted = cases.delete(draft, account=account)

    assert values_of_the_database().count("canary-7f3a") == 1
    deleting.erase(deleted, account=account, powers=parties.over(account, account.person, timezone.localdate()))
    assert "canary-7f3a" not in values_of_the_database()


def values_of_the_database() -> str:
    """Every value of every row as clear text."""
    with translation.override("en"):
        return "\n".join(
            str(getattr(row, field.attname))
            for model in apps.get_models()
            for row in model._default_manager.all()
            for field in model._meta.concrete_fields
        )
