"""Taking in catalogues of other systems, and giving back what was taken.

An imported matter knows its name, department, code and kind, and nothing else: it can be found, its guide says what the
department has not yet supplied, and nobody can apply for it online until it has a form.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from tongban.departments import services as departments
from tongban.departments.models import Department
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import both
from tongban.lib.identifiers import check_uscc
from tongban.lib.problems import Invalid, worded
from tongban.matters.catalogue_files import Refused, Row
from tongban.matters.models import Matter, MatterVersion
from tongban.matters.services import publish

ORIGIN = "catalogue file"
BATCH = 200
NOT_SORTED = "未分类"

KINDS = {"01": "permit", "05": "benefit", "07": "confirm", "08": "reward", "20": "public"}


@dataclass
class Taken:
    """What an import did. Running it again leaves everything in `unchanged`."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)
    """Names of departments that were new to us."""

    @property
    def rows(self) -> int:
        return self.created + self.changed + self.unchanged + len(self.refused)


def import_rows(
    rows: Iterable[Row | Refused],
    *,
    today: date,
    department_map: Mapping[str, str] | None = None,
    actor: Actor = PLATFORM,
    progress: Callable[[int], Any] = lambda done: None,
) -> Taken:
    """Take rows in, batch by batch, each batch whole or not at all: stopped half-way and run again, it goes on where it was."""
    known = _Departments(department_map or {})
    taken = Taken()
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        good = [row for row in batch if isinstance(row, Row)]
        done = _take(good, known, today=today, actor=actor)
        taken.refused += sorted([*(row for row in batch if isinstance(row, Refused)), *done.refused], key=_by_line)
        taken.created += done.created
        taken.changed += done.changed
        taken.unchanged += done.unchanged
        progress(len(batch))
    taken.departments = known.made
    return taken


def _by_line(row: Refused) -> int:
    return row.line


def _take(rows: list[Row], known: "_Departments", *, today: date, actor: Actor) -> Taken:
    made = list(known.made)
    try:
        return _take_alone(rows, known, today=today, actor=actor)
    except IntegrityError:
        # somebody published or founded the same thing at the same time: it is there now, so look again
        known.made = made
        return _take_alone(rows, known, today=today, actor=actor)


@transaction.atomic
def _take_alone(rows: list[Row], known: "_Departments", *, today: date, actor: Actor) -> Taken:
    journal.touch(
        "catalogue-import"
    )  # a row that every import writes first: on PostgreSQL they wait for each other here
    known.forget()
    return _take_batch(rows, known, today=today, actor=actor)


def _take_batch(rows: list[Row], known: "_Departments", *, today: date, actor: Actor) -> Taken:
    done = Taken()
    codes = [row.item_code for row in rows]
    there = {matter.item_code: matter for matter in Matter.objects.filter(item_code__in=codes)}
    in_force = {
        version.matter_id: version
        for version in MatterVersion.objects.filter(
            matter__item_code__in=codes, state=MatterVersion.State.PUBLISHED
        ).only("matter", "name", "type_code", "note", "provenance")
    }
    slugs = set(Matter.objects.filter(slug__in=codes).values_list("slug", flat=True))
    for row in rows:
        matter = there.get(row.item_code)
        if (matter and matter.origin != ORIGIN) or (matter is None and row.item_code in slugs):
            reason = _("This code belongs to a matter that is kept here; a file does not change it.")
            done.refused.append(Refused(row.line, reason, row.item_code))
            continue
        department = known.of(row)
        if matter is None:
            matter = Matter.objects.create(
                slug=row.item_code, item_code=row.item_code, department=department, origin=ORIGIN
            )
            publish(matter, elements(row), today=today, actor=actor)
            done.created += 1
            continue
        moved = matter.department_id != department.pk
        if moved:
            matter.department = department
            matter.save(update_fields=["department"])
            journal.touch("catalogue", f"matter:{matter.slug}")
        version = in_force.get(matter.pk)
        wanted = elements(row)
        if version is None or any(getattr(version, name) != wanted[name] for name in ("name", "type_code", "note")):
            publish(matter, wanted, today=today, actor=actor)
            done.changed += 1
        elif moved:
            done.changed += 1
        else:
            done.unchanged += 1
    return done


def elements(row: Row) -> dict[str, Any]:
    """The few elements a row of a catalogue file gives; every other one stays empty, and is shown as not yet supplied."""
    code = row.task_type.zfill(2)
    if row.main_item and row.main_item != NOT_SORTED:
        note = both(f"所属主项:{row.main_item}", f"Part of the main item {row.main_item}")
    else:
        note = both("来自导入的事项目录，未归入主项。", "From an imported catalogue; not part of a main item.")
    return {
        "name": {"zh": row.name},
        "type": KINDS.get(code, "other"),
        "type_code": code,
        "pre_review": False,
        "note": {**note, "main_item": row.main_item, "task_type": row.task_type, "department": row.department},
        "provenance": "imported",
    }


class _Departments:
    """Our departments by the names files use for them: mapped, the same, or new."""

    def __init__(self, mapped: Mapping[str, str]):
        self._mapped = mapped
        self.made: list[str] = []
        self.forget()
        unknown = sorted(set(mapped.values()) - set(self._by_code))
        if unknown:
            raise Invalid(
                "no-such-department",
                worded(_("The department map names departments we do not have: %(codes)s."), codes=", ".join(unknown)),
                errors={"departments": unknown},
                kept=_("Nothing was changed."),
            )

    def forget(self) -> None:
        self._by_code = {department.code: department for department in Department.objects.all()}
        self._by_name = {department.name.get("zh"): department for department in self._by_code.values()}

    def of(self, row: Row) -> Department:
        if row.department in self._mapped:
            return self._by_code[self._mapped[row.department]]
        found = self._by_name.get(row.department) or self._by_code.get(row.department)
        return found or self._new(row)

    def _new(self, row: Row) -> Department:
        """A department nobody knew. Its credit code stands in the item codes when the source was careful; else it is still to be asked for."""
        mark = hashlib.sha256(row.department.encode()).hexdigest()
        said = next((part for part in row.item_code.upper().split("-") if len(part) == 18), "")
        taken = {department.uscc for department in self._by_code.values()}
        uscc = said if said and said not in taken and check_uscc(said).valid else f"pending-{mark[:10]}"
        code = f"file-{mark[:8]}"
        departments.load_departments(
            [
                {
                    "id": code,
                    "zh": row.department,
                    "en": "",
                    "kind": "imported",
                    "uscc_demo": uscc,
                    "in_comprehensive_window": False,
                }
            ]
        )
        department = Department.objects.get(code=code)
        self._by_code[code] = self._by_name[row.department] = department
        self.made.append(row.department)
        return department


def export_rows() -> Iterator[Row]:
    """What was taken in, in its order: the same rows the file gave, as they are now."""
    versions = (
        MatterVersion.objects.filter(matter__origin=ORIGIN, state=MatterVersion.State.PUBLISHED)
        .order_by("matter_id")
        .values_list("note", "name", "matter__item_code")
    )
    for note, name, item_code in versions.iterator(chunk_size=1000):
        yield Row(
            department=note["department"],
            main_item=note["main_item"],
            name=name["zh"],
            item_code=item_code or "",
            task_type=note["task_type"],
        )


def count_taken() -> int:
    return MatterVersion.objects.filter(matter__origin=ORIGIN, state=MatterVersion.State.PUBLISHED).count()
