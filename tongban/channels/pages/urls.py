from django.urls import path

from . import views

app_name = "pages"

urlpatterns = [
    path("look/", views.look, name="look"),
    path("language/", views.language, name="language"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("privacy/", views.privacy, name="privacy"),
    path("style/", views.style, name="style"),
]
