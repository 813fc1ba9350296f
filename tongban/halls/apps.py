from django.apps import AppConfig


class HallsConfig(AppConfig):
    name = "tongban.halls"
    label = "halls"
    default_auto_field = "django.db.models.BigAutoField"
