"""What people write in ratings is sealed. The guard lets its seal be renewed and nothing else (decision 0018).

No table is made anew: the column stays what it is (text), and the mark of the words is added without a default, so the guards stay.
"""

import tongban.lib.fields
from django.db import migrations, models

from tongban.lib.encryption import PREFIX, blind_index, decrypt

GUARD, CONTEXT = "rating_is_never_changed", "evaluations.rating.text"
STAYS = ("id", "case_id", "account_id", "grade", "reasons", "dimensions", "named", "channel", "at", "words")


def take_off_the_guard(apps, schema_editor):
    on_table = " ON evaluations_rating" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER {GUARD}{on_table}")


def put_on_the_new_guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        changed = " OR ".join(f"OLD.{name}::text IS DISTINCT FROM NEW.{name}::text" for name in STAYS)
        sealed_anew = f"OLD.text LIKE '{PREFIX}.%%' AND NEW.text LIKE '{PREFIX}.%%'"
        schema_editor.execute(
            f"CREATE TRIGGER {GUARD} BEFORE UPDATE ON evaluations_rating FOR EACH ROW "
            f"WHEN ({changed} OR (OLD.text IS DISTINCT FROM NEW.text AND NOT ({sealed_anew}))) EXECUTE FUNCTION rating_stands()".replace(
                "%%", "%"
            ),
            params=None,
        )
        return
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in STAYS)
    sealed_anew = f"OLD.text LIKE '{PREFIX}.%' AND NEW.text LIKE '{PREFIX}.%'"
    schema_editor.execute(
        f"CREATE TRIGGER {GUARD} BEFORE UPDATE ON evaluations_rating "
        f"WHEN {changed} OR (OLD.text IS NOT NEW.text AND NOT ({sealed_anew})) "
        "BEGIN SELECT RAISE(ABORT, 'a rating is never changed'); END"
    )


def the_old_guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE TRIGGER {GUARD} BEFORE UPDATE ON evaluations_rating FOR EACH ROW EXECUTE FUNCTION rating_stands()"
        )
    else:
        schema_editor.execute(
            f"CREATE TRIGGER {GUARD} BEFORE UPDATE ON evaluations_rating "
            "BEGIN SELECT RAISE(ABORT, 'a rating is never changed'); END"
        )


def mark_the_words(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, case_id, text FROM evaluations_rating WHERE words IS NULL")
        rows = [
            (blind_index(f"{case}:{decrypt(text, CONTEXT) if text else ''}", CONTEXT), pk)
            for pk, case, text in cursor.fetchall()
        ]
        cursor.executemany("UPDATE evaluations_rating SET words = %s WHERE id = %s", rows)


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0003_sealed_words")]
    operations = [
        migrations.RunPython(take_off_the_guard, the_old_guard),
        migrations.AddField("rating", "words", models.CharField(editable=False, max_length=64, null=True)),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("rating", "text", tongban.lib.fields.EncryptedField(blank=True, default=""))
            ]
        ),
        tongban.lib.fields.seal_what_was_written("evaluations", "rating", "text"),
        migrations.RunPython(mark_the_words, migrations.RunPython.noop),
        migrations.RunPython(put_on_the_new_guard, take_off_the_guard),
    ]
