from datetime import date

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models
from django.test.utils import isolate_apps

from tongban.lib.encryption import Unreadable
from tongban.lib.fields import EncryptedField, EncryptedJSONField, _seal_column

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def Secret():
    with isolate_apps("django.contrib.contenttypes"):

        class Secret(models.Model):
            number = EncryptedField(blank=True, default="")
            note = EncryptedField(null=True)
            answers = EncryptedJSONField(default=dict)

            class Meta:
                app_label = "contenttypes"
                db_table = "test_secret"

    with connection.schema_editor() as editor:
        editor.create_model(Secret)
    yield Secret
    with connection.schema_editor() as editor:
        editor.delete_model(Secret)


def stored(column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM test_secret")
        return cursor.fetchone()[0]


def test_clear_in_python_and_sealed_in_the_database(Secret):
    answers = {"name": "阿卜杜·买买提", "born": date(1992, 7, 8), "rows": [1, 2.5, None, True]}
    Secret.objects.create(number="990000199207080045", note="𠅤㛃", answers=answers)

    secret = Secret.objects.get()
    assert (secret.number, secret.note) == ("990000199207080045", "𠅤㛃")
    assert secret.answers == {"name": "阿卜杜·买买提", "born": "1992-07-08", "rows": [1, 2.5, None, True]}
    for column in ("number", "note", "answers"):
        assert stored(column).startswith("e1.")
        assert "1992" not in stored(column)


def test_empty_and_nothing_stay_empty_and_nothing(Secret):
    Secret.objects.create()

    secret = Secret.objects.get()
    assert (secret.number, secret.note, secret.answers) == ("", None, {})
    assert (stored("number"), stored("note")) == ("", None)


def test_updates_and_bulk_writes_are_sealed_too(Secret):
    one, other = Secret.objects.bulk_create([Secret(number="1"), Secret(number="2")])

    Secret.objects.filter(pk=one.pk).update(number="first")
    other.number = "second"
    Secret.objects.bulk_update([other], ["number"])

    assert list(Secret.objects.order_by("pk").values_list("number", flat=True)) == ["first", "second"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM test_secret")
        assert all(value.startswith("e1.") for (value,) in cursor.fetchall())


@pytest.mark.parametrize(
    "question", [{"number": "1"}, {"number__contains": "1"}, {"number__in": ["1"]}, {"answers__name": "x"}]
)
def test_a_sealed_field_cannot_be_searched_and_says_what_to_do_instead(Secret, question):
    with pytest.raises(FieldError, match="blind index"):
        list(Secret.objects.filter(**question))


def test_a_sealed_field_can_be_asked_whether_it_is_there(Secret):
    Secret.objects.create(note="x")
    Secret.objects.create()

    assert Secret.objects.filter(note__isnull=True).count() == 1


def test_whether_something_was_written_can_be_asked_without_opening_it(Secret):
    Secret.objects.create(number="")
    written = Secret.objects.create(number="990000199207080045")

    assert Secret.objects.exclude(number="").get() == written
    assert Secret.objects.filter(number="").count() == 1
    with pytest.raises(FieldError):
        Secret.objects.filter(number="990000199207080045").exists()


def test_what_stood_in_the_clear_is_sealed_once_and_the_rest_is_left_alone(Secret):
    sealed = Secret.objects.create(number="from the beginning")
    before = stored("number")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_secret (number, note, answers) VALUES (%s, NULL, '')", ["990000199207080045"])
        cursor.execute("INSERT INTO test_secret (number, note, answers) VALUES ('', NULL, '')")

    for _again in range(2):
        _seal_column(connection, "test_secret", "number", "contenttypes.secret.number", batch=1)

    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM test_secret ORDER BY id")
        columns = [number for (number,) in cursor.fetchall()]
    assert columns[0] == before and columns[2] == "" and "990000" not in columns[1]
    assert [one.number for one in Secret.objects.order_by("pk").only("number")] == [
        sealed.number,
        "990000199207080045",
        "",
    ]


def test_a_value_moved_to_another_column_does_not_open(Secret):
    Secret.objects.create(number="1", note="2")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_secret SET note = number")

    with pytest.raises(Unreadable):
        Secret.objects.get()


def test_migrations_write_the_field_down_without_keys_or_context(Secret):
    name, path, args, kwargs = Secret._meta.get_field("note").deconstruct()

    assert (name, path, args, kwargs) == ("note", "tongban.lib.fields.EncryptedField", [], {"null": True})
    assert EncryptedField(context="old.place").deconstruct()[3] == {"context": "old.place"}


def test_a_renamed_field_opens_with_its_old_context(Secret):
    field = Secret._meta.get_field("note").clone()
    field.set_attributes_from_name("note")
    field.given_context = "contenttypes.secret.note"
    Secret.objects.create(note="kept")

    assert field.from_db_value(stored("note"), None, connection) == "kept"
    assert field.from_db_value(memoryview(stored("note").encode()), None, connection) == "kept"


def test_a_unique_sealed_field_is_a_mistake_that_check_finds():
    with isolate_apps("django.contrib.contenttypes"):

        class Wrong(models.Model):
            number = EncryptedField(unique=True)

            class Meta:
                app_label = "contenttypes"

        assert [found.id for found in Wrong._meta.get_field("number").check()] == ["tongban.E001"]
