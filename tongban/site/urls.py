from importlib.util import find_spec

from django.urls import include, path

from tongban.channels.doorkeeper import for_machines

from . import health


def _channel(where: str, module: str) -> list:
    return [path(where, include(module))] if find_spec(module) else []


urlpatterns = [
    path("healthz", for_machines(health.healthz), name="healthz"),
    path("metrics", for_machines(health.metrics), name="metrics"),
    path("account/", include("tongban.channels.portal.account_urls")),
    path("office/identities/", include("tongban.channels.office.identity_urls")),
    *_channel("office/", "tongban.channels.office.urls"),
    *_channel("", "tongban.channels.exchange.urls"),
    *_channel("", "tongban.channels.pages.urls"),
    *_channel("", "tongban.channels.portal.urls"),
]

handler400 = "tongban.site.errors.not_understood"
handler403 = "tongban.site.errors.not_allowed"
handler404 = "tongban.site.errors.not_found"
handler500 = "tongban.site.errors.broken"
