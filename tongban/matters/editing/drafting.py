"""Editing a guide: a draft beside the version in force, saved element by element, checked by a second person, in force from a day.

Every save is kept with what stood there before, so each can be taken back. Two people may edit one draft: what they changed apart is
put together, what they both changed is shown to the later one and nothing is lost.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments import rules as duty
from tongban.departments.models import Department, Officer, Role
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual, say
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.matters import code_lists, commitment, events
from tongban.matters.editing import checking, conditions
from tongban.matters.editing.elements import NAMES
from tongban.matters.models import Draft, MaterialType, Matter, MatterVersion, Retirement, Save, Theme
from tongban.matters.services import into_bundles, pinned

State = MatterVersion.State
OPEN = (State.DRAFT, State.IN_CHECK)
EVERYWHERE = "DSO"  # the service office keeps the catalogue of all departments
HERE_FOR = datetime.timedelta(minutes=5)
KEPT = _("Nothing was changed.")


# -- who may


def reasons_against(officer: Officer, matter: Matter | None, role: str, *, today: datetime.date) -> list:
    """Every reason why this officer may not work on this matter of the catalogue in this role; none when they may."""
    reasons = []
    if not officer.active:
        reasons.append(_("This officer is not on duty any more."))
    if role not in officer.roles:
        reasons.append(_("This needs a catalogue manager."))
    if matter is not None:
        if officer.department.code not in (EVERYWHERE, matter.department.code):
            reasons.append(_("The matter belongs to another department."))
        certified = departments.certifications(officer, today)
        if not {duty.EVERY_MATTER, matter.slug} & certified and not _never_in_force(matter):
            reasons.append(_("This officer is not certified for this matter."))
    return reasons


def _never_in_force(matter: Matter) -> bool:
    """A matter that has never been in force belongs to all editors of its department."""
    return not matter.versions.filter(state__in=[State.PUBLISHED, State.RETIRED]).exists()


def permit(officer: Officer, matter: Matter | None, *roles: str, today: datetime.date | None = None) -> Actor:
    """The officer as an actor in the first of these roles that fits; raises NotAllowed with every reason."""
    today = today or timezone.localdate()
    reasons: list = []
    for role in roles:
        against = reasons_against(officer, matter, role, today=today)
        if not against:
            return Actor(
                kind="officer",
                role=role,
                account=officer.account_id,
                department=officer.department.code,
                name=officer.staff_no,
            )
        reasons = reasons or against
    raise NotAllowed("not-your-catalogue", reasons[0], kept=KEPT, status=403)


EDITORS = (Role.CONTENT_EDITOR, Role.CATALOGUE_MANAGER)


# -- reading a version as elements


def elements_of(version: MatterVersion) -> dict[str, Any]:
    """Everything that can be edited of a version, themes by their slugs."""
    found = {name: deepcopy(getattr(version, name)) for name in NAMES if name != "themes"}
    found["themes"] = sorted(version.themes.values_list("slug", flat=True)) if version.pk else []
    return found


def copied(version: MatterVersion) -> dict[str, Any]:
    """All columns that make the content of a version, for a new one."""
    left_out = {"id", "matter", "number", "state", "effective_from", "why", "submitted_by", "checked_by"}
    return {
        one.name: deepcopy(getattr(version, one.name))
        for one in version._meta.concrete_fields
        if one.name not in left_out
    }


# -- beginning


@transaction.atomic
def take_up(
    matter: Matter, *, officer: Officer, of_today: bool = False, now: datetime.datetime | None = None
) -> MatterVersion:
    """A draft of the next version, made from the one to come, else the one in force. There is one open draft a matter.

    `of_today`: made from the one in force although another waits for its day, to put right today what people read today.
    """
    now = now or timezone.now()
    actor = permit(officer, matter, *EDITORS)
    _lock(matter)
    there = matter.versions.filter(state__in=OPEN).select_related("draft__begun_by").first()
    if there is not None:
        begun = getattr(there, "draft", None)
        raise NotAllowed(
            "draft-there",
            worded(
                _("There is an open draft of this matter already (%(who)s)."),
                who=begun.begun_by.shown_name if begun else "-",
            ),
            kept=KEPT,
            next_step=_("Open that draft and go on there."),
        )
    base = (
        (None if of_today else matter.versions.filter(state=State.SCHEDULED).first())
        or matter.versions.filter(state=State.PUBLISHED).first()
        or matter.versions.filter(state=State.RETIRED).order_by("-number").first()
    )
    content = copied(base) if base else _nothing_yet(matter)
    return _draft(
        matter, content, base=base, themes=base.themes.all() if base else (), officer=officer, actor=actor, now=now
    )


def _nothing_yet(matter: Matter) -> dict[str, Any]:
    return {"name": {"zh": matter.slug, "en": matter.slug}, "type": "public", "type_code": "20", "decided_by": "none"}


def _draft(
    matter: Matter, content: Mapping[str, Any], *, base: MatterVersion | None, themes: Iterable[Theme], officer: Officer,
    actor: Actor, now: datetime.datetime, clashes: list | None = None,
) -> MatterVersion:  # fmt: skip
    number = (matter.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = MatterVersion.objects.create(
        matter=matter, number=number, state=State.DRAFT, effective_from=None, **content
    )
    version.themes.set(themes)
    Draft.objects.create(
        version=version, base=base, begun_by=officer, begun_at=now, saved_at=now, clashes=clashes or []
    )
    _say(events.DraftTakenUp(matter=matter.pk, version=version.pk), matter, version, actor)
    return version


@transaction.atomic
def found(
    *, slug: str, name: Bilingual, department: Department, kind: str, officer: Officer, copy_of: Matter | None = None,
    now: datetime.datetime | None = None,
) -> MatterVersion:  # fmt: skip
    """A new matter as a draft: from nothing, or as a copy of another one's guide. It is found by nobody until it is published."""
    now = now or timezone.now()
    slug, errors = slug.strip().lower(), {}
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > 100:
        errors["slug"] = [_("Small letters, digits and single hyphens, such as residence-permit.")]
    elif Matter.objects.filter(slug=slug).exists():
        errors["slug"] = [_("There is a matter of this name already.")]
    if not (name.get("zh") and name.get("en")):
        errors["name"] = [_("Please write the name in both languages.")]
    if officer.department.code not in (EVERYWHERE, department.code):
        errors["department"] = [_("Please choose your own department.")]
    if kind not in Matter.Kind.values:
        errors["kind"] = [_("Please choose one of the answers given.")]
    if errors:
        raise Invalid("new-matter", errors=errors, kept=KEPT)
    actor = permit(officer, None, *EDITORS)
    try:
        with transaction.atomic():
            matter = Matter.objects.create(slug=slug, kind=kind, department=department, origin="editor")
    except IntegrityError:
        raise Invalid(
            "new-matter", errors={"slug": [_("There is a matter of this name already.")]}, kept=KEPT
        ) from None
    like = None
    if copy_of is not None:
        like = copy_of.versions.filter(state=State.PUBLISHED).first() or copy_of.versions.order_by("-number").first()
    content = {**(copied(like) if like else _nothing_yet(matter)), "name": dict(name), "provenance": ""}
    return _draft(
        matter, content, base=None, themes=like.themes.all() if like else (), officer=officer, actor=actor, now=now
    )


# -- saving


@transaction.atomic
def save(
    version: MatterVersion, part: str, elements: Mapping[str, Any], *, seen: int, officer: Officer, what: str = "",
    now: datetime.datetime | None = None,
) -> Draft:  # fmt: skip
    """Store what changed of these elements. `seen` is the save the page was drawn from; saving the same again stores nothing.

    What somebody else saved since is kept; when it was the very same element, Invalid says so with both, and nothing is stored.
    """
    now = now or timezone.now()
    draft = _open(version, officer)
    version = draft.version
    before = elements_of(version)
    as_seen, since = dict(before), dict[str, Officer]()
    for row in draft.saves.filter(number__gt=seen).select_related("by").order_by("-number"):
        as_seen |= row.before
        if row.by_id != officer.pk:
            since |= {name: row.by for name in row.after if name not in since}
    # a page sends every element of its part: what it did not touch is not put back to what it showed
    changes = {
        name: value
        for name, value in elements.items()
        if name in before and not _same(value, as_seen[name]) and not _same(value, before[name])
    }
    if both_changed := [name for name in changes if name in since]:
        raise Together(version, {name: (before[name], changes[name], since[name]) for name in both_changed})
    if changes:
        _write(draft, version, part, before, changes, officer, now, what)
    return draft


def _same(one: Any, other: Any) -> bool:
    """Nothing is nothing, in whichever way it is stored."""
    return one == other or (one in NOTHING and other in NOTHING)


NOTHING: tuple[Any, ...] = (None, "", [], {})


class Together(NotAllowed):
    """Two people changed the same element. `both`: {element: (as it stands now, as it was to become, who was first)}."""

    def __init__(self, version: MatterVersion, both: dict[str, tuple[Any, Any, Officer]]):
        who = next(iter(both.values()))[2]
        super().__init__(
            "edited-together",
            worded(_("%(who)s changed the same thing at the same time."), who=who.shown_name),
            kept=_("Both are kept: what was saved there, and what you see here."),
            next_step=_("Compare them, then save again to put yours in its place."),
        )
        self.version, self.both = version, both


def _open(version: MatterVersion, officer: Officer) -> Draft:
    """The draft, locked, if it can still be edited by this officer."""
    rows = Draft.objects.select_for_update(of=("self",)).select_related("version__matter__department", "begun_by")
    draft = rows.get(version=version)
    permit(officer, draft.version.matter, *EDITORS)
    if draft.version.state != State.DRAFT:
        raise NotAllowed(
            "not-a-draft",
            worded(
                _("This version cannot be edited now: it stands at “%(state)s”."),
                state=draft.version.get_state_display(),
            ),
            kept=KEPT,
            next_step=_("Call it back first, or begin a new draft."),
        )
    return draft


def _write(
    draft: Draft, version: MatterVersion, part: str, before: Mapping, changes: Mapping[str, Any], officer: Officer,
    now: datetime.datetime, what: str,
) -> None:  # fmt: skip
    draft.revision += 1
    draft.saved_at, draft.here, draft.here_at = now, officer, now
    draft.save(update_fields=["revision", "saved_at", "here", "here_at"])
    columns = [name for name in changes if name != "themes"]
    for name in columns:
        setattr(version, name, changes[name])
    if columns:
        version.save(update_fields=columns)
    if "themes" in changes:
        version.themes.set(Theme.objects.filter(slug__in=changes["themes"]))
    Save.objects.create(
        draft=draft, number=draft.revision, at=now, by=officer, part=part[:20], what=what[:200],
        before={name: before[name] for name in changes}, after=dict(changes),
    )  # fmt: skip
    journal.touch(f"draft:{version.pk}")


@transaction.atomic
def take_back(version: MatterVersion, number: int, *, officer: Officer, now: datetime.datetime | None = None) -> Draft:
    """Undo one save: what it changed becomes what it was. Taking back a taking back does it again."""
    now = now or timezone.now()
    draft = _open(version, officer)
    row = draft.saves.filter(number=number).first()
    current = elements_of(draft.version)
    if row is None or any(current.get(name) != value for name, value in row.after.items()):
        raise NotAllowed(
            "changed-since",
            _("This cannot be taken back: the same was changed again since."),
            kept=KEPT,
            next_step=_("Take the later changes back first."),
        )
    _write(draft, draft.version, row.part, current, row.before, officer, now, f"undo:{number}")
    return draft


@transaction.atomic
def note_presence(version: MatterVersion, *, officer: Officer, now: datetime.datetime | None = None) -> Officer | None:
    """Who else was at this draft within the last minutes; from now on it is this officer."""
    now = now or timezone.now()
    draft = Draft.objects.select_related("here").filter(version=version).first()
    if draft is None:
        return None
    other = draft.here if draft.here_id != officer.pk and draft.here_at and now - draft.here_at < HERE_FOR else None
    if other is None and version.state == State.DRAFT:
        Draft.objects.filter(pk=draft.pk).update(here=officer, here_at=now)
    return other


# -- checking and publishing


def trial_of(version: MatterVersion) -> conditions.Trial:
    """The rules of a version against its test cases."""
    if version.decided_by == MatterVersion.Decides.PEOPLE:
        return conditions.Trial()
    return conditions.run(version.rules, version.rule_tests, conditions.facts_of_rules(checking.form_of(version.form)))


def findings_of(version: MatterVersion, *, known: Mapping[str, Any] | None = None) -> list[checking.Finding]:
    """What an author should look at, and what stands in the way of publishing."""
    draft = Draft.objects.select_related("base").filter(version=version).first()
    base = elements_of(draft.base) if draft is not None and draft.base is not None else None
    return checking.findings(
        elements_of(version), kind=version.matter.kind, base=base, known=known or what_is_known(version)
    )


def what_is_known(version: MatterVersion) -> dict[str, Any]:
    """What the checks compare a guide with."""
    materials = {row.slug: row for row in MaterialType.objects.all()}
    members = [one.get("matter", "") for one in version.members]
    published = set(
        Matter.objects.filter(slug__in=members, versions__state=State.PUBLISHED).values_list("slug", flat=True)
    )
    return {
        "materials": materials,
        "matters": published,
        "at_stake": commitment.at_stake(version.matter.slug, version.legal_basis),
        "code_lists": code_lists.names(),
    }


@transaction.atomic
def submit(
    version: MatterVersion, *, why: Bilingual, officer: Officer, known: Mapping[str, Any] | None = None,
) -> MatterVersion:  # fmt: skip
    """Send the draft to a second person. What stands in the way is named, all of it at once."""
    draft = _open(version, officer)
    version = draft.version
    if not (why.get("zh") and why.get("en")):
        raise Invalid(
            "say-why",
            _("Please say in both languages what changes: people can read it in the history of the guide."),
            errors={"why": [_("Please write it in both languages.")]},
            kept=_("The draft is kept as it is."),
        )
    stops = [one for one in findings_of(version, known=known) if one.stops]
    if stops:
        raise Invalid(
            "not-complete",
            _("This cannot be sent to be checked yet."),
            errors={one.element: [one.sentence] for one in stops},
            kept=_("The draft is kept as it is."),
        )
    _move(version, State.DRAFT, State.IN_CHECK, submitted_by=officer, checked_by=None, why=dict(why))
    Draft.objects.filter(pk=draft.pk).update(given_back="")
    _say(_moved(version, "submitted"), version.matter, version, permit(officer, version.matter, *EDITORS))
    return version


@transaction.atomic
def give_back(version: MatterVersion, *, words: str, officer: Officer) -> MatterVersion:
    """The second person says what is wrong; the draft can be edited again."""
    if not words.strip():
        raise Invalid("say-what", errors={"words": [_("Please say what has to change.")]}, kept=KEPT)
    draft, actor = _in_check(version, officer, second=False)
    _move(draft.version, State.IN_CHECK, State.DRAFT, submitted_by=None)
    Draft.objects.filter(pk=draft.pk).update(given_back=words.strip()[:2000])
    _say(_moved(draft.version, "given_back"), draft.version.matter, draft.version, actor)
    return draft.version


@transaction.atomic
def publish_checked(
    version: MatterVersion, *, on: datetime.date, officer: Officer, today: datetime.date | None = None,
    known: Mapping[str, Any] | None = None,
) -> MatterVersion:  # fmt: skip
    """A second person, who wrote nothing of it, passes the draft: in force today, or from a later day at midnight.

    A version that waits for its day makes room, unless this one was not taken from it and holds from today: then it still comes.
    """
    today = today or timezone.localdate()
    if on < today or on > today + datetime.timedelta(days=730):
        raise Invalid("day", errors={"on": [_("Please choose a day from today on, within two years.")]}, kept=KEPT)
    draft, actor = _in_check(version, officer, second=True)
    version = draft.version
    stops = [one for one in findings_of(version, known=known) if one.stops]
    if stops:
        raise Invalid(
            "not-complete",
            _("This cannot be published."),
            errors={one.element: [one.sentence] for one in stops},
            kept=KEPT,
        )
    if on > today:
        _move(version, State.IN_CHECK, State.SCHEDULED, others=True, checked_by=officer, effective_from=on)
        _say(_moved(version, "scheduled"), version.matter, version, actor)
        return version
    aside = draft.base is not None and draft.base.state == State.SCHEDULED
    return _put_in_force(version, State.IN_CHECK, today=today, actor=actor, others=aside, checked_by=officer)


def authors_of(draft: Draft) -> set[int]:
    """Everybody who wrote something of it, and who sent it."""
    wrote = set(draft.saves.values_list("by_id", flat=True)) | {draft.begun_by_id}
    return wrote | ({draft.version.submitted_by_id} if draft.version.submitted_by_id else set())


def _in_check(version: MatterVersion, officer: Officer, *, second: bool) -> tuple[Draft, Actor]:
    actor = permit(officer, version.matter, Role.CATALOGUE_MANAGER)
    _lock(version.matter)
    draft = (
        Draft.objects.select_for_update(of=("self",)).select_related("version__matter__department").get(version=version)
    )
    if draft.version.state != State.IN_CHECK:
        raise NotAllowed(
            "not-in-check",
            worded(_("This was not done: the version stands at “%(state)s”."), state=draft.version.get_state_display()),
            kept=KEPT,
            next_step=_("Reload the page to see what happened in the meantime."),
        )
    if second and officer.pk in authors_of(draft):
        raise NotAllowed(
            "four-eyes",
            _("You wrote part of this version, so somebody else checks it."),
            kept=KEPT,
            next_step=_("Another catalogue manager finds it in the list under “being checked”."),
            status=403,
        )
    return draft, actor


@transaction.atomic
def call_back(version: MatterVersion, *, officer: Officer) -> MatterVersion:
    """Out of the check, or out of the waiting for its day, back to where it can be edited."""
    actor = permit(officer, version.matter, *EDITORS)
    _lock(version.matter)
    if version.matter.versions.filter(state__in=OPEN).exclude(pk=version.pk).exists():
        raise NotAllowed("draft-there", _("There is another open draft of this matter."), kept=KEPT)
    _move(
        version, (State.IN_CHECK, State.SCHEDULED), State.DRAFT, submitted_by=None, checked_by=None, effective_from=None
    )
    _say(_moved(version, "called_back"), version.matter, version, actor)
    return version


@transaction.atomic
def discard(version: MatterVersion, *, officer: Officer) -> MatterVersion:
    """The draft leads nowhere. It is kept with its history, and nobody can go on in it."""
    actor = permit(officer, version.matter, *EDITORS)
    _lock(version.matter)
    _move(version, OPEN, State.DISCARDED, submitted_by=None)
    _say(_moved(version, "discarded"), version.matter, version, actor)
    return version


@journal.every("put versions in force", datetime.timedelta(minutes=1))
def put_in_force_what_is_due() -> int:
    """At midnight of their day: versions that were passed for it take effect, matters that end do."""
    return put_in_force(timezone.localdate())


def put_in_force(today: datetime.date) -> int:
    done = 0
    for version in MatterVersion.objects.filter(state=State.SCHEDULED, effective_from__lte=today).select_related(
        "matter"
    ):
        with transaction.atomic():
            _lock(version.matter)
            fresh = MatterVersion.objects.select_related("matter").get(pk=version.pk)
            day = fresh.effective_from
            if fresh.state == State.SCHEDULED and day is not None and day <= today:
                _put_in_force(fresh, State.SCHEDULED, today=day, actor=PLATFORM)
                done += 1
    due = Retirement.objects.filter(on__lte=today, confirmed_by__isnull=False, done_at__isnull=True)
    for row in due.select_related("matter"):
        done += _end(row)
    return done


def _put_in_force(
    version: MatterVersion, source: str, *, today: datetime.date, actor: Actor, others: bool = False, **with_it: Any
) -> MatterVersion:
    """The matter is locked. What was in force is retired first; both belong to one transaction."""
    versions = version.matter.versions
    last = versions.exclude(pk=version.pk).aggregate(last=Max("number"))["last"] or 0
    changes: dict[str, Any] = {"effective_from": today, **with_it}
    if last > version.number and versions.filter(state=State.PUBLISHED, number__gt=version.number).exists():
        changes["number"] = last + 1  # another version came into force meanwhile: numbers go with time
    before = versions.filter(state=State.PUBLISHED).first()
    if version.decided_by != MatterVersion.Decides.PEOPLE and (before is None or before.rules != version.rules):
        changes["rules_version"] = f"{today.year}.{changes.get('number', version.number)}"
    if version.members:
        changes["members"] = pinned({"members": version.members})["members"]
    versions.filter(state=State.PUBLISHED).update(state=State.RETIRED)
    _move(version, source, State.PUBLISHED, others=others, **changes)
    Retirement.objects.filter(matter=version.matter, done_at__isnull=False).delete()  # it is back
    journal.record(
        events.MatterPublished(matter=version.matter_id, version=version.pk),
        subject=f"matter:{version.matter_id}",
        actor=actor,
    )
    journal.touch("catalogue", f"matter:{version.matter.slug}", f"draft:{version.pk}")
    if before is not None and not version.members:
        into_bundles(version, today=today, actor=actor)
    return version


# -- ending a matter


@transaction.atomic
def ask_retirement(
    matter: Matter, *, on: datetime.date, words: Bilingual, forward_to: Matter | None, officer: Officer,
    now: datetime.datetime | None = None,
) -> Retirement:  # fmt: skip
    """Propose that a matter ends on a day. Another catalogue manager confirms it."""
    now = now or timezone.now()
    actor = permit(officer, matter, Role.CATALOGUE_MANAGER)
    errors = {}
    if on < timezone.localdate(now):
        errors["on"] = [_("Please choose a day from today on.")]
    if not (words.get("zh") and words.get("en")):
        errors["words"] = [_("Please say in both languages why it ends and what to do instead.")]
    if forward_to is not None and (
        forward_to.pk == matter.pk or not forward_to.versions.filter(state=State.PUBLISHED).exists()
    ):
        errors["forward_to"] = [_("Please choose another matter that is in force.")]
    in_use = bundles_with(matter.slug)
    if in_use:
        errors["matter"] = [
            worded(_("It is a member of “%(bundle)s”. Take it out there first."), bundle=say(in_use[0].name))
        ]
    if errors:
        raise Invalid("retire", errors=errors, kept=KEPT)
    _lock(matter)
    row = Retirement.objects.filter(matter=matter).first()
    if row is not None and row.done_at:
        raise NotAllowed("ended", _("This matter has ended already."), kept=KEPT)
    values = {
        "on": on,
        "words": dict(words),
        "forward_to": forward_to,
        "asked_by": officer,
        "asked_at": now,
        "confirmed_by": None,
    }
    row, _made = Retirement.objects.update_or_create(matter=matter, defaults=values)
    _say(events.MatterRetiring(matter=matter.pk, move="asked"), matter, None, actor)
    return row


@transaction.atomic
def confirm_retirement(matter: Matter, *, officer: Officer, today: datetime.date | None = None) -> Retirement:
    """The second person. On its day the matter ends; today means now."""
    today = today or timezone.localdate()
    actor = permit(officer, matter, Role.CATALOGUE_MANAGER)
    _lock(matter)
    row = Retirement.objects.select_for_update(of=("self",)).filter(matter=matter, done_at__isnull=True).first()
    if row is None:
        raise NotAllowed("not-asked", _("Nobody asked to end this matter."), kept=KEPT)
    if row.asked_by_id == officer.pk:
        raise NotAllowed("four-eyes", _("You proposed it, so somebody else confirms it."), kept=KEPT, status=403)
    row.confirmed_by = officer
    row.save(update_fields=["confirmed_by"])
    _say(events.MatterRetiring(matter=matter.pk, move="confirmed"), matter, None, actor)
    if row.on <= today:
        _end(row)
        row.refresh_from_db()
    return row


@transaction.atomic
def take_retirement_back(matter: Matter, *, officer: Officer) -> None:
    actor = permit(officer, matter, Role.CATALOGUE_MANAGER)
    _lock(matter)
    if not Retirement.objects.filter(matter=matter, done_at__isnull=True).delete()[0]:
        raise NotAllowed("not-asked", _("Nobody asked to end this matter."), kept=KEPT)
    _say(events.MatterRetiring(matter=matter.pk, move="taken_back"), matter, None, actor)


@transaction.atomic
def _end(row: Retirement) -> int:
    _lock(row.matter)
    if not Retirement.objects.filter(pk=row.pk, done_at__isnull=True).update(done_at=timezone.now()):
        return 0
    version = row.matter.versions.filter(state=State.PUBLISHED).first()
    row.matter.versions.filter(state=State.SCHEDULED).update(state=State.DISCARDED)
    row.matter.versions.filter(state=State.PUBLISHED).update(state=State.RETIRED)
    journal.record(
        events.MatterRetired(matter=row.matter_id, version=version.pk if version else 0),
        subject=f"matter:{row.matter_id}", actor=PLATFORM,
    )  # fmt: skip
    journal.touch("catalogue", f"matter:{row.matter.slug}")
    return 1


def bundles_with(slug: str) -> list[MatterVersion]:
    """Versions in force or to come of bundles that this matter is a member of."""
    rows = MatterVersion.objects.filter(matter__kind=Matter.Kind.BUNDLE, state__in=[State.PUBLISHED, State.SCHEDULED])
    rows = rows.select_related("matter").only("members", "name", "matter__slug")
    return [row for row in rows if any(one.get("matter") == slug for one in row.members)]


# --


def _lock(matter: Matter) -> None:
    """Whatever changes which version is in force waits here for the others."""
    Matter.objects.select_for_update(of=("self",)).get(pk=matter.pk)


def _move(version: MatterVersion, source: Any, target: str, *, others: bool = False, **changes: Any) -> None:
    """One conditional UPDATE: of two hands one wins. `others`: a version that waited for its day makes room for this one."""
    sources = [source] if isinstance(source, str) else list(source)
    if others:
        version.matter.versions.filter(state=State.SCHEDULED).exclude(pk=version.pk).update(state=State.DISCARDED)
    if not MatterVersion.objects.filter(pk=version.pk, state__in=sources).update(state=target, **changes):
        now = MatterVersion.objects.filter(pk=version.pk).values_list("state", flat=True).first()
        raise NotAllowed(
            "somebody-was-faster",
            worded(
                _("This was not done: the version stands at “%(state)s”."),
                state=dict(State.choices).get(now or "", now),
            ),
            kept=KEPT,
            next_step=_("Reload the page to see what happened in the meantime."),
        )
    version.state = target
    for name, value in changes.items():
        setattr(version, name, value)


def _moved(version: MatterVersion, move: str) -> events.DraftMoved:
    return events.DraftMoved(matter=version.matter_id, version=version.pk, move=move)


def _say(what: Any, matter: Matter, version: MatterVersion | None, actor: Actor) -> None:
    journal.record(what, subject=f"matter:{matter.pk}", actor=actor)
    journal.touch(f"editing:{matter.slug}", *([f"draft:{version.pk}"] if version else []))
