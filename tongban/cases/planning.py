"""What an application asks: of one matter what its guide says, of a bundle what the plan of its members makes of it.

Everybody who asks for the form, the materials or the days of a case asks here, so that pages and acts need not know which it is.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import BigIntegerField, CharField

from tongban.cases.models import Bundle, Case
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed, composed_of_several
from tongban.matters import bundling, promises
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.matters.requirements import Requirement, requirements

Asked = Requirement | bundling.Wanted


def is_bundle(case: Case) -> bool:
    """Whether this is the whole of a bundle: its members are cases of their own, in their departments."""
    return case.matter.kind == Matter.Kind.BUNDLE


def versions_of(version: MatterVersion) -> dict[str, int]:
    """{slug: version} of every matter that may belong to this bundle now: what a draft that begins keeps."""
    slugs = [row["matter"] for row in version.members]
    pins = {row["matter"]: row["version"] for row in version.members if row.get("version")}
    found: dict[str, int] = {}
    rows = MatterVersion.objects.filter(matter__slug__in=slugs).exclude(state=MatterVersion.State.DRAFT)
    for pk, slug, number, state in rows.values_list("pk", "matter__slug", "number", "state"):
        if number == pins.get(slug) or (slug not in found and state == MatterVersion.State.PUBLISHED):
            found[slug] = pk
    return found


def plan_of(case: Case) -> bundling.Plan:
    """The plan of a bundle, from its answers and the versions it was begun with. Asked again of the same row it costs nothing."""
    chosen = tuple(case.situation)
    kept = case.__dict__.get("_plan")
    if kept is not None and kept[0] == chosen:
        return kept[1]
    held = case.__dict__.get("_versions")
    if held is None:
        held = next(iter(_versions_kept(case=case.pk)), None)
    plan = plan_from(case.version, chosen, held if held is not None else versions_of(case.version))
    case.__dict__["_plan"] = (chosen, plan)
    return plan


@composed(case=BigIntegerField())
def _versions_kept(case):
    return Bundle.objects.filter(case=case).order_by("pk").values_list("versions", flat=True)[:1]


@composed_of_several(BigIntegerField())
def _of_keys(keys):
    return MatterVersion.objects.select_related("matter", "matter__department").filter(pk__in=keys)


@composed_of_several(CharField())
def _standing_in(slugs):
    return MaterialType.objects.filter(slug__in=slugs).values_list("slug", "licence_type", "resource")


def plan_from(version: MatterVersion, chosen, versions: Mapping[str, int]) -> bundling.Plan:
    found = _of_keys(versions.values())
    of_slug = {one.matter.slug: one for one in found}
    asked = {row["material"] for one in found for row in one.requirements}
    rows = _standing_in(asked)
    return bundling.planned(
        version, chosen, of_slug, {slug: {slug, licence, data} - {""} for slug, licence, data in rows}
    )


def form_of(case: Case) -> list[dict[str, Any]]:
    """The fields as they are asked, each once."""
    return plan_of(case).form if is_bundle(case) else case.version.form


def requirements_of(case: Case) -> list[Asked]:
    """The materials as they are asked, each once."""
    return list(plan_of(case).requirements) if is_bundle(case) else list(requirements(case.version, case.situation))


def unanswered(case: Case) -> bool:
    """Whether the guide still has to ask something before the form is the right one."""
    if is_bundle(case):
        return bool(plan_of(case).unanswered)
    return bool(case.version.situations) and not case.situation


def known_answers(case: Case) -> set[str]:
    """Every answer the guide's questions can have."""
    if is_bundle(case):
        asked = plan_of(case).questions
        known = {one.id for one in asked if not one.options} | {each.id for one in asked for each in one.options}
        return known | bundling.by_holding(case.version)
    return {one["id"] for one in case.version.situations}


def promised_days(case: Case) -> int | None:
    """The working days that were promised: of a bundle one promise for the whole, and of its members the same; of a matter
    what its situation promises."""
    if is_bundle(case):
        return plan_of(case).promised_days
    if case.parent_id:
        return Bundle.objects.filter(case=case.parent_id).values_list("promised_days", flat=True).first()
    return promises.days(case.version, case.situation)


def asking_members(case: Case, *, field: str = "", material: str = "") -> list[bundling.Member]:
    """Which members of a bundle asked for a field or a material."""
    if not is_bundle(case):
        return []
    plan = plan_of(case)
    slugs: set[str] = set()
    if field:
        slugs = {slug for one in plan.form if one["id"] == field for slug in one["asked_by"]}
    if material:
        slugs |= {slug for one in plan.requirements if one.slug == material for slug in one.asked_by}
    return [one for one in plan.members if one.slug in slugs]


# -- a draft begins


def begin(draft: Case) -> dict[str, int] | None:
    """The versions a new draft of a bundle is planned with; None for a single matter."""
    if not is_bundle(draft):
        return None
    versions = versions_of(draft.version)
    draft.__dict__["_versions"] = versions
    return versions


def keep(case: Case, versions: dict[str, int] | None) -> None:
    """The draft keeps these versions, whatever is published later."""
    if versions is not None:
        Bundle.objects.create(case=case, versions=versions)


def prefilling(case: Case, only: Collection[str] | None = None) -> list[tuple[MatterVersion, list[dict[str, Any]]]]:
    """Whose guide fills in which fields: a register is asked only in the name of a matter that may ask it. `only`: these, again."""
    if not is_bundle(case):
        return [(case.version, [one for one in case.version.form if only is None or one["id"] in only])]
    plan = plan_of(case)
    of: dict[str, list[dict[str, Any]]] = {one.slug: [] for one in plan.members}
    for field in plan.form:
        if field["id"] not in case.values if only is None else field["id"] in only:
            of[field["asked_by"][0]].append(field)
    return [(one.version, of[one.slug]) for one in plan.members]


def numbered(case: Case) -> list[tuple[Bilingual, str]]:
    """The members of a bundle and the numbers they have, or will have once the whole is received."""
    if not is_bundle(case) or not case.number:
        return []
    return [(one.name, f"{case.number}-{place:02d}") for place, one in enumerate(plan_of(case).members, 1)]
