from django.apps import AppConfig, apps

from tongban.lib.fields import FindableEmailField


class PartiesConfig(AppConfig):
    name = "tongban.parties"
    label = "parties"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        # allauth's table of addresses is asked for whole addresses only: sealed so that it still finds them (decision 0018)
        apps.get_model("account", "EmailAddress")._meta.get_field("email").__class__ = FindableEmailField
