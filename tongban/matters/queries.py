"""What is asked of the catalogue: finding matters, and which elements of a guide are not there yet."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.cache import caches
from django.db import connection
from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tongban.journal.queries import topic_versions
from tongban.lib.bilingual import short
from tongban.matters import promises
from tongban.matters import search as engine
from tongban.matters.models import Matter, MatterVersion
from tongban.matters.models import Theme as ThemeRow
from tongban.matters.permit_errands import PART

FURTHEST = 10_000

COMPANIES = ("company", "sole_proprietor", "organisation")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of answers. `after` asks for the next one; empty on the last."""

    hits: engine.Hits
    after: str

    @property
    def items(self) -> list[engine.Hit]:
        return self.hits.items

    @property
    def total(self) -> int:
        return self.hits.total


def search(
    q: str,
    *,
    filters: Mapping[str, Any] | None = None,
    language: str | None = None,
    limit: int = engine.PAGE,
    after: str = "",
) -> Found:
    """Matters and bundles that answer a question, the best first; the most popular ones when nothing is asked.

    `filters` by name: kind (matter, bundle), theme, department, object (person, company), online, kiosk, instant. Values may
    come straight from a request: unknown names and values are left out or simply match nothing.
    """
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0
    limit = max(1, min(limit, 100))
    hits = catalogue.current().search(q, _known(filters), _spoken(language), limit, min(start, FURTHEST))
    reached = start + len(hits.items)
    return Found(hits, str(reached) if hits.items and reached < min(hits.total, FURTHEST) else "")


def suggest(q: str, language: str | None = None, limit: int = 8) -> list[engine.Suggestion]:
    """Names of matters while somebody is typing."""
    return catalogue.current().suggest(q, _spoken(language), limit)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, as people call it, and how many answers it would leave."""

    value: str
    label: str
    count: int


WAYS = {
    "online": _("Online"),
    "kiosk": _("At a terminal"),
    "instant": _("Decided at once"),
}
KINDS = {"matter": _("Single matter"), "bundle": _("One thing, several matters")}
OBJECTS = {
    "person": _("For persons"),
    "company": _("For companies"),
    "sole_proprietor": _("For sole proprietors"),
    "organisation": _("For organisations"),
}


def choices(hits: engine.Hits, name: str, language: str | None = None) -> list[Choice]:
    """What a filter (kind, theme, department, object) can be narrowed to within these answers, and the ways (`way`: online,
    kiosk, instant); the most first."""
    index, spoken = catalogue.current(), _spoken(language)
    words: Mapping[str, Any] = {"kind": KINDS, "object": OBJECTS, "way": WAYS}.get(name, {})
    made = []
    for value, count in hits.facets.get(name, {}).items():
        if name == "theme":
            label = index.themes[value].name(spoken) if value in index.themes else value
        elif name == "department":
            label = index.department(value, spoken)
        else:
            label = str(words.get(value, value))
        made.append(Choice(value, label, count))
    return sorted(made, key=lambda choice: (-choice.count, choice.value))


def _spoken(language: str | None) -> str:
    return short(language or get_language())


def _known(filters: Mapping[str, Any] | None) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, value in (filters or {}).items():
        if name in engine.WAYS:
            known[name] = value not in (None, "", False, "0", "false", "off")
        elif name == "object" and value == "company":
            known[name] = list(COMPANIES)
        elif name in engine.FILTERS and value:
            known[name] = value if isinstance(value, (list, tuple)) else str(value)
    return known


# -- what is searched: the published versions of the database


def entries() -> list[engine.Entry]:
    versions = (
        MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED)
        .exclude(matter__origin=PART)
        .select_related("matter__department")
        .prefetch_related(Prefetch("themes", ThemeRow.objects.only("slug")))
        .only(
            *("name", "objects_served", "channels", "online_depth", "form", "handling_kind", "conditions", "result"),
            *("situations", "note", "members", "matter", "matter__slug", "matter__kind", "matter__item_code"),
            *("matter__basic_code", "matter__popularity", "matter__department__code", "matter__department__name"),
        )
    )
    return [_entry(version) for version in versions]


def _entry(version: MatterVersion) -> engine.Entry:
    matter, department = version.matter, version.matter.department
    main_item = version.note.get("main_item", "")
    return engine.Entry(
        id=matter.slug,
        kind=matter.kind,
        zh=version.name.get("zh") or version.name.get("en", ""),
        en=version.name.get("en", ""),
        aliases=(main_item,) if main_item and main_item != "未分类" else (),
        department=department.code,
        department_zh=department.name.get("zh", ""),
        department_en=department.name.get("en", ""),
        themes=tuple(theme.slug for theme in version.themes.all()),
        objects=tuple(version.objects_served),
        channels=tuple(version.channels),
        online=version.online,
        kiosk="kiosk" in version.channels,
        instant=promises.on_the_spot(version),
        popularity=matter.popularity,
        code=matter.item_code or matter.basic_code,
        text=" ".join(_words([version.conditions, version.result.get("name"), version.situations, version.members])),
    )


def _words(content: Any) -> Iterable[str]:
    """The bilingual texts in a piece of content; codes and addresses are not for searching."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            if key in ("zh", "en") and isinstance(value, str):
                yield value
            elif not isinstance(value, str):
                yield from _words(value)
    elif isinstance(content, (list, tuple)):
        for value in content:
            yield from _words(value)


def themes() -> list[engine.Theme]:
    return [engine.Theme(row.slug, row.name.get("zh", ""), row.name.get("en", "")) for row in ThemeRow.objects.all()]


def _version() -> tuple:
    """Which catalogue this is: counted up in the transaction of whatever publishes (`journal.touch("catalogue")`)."""
    counted = topic_versions(["catalogue"])["catalogue"]
    here = caches["process"].get_or_set("catalogue", secrets.token_hex, None)
    return (connection.settings_dict["NAME"], here, counted)


catalogue = engine.Holder(lambda: (entries(), themes()), _version)


# -- guides


ELEMENTS = {
    "legal_basis": _("what it rests on in law"),
    "objects_served": _("who may apply"),
    "conditions": _("conditions"),
    "requirements": _("materials"),
    "days": _("how long it takes"),
    "fee": _("fee"),
    "result": _("what you receive"),
    "channels": _("ways to apply"),
    "steps": _("steps"),
    "places": _("places and hours"),
    "contacts": _("contact and complaints"),
    "form": _("the form to fill in online"),
}


def not_supplied(version: MatterVersion) -> list[Promise]:
    """Elements of the guide that the department of an imported matter has not given yet, as people call them."""
    if version.provenance != "imported":
        return []
    empty = {
        name
        for name in ELEMENTS
        if (
            version.promised_days is None and version.statutory_days is None
            if name == "days"
            else not getattr(version, name)
        )
    }
    return [label for name, label in ELEMENTS.items() if name in empty]


def imported() -> Any:
    """Matters taken in from catalogue files."""
    return Matter.objects.filter(versions__provenance="imported").distinct()
