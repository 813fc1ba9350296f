"""Links that bring answers along: a school, a shop or a department fills in what is the same for everybody, and puts the link on a page
or a QR on its wall.

What a link brings stands behind the # of its address: the browser keeps it to itself, no server and no log sees it. The person reads it,
and it is sent with the press that begins the draft, where it may stand only beside what is known (`cases.offering`; docs/links.md).
"""

from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.encoding import uri_to_iri
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tongban.cases import offering, rules
from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages import errand
from tongban.channels.pages.preparing import OpenFields
from tongban.lib import qr
from tongban.lib.bilingual import say
from tongban.lib.formschema import Form
from tongban.lib.problems import Invalid
from tongban.matters import bundling
from tongban.matters.models import Matter, MatterVersion

PREFIX = "f."
LONGEST_LINK, LONGEST_QR, LONGEST_TITLE = 3000, 1200, 60


def brought(request: HttpRequest) -> dict[str, str | list[str]]:
    """What the press that begins a draft brings from a link: {field: text}."""
    said = {}
    for name in list(request.POST)[:200]:
        if name.startswith(PREFIX):
            texts = request.POST.getlist(name)
            said[name.removeprefix(PREFIX)] = texts[0] if len(texts) == 1 else texts
    return said


def again(request: HttpRequest) -> list[tuple[str, str]]:
    """The same, to be drawn once more into the page of a press that began nothing: [(input, text)]."""
    return [
        (f"{PREFIX}{name}", text)
        for name, said in list(brought(request).items())[: offering.FIELDS_OF_A_LINK]
        for text in (said if isinstance(said, list) else [said])
        if len(text) <= offering.LONGEST_ANSWER
    ][: offering.FIELDS_OF_A_LINK]


def form_of(version: MatterVersion) -> Form:
    if version.matter.kind == Matter.Kind.BUNDLE:
        return Form.from_demo(bundling.plan(version, ()).form)
    return rules.form_of(version)


def offerable(version: MatterVersion) -> list[dict]:
    """The questions a link may answer, as the page's script needs them to show what it brings."""
    return [
        {
            "id": one.id,
            "label": say(one.label),
            "longest": min(one.longest, offering.LONGEST_ANSWER),
            "options": dict(_options(one)),
        }
        for one in form_of(version)
        if offering.by_link(one)
    ]


def _options(one) -> list[tuple[str, str]]:
    if one.type == "boolean":
        return [("true", _("Yes")), ("false", _("No"))]
    if one.type == "division":
        return errand.divisions()
    return [(key, say(words)) for key, words in one.choices]


def _published(slug: str) -> MatterVersion:
    rows = MatterVersion.objects.filter(matter__slug=slug, state=MatterVersion.State.PUBLISHED)
    version = rows.select_related("matter", "matter__department").first()
    if version is None or not version.online:
        raise Http404
    return version


def _situation(version: MatterVersion, said: str) -> str:
    return said if any(one["id"] == said for one in version.situations) else ""


@require_GET
@never_cache
@for_anyone
def fill(request, slug):
    """Where such a link leads: what it brings is shown first, and goes along only when the person says so."""
    version = _published(slug)
    situation = _situation(version, request.GET.get("situation", ""))
    onward = reverse("portal:begin", args=[slug]) + (f"?{urlencode({'situation': situation})}" if situation else "")
    context = {"version": version, "matter": version.matter, "fields": offerable(version), "onward": onward}
    return render(request, "portal/links/fill.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_anyone
def link(request, slug):
    """Make a link: fill in what is the same for everybody, get the address, its QR and a poster. Nothing is kept here."""
    version = _published(slug)
    asked = form_of(version)
    left = [one.id for one in asked if not offering.by_link(one)]
    errors: dict[str, list] = {}
    values: dict = {}
    made, problem = None, None
    title = request.POST.get("poster", "").strip()
    if request.method == "POST":
        cleaned = asked.validate(_only(request.POST, left), partial=True, known=errand.known_codes())
        errors, values = {name: said for name, said in cleaned.errors.items() if name not in left}, cleaned.draft
        if len(title) > LONGEST_TITLE:
            errors["poster"] = [_("At most %(n)s characters.") % {"n": LONGEST_TITLE}]
        if not errors:
            try:
                made = _made(version, cleaned.values, _situation(version, request.POST.get("situation", "")))
            except Invalid as too_long:
                problem = too_long
    context = {
        "version": version,
        "matter": version.matter,
        "form": OpenFields(asked, left),
        "values": values,
        "errors": errors,
        "labels": {**errand.labels_of(asked, errors), "poster": _("Words on the poster")},
        "divisions": errand.divisions(),
        "situations": [(one["id"], say(one)) for one in version.situations],
        "situation": request.POST.get("situation", ""),
        "poster": title,
        "made": made,
        "problem": problem,
        "any": any(offering.by_link(one) for one in asked),
    }
    return render(request, "portal/links/make.html", context, status=422 if errors or problem else 200)


def _only(post, left):
    typed = post.copy()
    for name in [name for name in typed if name.split("-")[0] in left]:
        del typed[name]
    return typed


def _made(version: MatterVersion, values: dict, situation: str) -> dict:
    pairs = []
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            pairs.append((f"{PREFIX}{name}", str(one).lower() if isinstance(one, bool) else str(one)))
    address = settings.PUBLIC_URL + reverse("portal:fill", args=[version.matter.slug])
    address += f"?{urlencode({'situation': situation})}" if situation else ""
    address += f"#{urlencode(pairs)}" if pairs else ""
    if len(address) > LONGEST_LINK:
        raise Invalid(
            "link-too-long",
            _("That is too much for a link."),
            kept=_("What you typed still stands in the form."),
            next_step=_("Leave out long answers: whoever applies types them."),
        )
    short = len(address) <= LONGEST_QR
    return {
        "address": address,
        "shown": uri_to_iri(address),  # a person reads 示范路, not %E7%A4%BA; a browser takes both
        "code": qr.svg(address, title=_("Scan to begin"), error="l" if len(address) > 400 else "m") if short else "",
        "count": len({name for name, _value in pairs}),
    }
