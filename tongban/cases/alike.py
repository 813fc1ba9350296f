"""Applications that look like one: the same applicant and matter, the same address or number, the same paper handed in by somebody else.

Found by blind indexes and by the digest of papers; a sealed answer is read only where two applications are laid side by side. It is a
hint and never a reason: two tenants of one flat hand in the same lease.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tongban.cases import queries, rules
from tongban.cases.models import Alike, Case, CaseMaterial, Mark
from tongban.cases.states import CaseState
from tongban.departments.models import Officer
from tongban.lib.bilingual import Bilingual
from tongban.lib.formschema import Field
from tongban.materials.models import Page
from tongban.parties import queries as parties

RECENT = timedelta(days=365)
AT_MOST, LOOKED_AT = 5, 100
BLANK_PAPER = ""  # a page without a digest is like no other
APPLICANT, PAPER = "applicant", "paper"


@dataclass
class Likeness:
    """One other application. `open`: this officer may open it; of any other only number, department and state are said."""

    case: Case
    applicant: bool = False
    papers: list[Bilingual] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    open: bool = False
    judged: Alike | None = None


def of(case: Case, officer: Officer) -> list[Likeness]:
    """What looks like this application, the newest first; those this officer or a colleague has judged stand at the end."""
    found: dict[int, Likeness] = {}
    by_applicant = _of_the_applicant(case)
    by_mark = _about_the_same(case)
    by_paper = _with_the_same_paper(case)
    keys = set(by_applicant) | set(by_mark) | set(by_paper)
    if not keys:
        return []
    rows = Case.objects.filter(pk__in=keys).select_related("department", "version").only(
        "ref", "number", "state", "submitted_at", "applicant", "department__name", "department__code", "version__name",
        "matter", "parent",
    )  # fmt: skip
    visible = set(queries.visible_to(officer).filter(pk__in=keys).order_by().values_list("pk", flat=True))
    judged = Alike.objects.filter(Q(earlier=case, later__in=keys) | Q(later=case, earlier__in=keys))
    verdicts = {
        (one.later_id if one.earlier_id == case.pk else one.earlier_id): one for one in judged.select_related("officer")
    }
    for row in rows:
        found[row.pk] = Likeness(
            row,
            applicant=row.pk in by_applicant,
            papers=by_paper.get(row.pk, []),
            fields=by_mark.get(row.pk, []),
            open=row.pk in visible,
            judged=verdicts.get(row.pk),
        )
    return sorted(found.values(), key=lambda one: (one.judged is not None, -one.case.pk))


def _of_the_applicant(case: Case) -> list[int]:
    rows = Case.objects.filter(applicant__in=parties.identities(case.applicant), matter=case.matter_id)
    rows = rows.exclude(pk=case.pk)
    rows = rows.exclude(state__in=[CaseState.DRAFT, CaseState.WITHDRAWN])
    if case.submitted_at is not None:
        rows = rows.filter(submitted_at__gte=case.submitted_at - RECENT)
    return list(rows.order_by("-id").values_list("pk", flat=True)[:AT_MOST])


def _about_the_same(case: Case) -> dict[int, list[str]]:
    """{other: fields} of the same matter with the same address or number."""
    mine = dict(Mark.objects.filter(case=case.pk).values_list("index", "field"))
    if not mine:
        return {}
    rows = Mark.objects.filter(matter=case.matter_id, index__in=mine).exclude(case=case.pk)
    found: dict[int, list[str]] = {}
    for other, index in rows.order_by("-case").values_list("case", "index")[: AT_MOST * 4]:
        found.setdefault(other, []).append(mine[index])
    return dict(list(found.items())[:AT_MOST])


def _with_the_same_paper(case: Case) -> dict[int, list[Bilingual]]:
    """{other: names of the papers} of somebody else, in whatever matter. A sheet that very many hand in is a form and no sign."""
    of_case = Page.objects.filter(document__case_materials__case=case.pk)
    digests = set(of_case.exclude(sha256=BLANK_PAPER).values_list("sha256", flat=True)[:200])
    if not digests:
        return {}
    rows = CaseMaterial.objects.filter(document__pages__sha256__in=digests, how=CaseMaterial.How.UPLOAD)
    same_person = parties.identities(case.applicant)
    rows = rows.exclude(case=case.pk).exclude(case__applicant__in=same_person).exclude(case__state=CaseState.DRAFT)
    if case.parent_id:
        rows = rows.exclude(case=case.parent_id)
    found: dict[int, list[Bilingual]] = {}
    carried: dict[str, set[int]] = {}
    each = rows.order_by("-case").values_list("case", "type__name", "document__pages__sha256").distinct()
    listed = [one for one in each[:LOOKED_AT] if one[2] in digests]
    for other, _name, digest in listed:
        carried.setdefault(digest, set()).add(other)
    for other, name, digest in listed:
        if len(carried[digest]) <= AT_MOST and name not in found.setdefault(other, []):
            found[other].append(name)
    return dict([(other, names) for other, names in found.items() if names][:AT_MOST])


# -- side by side


@dataclass(frozen=True)
class Row:
    """One question and both answers, as an officer may see them: numbers of people stay covered, and that they differ is said."""

    label: Bilingual
    left: Any
    right: Any
    differs: bool
    field: Field


def beside(left: Case, right: Case) -> list[Row]:
    """Every question that one of them asks, in the order of the later form."""
    forms = [rules.form_of(one) for one in (left, right)]
    values = [rules.plain_values(one.values) for one in (left, right)]
    fields: dict[str, Field] = {one.id: one for one in chain(forms[1], forms[0]) if one.type != "consent"}
    rows = []
    for name, one in fields.items():
        said = [
            _shown(form[name], given.get(name)) if name in form else ""
            for form, given in zip(forms, values, strict=True)
        ]
        differs = _plain(values[0].get(name)) != _plain(values[1].get(name))
        if any(said) or differs:
            rows.append(Row(one.label, said[0], said[1], differs, one))
    return rows


def _shown(one: Field, value: Any) -> str:
    return str(one.display(value, masked=True if rules.is_covered(one) and value else None) or "")


def _plain(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value or None


@dataclass(frozen=True)
class Paper:
    """One document that one of them asks for, as each satisfies it; `same` pages are the same file in both."""

    name: Bilingual
    left: CaseMaterial | None
    right: CaseMaterial | None
    same: frozenset[str]


def papers_beside(left: Case, right: Case) -> list[Paper]:
    rows = CaseMaterial.objects.filter(case__in=[left.pk, right.pk]).select_related("type", "document")
    by_type: dict[int, dict[int, CaseMaterial]] = {}
    digests: dict[int, set[str]] = {left.pk: set(), right.pk: set()}
    for row in rows.prefetch_related("document__pages"):
        by_type.setdefault(row.type_id, {})[row.case_id] = row
        digests[row.case_id] |= (
            {page.sha256 for page in row.document.pages.all()} if row.document is not None else set()
        )
    same = frozenset(digests[left.pk] & digests[right.pk])
    return [
        Paper(next(iter(both.values())).type.name, both.get(left.pk), both.get(right.pk), same)
        for both in by_type.values()
    ]


def later_of(cases: Iterable[Case]) -> tuple[Case, Case]:
    """Which of two was there first: by the number it got, which is the order of sending."""
    earlier, later = sorted(cases, key=lambda one: one.pk)
    return earlier, later


WHY_NOT = {
    "other-applicant": _("They belong to different applicants: each is decided by itself."),
    "other-matter": _("They are for different matters: each is decided by itself."),
    "part": _("It is part of a bundle, which is decided as a whole."),
    "first-is-over": _("The earlier one ended without a result, so the later one is not a duplicate of it."),
    "not-now": _("It can be closed as a duplicate once it is received, and until it is decided."),
}
