"""Kinds of documents and of licences, and lists of answers, written by the catalogue's editors: one drafts, another looks and puts it in force.

A kind is shared by every matter that asks for it, so the service office keeps the documents of all, and each department the licences
that it issues and the lists that it owns. What was issued is never changed by a change of its kind: of a licence that somebody holds, the code, the holder and
what stands on it stay, and only more may come.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments.models import Officer, Role
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.licences import face_labels
from tongban.licences.models import Licence, LicenceType
from tongban.matters import code_lists, events
from tongban.matters.editing import drafting
from tongban.matters.models import CodeList, MaterialType, TypeDraft
from tongban.matters.type_states import DISCARD, GIVE_BACK, PUT_IN_FORCE, SUBMIT, TypeDraftState
from tongban.registers import queries as registers

DOCUMENT, LICENCE, LIST = TypeDraft.Sort.DOCUMENT, TypeDraft.Sort.LICENCE, TypeDraft.Sort.LIST
OPEN = (TypeDraftState.DRAFT, TypeDraftState.IN_CHECK)
KINDS = (
    ("identity", _("identity document")),
    ("proof", _("proof or certificate")),
    ("form", _("form")),
    ("document", _("document")),
    ("drawing", _("drawing or plan")),
    ("contract", _("contract")),
    ("photo", _("photo")),
    ("report", _("report")),
    ("commitment", _("signed promise")),
)
HOLDERS = (("person", _("a person")), ("company", _("a company or business")))
FIELDS = {
    DOCUMENT: (
        "name",
        "kind",
        "issued_by",
        "licence_type",
        "resource",
        "commitment_ok",
        "intermediary",
        "note",
        "retention",
    ),
    LICENCE: (
        "name",
        "holder_kind",
        "issuer",
        "type_code",
        "face_fields",
        "told_apart_by",
        "validity",
        "for_identity",
    ),
    LIST: ("name", "owner", "entries", "removed"),
}
KEPT = _("Nothing was changed. What you typed is kept on this page.")
REASON_AT_LEAST = 10
A_PAGE = 50
SHORT_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE = re.compile(r"[0-9A-Z]{6,12}")
WITHOUT_END = "long-term"
YEARS_AT_MOST = 100


# -- who may


def reach(officer: Officer, sort: str, content: Mapping[str, Any]) -> bool:
    """The service office keeps all of them; a department the licences it issues."""
    own = officer.department.code
    of = {LICENCE: "issuer", LIST: "owner"}.get(TypeDraft.Sort(sort), "")
    return own == drafting.EVERYWHERE or (bool(of) and content.get(of) == own)


def _permit(officer: Officer, sort: str, content: Mapping[str, Any], *roles: str) -> Actor:
    actor = drafting.permit(officer, None, *roles)
    if not reach(officer, sort, content):
        raise NotAllowed(
            "not-your-types",
            _(
                "Kinds of documents are kept by the service office, kinds of licences by the department that issues them, lists by their department."
            ),
            kept=drafting.KEPT,
            status=403,
        )
    return actor


# -- what is in force


def held(sort: str, slug: str) -> MaterialType | LicenceType | CodeList | None:
    if sort == LIST:
        return code_lists.list_called(slug)
    if sort == DOCUMENT:
        return MaterialType.objects.filter(slug=slug).first()
    return LicenceType.objects.select_related("issuer").filter(slug=slug).first()


def content_of(row: MaterialType | LicenceType | CodeList) -> dict[str, Any]:
    """What an editor sees of it."""
    if isinstance(row, CodeList):
        now = code_lists.current(row)
        return {"name": now.name, "owner": row.department.code, "entries": now.entries, "removed": False}
    if isinstance(row, MaterialType):
        return {name: getattr(row, name) for name in FIELDS[DOCUMENT]}
    found = {name: getattr(row, name) for name in FIELDS[LICENCE] if name not in ("issuer", "validity")}
    return {**found, "issuer": row.issuer.code, "validity": list((row.validity or {}).get("years", []))}


def page(sort: str, *, asked: str = "", after: str = "") -> tuple[list[Any], str]:
    """Some of what is in force by short name, and the short name after which it goes on; "" at the end. `asked`: a part of a name."""
    rows: Any = MaterialType.objects.all() if sort == DOCUMENT else LicenceType.objects.select_related("issuer")
    if sort == LIST:
        rows = code_lists.all_lists()
        if asked:
            rows = rows.filter(
                Q(slug__icontains=asked)
                | Q(slug__in=[key for key, name in code_lists.names().items() if asked in str(name)])
            )
    elif asked:
        rows = rows.filter(Q(slug__icontains=asked) | Q(name__zh__icontains=asked) | Q(name__en__icontains=asked))
    found = list(rows.filter(slug__gt=after).order_by("slug")[: A_PAGE + 1])
    return found[:A_PAGE], found[A_PAGE - 1].slug if len(found) > A_PAGE else ""


def is_held_by_people(slug: str) -> bool:
    return Licence.objects.filter(type__slug=slug).exists()


# -- writing


def begin(sort: str, slug: str, *, officer: Officer, name: Mapping[str, str] | None = None) -> TypeDraft:
    """A draft of a new kind, or with nothing but its short name of one that is in force. There is one open draft of each."""
    if sort not in TypeDraft.Sort.values:
        raise Invalid("no-sort", errors={"sort": [_("Please choose what it is.")]}, kept=KEPT)
    there = held(sort, slug)
    content = content_of(there) if there else _nothing_yet(sort, name or {}, officer)
    actor = _permit(officer, sort, content, *drafting.EDITORS)
    if there is None or name is not None:
        _new_name(slug, name or {}, there is not None)
    now = timezone.now()
    try:
        with transaction.atomic():
            row = TypeDraft.objects.create(
                sort=sort, slug=slug, content=content, begun_by=officer, begun_at=now, saved_at=now
            )
            _say(row, "begin", actor)
    except IntegrityError:
        raise NotAllowed(
            "type-draft-there",
            _("Somebody is writing this one already."),
            next_step=_("Open that draft and go on there."),
        ) from None
    return row


def _new_name(slug: str, name: Mapping[str, str], taken: bool) -> None:
    errors: dict[str, list] = {}
    if not SHORT_NAME.fullmatch(slug) or len(slug) > 50:
        errors["slug"] = [_("Small letters, digits and single hyphens, at most 50, such as dog-licence.")]
    elif taken:
        errors["slug"] = [_("This short name is taken.")]
    if not name.get("zh") or not name.get("en"):
        errors["name"] = [_("Please give the name in Chinese and in English.")]
    if errors:
        raise Invalid("type-not-begun", errors=errors, kept=KEPT)


def _nothing_yet(sort: str, name: Mapping[str, str], officer: Officer) -> dict[str, Any]:
    named = {"name": dict(name)}
    if sort == LIST:
        return {**named, "owner": officer.department.code, "entries": [], "removed": False}
    if sort == DOCUMENT:
        return {
            **named, "kind": "document", "issued_by": "", "licence_type": "", "resource": "", "commitment_ok": False,
            "intermediary": False, "note": {}, "retention": {},
        }  # fmt: skip
    return {
        **named, "holder_kind": "person", "issuer": officer.department.code, "type_code": "", "face_fields": [],
        "told_apart_by": [],
        "validity": [], "for_identity": False,
    }  # fmt: skip


def save(row: TypeDraft, content: Mapping[str, Any], *, seen: int, officer: Officer) -> TypeDraft:
    """What the editor typed, right or not: `troubles` says what must be put right before it is sent."""
    actor = _own(row, officer)
    known = {name: content[name] for name in FIELDS[TypeDraft.Sort(row.sort)] if name in content}
    changed = {**row.content, **known}
    if not reach(officer, row.sort, changed):
        raise NotAllowed("not-your-types", _("A licence of another department is written by that department."), kept=KEPT, status=403)  # fmt: skip
    with transaction.atomic():
        waiting = TypeDraft.objects.filter(pk=row.pk, state=TypeDraftState.DRAFT, revision=seen)
        if not waiting.update(content=changed, revision=F("revision") + 1, saved_at=timezone.now()):
            raise NotAllowed(
                "saved-meanwhile",
                _("This draft was saved or sent on in another window meanwhile."),
                kept=KEPT,
                next_step=_("Open it again and look at what stands there."),
            )
        _say(row, "save", actor)
    row.refresh_from_db()
    return row


def troubles(sort: str, slug: str, content: Mapping[str, Any]) -> dict[str, list]:
    """Everything that must be put right before it can be in force, field by field."""
    found: dict[str, list] = {}
    name = content.get("name") or {}
    if not name.get("zh") or not name.get("en"):
        found["name"] = [_("Please give the name in Chinese and in English.")]
    if sort == DOCUMENT:
        _wrong_document(content, found)
    elif sort == LIST:
        if departments.department(content.get("owner") or "") is None:
            found["owner"] = [_("Please choose the department that keeps it.")]
        found |= code_lists.troubles(slug, content)
    else:
        _wrong_licence(slug, content, found)
    return found


def _wrong_document(content: Mapping[str, Any], found: dict[str, list]) -> None:
    there = held_kinds()
    if content.get("kind") not in there:
        found["kind"] = [_("Please choose what it is.")]
    if not content.get("issued_by"):
        found["issued_by"] = [_("Please say who issues it, or that the applicant writes it.")]
    if content.get("licence_type") and held(LICENCE, content["licence_type"]) is None:
        found["licence_type"] = [_("There is no such licence.")]
    if content.get("resource") and not registers.resources().filter(slug=content["resource"]).exists():
        found["resource"] = [_("There is no such register.")]
    note = content.get("note") or {}
    if bool(note.get("zh")) != bool(note.get("en")):
        found["note"] = [_("Please write it in both languages, or leave both empty.")]
    kept = content.get("retention") or {}
    basis = kept.get("basis") or {}
    if kept and not (isinstance(kept.get("years"), int) and 1 <= kept["years"] <= YEARS_AT_MOST):
        found["retention.years"] = [
            worded(_("Whole years from 1 to %(most)s, or nothing: as its application."), most=YEARS_AT_MOST)
        ]
    if kept and not (basis.get("zh") and basis.get("en")):
        found["retention.basis"] = [
            _("Please name the law or rule that wants this kind kept so long, in both languages.")
        ]


def held_kinds() -> dict[str, Any]:
    return dict(KINDS)


def _wrong_licence(slug: str, content: Mapping[str, Any], found: dict[str, list]) -> None:
    if content.get("holder_kind") not in dict(HOLDERS):
        found["holder_kind"] = [_("Please choose who holds it.")]
    if departments.department(content.get("issuer") or "") is None:
        found["issuer"] = [_("Please choose the department that issues it.")]
    if not CODE.fullmatch(content.get("type_code") or ""):
        found["type_code"] = [_("6 to 12 digits or capital letters, from the national list of licence codes.")]
    elif LicenceType.objects.filter(type_code=content["type_code"]).exclude(slug=slug).exists():
        found["type_code"] = [_("This code belongs to another licence.")]
    fields = content.get("face_fields") or []
    there = held(LICENCE, slug)
    already = set(there.face_fields) if isinstance(there, LicenceType) else set()
    if not fields:
        found["face_fields"] = [_("Please choose what stands on it.")]
    elif unknown := [one for one in fields if one not in face_labels.LABELS and one not in already]:
        found["face_fields"] = [
            worded(_("Nobody knows these here: %(names)s."), names=", ".join(map(str, unknown))[:200])
        ]
    if [one for one in content.get("told_apart_by") or [] if one not in fields]:
        found["told_apart_by"] = [_("Licences can be told apart only by what stands on them.")]
    if any(
        not (one == WITHOUT_END or (isinstance(one, int) and 1 <= one <= 100)) for one in content.get("validity") or []
    ):
        found["validity"] = [_("Years from 1 to 100, separated by commas; nothing where it has no end.")]
    if isinstance(there, LicenceType) and is_held_by_people(slug):
        before = content_of(there)
        if gone := [one for one in before["face_fields"] if one not in fields]:
            words = ", ".join(face_labels.label(slug, one).zh + " " + face_labels.label(slug, one).en for one in gone)
            found["face_fields"] = [
                worded(_("People hold this licence already, so these stay on it: %(names)s."), names=words[:300])
            ]
        for one in ("holder_kind", "type_code", "issuer"):
            if content.get(one) != before[one]:
                found[one] = [_("People hold this licence already, so this stays as it is.")]


def differences(row: TypeDraft) -> list[tuple[str, Any, Any]]:
    """Each field that changes: what stands there now (or stood, once it is in force), and what would."""
    before = row.before
    if row.state in OPEN:
        there = held(row.sort, row.slug)
        before = content_of(there) if there else {}
    return [
        (name, before.get(name), row.content.get(name))
        for name in FIELDS[TypeDraft.Sort(row.sort)]
        if _said(before.get(name)) != _said(row.content.get(name))
    ]


def _said(value: Any) -> Any:
    """What is written in no language is nothing."""
    if isinstance(value, Mapping) and not any(map(_said, value.values())):
        return None
    return value or None


# -- the second person


def submit(row: TypeDraft, *, officer: Officer) -> TypeDraft:
    actor = _own(row, officer)
    if errors := troubles(row.sort, row.slug, row.content):
        raise Invalid("type-not-ready", _("Please put these right before you send it."), errors=errors, kept=KEPT)
    if not differences(row):
        raise NotAllowed("nothing-new", _("Nothing is different from what is in force."), kept=KEPT)
    with transaction.atomic():
        make(row, SUBMIT, given_back="", only_if=Q(revision=row.revision))
        _say(row, "submit", actor)
    return row


def give_back(row: TypeDraft, *, officer: Officer, words: str) -> TypeDraft:
    actor = _second(row, officer)
    words = " ".join(words.split())[:500]
    if len(words) < REASON_AT_LEAST:
        sentence = _("Please say it in at least 10 characters, so that somebody else can understand it.")
        raise Invalid("not-given-back", errors={"words": [sentence]}, kept=KEPT)
    with transaction.atomic():
        make(row, GIVE_BACK, given_back=words)
        _say(row, "give_back", actor)
    return row


def put_in_force(row: TypeDraft, *, officer: Officer, seen: int, now: datetime | None = None) -> TypeDraft:
    """The second person has looked at what stands there: from now on it holds for everything begun afterwards."""
    actor = _second(row, officer)
    with transaction.atomic():
        there = held(row.sort, row.slug)
        if there is not None:
            type(there)._default_manager.select_for_update().filter(pk=there.pk).first()
        make(
            row, PUT_IN_FORCE, only_if=Q(revision=seen), checked_by=officer, checked_at=now or timezone.now(),
            before=content_of(there) if there else {},
        )  # fmt: skip
        if errors := troubles(row.sort, row.slug, row.content):  # something may have come in between, such as a code
            row.state = TypeDraftState.IN_CHECK
            raise Invalid(
                "type-not-ready", _("Something changed since it was sent: it must be put right first."), errors=errors
            )
        _write(row)
        _say(row, "put_in_force", actor)
    return row


def _write(row: TypeDraft) -> None:
    content = dict(row.content)
    if row.sort == LIST:
        owner = departments.department(content["owner"])
        assert owner is not None and row.checked_at is not None  # looked at by `troubles` in this transaction
        if content.get("removed"):
            code_lists.take_away(row.slug)
        else:
            code_lists.put(
                row.slug, owner=owner, name=content["name"], entries=content["entries"], since=row.checked_at
            )
        return
    if row.sort == DOCUMENT:
        MaterialType.objects.update_or_create(slug=row.slug, defaults=content)
        return
    issuer = departments.department(content.pop("issuer"))
    assert issuer is not None  # looked at by `troubles` in this transaction
    kept = LicenceType.objects.filter(slug=row.slug).values_list("validity", flat=True).first() or {}
    validity = {**kept, "years": content.pop("validity")}
    LicenceType.objects.update_or_create(slug=row.slug, defaults={**content, "issuer": issuer, "validity": validity})


def discard(row: TypeDraft, *, officer: Officer) -> TypeDraft:
    """Whoever wrote it, or a catalogue manager, lets it go; what is in force stays."""
    if row.begun_by_id == officer.pk:
        actor = _permit(officer, row.sort, row.content, *drafting.EDITORS)
    else:
        actor = _permit(officer, row.sort, row.content, Role.CATALOGUE_MANAGER)
    with transaction.atomic():
        make(row, DISCARD)
        _say(row, "discard", actor)
    return row


def _own(row: TypeDraft, officer: Officer) -> Actor:
    actor = _permit(officer, row.sort, row.content, *drafting.EDITORS)
    if row.begun_by_id != officer.pk:
        raise NotAllowed(
            "not-your-draft",
            worded(_("%(who)s is writing this draft."), who=row.begun_by.shown_name),
            kept=drafting.KEPT,
            status=403,
        )
    return actor


def _second(row: TypeDraft, officer: Officer) -> Actor:
    actor = _permit(officer, row.sort, row.content, Role.CATALOGUE_MANAGER)
    if row.begun_by_id == officer.pk:
        raise NotAllowed("own-request", _("The second person is somebody else than the first."), status=403)
    return actor


def _say(row: TypeDraft, move: str, actor: Actor) -> None:
    what = events.TypeMoved(draft=row.pk, sort=row.sort, slug=row.slug, move=move)
    journal.record(what, subject=row.subject, actor=actor)
