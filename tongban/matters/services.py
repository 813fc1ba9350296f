"""Publishing versions of guides, and taking in the catalogue of the demonstration district."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.problems import Invalid
from tongban.lib.rules import RuleError, compile_rule
from tongban.matters import code_lists, commitment, events, guides, permit_errands
from tongban.matters.models import MaterialType, Matter, MatterVersion, Retirement, Theme, TypeDraft
from tongban.matters.type_states import TypeDraftState

DRAWN_FROM = {"matter", "number", "state", "effective_from", "id", "themes", "cases", "why"}
ELEMENTS = [one.name for one in MatterVersion._meta.get_fields() if one.name not in DRAWN_FROM and not one.is_relation]


@transaction.atomic
def publish(
    matter: Matter | str,
    elements: Mapping[str, Any],
    *,
    today: date,
    themes: Iterable[str] = (),
    actor: Actor = PLATFORM,
) -> MatterVersion:
    """Put a new version of the guide in force from this day and retire the one before. The same elements again change nothing.

    Running cases keep the version they began with.
    """
    if isinstance(matter, str):
        matter = Matter.objects.get(slug=matter)
    unknown = sorted(set(elements) - set(ELEMENTS))
    if unknown:
        raise Invalid("no-such-element", _("The guide has elements nobody knows."), errors=dict.fromkeys(unknown, []))
    _check_rules(elements)
    _check_promise(matter.slug, elements)
    elements = pinned(elements)
    themes = sorted(themes)
    last = matter.versions.order_by("-number").first()
    in_force = matter.versions.filter(state=MatterVersion.State.PUBLISHED).first()
    if in_force is not None:
        same = all(getattr(in_force, name) == value for name, value in elements.items())
        if same and sorted(in_force.themes.values_list("slug", flat=True)) == themes:
            return in_force
    matter.versions.filter(state=MatterVersion.State.PUBLISHED).update(state=MatterVersion.State.RETIRED)
    version = MatterVersion.objects.create(
        matter=matter,
        number=last.number + 1 if last else 1,
        state=MatterVersion.State.PUBLISHED,
        effective_from=today,
        **elements,
    )
    version.themes.set(Theme.objects.filter(slug__in=themes))
    journal.record(
        events.MatterPublished(matter=matter.pk, version=version.pk), subject=f"matter:{matter.pk}", actor=actor
    )
    journal.touch("catalogue", f"matter:{matter.slug}")
    if last is not None and not version.members:
        into_bundles(version, today=today, actor=actor)
    return version


def pinned(elements: Mapping[str, Any]) -> Mapping[str, Any]:
    """A bundle remembers the version of each member it is published with, so that a running application keeps its plan."""
    if not elements.get("members"):
        return elements
    slugs = [row["matter"] for row in elements["members"]]
    published = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED, matter__slug__in=slugs)
    numbers = dict(published.values_list("matter__slug", "number"))
    members = [
        {**row, "version": numbers[row["matter"]]} if row["matter"] in numbers else {**row}
        for row in elements["members"]
    ]
    return {**elements, "members": members}


def into_bundles(member: MatterVersion, *, today: date, actor: Actor) -> None:
    """Every bundle with this member is published anew with its new version."""
    bundles = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED, matter__kind=Matter.Kind.BUNDLE)
    holding = [
        pk for pk, rows in bundles.values_list("pk", "members") if member.matter.slug in {r["matter"] for r in rows}
    ]
    for bundle in MatterVersion.objects.filter(pk__in=holding).select_related("matter").prefetch_related("themes"):
        elements = {name: getattr(bundle, name) for name in ELEMENTS}
        publish(bundle.matter, elements, today=today, themes=[theme.slug for theme in bundle.themes.all()], actor=actor)


def _check_rules(elements: Mapping[str, Any]) -> None:
    """A machine that decides has rules that can be read; where people decide there are none to trip over."""
    if elements.get("decided_by", "none") == "none":
        return
    try:
        compile_rule(elements.get("rules"))
    except RuleError as wrong:
        raise Invalid("rules", _("The rules of this matter cannot be read."), errors=wrong.errors) from wrong


def _check_promise(slug: str, elements: Mapping[str, Any]) -> None:
    """Nothing is decided on a promise where safety, health or ecology are directly at stake."""
    stakes = commitment.at_stake(slug, elements.get("legal_basis", ())) if elements.get("commitment") else []
    if stakes:
        raise Invalid(
            "commitment-forbidden",
            _("This matter may not be decided on a promise."),
            errors={"commitment": [commitment.WORDS[what] for what in stakes]},
            next_step=_("Take the promise out of the guide; everything else of the version is kept."),
        )


@transaction.atomic
def load_themes(rows: Iterable[Mapping]) -> int:
    rows = list(rows)
    for order, row in enumerate(rows):
        Theme.objects.update_or_create(slug=row["id"], defaults={"name": guides.named(row), "order": order})
    return len(rows)


@transaction.atomic
def load_material_types(rows: Iterable[Mapping]) -> int:
    """Take in rows of demo/materials.yaml, but none over what people here have written. Twice changes nothing."""
    rows = list(rows)
    written = types_kept_here(TypeDraft.Sort.DOCUMENT)
    for row in rows:
        if row["id"] in written:
            continue
        MaterialType.objects.update_or_create(
            slug=row["id"],
            defaults={
                "name": guides.named(row),
                "kind": row["kind"],
                "issued_by": row["issued_by"],
                "licence_type": row.get("exempt_by_licence") or "",
                "resource": row.get("data") or "",
                "commitment_ok": bool(row.get("commitment_ok")),
                "intermediary": bool(row.get("intermediary")),
            },
        )
    return len(rows)


def types_kept_here(sort: str) -> set[str]:
    """The kinds of documents or licences that people here have put in force themselves."""
    written = TypeDraft.objects.filter(sort=sort, state=TypeDraftState.IN_FORCE)
    return set(written.values_list("slug", flat=True))


def kept_here(matter: Matter) -> bool:
    """People here edited this matter or ended it: the demonstration's content does not come back over what they wrote."""
    return (
        matter.versions.filter(checked_by__isnull=False).exists() or Retirement.objects.filter(matter=matter).exists()
    )


def load_demo(folder: Path, *, today: date, progress: Callable[[int], None] = lambda done: None) -> int:
    """Take in the whole catalogue of the demonstration: themes, materials, matters, bundles. Again: only what changed is published."""
    content = permit_errands.extended(guides.Content.read(folder))
    departments = Department.objects.in_bulk(field_name="code")
    with transaction.atomic():
        load_themes(content.themes)
        load_material_types(content.materials)
        code_lists.load(content.code_lists, since=timezone.now())
        for row in content.matters:
            matter, _made = Matter.objects.update_or_create(
                slug=row["id"],
                defaults={
                    "kind": Matter.Kind.MATTER,
                    "department": departments[row["department"]],
                    "basic_code": row["basic_code"],
                    "popularity": row["popularity"],
                    "origin": permit_errands.PART if "effect" in row else "demonstration",
                },
            )
            if not kept_here(matter):
                publish(matter, guides.elements(row, content), today=today, themes=row["themes"])
            progress(1)
        themes = {row["id"]: row["themes"] for row in content.matters}
        joint = [
            (guides.bundle_slug(row), row, guides.bundle_elements(row, content), row["members"])
            for row in content.bundles
        ]
        joint += [
            (guides.industry_slug(row), row, guides.industry_elements(row, content), row["merges_always"])
            for row in content.industries
        ]
        for slug, row, elements, members in joint:
            matter, _made = Matter.objects.update_or_create(
                slug=slug,
                defaults={
                    "kind": Matter.Kind.BUNDLE,
                    "department": departments[row["lead_department"]],
                    "popularity": 4 if "members" in row else 3,  # events of life stand before industries
                    "origin": "demonstration",
                },
            )
            of_members = {theme for member in members for theme in themes[member]}
            if not kept_here(matter):
                publish(matter, elements, today=today, themes=of_members)
            progress(1)
    return len(content.matters) + len(joint)
