"""Matters as a file for another installation, and from one: guides with their materials, themes, types of licences and lists of answers.

What belongs to one installation stays there: numbers, codes given here, how often something is asked for, who wrote it. What comes in is
a draft beside whatever there is; nothing is published by a file, and nothing of ours is written over. Going out again it is the
same file, byte by byte.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.lib import unicode
from tongban.lib.bilingual import both
from tongban.lib.problems import Invalid, NotAllowed, Problem, worded
from tongban.licences import type_drafts
from tongban.licences.models import LicenceType
from tongban.matters import code_lists
from tongban.matters.editing import checking, drafting
from tongban.matters.editing import elements as parts
from tongban.matters.models import CodeList, MaterialType, Matter, MatterVersion, Theme, TypeDraft
from tongban.matters.services import ELEMENTS

FORMAT, SCHEMA = "tongban-catalogue", 1
MOST_BYTES, MOST_MATTERS = 20_000_000, 5000
OF_ONE_HOUSE = {"provenance", "rules_version", "submitted_by", "checked_by"}
CARRIED = sorted(set(ELEMENTS) - OF_ONE_HOUSE)
MATERIAL = (
    "slug",
    "name",
    "kind",
    "issued_by",
    "licence_type",
    "resource",
    "commitment_ok",
    "intermediary",
    "note",
    "retention",
)
TYPE = ("slug", "name", "holder_kind", "type_code", "face_fields", "told_apart_by", "validity", "for_identity")
LATER_IN_TYPES: dict[str, Any] = {"told_apart_by": []}  # what files of earlier installations do not say
State = MatterVersion.State


# -- out


def pack(matters: Iterable[Matter]) -> bytes:
    """These matters as a file: what is in force, else the open draft; the same matters always give the same bytes."""
    rows = [row for matter in matters if (row := _matter(matter)) is not None]
    used = {one["material"] for row in rows for one in row["elements"]["requirements"]}
    used |= {slug for row in rows for one in row["elements"]["situations"] for slug in one.get("adds", ())}
    kinds = [{name: getattr(kind, name) for name in MATERIAL} for kind in MaterialType.objects.filter(slug__in=used)]
    wanted = {row["elements"]["result"].get("ref") for row in rows} | {kind["licence_type"] for kind in kinds}
    types = [
        {name: getattr(one, name) for name in TYPE} | {"issuer": one.issuer.code}
        for one in LicenceType.objects.filter(slug__in=wanted - {"", None}).select_related("issuer")
    ]
    themes = {slug for row in rows for slug in row["themes"]}
    lists = {one["code_list"] for row in rows for one in row["elements"]["form"] if one.get("code_list")}
    content = {
        "format": FORMAT,
        "schema": SCHEMA,
        "themes": [
            {"slug": one.slug, "name": one.name, "order": one.order}
            for one in Theme.objects.filter(slug__in=themes).order_by("slug")
        ],
        "materials": sorted(kinds, key=_slug),
        "licence_types": sorted(types, key=_slug),
        "code_lists": [_list(one) for one in code_lists.all_lists().filter(slug__in=lists)],
        "matters": sorted(rows, key=_slug),
    }
    return (json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _list(row: CodeList) -> dict[str, Any]:
    now = code_lists.current(row)
    return {"slug": row.slug, "name": now.name, "owner": row.department.code, "entries": now.entries}


def _slug(row: Mapping[str, Any]) -> str:
    return row["slug"]


def _matter(matter: Matter) -> dict[str, Any] | None:
    versions = matter.versions
    version = versions.filter(state=State.PUBLISHED).first() or versions.filter(state__in=drafting.OPEN).first()
    return None if version is None else _as_carried(matter, version)


def _as_carried(matter: Matter, version: MatterVersion) -> dict[str, Any]:
    elements = {name: getattr(version, name) for name in CARRIED}
    elements["members"] = [{key: value for key, value in one.items() if key != "version"} for one in version.members]
    return {
        "slug": matter.slug,
        "kind": matter.kind,
        "department": matter.department.code,
        "basic_code": matter.basic_code,
        "themes": sorted(version.themes.values_list("slug", flat=True)),
        "elements": elements,
    }


# -- in


@dataclass
class Report:
    """What a file brought: drafts made, what was new, what is kept as it is here though the file says otherwise, what was refused.

    `same`: matters that say here already what the file says; of them no draft is made.
    """

    drafts: list[MatterVersion] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    clashes: list[dict[str, Any]] = field(default_factory=list)
    refused: list[tuple[str, Any]] = field(default_factory=list)
    same: list[str] = field(default_factory=list)

    def clash(self, zh: str, en: str) -> None:
        self.clashes.append(both(zh, en))


@transaction.atomic
def unpack(content: bytes, *, officer: Officer) -> Report:
    """Take a file in as drafts. A matter that cannot be taken is refused by name; the others are taken."""
    said = _read(content)
    report = Report()
    drafting.permit(officer, None, *drafting.EDITORS)
    _themes(said["themes"], report)
    _materials(said["materials"], report)
    _types(said["licence_types"], report)
    _lists(said["code_lists"], officer, report)
    departments = Department.objects.in_bulk(field_name="code")
    for row in said["matters"]:
        slug = str(row.get("slug", "")) if isinstance(row, Mapping) else ""
        try:
            with transaction.atomic():
                version = _take(row, departments, officer, report)
            if version is None:
                report.same.append(slug)
            else:
                report.drafts.append(version)
        except Problem as refused:
            report.refused.append((slug[:100] or "?", refused.sentence))
    return report


def _read(content: bytes) -> dict[str, Any]:
    wrong = Invalid(
        "not-a-catalogue",
        _("This is not a catalogue file of this product, or it is damaged."),
        kept=_("Nothing was changed."),
        next_step=_("Take it out of the other installation again."),
    )
    if len(content) > MOST_BYTES:
        raise wrong
    try:
        said = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise wrong
    if said.get("schema") != SCHEMA:
        raise Invalid(
            "other-schema",
            worded(
                _("The file is of schema %(theirs)s; this installation reads %(ours)s."),
                theirs=str(said.get("schema"))[:20],
                ours=SCHEMA,
            ),
            kept=_("Nothing was changed."),
            next_step=_("Bring both installations to the same version."),
        )
    lists = {name: said.get(name) for name in ("themes", "materials", "licence_types", "matters")}
    lists["code_lists"] = said.get("code_lists", [])  # files of before have none
    if not all(isinstance(rows, list) and len(rows) <= MOST_MATTERS for rows in lists.values()) or not _clean(said):
        raise wrong
    return lists


def _no_number(_word: str) -> Any:
    raise ValueError("not a number of JSON")


def _clean(value: Any, depth: int = 0) -> bool:
    """No characters that a database or a page cannot hold, nothing nested without end."""
    if depth > 40:
        return False
    if isinstance(value, str):
        return unicode.unreadable(value) is None and len(value) <= 100_000
    if isinstance(value, dict):
        return all(_clean(key, depth + 1) and _clean(inner, depth + 1) for key, inner in value.items())
    if isinstance(value, list):
        return all(_clean(inner, depth + 1) for inner in value)
    return not isinstance(value, int) or isinstance(value, bool) or abs(value) < 2**53


def _rows(rows: list, model: type, names: tuple[str, ...], report: Report) -> Iterable[dict[str, Any]]:
    """Rows that fit the table; the others are refused by name."""
    for row in rows:
        slug = str(row.get("slug", ""))[:60] if isinstance(row, dict) else "?"
        if isinstance(row, dict) and set(names) <= set(row) and all(_fits(model, name, row[name]) for name in names):
            yield row
        else:
            report.refused.append((slug, _("It is not written as this list wants it.")))


def _fits(model: Any, name: str, value: Any) -> bool:
    column = model._meta.get_field(name)
    kind = column.get_internal_type()
    if kind == "JSONField":
        if column.null:
            return value is None or isinstance(value, dict | list)
        return isinstance(value, type(column.get_default()) if column.has_default() else dict)
    if kind in ("CharField", "SlugField", "TextField"):
        if value is None:
            return column.null
        return isinstance(value, str) and len(value) <= (column.max_length or 10_000)
    if kind == "BooleanField":
        return isinstance(value, bool)
    if "Integer" in kind:
        return (value is None and column.null) or (
            isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 32767
        )
    return False


def _themes(rows: list, report: Report) -> None:
    held = {one.slug: one for one in Theme.objects.all()}
    for row in _rows(rows, Theme, ("slug", "name", "order"), report):
        if row["slug"] not in held:
            Theme.objects.create(**{name: row[name] for name in ("slug", "name", "order")})
            report.made.append(row["slug"])
        elif held[row["slug"]].name != row["name"]:
            report.clash(
                f"主题“{row['slug']}”在本地另有名称，保留本地的。",
                f"The theme {row['slug']} has another name here; ours is kept.",
            )


def _materials(rows: list, report: Report) -> None:
    held = {one.slug: one for one in MaterialType.objects.all()}
    since = [{"retention": {}, **row} if isinstance(row, dict) else row for row in rows]  # files of before have none
    for row in _rows(since, MaterialType, MATERIAL, report):
        given = {name: row[name] for name in MATERIAL}
        here = held.get(row["slug"])
        if here is None:
            MaterialType.objects.create(**given)
            report.made.append(row["slug"])
        elif any(getattr(here, name) != value for name, value in given.items()):
            report.clash(
                f"材料“{row['slug']}”与本地的不同，保留本地的。",
                f"The document {row['slug']} differs from ours; ours is kept.",
            )


def _types(rows: list, report: Report) -> None:
    held = {one.slug: one for one in LicenceType.objects.select_related("issuer")}
    codes = {one.type_code for one in held.values()}
    bodies = Department.objects.in_bulk(field_name="code")
    rows = [LATER_IN_TYPES | row if isinstance(row, dict) else row for row in rows]
    for row in _rows(rows, LicenceType, TYPE, report):
        here = held.get(row["slug"])
        if here is not None:
            if any(getattr(here, name) != row[name] for name in TYPE):
                report.clash(
                    f"证照类型“{row['slug']}”与本地的不同，保留本地的。",
                    f"The licence {row['slug']} differs from ours; ours is kept.",
                )
        elif row["type_code"] in codes:
            report.refused.append((row["slug"], _("Its code belongs to another licence here.")))
        elif row.get("issuer") not in bodies:
            report.refused.append(
                (row["slug"], worded(_("There is no department %(code)s here."), code=str(row.get("issuer"))[:20]))
            )
        else:
            LicenceType.objects.create(**{name: row[name] for name in TYPE}, issuer=bodies[row["issuer"]])
            report.made.append(row["slug"])


def _lists(rows: list, officer: Officer, report: Report) -> None:
    """A list nobody has here is taken in; of one that differs, a draft with what differs waits for an editor and a second person."""
    bodies = Department.objects.in_bulk(field_name="code")
    for row in rows:
        slug = str(row.get("slug", ""))[:60] if isinstance(row, dict) else "?"
        said = row if isinstance(row, dict) else {}
        name: Any = said.get("name")
        entries: Any = said.get("entries")
        fits = isinstance(name, dict) and isinstance(entries, list) and all(isinstance(one, dict) for one in entries)
        if not fits or not type_drafts.SHORT_NAME.fullmatch(slug) or not name.get("zh") or not name.get("en"):
            report.refused.append((slug or "?", _("It is not written as this list wants it.")))
            continue
        entries = [code_lists.tidy(one) for one in entries]
        here = code_lists.list_called(slug)
        if here is not None:
            _list_beside(here, name, entries, officer, report)
        elif row.get("owner") not in bodies:
            report.refused.append(
                (slug, worded(_("There is no department %(code)s here."), code=str(row.get("owner"))[:20]))
            )
        elif wrong := code_lists.troubles(slug, {"entries": entries}):
            report.refused.append((slug, next(iter(wrong.values()))[0]))
        else:
            code_lists.put(slug, owner=bodies[row["owner"]], name={"zh": str(name["zh"])[:100], "en": str(name["en"])[:100]}, entries=entries, since=timezone.now())  # fmt: skip
            report.made.append(slug)


def _list_beside(here: CodeList, name: dict, entries: list[dict], officer: Officer, report: Report) -> None:
    ours = code_lists.current(here)
    if (ours.name, ours.entries) == (name, entries):
        return
    merged = code_lists.together(ours.entries, entries)
    draft = None
    if code_lists.compare(ours.entries, merged) or ours.name != name:
        try:
            with transaction.atomic():
                draft = type_drafts.begin(TypeDraft.Sort.LIST, here.slug, officer=officer)
                type_drafts.save(draft, {"name": name, "entries": merged}, seen=0, officer=officer)
        except Problem:  # somebody writes it already, or it belongs to another department: ours stays as it is
            draft = None
    if draft is None:
        report.clash(
            f"选项清单“{here.slug}”与本地的不同，保留本地的。",
            f"The list of answers {here.slug} differs from ours; ours is kept.",
        )
    else:
        report.clash(
            f"选项清单“{here.slug}”与本地的不同：差异已写成草稿，由编辑人员决定。",
            f"The list of answers {here.slug} differs from ours: what differs waits as a draft for an editor to decide.",
        )


def _take(row: Any, departments: Mapping[str, Department], officer: Officer, report: Report) -> MatterVersion | None:
    """One matter as a draft, None where it says so here already; raises a Problem that says why not."""
    fits = isinstance(row, dict) and all(_fits(Matter, name, row.get(name)) for name in ("slug", "kind", "basic_code"))
    elements, themes = (row.get("elements"), row.get("themes")) if fits else (None, None)
    if not fits or not isinstance(elements, dict) or not isinstance(themes, list):
        raise Invalid("matter", _("It is not written as a matter."))
    if unknown := sorted(set(elements) - set(CARRIED)):
        raise Invalid(
            "matter",
            worded(_("It has elements nobody knows here: %(names)s."), names=", ".join(map(str, unknown))[:200]),
        )
    wrong = [name for name, value in elements.items() if not _fits(MatterVersion, name, value)]
    if wrong or not _can_be_drawn(elements, row["kind"]):
        raise Invalid(
            "matter", worded(_("An element is not written as it should be: %(names)s."), names=", ".join(wrong) or "?")
        )
    department = departments.get(row.get("department"))
    if department is None:
        raise NotAllowed(
            "department", worded(_("There is no department %(code)s here."), code=str(row.get("department"))[:20])
        )
    if officer.department.code not in (drafting.EVERYWHERE, department.code):
        raise NotAllowed("department", _("The matter belongs to another department."))
    there = Matter.objects.filter(slug=row["slug"]).first()
    clashes = []
    if there is None:
        version = drafting.found(
            slug=row["slug"], name=elements.get("name") or {}, department=department, kind=row["kind"], officer=officer
        )
        Matter.objects.filter(pk=version.matter_id).update(basic_code=row["basic_code"])
    else:
        if there.kind != row["kind"]:
            raise NotAllowed("kind", _("A matter of this short name here is of another kind."))
        if _says_so_already(there, row):
            return None
        version = drafting.take_up(there, officer=officer)
        words = both(
            f"本地已有“{version.name.get('zh') or there.slug}”，文件中的内容作为它的下一版草稿。",
            f"“{version.name.get('en') or there.slug}” is here already; what the file says is a draft of its next version.",
        )
        clashes.append(words)
        report.clashes.append(words)
    content = {name: elements[name] for name in CARRIED if name in elements}
    drafting.save(
        version, "import", {**content, "themes": sorted(str(one) for one in themes)}, seen=0, officer=officer, what="import",
        now=timezone.now(),
    )  # fmt: skip
    version.refresh_from_db(fields=["name"])
    version.draft.refresh_from_db()
    version.draft.clashes = clashes
    version.draft.save(update_fields=["clashes"])
    return version


def _says_so_already(matter: Matter, row: dict[str, Any]) -> bool:
    """In force, or as a draft that waits: what came once and was not touched since is not made a draft again."""
    versions = matter.versions.filter(state__in={State.PUBLISHED, *drafting.OPEN}).select_related("matter__department")
    return any(json.loads(json.dumps(_as_carried(matter, version))) == row for version in versions)


def _can_be_drawn(elements: Mapping[str, Any], kind: str) -> bool:
    """Whether the editor could show it: lists hold what they should hold, all the way down."""
    try:
        for part in parts.parts_of(kind):
            if not part.own:
                parts.controls(part, elements, {})
        checking.findings({**_EMPTY, **elements}, kind=kind)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return False
    return True


_EMPTY: dict[str, Any] = {"situations": [], "requirements": [], "form": [], "members": []}
