"""Licences in wallets of others: metadata and keys for anybody, status lists, and the endpoints of OpenID4VCI and OpenID4VP.

Whoever stands before these addresses is a program, and the specifications say which errors it understands: `{"error": ...}`, not pages.
"""

from functools import wraps

import orjson
from django.http import Http404, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils import timezone
from django.utils.http import parse_etags
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.exchange.views_data import said
from tongban.licences import credential_offers as offers
from tongban.licences import credential_requests as requests
from tongban.licences import credentials, queries, status_lists
from tongban.licences.credential_offers import ProtocolError

LONGEST = 256 * 1024


def open_to_all(response: HttpResponse, seconds: int) -> HttpResponse:
    """Public, the same for everybody, and readable by pages of others."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _public(document, *, seconds: int = 300) -> HttpResponse:
    return open_to_all(HttpResponse(orjson.dumps(document), content_type="application/json"), seconds)


def for_pages_of_others(*methods: str):
    """A wallet that is a web page may call this from its own origin: these endpoints and no others, and never with our cookies. What opens
    them stands in the request itself (a code, a token, the key of a question), so a page learns nothing that whoever holds that would not.
    """
    allowed = ", ".join(methods)

    def opened(view):
        @wraps(view)
        def answered(request, *args, **kwargs):
            if request.method == "OPTIONS":
                response = HttpResponse(status=204)
                response.headers["Access-Control-Allow-Methods"] = allowed
                response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
                response.headers["Access-Control-Max-Age"] = "7200"
            else:
                response = view(request, *args, **kwargs)
            response.headers["Access-Control-Allow-Origin"] = "*"
            return response

        return answered

    return opened


def in_its_words(view):
    """What goes wrong is said as the specification says it, and never kept by anybody on the way."""

    @wraps(view)
    def answered(request, *args, **kwargs):
        try:
            response = view(request, *args, **kwargs)
        except ProtocolError as wrong:
            body = {"error": wrong.error} | ({"error_description": wrong.description} if wrong.description else {})
            response = JsonResponse(body, status=wrong.status)
            if wrong.status == 401:
                response.headers["WWW-Authenticate"] = f'Bearer error="{wrong.error}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


# -- for anybody


@said
@require_safe
@for_anyone
def issuer(request):
    """Where a wallet gets licences, and which there are."""
    return _public(offers.issuer_metadata())


@said
@require_safe
@for_anyone
def server(request):
    """Where it exchanges its code."""
    return _public(offers.server_metadata())


@said
@require_safe
@for_anyone
def keys_of_issuer(request):
    """The keys that verify credentials, under the name that stands in them as `iss`."""
    return _public({"issuer": credentials.issuer_address(), "jwks": credentials.jwks(timezone.now())}, seconds=60)


@said
@require_safe
@for_anyone
def keys(request):
    """The same keys alone."""
    return _public(credentials.jwks(timezone.now()), seconds=60)


@said
@require_safe
@for_anyone
def kind(request, slug):
    """What a kind of licence is called, and every field of it, in both languages."""
    row = queries.types().filter(slug=slug).first()
    if row is None:
        raise Http404
    return _public(credentials.type_metadata(row))


@said
@require_safe
@for_anyone
def status_list(request, key):
    """What the credentials of one list are worth at this moment: signed, small, the same for everybody who asks."""
    now = timezone.now()
    answer = status_lists.signed(key, now=now, today=timezone.localdate(now))
    if answer is None:
        raise Http404
    wants_cwt = "application/statuslist+cwt" in request.headers.get("Accept", "")
    content = status_lists.as_cwt(answer, now=now) if wants_cwt else None
    tag = answer.tag if content is None else answer.tag[:-1] + '-cwt"'
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    elif content is not None:
        response = HttpResponse(content, content_type="application/statuslist+cwt")
    else:
        response = HttpResponse(answer.token, content_type="application/statuslist+jwt")
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Accept"
    return open_to_all(response, int(status_lists.LOOKED_EVERY.total_seconds()))


@said
@require_safe
@for_anyone
def all_status_lists(request):
    """The addresses of all lists, for whoever keeps them for a day without a network."""
    return _public({"status_lists": status_lists.addresses()}, seconds=60)


# -- OpenID4VCI


@said
@for_pages_of_others("GET")
@require_safe
@for_anyone
@in_its_words
def offer(request, key):
    """What the code on a holder's screen leads to."""
    found = offers.offered(key, now=timezone.now())
    if found is None:
        raise ProtocolError("invalid_request", "this offer was used or has run out", status=404)
    return JsonResponse(found)


@csrf_exempt
@said
@for_pages_of_others("POST")
@require_POST
@for_anyone
@in_its_words
def token(request):
    """Access for a code and its number."""
    given = offers.redeem({name: request.POST[name] for name in request.POST}, now=timezone.now())
    return JsonResponse(
        {"access_token": given, "token_type": "Bearer", "expires_in": int(offers.LASTS.total_seconds())}
    )


@csrf_exempt
@said
@for_pages_of_others("POST")
@require_POST
@for_anyone
@in_its_words
def nonce(request):
    return JsonResponse({"c_nonce": offers.nonce()})


@csrf_exempt
@said
@for_pages_of_others("POST")
@require_POST
@for_anyone
@in_its_words
def credential(request):
    """The licence itself, for whoever has access and proves a key."""
    scheme, _space, access = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not access:
        raise ProtocolError("invalid_token", status=401)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        raise ProtocolError("invalid_credential_request", "too long")
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as wrong:
        raise ProtocolError("invalid_credential_request", "not JSON") from wrong
    return JsonResponse(offers.deliver(access.strip(), body, now=timezone.now()))


# -- OpenID4VP


@said
@for_pages_of_others("GET")
@require_safe
@for_anyone
@never_cache
def question(request, key):
    """What an officer asks a wallet for, signed by the department."""
    found = requests.request_object(key, now=timezone.now())
    if found is None:
        return HttpResponse(status=404)  # not raised: the wallet of another origin may read it
    return HttpResponse(found, content_type="application/oauth-authz-req+jwt")


@csrf_exempt
@said
@for_pages_of_others("POST")
@require_POST
@for_anyone
@in_its_words
def answer(request, key):
    """What a wallet shows."""
    requests.answer(key, {name: request.POST[name] for name in request.POST}, now=timezone.now())
    return JsonResponse({})
