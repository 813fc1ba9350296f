"""Scenes are configuration: an editor of the catalogue writes one, a second person puts it in force, and readers live by it at once."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import scene_registers
from tongban.codes.events import SceneChanged
from tongban.codes.models import IdentityCode, Scene, SceneDraft
from tongban.codes.scene_fields import GIVES
from tongban.codes.scene_states import DISCARD, GIVE_BACK, PUT_IN_FORCE, SUBMIT, SceneDraftState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed

EDITORS = ("content_editor", "catalogue_manager")
OPEN = (SceneDraftState.DRAFT, SceneDraftState.IN_CHECK)
WORDED = ("name", "purpose", "basis")
CONTENT = (*WORDED, "fields", "sorts", "compares", "in_force")
SHORT_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
LONGEST = 300
REASON_AT_LEAST = 10
ALL_FIELDS = (*GIVES, *scene_registers.REGISTERS)
KEPT = _("Nothing was changed. What you typed is kept on this page.")


def drafts() -> QuerySet[SceneDraft]:
    return SceneDraft.objects.filter(state__in=OPEN).select_related("begun_by").order_by("slug")


def content_of(scene: Scene) -> dict[str, Any]:
    return {name: getattr(scene, name) for name in CONTENT}


def begin(slug: str, *, officer: Officer) -> SceneDraft:
    """A draft of a new scene, or of one that is in force. There is one open draft of each."""
    actor = _permit(officer, *EDITORS)
    if not SHORT_NAME.fullmatch(slug) or len(slug) > 40:
        raise Invalid(
            "scene-name",
            errors={"slug": [_("Small letters, digits and single underscores, at most 40, such as dog_park.")]},
            kept=KEPT,
        )
    there, now = Scene.objects.filter(slug=slug).first(), timezone.now()
    nothing = {name: {"zh": "", "en": ""} for name in WORDED}
    content = (
        content_of(there)
        if there
        else {**nothing, "fields": [], "sorts": ["person", "family", "paper"], "compares": False, "in_force": True}
    )
    try:
        with transaction.atomic():
            row = SceneDraft.objects.create(
                slug=slug,
                content=content,
                before=content if there else {},
                begun_by=officer,
                begun_at=now,
                saved_at=now,
            )
            _say(row, "begin", actor)
    except IntegrityError:
        raise NotAllowed(
            "scene-draft-there",
            _("Somebody is writing this scene already."),
            next_step=_("Open that draft and go on there."),
        ) from None
    return row


@transaction.atomic
def save(row: SceneDraft, given: Mapping[str, Any], *, officer: Officer, revision: int) -> SceneDraft:
    """Keep what was typed, complete or not. Whoever saves over what somebody else saved meanwhile is told."""
    _permit(officer, *EDITORS)
    content = {**row.content, **{name: given[name] for name in CONTENT if name in given}}
    content["fields"] = [name for name in ALL_FIELDS if name in set(content["fields"])]
    content["sorts"] = [sort for sort in IdentityCode.Sort.values if sort in set(content["sorts"])]
    for name in WORDED:
        content[name] = {tongue: str(content[name].get(tongue, "")).strip()[:LONGEST] for tongue in ("zh", "en")}
    now = timezone.now()
    kept = SceneDraft.objects.filter(pk=row.pk, state=SceneDraftState.DRAFT, revision=revision).update(
        content=content, revision=F("revision") + 1, saved_at=now
    )
    if not kept:
        raise NotAllowed(
            "scene-saved-meanwhile",
            _("Somebody saved this scene meanwhile, or sent it to be checked."),
            kept=KEPT,
            next_step=_("Reload the page and look at what stands there now."),
        )
    row.refresh_from_db()
    return row


def reasons_against(content: Mapping[str, Any]) -> dict[str, list]:
    """Pure: everything that keeps a scene from being put in force, by field."""
    errors: dict[str, list] = {}
    for name in WORDED:
        if not content[name].get("zh") or not content[name].get("en"):
            errors[name] = [_("Please write it in Chinese and in English.")]
    if not content["sorts"]:
        errors["sorts"] = [_("Please choose at least one kind of code.")]
    if not content["fields"]:
        errors["fields"] = [_("Please choose at least one field; “Number at this operator” tells the least.")]
    if "portrait" in content["fields"] and not content["compares"]:
        errors["compares"] = [_("A photograph is given only where somebody compares it with the face.")]
    return errors


@transaction.atomic
def submit(row: SceneDraft, *, officer: Officer) -> SceneDraft:
    actor = _permit(officer, *EDITORS)
    if errors := reasons_against(row.content):
        raise Invalid("scene-not-ready", errors=errors, kept=KEPT)
    if row.content == row.before:
        raise NotAllowed("scene-unchanged", _("Nothing is different from what is in force."), kept=KEPT)
    return _go(row, SUBMIT, actor, given_back="")


@transaction.atomic
def give_back(row: SceneDraft, *, officer: Officer, why: str) -> SceneDraft:
    actor = _second(row, officer)
    if len(why.strip()) < REASON_AT_LEAST:
        raise Invalid("reason-short", errors={"why": [_("Please say in a sentence what has to change.")]}, kept=KEPT)
    return _go(row, GIVE_BACK, actor, given_back=why.strip()[:500])


@transaction.atomic
def discard(row: SceneDraft, *, officer: Officer) -> SceneDraft:
    actor = _permit(officer, *EDITORS)
    if row.begun_by_id != officer.pk and "catalogue_manager" not in officer.roles:
        raise NotAllowed("not-your-draft", _("Whoever began a draft discards it, or a catalogue manager."), status=403)
    return _go(row, DISCARD, actor)


@transaction.atomic
def put_in_force(row: SceneDraft, *, officer: Officer) -> Scene:
    """By somebody else than who wrote it. Readers of this scene are given the new fields with their next question."""
    actor = _second(row, officer)
    if errors := reasons_against(row.content):
        raise Invalid("scene-not-ready", errors=errors, kept=KEPT)
    now = timezone.now()
    _go(row, PUT_IN_FORCE, actor, checked_by=officer, checked_at=now)
    scene, _made = Scene.objects.update_or_create(slug=row.slug, defaults={**row.content, "since": now})
    scene_registers.grant(scene)
    return scene


def load(rows: Iterable[Mapping[str, Any]]) -> int:
    """Scenes that an installation begins with. What editors here have put in force stays as it is."""
    edited = set(SceneDraft.objects.filter(state=SceneDraftState.IN_FORCE).values_list("slug", flat=True))
    made = 0
    for row in rows:
        if row["slug"] in edited:
            continue
        content = {name: row[name] for name in CONTENT if name in row}
        scene, new = Scene.objects.update_or_create(slug=row["slug"], defaults=content)
        scene_registers.grant(scene)
        made += new
    return made


def _permit(officer: Officer, *roles: str) -> Actor:
    held = [role for role in roles if role in officer.roles]
    if not held:
        raise NotAllowed("not-your-scenes", _("Scenes are written by editors of the catalogue."), status=403)
    return Actor(
        "officer", held[0], account=officer.account_id, department=officer.department.code, name=officer.shown_name
    )


def _second(row: SceneDraft, officer: Officer) -> Actor:
    actor = _permit(officer, "catalogue_manager")
    if row.begun_by_id == officer.pk:
        raise NotAllowed(
            "second-person",
            _("Whoever wrote a scene does not put it in force."),
            kept=KEPT,
            next_step=_("Ask another catalogue manager."),
            status=403,
        )
    return actor


def _go(row: SceneDraft, step: Move, actor: Actor, **changes) -> SceneDraft:
    make(row, step, **changes)
    _say(row, step.name, actor)
    return row


def _say(row: SceneDraft, act: str, actor: Actor = PLATFORM) -> None:
    journal.record(SceneChanged(draft=row.pk, act=act), subject=row.subject, actor=actor)
