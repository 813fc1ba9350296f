"""Whoever steals the tables of codes holds no name, no number and no telephone of anybody."""

import datetime

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tongban.codes.models import CodeCheck, IdentityCode, Reader, Scene
from tongban.codes.services import holding, papers, verifying
from tongban.journal.actors import PLATFORM
from tongban.lib.encryption import blind_index
from tongban.parties.models import Party, Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_code_keys")]

PLANTED = 5000


def planted() -> list[Person]:
    """Names and numbers that are found again wherever they stand; one row of each table, as an import would write them."""
    parties = Party.objects.bulk_create(
        [Party(kind="person", name=f"栽名{number:05d}") for number in range(PLANTED)], batch_size=1000
    )
    rows = [
        Person(
            party_id=party.pk, id_kind="id_card", id_no=f"99000019500101{number:04d}X", birth_date=datetime.date(1950, 1, 1),
            id_index=blind_index(f"id_card:planted{number}", "parties.id"), sex="F", nationality="CN", mobile=f"1390000{number:04d}",
        )
        for number, party in enumerate(parties)
    ]  # fmt: skip
    fields = list(Person._meta.local_concrete_fields)
    with connection.cursor() as cursor:
        columns = ", ".join(field.column for field in fields)
        marks = ", ".join(["%s"] * len(fields))
        cursor.executemany(
            f"INSERT INTO {Person._meta.db_table} ({columns}) VALUES ({marks})",
            [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows],
        )
    return list(Person.objects.all())


def everything_in(*tables: str) -> str:
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            found += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(found)


def test_a_dump_of_the_tables_of_codes_names_none_of_five_thousand():
    people = planted()
    words = {"zh": "旅馆", "en": "Hotel"}
    hotel = Scene.objects.create(
        slug="hotel",
        name=words,
        purpose=words,
        basis=words,
        fields=["name", "masked_id", "alias"],
        sorts=["person", "paper"],
    )
    desk = Reader.objects.create(name="Desk", place="River hotel", operator="hotel", scene=hotel)
    at = timezone.now()
    IdentityCode.objects.bulk_create([IdentityCode(sort="person", party_id=one.pk) for one in people], batch_size=1000)
    cards = list(IdentityCode.objects.all())
    CodeCheck.objects.bulk_create(
        [
            CodeCheck(
                code=card, reader=desk, scene="hotel", place=desk.place, good=True, fields=["name", "masked_id"], at=at
            )
            for card in cards
        ],
        batch_size=1000,
    )
    told = []
    for card in cards[:40]:  # and as they really come about
        verdict = verifying.verify(holding.shown_now(card, at, ahead=1)[0].payload, reader=desk, purpose="hotel", at=at)
        told.append(verdict.fields["name"])
    who = make.account(people[0])
    paper = papers.make(people[0], account=who, actor=PLATFORM, at=at)

    dump = everything_in(*(model._meta.db_table for model in (IdentityCode, CodeCheck, Reader, Scene)))

    assert len(people) == PLANTED and len(set(told)) == 40
    assert "栽名" not in dump and "990000195001" not in dump and "1390000" not in dump
    assert paper.payload not in dump  # a paper is a key to the door: it is sealed


def test_control_a_name_written_into_a_check_is_found():
    CodeCheck.objects.create(place="栽名00001", good=True, at=timezone.now())

    assert "栽名" in everything_in(CodeCheck._meta.db_table)


def test_two_operators_who_lay_their_lists_side_by_side_find_nobody():
    words = {"zh": "馆", "en": "x"}
    made = {}
    for slug, operator in (("library", "one"), ("library2", "one"), ("library3", "two")):
        scene = Scene.objects.create(
            slug=slug, name=words, purpose=words, basis=words, fields=["alias"], sorts=["person"]
        )
        made[slug] = [
            Reader.objects.create(name=str(branch), place="x", operator=operator, scene=scene) for branch in range(2)
        ]
    at = timezone.now()
    who = [make.account() for _each in range(8)]

    def list_of(reader: Reader) -> list[str]:
        return [
            verifying.verify(
                holding.shown_now(holding.code_of(one, one.person, at), at, ahead=1)[0].payload,
                reader=reader, purpose=reader.scene.slug, at=at,
            ).fields["alias"]
            for one in who
        ]  # fmt: skip

    lists = {slug: list_of(readers[0]) for slug, readers in made.items()}

    assert list_of(made["library"][1]) == lists["library"]  # another branch of one library knows its readers
    assert all(set(lists[one]).isdisjoint(lists[other]) for one in lists for other in lists if one != other)
