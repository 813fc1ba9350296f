from django.urls import path

from tongban.channels.doorkeeper import behind, for_anyone
from tongban.channels.exchange import (
    views,
    views_asking,
    views_credentials,
    views_data,
    views_deliveries,
    views_gates,
    views_passes,
    views_payments,
    views_presented,
    views_presses,
    views_verifying,
)
from tongban.channels.exchange.api_tickets import api

app_name = "exchange"

_api_urls, _api_app, _api_namespace = api.urls
for _one in _api_urls:
    _one.callback = views_data.said(_one.callback)

urlpatterns = [
    path("verify/", views.ask, name="verify_ask"),
    path("passes/", views_passes.check, name="pass_check"),
    path("verify/by-number", views.by_number, name="verify_by_number"),
    path("verify/offline/", views_verifying.offline, name="verify_offline"),
    path("verify/worker.js", views_verifying.worker, name="verify_worker"),
    path("verify/app.webmanifest", views_verifying.manifest, name="verify_manifest"),
    path("verify/many/", views_verifying.many, name="verify_many"),
    path("verify/<slug:token>", views.verify, name="verify"),
    path("verify/<slug:token>/open", views_presented.open_shared, name="verify_open"),
    path("gateways/<slug:gateway>/notices", views_payments.notices, name="gateway_notices"),
    path("simulated-payment/<slug:key>/", views_payments.simulated_payment, name="simulated_payment"),
    path("carriers/<slug:carrier>/notices", views_deliveries.notices, name="carrier_notices"),
    path("simulated-courier/<slug:key>/", views_deliveries.simulated_courier, name="simulated_courier"),
    path("simulated-locker/<slug:hall>/", views_deliveries.simulated_locker, name="simulated_locker"),
    path(".well-known/openid-credential-issuer", views_credentials.issuer, name="credential_issuer"),
    path(".well-known/oauth-authorization-server", views_credentials.server, name="credential_server"),
    path(".well-known/jwt-vc-issuer", views_credentials.keys_of_issuer, name="credential_keys_of_issuer"),
    path(".well-known/jwks.json", views_credentials.keys, name="credential_keys"),
    path(".well-known/vct/vct/<slug:slug>", views_credentials.kind, name="credential_kind_well_known"),
    path("vct/<slug:slug>", views_credentials.kind, name="credential_kind"),
    path("status-lists/", views_credentials.all_status_lists, name="status_lists"),
    path("status-lists/<slug:key>", views_credentials.status_list, name="status_list"),
    path("openid4vci/offers/<slug:key>", views_credentials.offer, name="credential_offer"),
    path("openid4vci/token", views_credentials.token, name="credential_token"),
    path("openid4vci/nonce", views_credentials.nonce, name="credential_nonce"),
    path("openid4vci/credential", views_credentials.credential, name="credential"),
    path("openid4vp/requests/<slug:key>", views_credentials.question, name="credential_question"),
    path("openid4vp/answers/<slug:key>", views_credentials.answer, name="credential_answer"),
    path("catalogue.jsonld", views_data.catalogue, name="catalogue"),
    path("api/openapi.json", views_data.described, name="described"),
    path("api/v1/uploads", views_data.upload, name="upload"),
    path("api/v1/wallet/ask", views_asking.ask, name="wallet_ask"),
    path("api/v1/wallet/answer", views_asking.answer, name="wallet_answer"),
    path("api/v1/codes/verify", views_gates.verify, name="codes_verify"),
    path("api/v1/codes/scans", views_gates.scans, name="codes_scans"),
    path("api/v1/codes/bundle", views_gates.the_bundle, name="codes_bundle"),
    path("api/v1/codes/question", views_gates.question, name="codes_question"),
    path("api/v1/codes/enrol", views_gates.enrol, name="codes_enrol"),
    path("api/v1/codes/key", views_gates.replace_key, name="codes_key"),
    path("api/v1/tickets", views_presses.take, name="take_ticket"),
    path("api/v1/", (behind(for_anyone, _api_urls), _api_app, _api_namespace)),
]
