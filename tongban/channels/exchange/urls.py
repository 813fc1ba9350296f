from django.urls import path

from tongban.channels.doorkeeper import behind, for_anyone
from tongban.channels.exchange import views
from tongban.channels.exchange.api import api

app_name = "exchange"

_api_urls, _api_app, _whole_name = api.urls  # inside exchange it is called api alone

urlpatterns = [
    path("verify/", views.ask, name="verify_ask"),
    path("verify/<slug:token>", views.verify, name="verify"),
    path("api/v1/", (behind(for_anyone, _api_urls), _api_app, "api")),
]
