"""Words that people write are sealed like their answers. The column stays what it is (text): the table is not made anew."""

import tongban.lib.fields
from django.db import migrations

SEALED = tongban.lib.fields.EncryptedField


class Migration(migrations.Migration):
    dependencies = [('cases', '0006_queues_by_matter_and_decision')]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField('case', 'opinion', SEALED(blank=True, default='')),
                migrations.AlterField('finding', 'text', SEALED()),
                migrations.AlterField('machinefinding', 'reason', SEALED(blank=True, default='')),
                migrations.AlterField('step', 'reason', SEALED(blank=True, default='')),
            ]
        ),
        tongban.lib.fields.seal_what_was_written('cases', 'case', 'opinion'),
        tongban.lib.fields.seal_what_was_written('cases', 'finding', 'text'),
        tongban.lib.fields.seal_what_was_written('cases', 'machinefinding', 'reason'),
        tongban.lib.fields.seal_what_was_written('cases', 'step', 'reason'),
    ]
