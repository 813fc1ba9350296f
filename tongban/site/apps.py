from django.apps import AppConfig, apps
from django.utils.module_loading import autodiscover_modules

from tongban.lib import shown_choices
from tongban.site import translating


class Site(AppConfig):
    name = "tongban.site"
    label = "site"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        """Whoever records an event must know who reacts to it, in every process: the rooms' reactions are loaded here, and the facts that
        rooms above cases tell its rules."""
        autodiscover_modules("events", "reactions", "facts")
        translating.learn_all()
        shown_choices.install(apps.get_models())
