"""Finding: the home page, the search, the guide of a matter or a bundle. All of it for anybody, without signing in."""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tongban.cases import queries as cases
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages import bundle_answers, promise_words
from tongban.channels.pages.case_page import shown
from tongban.channels.pages.look import Look, query_string
from tongban.channels.portal import bundle_words, guide_words, kept_pages
from tongban.channels.portal.kept_pages import for_strangers
from tongban.channels.portal.views_applying import serves
from tongban.channels.portal.views_versions import ended
from tongban.departments import queries as departments
from tongban.halls import queries_appointments as appointments
from tongban.indicators import queries as indicators
from tongban.lib import qr
from tongban.lib.bilingual import say
from tongban.licences import queries as licences
from tongban.licences.models import LicenceType
from tongban.matters import bundling, promises
from tongban.matters import queries as matters
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.registers import queries as registers

DRAWINGS = {
    "household": "family", "residence": "residence", "certificates": "licence", "birth": "birth", "education": "study",
    "employ": "work", "social": "form", "medical": "health", "housing": "home", "traffic": "car", "marriage": "family",
    "elderly": "retirement", "disability": "health", "veterans": "licence", "retire": "retirement", "death": "waiting",
    "legal": "law", "archives": "culture", "credit": "licence", "digital-id": "phone", "epidemic": "health",
    "exit-entry": "travel", "foreigners": "travel", "professions": "licence", "start-business": "business",
    "run-business": "shop", "close-business": "stop", "licences": "licence", "catering": "food", "pharmacy": "health",
    "retail": "shop", "construction": "home", "tax": "form", "invest": "business", "finance": "business",
    "policy": "done", "culture": "culture", "sports": "culture", "organisations": "family",
}  # fmt: skip
LIFE = ["birth", "education", "employ", "housing", "residence", "medical", "elderly", "traffic"]
BUSINESS = ["start-business", "catering", "licences", "tax"]
FILTERS = ("theme", "department", "object", "kind", "online", "instant", "kiosk")
FEW, HOT, BUNDLES, PAGE, OFTEN, INDUSTRIES = 3, 9, 6, 20, 6, 8
OF_INDUSTRIES = {
    "food": ("restaurant", "small-catering", "bakery", "cafe-teahouse", "bar", "fresh-snack"),
    "shop": ("convenience-store", "supermarket", "bookstore"),
    "health": ("pharmacy", "clinic", "pet-hospital", "postpartum-centre", "beauty-salon", "bath-foot"),
    "home": ("hotel",),
    "culture": ("cinema", "karaoke", "arcade", "internet-cafe", "gym", "swimming-pool"),
    "study": ("training-institution",),
    "car": ("road-logistics",),
    "work": ("hr-agency",),
}  # drawing: industries
OFTEN_OPENED = [
    "restaurant",
    "convenience-store",
    "cafe-teahouse",
    "pharmacy",
    "beauty-salon",
    "hotel",
    "gym",
    "bakery",
]


# -- home


@require_GET
@for_anyone
@for_strangers()
def home(request):
    """Search first; what waits for you; life events; what is asked for most."""
    if Look(request).elderly:
        context = {"often": _often_needed(*_same_for_all()), **_for_you(request)}
        return render(request, "portal/find/home_elderly.html", context)
    hot, everybody = _for_everybody(*_same_for_all())
    return render(request, "portal/find/home.html", {"hot": hot, "everybody": everybody, **_for_you(request)})


def _same_for_all() -> tuple:
    """While these are the same, so is what everybody sees on the way to a service."""
    return kept_pages.catalogue(), get_language(), int(time.monotonic() // kept_pages.KEPT_FOR)


@lru_cache(maxsize=8)
def _for_everybody(_catalogue: tuple, _language: str, _while: int) -> tuple[list[tuple[str, str]], SafeString]:
    """The part of the home page that knows nobody: services, bundles, industries; drawn once for all who are signed in."""
    everything = matters.search("", limit=HOT, filters={"kind": "matter"})
    persons = matters.search("", limit=1, filters={"object": "person"}).hits.facets.get("theme", {})
    companies = matters.search("", limit=1, filters={"object": "company"}).hits.facets.get("theme", {})
    names = matters.catalogue.current().themes
    bundles = matters.search("", limit=BUNDLES, filters={"kind": "bundle"})
    hot = [(hit.title, _address(hit.entry.id)) for hit in everything.items[:4]]
    context = {
        "wanted": [{"name": hit.title, "href": _address(hit.entry.id)} for hit in everything.items],
        "life": _theme_cards(LIFE, names, persons, "person"),
        "business": _theme_cards(BUSINESS, names, companies, "company"),
        "bundles": _lines(bundles.items),
        "all_bundles": bundles.total,
        "industries": _industries()[:INDUSTRIES],
        "all_matters": everything.total,
    }
    return hot, loader.render_to_string("portal/find/for_everybody.html", context)


ABROAD = [
    (gettext_lazy("In the first days"), "home", ["foreigner-accommodation", "lease-filing"]),
    (gettext_lazy("Working here"), "work", ["foreigner-work-permit", "insurance-record-print"]),
    (gettext_lazy("Staying"), "residence", ["foreigner-residence-permit"]),
    (gettext_lazy("Tax"), "form", ["tax-paid-proof"]),
    (gettext_lazy("Driving"), "car", ["driving-licence-renew"]),
    (gettext_lazy("Health and children"), "health", ["medical-book", "birth-certificate", "resident-medical-enrol"]),
    (gettext_lazy("A company of one's own"), "business", ["fie-establish", "tax-registration"]),
]
ABROAD_THEMES = ("education", "foreigners")


@require_GET
@for_anyone
@for_strangers()
def international(request):
    """What people from abroad need first, how a passport proves who they are, and whom to ring."""
    wanted = [slug for _words, _drawing, slugs in ABROAD for slug in slugs]
    published = MatterVersion.objects.filter(matter__slug__in=wanted, state=MatterVersion.State.PUBLISHED)
    names = {version.matter.slug: say(version.name) for version in published.select_related("matter")}
    groups = [
        {
            "title": words,
            "drawing": drawing,
            "ways": [{"name": names[slug], "href": _address(slug)} for slug in slugs if slug in names],
        }
        for words, drawing, slugs in ABROAD
    ]
    themes = matters.catalogue.current().themes
    more = [
        {"name": themes[slug].name(get_language()), "href": f"{reverse('portal:search')}?theme={slug}"}
        for slug in ABROAD_THEMES
        if slug in themes
    ]
    context = {"groups": [group for group in groups if group["ways"]], "more": more}
    return render(request, "portal/find/international.html", context)


@lru_cache(maxsize=8)
def _often_needed(_catalogue: tuple, _language: str, _while: int) -> list[dict]:
    """What people of sixty and over ask for most: the first matters of the themes of later life."""
    found: dict[str, dict] = {}
    for theme in ("elderly", "medical", "retire"):
        for hit in matters.search("", limit=FEW, filters={"theme": theme, "object": "person"}).items:
            found.setdefault(hit.entry.id, {"name": hit.title, "href": _address(hit.entry.id)})
    return list(found.values())[:OFTEN]


def _for_you(request) -> dict:
    """What waits for whoever is signed in."""
    party = doorkeeper.space(request)
    if party is None:
        return {"party": None, "needing": [], "drafts": [], "visits": []}
    held = doorkeeper.powers_over(request, party)
    return {
        "party": party,
        "needing": [shown(case) for case in cases.own_needing(party, held, request.user, FEW)],
        "drafts": cases.own_drafts(party, held, request.user, FEW),
        "visits": appointments.to_come(party, timezone.now())[:FEW],
    }


def _address(slug: str) -> str:
    return reverse("portal:guide", args=[slug])


def _theme_cards(slugs: Iterable[str], names: dict, counts: dict, served: str) -> list[dict]:
    return [
        {
            "title": names[slug].name(get_language()),
            "drawing": DRAWINGS.get(slug, "form"),
            "count": counts[slug],
            "href": f"{reverse('portal:search')}?theme={slug}&object={served}",
        }
        for slug in slugs
        if slug in names and counts.get(slug)
    ]


# -- industries


@require_GET
@for_anyone
@for_strangers()
def industries(request):
    """One licence for one industry: every industry by its card."""
    lines = sorted(_industries(), key=lambda line: line["order"])
    return render(request, "portal/find/industries.html", {"industries": lines})


def _industries() -> list[dict]:
    """Cards of all industries, those opened most often first."""
    drawn = {f"industry-{slug}": drawing for drawing, slugs in OF_INDUSTRIES.items() for slug in slugs}
    often = {f"industry-{slug}": place for place, slug in enumerate(OFTEN_OPENED)}
    order = {slug: place for place, slug in enumerate(drawn)}
    rows = (
        MatterVersion.objects.filter(
            matter__kind=Matter.Kind.BUNDLE, state=MatterVersion.State.PUBLISHED, type="permit"
        )
        .select_related("matter__department")
        .only(
            "name",
            "members",
            "promised_days",
            "statutory_days",
            "time_unit",
            "situations",
            "result",
            "matter__slug",
            "matter__department__name",
        )
    )
    cards = [
        {
            "title": row.shown_name,
            "drawing": drawn.get(row.matter.slug, "shop"),
            "href": _address(row.matter.slug),
            "department": say(row.matter.department.name),
            "days": promise_words.days_in_words(row),
            "merges": len(row.members),
            "place": often.get(row.matter.slug, len(often)),
            "order": (order.get(row.matter.slug, len(order)), row.matter.slug),
        }
        for row in rows
        if bundling.is_industry(row)
    ]
    return sorted(cards, key=lambda card: (card["place"], card["order"]))


# -- search


@require_GET
@for_anyone
@for_strangers("q", *FILTERS, "after")
def search(request):
    """Matters and bundles that answer a question, with filters that say how many; without one, everything there is by theme."""
    q = request.GET.get("q", "").strip()[:200]
    filters = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    found = matters.search(q, filters=filters, after=request.GET.get("after", ""), limit=PAGE)
    facets, index, spoken = found.hits.facets, matters.catalogue.current(), get_language()
    lines = _lines(found.items)
    sure = found.hits.sure if q and not request.GET.get("after") else 0
    divided = bool(q) and 0 < sure < len(lines)
    browsing = not q and not filters and not request.GET.get("after")
    context = {
        "q": q,
        "filters": filters,
        "found": found,
        "lines": lines[:sure] if divided else lines,
        "close": lines[sure:] if divided else [],
        "only_close": bool(q) and found.hits.close and bool(lines),
        "pills": _pills(request, filters, facets),
        "themes": _choices(_counts(q, filters, facets, "theme"), lambda one: index.themes[one].name(spoken), filters.get("theme")),
        "departments": _choices(_counts(q, filters, facets, "department"), lambda one: index.department(one, spoken), filters.get("department")),
        "kept": {name: value for name, value in filters.items() if name not in ("theme", "department")},
        "cards": _all_themes(index, facets, spoken) if browsing else [],
        "next": query_string(request.GET, after=found.after) if found.after else "",
        "previous": _previous(request),
        "cleared": query_string(request.GET, after=None, **dict.fromkeys(FILTERS)),
        "nearest": [{"name": one.name(spoken), "href": f"?theme={one.id}"} for one in found.hits.themes],
    }  # fmt: skip
    return render(request, "portal/find/search.html", context)


def _previous(request) -> str:
    at = request.GET.get("after", "")
    if not (at.isascii() and at.isdigit() and int(at[:6]) > 0):
        return ""
    before = int(at[:6]) - PAGE
    return query_string(request.GET, after=str(before) if before > 0 else None)


def _lines(hits) -> list[dict]:
    """What a line in a list says of each hit; one question to the database, however many there are."""
    slugs = [hit.entry.id for hit in hits]
    versions = {
        version.matter.slug: version
        for version in MatterVersion.objects.filter(matter__slug__in=slugs, state=MatterVersion.State.PUBLISHED)
        .select_related("matter")
        .only("promised_days", "statutory_days", "time_unit", "situations", "visits", "fee", "members", "matter__slug")
    }
    return [_line(hit, versions.get(hit.entry.id)) for hit in hits]


def _line(hit, version: MatterVersion | None) -> dict:
    entry = hit.entry
    return {
        "href": _address(entry.id),
        "slug": entry.id,
        "name": hit.title,
        "pieces": hit.pieces,
        "department": say({"zh": entry.department_zh, "en": entry.department_en}),
        "online": entry.online,
        "instant": entry.instant,
        "kiosk": entry.kiosk,
        "bundle": entry.kind == Matter.Kind.BUNDLE,
        "members": len(version.members) if version else 0,
        "days": promise_words.days_in_words(version) if version and not entry.instant else "",  # `instant` says it
        "visits": guide_words.visits_in_words(version) if version else "",
        "fee": guide_words.fee_in_words(version) if version else "",
        "why": _why(hit),
    }


def _why(hit) -> str:
    """Why a line is among the answers, where its marked name does not say it already."""
    why = hit.why
    if why is None or hit.spans:
        return ""
    if why.kind == "code":
        return _("Code %(found)s") % {"found": why.found}
    if why.kind == "guide":
        return _("Found in the guide")
    if why.kind == "word":
        return _("Means the same as “%(said)s”") % {"said": why.said}
    other, tongue = (hit.entry.zh, "zh-Hans") if hit.title == hit.entry.en else (hit.entry.en, "en")
    name = format_html('<span lang="{}">{}</span>', tongue, other)
    return format_html(_("In the other language: %(name)s").replace("%(name)s", "{}"), name) if other else ""


def _pills(request, filters: dict, facets: dict) -> list[dict]:
    """Filters that are one touch: on or off, with how many there would be."""
    audience, ways, kinds = (facets.get(name, {}) for name in ("audience", "way", "kind"))
    pills = [
        ("object", "person", _("For persons"), audience.get("person", 0), "person"),
        ("object", "company", _("For companies"), audience.get("company", 0), "building"),
        ("online", "1", _("Fully online"), ways.get("online", 0), "screen"),
        ("instant", "1", _("Decided at once"), ways.get("instant", 0), "bolt"),
        ("kiosk", "1", _("At a terminal"), ways.get("kiosk", 0), "terminal"),
        ("kind", "bundle", _("Several in one"), kinds.get("bundle", 0), "layers"),
    ]
    return [
        {
            "words": words,
            # the two audiences take each other's place: what the other would leave is not among these answers
            "count": count if name not in filters or filters[name] == value else "",
            "icon": icon,
            "on": filters.get(name) == value,
            "href": query_string(request.GET, **{"after": None, name: None if filters.get(name) == value else value}),
        }
        for name, value, words, count, icon in pills
        if count or name in filters
    ]


def _counts(q: str, filters: dict, facets: dict, name: str) -> dict:
    """How many each value of a filter would leave: counted without what this filter itself has left out."""
    if name not in filters:
        return facets.get(name, {})
    others = {key: value for key, value in filters.items() if key != name}
    return matters.search(q, filters=others, limit=1).hits.facets.get(name, {})


def _choices(counts: dict, name_of: Callable[[str], str], chosen: str | None) -> list[dict]:
    """The values of a filter that lead somewhere, the fullest first."""
    return [
        {"value": value, "name": name_of(value), "count": count, "chosen": value == chosen}
        for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]


def department_names() -> dict[str, str]:
    return {one.code: say(one.name) for one in departments.departments()}


def _all_themes(index, facets: dict, spoken: str) -> list[dict]:
    counts = facets.get("theme", {})
    return [
        {"title": theme.name(spoken), "count": counts[slug], "href": f"?theme={slug}"}
        for slug, theme in index.themes.items()
        if counts.get(slug)
    ]


@require_GET
@for_anyone
def suggest(request):
    """Names while somebody is typing."""
    found = matters.suggest(request.GET.get("q", "")[:200])
    rows = [
        {
            "text": one.title,
            "note": _("Several in one") if one.kind == Matter.Kind.BUNDLE else "",
            "href": _address(one.id),
        }
        for one in found
    ]
    response = JsonResponse({"suggestions": rows}, json_dumps_params={"ensure_ascii": False, "separators": (",", ":")})
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


# -- the guide


@require_GET
@for_anyone
@for_strangers("situation", "chosen")
def guide(request, slug):
    """Everything about a matter, as it is in force today."""
    version = (
        MatterVersion.objects.select_related("matter__department")
        .prefetch_related("themes")
        .filter(matter__slug=slug, state=MatterVersion.State.PUBLISHED)
        .first()
    )
    if version is None:
        return ended(request, slug)
    is_bundle = version.matter.kind == Matter.Kind.BUNDLE
    if is_bundle and not bundle_words.is_canonical(request.GET):
        return redirect(f"{_address(slug)}{bundle_words.canonical(request.GET)}")
    address = f"{settings.PUBLIC_URL}{_address(slug)}{bundle_words.canonical(request.GET) if is_bundle else ''}"
    themes = list(version.themes.all())
    context = {
        "version": version,
        "matter": version.matter,
        "department": version.matter.department,
        "crumbs": [(_("Home"), "/"), _shelf(version, themes), (version.shown_name, "")],
        "facts": guide_words.facts(version, _chosen(request, version)),
        "served": guide_words.served(version),
        "type": guide_words.TYPES.get(version.type, ""),
        "level": guide_words.LEVELS.get(version.level, ""),
        "address": address,
        "code": qr.svg(address, title=_("This guide on your phone")),
        "not_supplied": matters.not_supplied(version),
        "brought_nothing": indicators.of_matter(slug, today=timezone.localdate())["nothing_brought"].of_ten,
    }  # fmt: skip
    if is_bundle:
        return render(request, "portal/find/bundle.html", {**context, **_bundle(request, version)})
    return render(request, "portal/find/guide.html", {**context, **_matter(request, version)})


def _shelf(version: MatterVersion, themes: list) -> tuple[str, str]:
    """Where this guide stands in the catalogue: one step back leads to the others beside it."""
    everything = reverse("portal:search")
    if version.matter.kind == Matter.Kind.BUNDLE:
        if bundling.is_industry(version):
            return _("One licence for one industry"), reverse("portal:industries")
        return _("One thing, done as one"), f"{everything}?kind=bundle"
    if themes:
        return themes[0].shown_name, f"{everything}?theme={themes[0].slug}"
    return _("All services"), everything


def _chosen(request, version: MatterVersion) -> list[str]:
    return [one["id"] for one in version.situations if one["id"] in request.GET.getlist("situation")]


def _matter(request, version: MatterVersion) -> dict:
    """What the guide of a single matter has besides."""
    chosen = _chosen(request, version)
    names = department_names()
    needed = _documents(request, version, chosen, names)
    return {
        "situations": [
            {
                "name": say(one["name"]),
                "about": promise_words.about_situation(version, one),
                "on": one["id"] in chosen,
                "href": f"{request.path}?situation={one['id']}#documents" if one["id"] not in chosen else f"{request.path}#documents",
            }
            for one in version.situations
        ],
        "chosen": chosen,
        "at_once": promises.on_the_spot(version, chosen),
        "needed": needed,
        "to_supply": [one for one in needed if one.state in ("upload", "later")],
        "not_needed": [one for one in needed if one.state in ("have", "made")],
        "ways": guide_words.ways(version),
        "begin": reverse("portal:begin", args=[version.matter.slug]) + query_string(None, situation=chosen).rstrip("?"),
        "responsible": guide_words.responsible(version),
        "limits": guide_words.limits(version),
        "special_procedures": guide_words.special_procedures(version),
        "places": version.places[:4],
        "more_places": version.places[4:],
        "rules": guide_words.published_rules(version),
        "readings": guide_words.readings(version, registers.grants_of(version.matter.slug), names),
        "bundles": _bundles_with(version.matter.slug),
        "code_of_item": version.matter.item_code or version.matter.basic_code,
    }  # fmt: skip


def _documents(request, version: MatterVersion, chosen: list[str], names: dict[str, str]):
    slugs = {row["material"] for row in version.requirements} | {
        slug for one in version.situations for slug in one.get("adds", ())
    }
    return guide_words.documents(version, chosen, *about_documents(request, version, slugs), departments=names)


def about_documents(request, version: MatterVersion | None, slugs: set[str]) -> tuple:
    """What documents are called, where each comes from, and which of them whoever is signed in holds already."""
    types = {kind.slug: kind for kind in MaterialType.objects.filter(slug__in=slugs)}
    kinds = {kind.licence_type for kind in types.values() if kind.licence_type}
    licence_names = {one.slug: say(one.name) for one in LicenceType.objects.filter(slug__in=kinds)} if kinds else {}
    resources = (
        {one.slug: one.shown_name for one in registers.resources()}
        if any(kind.resource for kind in types.values())
        else {}
    )
    party = doorkeeper.space(request)
    held = None
    if party is not None and (version is None or serves(version, party)):
        held = guide_words.in_force(licences.of(party), timezone.localdate())
    return types, licence_names, resources, held


def _bundle(request, version: MatterVersion) -> dict:
    """What the guide of a bundle or an industry has besides: questions, and from the answers one notice for this applicant."""
    chosen = bundle_answers.chosen(request.GET)
    plan = bundling.plan(version, chosen)
    slugs = {one.slug for one in plan.requirements} | {one.slug for one in plan.made}
    types, licence_names, resources, held = about_documents(request, version, slugs)
    notice = bundle_words.notice(
        plan,
        types=types,
        licence_names=licence_names,
        resource_names=resources,
        departments=department_names(),
        held=held,
        today=timezone.localdate(),
        address=_address,
    )
    return {
        "plan": plan,
        "notice": notice,
        "industry": bundling.is_industry(version),
        "answered": "chosen" in request.GET,
        "questions": bundle_answers.questions(plan),
        "begin": reverse("portal:begin", args=[version.matter.slug]) + bundle_words.canonical(request.GET),
        "responsible": guide_words.responsible(version),
        "code_of_item": version.matter.item_code or version.matter.basic_code,
    }


def _bundles_with(slug: str) -> list[dict]:
    """The bundles this matter belongs to."""
    rows = MatterVersion.objects.filter(matter__kind=Matter.Kind.BUNDLE, state=MatterVersion.State.PUBLISHED)
    return [
        {"name": row.shown_name, "href": _address(row.matter.slug)}
        for row in rows.select_related("matter").only("name", "members", "matter__slug")
        if any(member["matter"] == slug for member in row.members)
    ]
