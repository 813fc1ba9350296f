from django.urls import path

from . import keeping, views

app_name = "pages"

urlpatterns = [
    path("look/", views.look, name="look"),
    path("language/", views.language, name="language"),
    path("account/stay/", views.stay, name="stay"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("privacy/", views.privacy, name="privacy"),
    path("app.webmanifest", keeping.manifest, name="manifest"),
    path("service-worker.js", keeping.service_worker, name="service_worker"),
    path("offline/", keeping.offline, name="offline"),
    path("style/", views.style, name="style"),
]
