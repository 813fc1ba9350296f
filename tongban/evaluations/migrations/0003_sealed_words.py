"""Words that people write are sealed like their answers. The column stays what it is (text): the table is not made anew."""

import tongban.lib.fields
from django.db import migrations

SEALED = tongban.lib.fields.EncryptedField


class Migration(migrations.Migration):
    dependencies = [('evaluations', '0002_rating_is_never_changed')]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField('followup', 'contact_note', SEALED(blank=True, default='')),
                migrations.AlterField('followup', 'explanation', SEALED(blank=True, default='')),
            ]
        ),
        tongban.lib.fields.seal_what_was_written('evaluations', 'followup', 'contact_note', 'explanation'),
    ]
