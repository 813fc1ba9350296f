from django.urls import path

from tongban.channels.doorkeeper import behind, for_anyone
from tongban.channels.exchange import views, views_data, views_deliveries, views_payments
from tongban.channels.exchange.api import api

app_name = "exchange"

_api_urls, _api_app, _api_namespace = api.urls
for _one in _api_urls:
    _one.callback = views_data.said(_one.callback)

urlpatterns = [
    path("verify/", views.ask, name="verify_ask"),
    path("verify/<slug:token>", views.verify, name="verify"),
    path("gateways/<slug:gateway>/notices", views_payments.notices, name="gateway_notices"),
    path("simulated-payment/<slug:key>/", views_payments.simulated_payment, name="simulated_payment"),
    path("carriers/<slug:carrier>/notices", views_deliveries.notices, name="carrier_notices"),
    path("simulated-courier/<slug:key>/", views_deliveries.simulated_courier, name="simulated_courier"),
    path("simulated-locker/<slug:hall>/", views_deliveries.simulated_locker, name="simulated_locker"),
    path("catalogue.jsonld", views_data.catalogue, name="catalogue"),
    path("api/openapi.json", views_data.described, name="described"),
    path("api/v1/uploads", views_data.upload, name="upload"),
    path("api/v1/", (behind(for_anyone, _api_urls), _api_app, _api_namespace)),
]
