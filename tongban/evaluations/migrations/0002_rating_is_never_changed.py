"""A rating is never changed and never taken out, by nobody: the database itself refuses."""

from django.db import migrations

TRIGGERS = {"rating_is_never_changed": "UPDATE", "rating_is_never_taken_out": "DELETE"}


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION rating_stands() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'a rating is never changed' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    for name, act in TRIGGERS.items():
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {act} ON evaluations_rating FOR EACH ROW EXECUTE FUNCTION rating_stands()"
            )
        else:
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {act} ON evaluations_rating "
                "BEGIN SELECT RAISE(ABORT, 'a rating is never changed'); END"
            )


def remove(apps, schema_editor):
    on_table = " ON evaluations_rating" if schema_editor.connection.vendor == "postgresql" else ""
    for name in TRIGGERS:
        schema_editor.execute(f"DROP TRIGGER {name}{on_table}")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION rating_stands()")


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0001_initial")]
    operations = [migrations.RunPython(add, remove)]
