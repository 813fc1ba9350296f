"""The interface for gates and partners as Django serves it. Verifying stands in front of it too, natively (site.desk): the answers are the same."""

import base64
import binascii
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tongban.channels.doorkeeper import for_gateways
from tongban.channels.exchange import gates
from tongban.channels.exchange.views_data import said
from tongban.codes import wording
from tongban.codes.models import DeviceKey
from tongban.codes.services import bundling, enrolling, holding, scanning
from tongban.codes.services.scanning import Device, Scan
from tongban.lib import signed_requests
from tongban.lib.problems import Invalid, Problem
from tongban.lib.said import Said
from tongban.lib.signed_requests import Unsigned

SMALL, LARGE = 8 * 1024, 256 * 1024
SCANS_AT_ONCE = 200
FAST_CLOCK = timedelta(seconds=signed_requests.CLOCKS_MAY_DIFFER)


def _response(answer: Said) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers:
        response.headers[name.decode().title()] = value.decode()
    response.headers["Cache-Control"] = "no-store"
    return response


def _headers(request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _body(request, most: int) -> bytes:
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise Problem("too-large", gates.TROUBLES[413][1], status=413)
    return request.body


def as_the_desk_says(counterpart, request) -> HttpResponse:
    now = time.time()
    taken = counterpart.take(_headers(request), _body(request, SMALL), now)
    return _response(taken if isinstance(taken, Said) else counterpart.together([taken], now)[0])


def spoken(view):
    """Problems of a request that a machine has signed are told to it as such, with our time where its clock may be wrong."""

    @wraps(view)
    def asked(request, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except Problem as problem:
            response = _response(gates.problem_said(problem, _headers(request)))
            response.headers["Date"] = gates.date_of(time.time())[1].decode()
            return response

    return asked


def signed(request, now: float, most: int = SMALL) -> tuple[Device, bytes, int]:
    """(device, body, number of the request) of a request whose signature is right. Taking it in once is the caller's."""
    headers, body = _headers(request), _body(request, most)
    claim = gates.claim_of(headers, now)
    scanning.devices.refresh()
    device = gates.checked(scanning.devices.get(claim.key_id), claim, request.path, body, now, request.method)
    return device, body, scanning.request_number(claim.key_id, claim.nonce, claim.created)


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def verify(request):
    """One code, one answer; as the desk says it."""
    return as_the_desk_says(gates.VERIFYING, request)


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def scans(request):
    """What a gate decided while it was alone, handed in once it is back; handed in again, nothing changes."""
    now = time.time()
    device, body, number = signed(request, now, LARGE)
    given = gates.read(body, {"scans": list})["scans"]
    if not 1 <= len(given) <= SCANS_AT_ONCE:
        raise Invalid("not-understood", errors={"scans": [_("Between 1 and 200 scans at once.")]})
    moment = datetime.fromtimestamp(now, UTC)
    wanted = [_one(one, place, device, moment) for place, one in enumerate(given)]
    for scan in wanted:
        scan.request = number
        scanning.look_at(scan)
    answers = scanning.record_scans(wanted, moment)
    if problem := next((one.problem for one in answers if one.problem is not None and one.problem.status != 409), None):
        raise problem
    told = [
        {
            "scan": scan.number,
            "verdict": answer.verdict,
            "reason": answer.problem.code if answer.problem is not None else answer.reason,
            "again": answer.again,
        }
        for scan, answer in zip(wanted, answers, strict=True)
    ]
    return JsonResponse({"scans": told})


def _one(given: Any, place: int, device: Device, now: datetime) -> Scan:
    where = f"scans.{place}."
    if not isinstance(given, dict):
        raise Invalid("not-understood", errors={where[:-1]: [_("An object is expected.")]})
    wanted = {"scan": str, "code": str, "at": int, "let_in": bool, "reason": str}
    errors = {
        where + name[:80]: [_("This is missing, has the wrong type or is not known.")]
        for name in {*given, *wanted}
        if name not in wanted or type(given.get(name)) is not wanted[name]
    }
    if errors:
        raise Invalid("not-understood", errors=errors)
    oldest = now - scanning.OFFLINE_AT_MOST
    if not oldest.timestamp() <= given["at"] <= (now + FAST_CLOCK).timestamp():
        raise Invalid("not-understood", errors={where + "at": [_("Seconds since 1970, within the last 30 days.")]})
    if given["let_in"] == bool(given["reason"]) or (given["reason"] and given["reason"] not in wording.REASONS):
        raise Invalid("not-understood", errors={where + "reason": [_("A reason exactly where nobody was let in.")]})
    scan = gates.read_scan(given, device, datetime.fromtimestamp(given["at"], UTC), where)
    scan.let_in, scan.told = given["let_in"], given["reason"]
    return scan


@csrf_exempt
@said
@require_safe
@for_gateways
@spoken
def the_bundle(request):
    """What this gate may decide alone for a day: signed, with a tag that stays for an hour while nothing has changed."""
    now = time.time()
    device, _nothing, number = signed(request, now)
    moment = datetime.fromtimestamp(now, UTC)
    with transaction.atomic():
        scanning.take_in_once(number)
        text, tag = bundling.bundle_for(device, moment)
    mark = f'"{tag}"'
    if mark in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(text, content_type="application/jose")
    response.headers["ETag"] = mark
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def question(request):
    """What a gate shows on its screen: the phone answers this gate alone, within 20 seconds."""
    now = time.time()
    device, _body_, number = signed(request, now)
    with transaction.atomic():
        scanning.take_in_once(number)
        asked = holding.question(device.reader, datetime.fromtimestamp(now, UTC))
    return JsonResponse({"code": asked.payload, "expires_at": asked.ends})


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def enrol(request):
    """A device registers the key it has made, with the code that the office has shown. Signed with that very key."""
    now = time.time()
    headers, body = _headers(request), _body(request, SMALL)
    claim = gates.claim_of(headers, now)
    given = gates.read(body, {"code": str, "public_key": str, "device": str}, optional=["device"])
    public = _raw_key(given["public_key"], "public_key", 32)
    if claim.key_id != enrolling.key_id_of(public):
        raise Problem("signature-wrong", gates.UNSIGNED["signature-wrong"], next_step=gates.SIGN_AS, status=401)
    try:
        signed_requests.check(claim, "POST", request.path, body, Ed25519PublicKey.from_public_bytes(public))
    except Unsigned as wrong:
        raise gates.unsigned(wrong) from None
    moment = datetime.fromtimestamp(now, UTC)
    with transaction.atomic():
        scanning.take_in_once(scanning.request_number(claim.key_id, claim.nonce, claim.created))
        key = enrolling.enrol(given["code"][:40], public=public, device=given.get("device", "")[:80], now=moment)
    return JsonResponse(_enrolled(key), status=201)


@csrf_exempt
@said
@require_POST
@for_gateways
@spoken
def replace_key(request):
    """The device goes on with a new key; the old one is taken for ten more minutes."""
    now = time.time()
    device, body, number = signed(request, now)
    given = gates.read(body, {"public_key": str, "proof": str})
    public, proof = _raw_key(given["public_key"], "public_key", 32), _raw_key(given["proof"], "proof", 64)
    with transaction.atomic():
        scanning.take_in_once(number)
        old = DeviceKey.objects.get(pk=device.pk)
        key = enrolling.replace(old, public=public, proof=proof, now=datetime.fromtimestamp(now, UTC))
    return JsonResponse(_enrolled(key), status=201)


def _enrolled(key: DeviceKey) -> Mapping[str, Any]:
    reader = key.reader
    return {
        "key_id": key.key_id,
        "reader": {"id": reader.pk, "name": reader.name, "place": reader.place, "sort": reader.sort},
        "purpose": reader.scene.slug,
        "fields": reader.scene.fields,
        "bundle_key": bundling.public_half(),
        "codes_a_second": settings.GATE_RATE,
    }


_KEY = re.compile(r"[A-Za-z0-9_-]{43,86}")


def _raw_key(text: str, name: str, length: int) -> bytes:
    if _KEY.fullmatch(text):
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) == length:
            return raw
    problem = _("Bytes in base64url without padding are expected.")
    raise Invalid("not-understood", errors={name: [problem]})
