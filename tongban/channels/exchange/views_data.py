"""What the open interface has besides its JSON contracts: uploads, the catalogue as linked data, the description of it all."""

import gzip
import hashlib
import threading
from functools import wraps
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.db import connection
from django.http import HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.exchange import guide_data
from tongban.channels.exchange.api import api
from tongban.journal.queries import topic_versions
from tongban.lib import unicode
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.materials import queries as papers
from tongban.materials import services as documents


def said(view):
    """A method that an address does not know is refused with a problem document, as everything here."""

    @wraps(view)
    def asked(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        refused = Problem("method", gettext_lazy("This address cannot be used in that way."), status=405)
        problem = doorkeeper.show_problem(request, refused)
        problem.headers["Allow"] = response.headers["Allow"]
        return problem

    return asked


# A program has no page to take a token from. A browser says where a request comes from, and only our own pages may send this one.
@csrf_exempt
@said
@require_POST
@for_party
def upload(request, party):
    """Keep a document of the party acted for: 201 with what was stored, or a sentence that says why not."""
    _from_here(request)
    files = request.FILES.getlist("file")
    if not files:
        raise Invalid("no-file", _("No file arrived."), errors={"file": [_("Please send at least one file.")]})
    name = request.POST.get("name", "")[:200]
    if sentence := unicode.unreadable(name):
        raise Invalid("unreadable", sentence, errors={"name": [sentence]}, kept=_("Nothing was changed."))
    kept = documents.keep(files, owner=party, by=request.user, name=name, actor=doorkeeper.actor_of(request))
    body = {
        "id": str(kept.key),
        "name": kept.name,
        "pages": [
            {
                "number": page.order,
                "type": page.mime,
                "size": page.size,
                "sha256": page.sha256,
                "width": page.width,
                "height": page.height,
            }
            for page in kept.pages.all()
        ],
        "left_out": [str(sentence) for sentence in papers.left_out(kept)],
    }
    return JsonResponse(body, status=201, json_dumps_params={"ensure_ascii": False})


def _from_here(request) -> None:
    origin = request.headers.get("Origin", "")
    site = request.headers.get("Sec-Fetch-Site", "none")
    foreign = bool(origin) and urlsplit(origin).netloc != request.get_host()
    if foreign or site not in ("none", "same-origin"):
        raise NotAllowed("foreign-page", _("This was sent from a page that is not ours."), status=403)


_kept: dict = {}
_lock = threading.Lock()


@said
@require_safe
@for_anyone
def catalogue(request):
    """Every published guide as CPSV-AP 3.2 in JSON-LD; made once for each version of the catalogue."""
    version = (connection.settings_dict["NAME"], settings.PUBLIC_URL, topic_versions(["catalogue"])["catalogue"])
    with _lock:
        if _kept.get("version") != version:
            body = gzip.compress(orjson.dumps(guide_data.catalogue()), 6, mtime=0)
            _kept.update(version=version, body=body, tag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"')
        body, tag = _kept["body"], _kept["tag"]
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(body, content_type="application/ld+json")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(body), content_type="application/ld+json")
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@said
@require_safe
@for_anyone
def described(request):
    """The description of the interface (OpenAPI 3.1)."""
    schema = orjson.dumps(api.get_openapi_schema(), option=orjson.OPT_NON_STR_KEYS)
    return HttpResponse(schema, content_type="application/json")
