from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "tongban.channels.pages"
    label = "pages"
    verbose_name = "Pages: the common look"
