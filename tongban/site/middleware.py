"""The outermost ring: every request has a number and a line in the log."""

import secrets
import time

import structlog
from django.middleware.gzip import GZipMiddleware

from .logs import request_id

log = structlog.get_logger("tongban.requests")


# What pages of ours may use of a device: the microphone for spoken search, passkeys, and where an inspector stands who notes it.
# The camera is for pages that scan (`{% camera %}`); photographs of papers come through the file field, which asks nobody.
PERMISSIONS = ", ".join(
    [
        "geolocation=(self)",
        "microphone=(self)",
        "fullscreen=(self)",
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
        *(
            f"{name}=()"
            for name in (
                "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
                "gyroscope", "hid", "magnetometer", "midi", "payment", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
            )
        ),
    ]
)  # fmt: skip
WITH_CAMERA = PERMISSIONS.replace("camera=()", "camera=(self)")


class LastResort:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.request_id = secrets.token_hex(6)
        token = request_id.set(request.request_id)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = request.request_id
            response.headers.setdefault(
                "Permissions-Policy", WITH_CAMERA if getattr(request, "uses_camera", False) else PERMISSIONS
            )
            response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
            match = request.resolver_match
            log.info(  # the route, not the path: a path can name a person's case
                "request",
                method=request.method,
                route=match.route if match else "",
                status=response.status_code,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
            return response
        finally:
            request_id.reset(token)


COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/ld+json",
    "application/xml",
    "image/svg+xml",
)


class Compressed(GZipMiddleware):
    """Words only: documents and pictures are compressed already, and large files go out as they are.

    Django adds a random length to each answer, so that its size does not tell what stands in it.
    """

    def process_response(self, request, response):
        if response.streaming or not response.get("Content-Type", "").startswith(COMPRESSIBLE):
            return response
        return super().process_response(request, response)


class OfThisHost:
    """Under https every cookie for the whole site carries `__Host-`, so that no neighbouring host can plant one; the rest of the code
    knows it by its plain name. One with a path of its own cannot carry it."""

    PREFIX = "__Host-"

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        whole = {name for name in request.COOKIES if name.startswith(self.PREFIX)}
        ours = {name.removeprefix(self.PREFIX): request.COOKIES[name] for name in whole}
        request.COOKIES = {name: request.COOKIES[name] for name in whole} | ours
        response = self.get_response(request)
        for name in [name for name in response.cookies if not name.startswith(self.PREFIX)]:
            morsel = response.cookies[name]
            if morsel["path"] == "/" and not morsel["domain"]:
                del response.cookies[name]
                response.cookies[self.PREFIX + name] = morsel.value
                response.cookies[self.PREFIX + name].update({**morsel, "secure": True})
        return response
