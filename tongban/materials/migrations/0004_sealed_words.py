"""What people call their papers may say whose they are: it is sealed."""

import tongban.lib.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('materials', '0003_damaged_pages'),
    ]

    operations = [
        migrations.AlterField(
            model_name='document',
            name='name',
            field=tongban.lib.fields.EncryptedField(),
        ),
        tongban.lib.fields.seal_what_was_written('materials', 'document', 'name'),
    ]
