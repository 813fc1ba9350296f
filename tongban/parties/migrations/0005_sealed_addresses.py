"""Sign-in names and e-mail addresses are sealed. The columns stay what they are (text): no table is made anew (decision 0018)."""

import tongban.lib.fields
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("account", "0009_emailaddress_unique_primary_email"), ("parties", "0004_acting_for_others")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "account", "login", tongban.lib.fields.FindableField(max_length=150, unique=True)
                ),
                migrations.AlterField("account", "email", tongban.lib.fields.EncryptedField(blank=True, default="")),
            ]
        ),
        tongban.lib.fields.as_text("parties", "account", "email"),
        tongban.lib.fields.as_text("parties", "account", "login"),
        tongban.lib.fields.as_text("account", "emailaddress", "email"),
        tongban.lib.fields.seal_what_was_written("parties", "account", "email"),
        tongban.lib.fields.make_findable("parties", "account", "login"),
        tongban.lib.fields.make_findable("account", "emailaddress", "email"),
    ]
