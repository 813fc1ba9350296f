from django.apps import AppConfig


class OfficeConfig(AppConfig):
    name = "tongban.channels.office"
    label = "office"
    default_auto_field = "django.db.models.BigAutoField"
