"""Running applications and a new version of their guide: each keeps its own, unless it is moved on purpose and told so.

What was accepted keeps its version always: acceptance promised its conditions. Members of a bundle keep theirs with the whole.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events, rules
from tongban.cases.models import Case, Step
from tongban.cases.moving import acting, again, changed
from tongban.cases.services.drafting import ask_registers_for, settle_materials
from tongban.cases.states import BEFORE_ACCEPTANCE, EDITABLE, ENDED, CaseState
from tongban.departments.models import Officer, Role
from tongban.journal import services as journal
from tongban.lib.bilingual import Bilingual, say
from tongban.lib.formschema import Form
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters import promises
from tongban.matters.editing import drafting as catalogue
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.matters.requirements import requirements
from tongban.notices import services as notices

MANY = 2000
PAGE = 25
AT_ONCE = 200


def counted(matter: Matter) -> Counter:
    """How many applications still run on each version of a matter, drafts included; among the first two thousand."""
    rows = Case.objects.filter(matter=matter).exclude(state__in=ENDED | {CaseState.DELIVERED})
    return Counter(rows.values_list("version_id", flat=True)[:MANY])


@dataclass(frozen=True)
class Trial:
    """What moving would mean for one application. It names questions and papers, never what somebody answered."""

    case: Case
    asks: list[Any] = field(default_factory=list)
    drops: list[Any] = field(default_factory=list)
    papers: list[Any] = field(default_factory=list)
    no_papers: list[Any] = field(default_factory=list)
    situation: bool = False
    fee: bool = False
    time: tuple[int | None, int | None] | None = None
    against: Any = ""

    @property
    def nothing(self) -> bool:
        means = (self.asks, self.drops, self.papers, self.no_papers, self.situation, self.fee, self.time)
        return not any(means)


def _running_on(version: MatterVersion) -> QuerySet[Case]:
    return Case.objects.filter(version=version).exclude(state__in=ENDED | {CaseState.DELIVERED})


def dry_run(old: MatterVersion, target: MatterVersion, *, after: int = 0) -> tuple[list[Trial], int]:
    """What would change for each application that runs on the old version; nothing is changed. A page, and where the next begins."""
    rows = list(
        _running_on(old)
        .filter(pk__gt=after)
        .select_related("matter", "version", "department")
        .order_by("pk")[: PAGE + 1]
    )
    names = {row.slug: row.shown_name for row in MaterialType.objects.only("slug", "name")}
    return [_tried(case, target, names) for case in rows[:PAGE]], rows[PAGE - 1].pk if len(rows) > PAGE else 0


def _tried(case: Case, target: MatterVersion, names: dict[str, str]) -> Trial:
    old_form, new_form = Form.from_demo(case.version.form), Form.from_demo(target.form)
    values = rules.plain_values(case.values)
    known = {one["id"] for one in target.situations}
    situation = [one for one in case.situation if one in known]
    before = {row.slug for row in requirements(case.version, case.situation)}
    now = {row.slug: row for row in requirements(target, situation)}
    given = {name: held["value"] for name, held in case.values.items() if held["source"] != "applicant"}
    wrong = {name.split("-")[0] for name in new_form.validate(values, fixed=given).errors}
    asked_before = {one.id for one in old_form.visible(values)}
    visible = {one.id for one in new_form.visible(values)}
    asks = [
        say(one.label)
        for one in new_form
        if (one.id not in old_form and one.formula is None)
        or (one.id in visible and (one.id not in asked_before or (one.id in values and one.id in wrong)))
    ]
    drops = [say(old_form[name].label) for name in values if name in old_form and name not in new_form]
    papers = [names.get(slug, slug) for slug, row in now.items() if slug not in before and row.required]
    lost = bool(case.situation) and situation != case.situation
    return Trial(
        case, asks, drops, papers, [names.get(slug, slug) for slug in before - set(now)], lost, case.version.fee != target.fee,
        _other_time(case, target, situation), _against(case, target, bool(asks or papers or lost)),
    )  # fmt: skip


def _other_time(case: Case, target: MatterVersion, situation: list[str]) -> tuple[int | None, int | None] | None:
    """Promised days before and after; None when the time stays as it is."""
    if _time_of(case.version, case.situation) == _time_of(target, situation):
        return None
    return promises.days(case.version, case.situation), promises.days(target, situation)


def _time_of(version: MatterVersion, situation: list[str]) -> tuple:
    return promises.days(version, situation), version.statutory_days, version.time_unit


def _against(case: Case, target: MatterVersion, lacking: bool) -> Any:
    """Why this one keeps its version; empty when it may be moved."""
    if case.matter.kind == Matter.Kind.BUNDLE or case.parent_id is not None:
        return _("It is part of a bundle, which keeps the versions it began with.")
    if case.state not in EDITABLE | BEFORE_ACCEPTANCE:
        return _("It was accepted under the old version and keeps it.")
    if case.state in BEFORE_ACCEPTANCE and lacking:
        return _("It was sent already and would lack something. It can be moved when it is back with the applicant.")
    return ""


@dataclass(frozen=True)
class Moved:
    """Which applications were moved, and which were not, each with the reason."""

    done: list[Case]
    refused: list[tuple[Case, Any]]


def move_over(
    cases: Iterable[int], target: MatterVersion, *, reason: Bilingual, officer: Officer, now: datetime | None = None
) -> Moved:
    """Move these applications to the version in force, each whole or not at all, and tell each applicant why."""
    now = now or timezone.now()
    catalogue.permit(officer, target.matter, Role.CATALOGUE_MANAGER)
    chosen = list(dict.fromkeys(cases))[:AT_ONCE]
    errors = {}
    if not (reason.get("zh") and reason.get("en")):
        errors["reason"] = [_("Please say in both languages why: every applicant reads it.")]
    if not chosen:
        errors["case"] = [_("Please choose at least one application.")]
    if errors:
        raise Invalid("move-over", errors=errors, kept=_("Nothing was changed."))
    moved = Moved([], [])
    rows = Case.objects.filter(pk__in=chosen, matter=target.matter).exclude(version=target)
    for case in rows.select_related("matter", "version", "department", "applicant", "account").order_by("pk"):
        try:
            moved.done.append(_move(case, target, reason=reason, officer=officer, now=now))
        except NotAllowed as refused:
            moved.refused.append((case, refused.sentence))
    return moved


def _move(case: Case, target: MatterVersion, *, reason: Bilingual, officer: Officer, now: datetime) -> Case:
    before = case.version
    situation = _situation(case, target)
    case.version, case.situation = target, situation
    shared = ask_registers_for(case, case.subject)  # for the papers of the new version, before any row is locked
    with transaction.atomic():
        case = again(case)
        if case.version_id != before.pk:
            raise NotAllowed("moved-already", _("Somebody moved it meanwhile."))
        if not MatterVersion.objects.filter(pk=target.pk, state=MatterVersion.State.PUBLISHED).exists():
            raise NotAllowed("not-in-force", _("This version is not in force any more."))
        if against := _tried(case, target, {}).against:
            raise NotAllowed("keeps-its-version", against)
        case.version, case.situation = target, _situation(case, target)
        case.values = rules.with_results(case, case.values, now)
        case.revision += 1  # a page that still shows the old questions is told so when it saves
        case.save(update_fields=["version", "situation", "values", "revision", "updated_at"])
        settle_materials(case, shared)
        actor = acting(officer, Role.CATALOGUE_MANAGER)
        Step.objects.create(
            case=case, at=now, move="move_over", source=case.state, target=case.state, role=actor.role, officer=officer,
            reason=say(reason, "zh"),
        )  # fmt: skip
        journal.record(
            events.CaseMovedOver(case=case.pk, before=before.pk, version=target.pk), subject=case.subject, actor=actor
        )
        notices.tell(
            case.applicant, "case_moved_over", about=case.subject, link=f"/my/cases/{case.ref}/",
            params={
                "matter": target.name, "number": case.number or case.ref,
                "reason": reason, "due": (target.effective_from or timezone.localdate(now)).isoformat(),
            },
            once=f"moved-over:{case.pk}:{target.pk}", needs_answer=case.state in EDITABLE,
        )  # fmt: skip
        changed(case)
    return case


def _situation(case: Case, target: MatterVersion) -> list[str]:
    known = [one["id"] for one in target.situations]
    kept = [one for one in case.situation if one in known]
    return kept or (known if len(known) == 1 else [])
