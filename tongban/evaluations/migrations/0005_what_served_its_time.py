"""The guard lets a rating lose the person when the case behind it has served its time: words and account go, with a mark of their own.

Grade, reasons and everything that counts in figures stays as it was given. The mark is keyed outside the database (`evaluations.models.
mark_of_erased`): whoever empties the words of a rating otherwise is found by `tongban verify-all`.
"""

from importlib import import_module

from django.db import migrations

from tongban.lib.encryption import PREFIX

before = import_module("tongban.evaluations.migrations.0004_ratings_in_their_own_words_sealed")

GUARD = before.GUARD
STAYS = ("id", "case_id", "grade", "reasons", "dimensions", "channel", "at")
PERSON = ("account_id", "named", "words")


def put_on_the_new_guard(apps, schema_editor):
    before.take_off_the_guard(apps, schema_editor)
    postgresql = schema_editor.connection.vendor == "postgresql"
    cast, differs, false = ("::text", "IS DISTINCT FROM", "FALSE") if postgresql else ("", "IS NOT", "0")
    stays = " OR ".join(f"OLD.{name}{cast} {differs} NEW.{name}{cast}" for name in STAYS)
    person = " OR ".join(f"OLD.{name}{cast} {differs} NEW.{name}{cast}" for name in PERSON)
    erased = f"NEW.text = '' AND NEW.named = {false} AND NEW.words {differs} OLD.words"
    sealed_anew = f"OLD.text LIKE '{PREFIX}.%' AND NEW.text LIKE '{PREFIX}.%'"
    text = f"OLD.text {differs} NEW.text"
    when = f"{stays} OR (NOT ({erased}) AND ({person} OR ({text} AND NOT ({sealed_anew}))))"
    if postgresql:
        statement = (
            f"CREATE TRIGGER {GUARD} BEFORE UPDATE ON evaluations_rating FOR EACH ROW "
            f"WHEN ({when}) EXECUTE FUNCTION rating_stands()"
        )
    else:
        statement = (
            f"CREATE TRIGGER {GUARD} BEFORE UPDATE ON evaluations_rating WHEN {when} "
            "BEGIN SELECT RAISE(ABORT, 'a rating is never changed'); END"
        )
    schema_editor.execute(statement, params=None)


def the_guard_before(apps, schema_editor):
    before.take_off_the_guard(apps, schema_editor)
    before.put_on_the_new_guard(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0004_ratings_in_their_own_words_sealed")]
    operations = [migrations.RunPython(put_on_the_new_guard, the_guard_before)]
