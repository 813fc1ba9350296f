from django.apps import AppConfig


class Site(AppConfig):
    name = "tongban.site"
    label = "site"
    default_auto_field = "django.db.models.BigAutoField"
