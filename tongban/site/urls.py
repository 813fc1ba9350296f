from importlib.util import find_spec

from django.urls import include, path

from . import health


def _channel(where: str, module: str) -> list:
    return [path(where, include(module))] if find_spec(module) else []


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("account/", include("allauth.urls")),
    *_channel("office/", "tongban.channels.office.urls"),
    *_channel("", "tongban.channels.exchange.urls"),
    *_channel("", "tongban.channels.pages.urls"),
    *_channel("", "tongban.channels.portal.urls"),
]

handler400 = "tongban.site.errors.not_understood"
handler403 = "tongban.site.errors.not_allowed"
handler404 = "tongban.site.errors.not_found"
handler500 = "tongban.site.errors.broken"
