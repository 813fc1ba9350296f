from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("materials", "0004_sealed_words")]
    operations = [migrations.AddField("reading", "begun", models.PositiveSmallIntegerField(default=0))]
