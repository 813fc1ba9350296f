"""A copy of everything held about somebody: JSON for machines, an index to read, and the files themselves, in one ZIP.

It is made by the worker and kept sealed for seven days, for its asker alone. What is in it follows from the data map: every table
about people, every field of it; what is left out is named with the reason.
"""

import datetime
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, ForeignKey, Model, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases.models import Case, CaseDocument
from tongban.cases.sheets import draw
from tongban.departments.models import Officer
from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import say, short
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences import services as licences
from tongban.licences.models import Licence
from tongban.materials import identity, store
from tongban.materials import queries as papers
from tongban.materials.models import IdentityPicture, Page
from tongban.notices import services as notices
from tongban.parties.models import Account, Party
from tongban.rights import events, holdings
from tongban.rights.mapping import Row
from tongban.rights.models import Export
from tongban.rights.states import FAIL, GO, MAKE, READY, ExportState

log = structlog.get_logger("rights")

KEPT_FOR = datetime.timedelta(days=7)
WARNED_BEFORE = datetime.timedelta(days=1)
SHELF = "export"
EVERYTHING = {"zh": "您的全部数据", "en": "everything held about you"}
LINES_IN_INDEX = 200
NAMED = ("name", "slug", "code", "title")


@transaction.atomic
def ask(
    account: Account,
    party: Party | None,
    *,
    case: Case | None = None,
    errand: str = "rights.make_export",
    now: datetime.datetime | None = None,
) -> Export:
    """Have a copy made. While one is being made, that one is answered; of applications one at a time for each person."""
    now = now or timezone.now()
    mine = Export.objects.filter(account=account)
    alike = mine.filter(party=party, case=None) if case is None else mine.filter(case__isnull=False)
    try:
        with transaction.atomic():
            row = Export.objects.create(
                account=account, party=party, case=case, language=account.language, asked_at=now
            )
    except IntegrityError:  # another hand, or the same twice
        return alike.latest("id")
    journal.record(events.ExportAsked(export=row.pk), subject=f"account:{account.pk}", actor=_asker(row))
    journal.enqueue(errand, export=row.pk)
    return row


@journal.carrier("rights.make_export")
def make_export(export: int) -> None:
    """Make the copy of everything."""

    def made(row: Export, progress: Callable[[int], None]) -> tuple[str, int]:
        content = build(row.account, row.party, progress)
        return store.put(content, shelf=SHELF), len(content)

    carry_out(export, made)


def carry_out(export: int, made: Callable[[Export, Callable[[int], None]], tuple[str, int]]) -> None:
    """Have it made: `made` puts the file on the shelf and answers its name and size. After a crash it is made again from the beginning; of a
    closed account nothing is made any more. What goes wrong is said to whoever waits, who may ask again; nobody waits for a trial at night."""
    row = Export.objects.select_related("account", "party", "case").filter(pk=export).first()
    if row is None or row.state not in {ExportState.WAITING, ExportState.MAKING}:
        return
    if not row.account.is_active:
        make(row, GO)
        return
    make(row, MAKE, progress=1)

    def progress(percent: int) -> None:
        with transaction.atomic():
            Export.objects.filter(pk=row.pk).update(progress=percent)
            journal.touch(row.topic)

    try:
        with translation.override(row.language):
            file, size = made(row, progress)
    except Exception:
        log.exception("a copy could not be made", export=row.pk)
        _fail(row)
        return
    now = timezone.now()
    with transaction.atomic():
        make(row, READY, progress=100, file=file, size=size, ready_at=now, until=now + KEPT_FOR)
        journal.record(events.ExportReady(export=row.pk), subject=f"account:{row.account_id}", actor=PLATFORM)
        journal.touch(row.topic)


def _fail(row: Export) -> None:
    with transaction.atomic():
        make(row, FAIL, progress=0)
        journal.record(events.ExportFailed(export=row.pk), subject=f"account:{row.account_id}", actor=PLATFORM)
        journal.touch(row.topic)


def fetch(export: Export, *, account: Account, now: datetime.datetime | None = None) -> bytes:
    """The ZIP, for the asker alone, as long as it is kept."""
    return b"".join(fetch_pieces(export, account=account, now=now))


def fetch_pieces(export: Export, *, account: Account, now: datetime.datetime | None = None) -> Iterator[bytes]:
    """The same piece by piece, for what is large. The first one is read before this returns; a damaged file is said instead of given."""
    now = now or timezone.now()
    if export.account_id != account.pk or export.state != ExportState.READY or (export.until and export.until <= now):
        raise _no_longer_there()
    made = store.pieces_of(export.file)
    try:
        first = next(made, b"")
    except (store.Damaged, FileNotFoundError) as damage:
        log.warning("a copy was damaged", export=export.pk, reason=str(damage)[:200])
        end(export)
        raise _no_longer_there() from damage
    with transaction.atomic():
        Export.objects.filter(pk=export.pk).update(downloads=F("downloads") + 1)
        if export.party_id:
            journal.note_read(
                actor=_asker(export),
                of_party=export.party_id,
                purpose="own data",
                fields=["everything"],
                about=export.topic if export.case is None else export.case.subject,
            )
        journal.record(events.ExportFetched(export=export.pk), subject=f"account:{account.pk}", actor=_asker(export))
    return chain([first], made)


def _no_longer_there() -> NotAllowed:
    return NotAllowed(
        "export-gone",
        gettext_lazy("This copy is not there any more: it is kept for seven days."),
        next_step=gettext_lazy("Have a new one made; it takes less than a minute."),
    )


def end(export: Export) -> None:
    """Delete the copy; that it was asked for stays. Twice does nothing."""
    try:
        make(export, GO, file="", size=0, until=None)
    except NotNow:
        return


@journal.every("delete copies", datetime.timedelta(hours=1))
def delete_old() -> int:
    """Copies whose week is over, and files that no row names."""
    now = timezone.now()
    ended = 0
    for row in Export.objects.filter(state=ExportState.READY, until__lte=now)[:500]:
        end(row)
        ended += 1
    for row in _nobody_makes_any_more():
        _fail(row)
    wanted = set(Export.objects.exclude(file="").values_list("file", flat=True))
    store.sweep(SHELF, wanted, before=now - datetime.timedelta(hours=1))
    return ended


def _nobody_makes_any_more() -> list[Export]:
    """Whose errand was tried to the end and parked, as when the worker died of it again and again."""
    parked = journal_queries.parked_jobs().filter(payload__has_key="export")
    waited_for = list(parked.values_list("payload__export", flat=True)[:500])
    return list(Export.objects.filter(pk__in=waited_for, state__in=[ExportState.WAITING, ExportState.MAKING]))


@journal.every("warn of copies that end", datetime.timedelta(hours=1))
def warn() -> int:
    """A day before the end of a copy that nobody fetched its asker is told."""
    now = timezone.now()
    ending = Export.objects.select_related("account__person", "party", "case__version").filter(
        state=ExportState.READY, downloads=0, warned_at=None, until__gt=now, until__lte=now + WARNED_BEFORE
    )[:500]
    warned = 0
    for row in ending:
        with transaction.atomic():
            if Export.objects.filter(pk=row.pk, warned_at=None, downloads=0).update(warned_at=now):
                tell(row, "copy_ends")
                warned += 1
    return warned


def told_of(export: int) -> Export | None:
    """The copy an event speaks of; none where it went with its account or its application."""
    return Export.objects.select_related("account__person", "party", "case__version").filter(pk=export).first()


def tell(row: Export, kind: str) -> None:
    """Its asker, and nobody else; where it is of one application, by its name."""
    party = row.party or row.account.person
    if party is None:  # nobody proved who they are: the page says it
        return
    case = row.case
    notices.tell(
        party,
        kind,
        about=row.topic if case is None else case.subject,
        link="/my/data/#copy" if case is None else f"/my/cases/{case.ref}/along/",
        params={
            "what": EVERYTHING if case is None else case.version.name,
            "due": timezone.localtime(row.until).date() if row.until else "",
        },
        once=f"{row.topic}:{kind}",
        to=[row.account],
    )


def exports_of(account: Account) -> Iterable[Export]:
    """Copies of everything."""
    return _there(account).filter(case=None)


def packages_of(account: Account, case: Case) -> Iterable[Export]:
    """What one had packed of this application."""
    return _there(account).filter(case=case)


def _there(account: Account) -> QuerySet[Export]:
    rows = Export.objects.select_related("party", "case").filter(account=account)
    return rows.exclude(state=ExportState.GONE).order_by("-id")


# -- what is in it


def build(account: Account, party: Party | None, progress: Callable[[int], None] = lambda percent: None) -> bytes:
    """The ZIP of everything that is about this party and, for a person, about this account."""
    mine = None if party is not None and party.pk != account.person_id else account
    held = io.BytesIO()
    index: list[dict[str, Any]] = []
    chapters: dict[str, dict[str, list]] = {}
    tables = list(holdings.tables())
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        files = _files(
            archive, mine, party
        )  # first: a letter that is drawn gets its number, and its row is copied below
        progress(30)
        for number, (model, row) in enumerate(tables, 1):
            label = model._meta.label
            lines = _lines(model, row, account=mine, party=party)
            chapters.setdefault(row.chapter, {})[label] = lines
            index.append(_told(model, row, lines))
            progress(30 + 60 * number // len(tables))
        content = {
            "about": {
                "made_at": timezone.now().isoformat(),
                "account": mine.login if mine else None,
                "party": {"id": party.pk, "kind": party.kind, "name": party.name} if party else None,
                "language": translation.get_language(),
            },
            "chapters": chapters,
            "files": files,
            "left_out": _left_out(),
        }
        archive.writestr("data.json", json.dumps(content, ensure_ascii=False, indent=1))
        context = {
            "party": party,
            "account": mine,
            "chapters": _by_chapter(index),
            "files": files,
            "left_out": content["left_out"],
            "made_at": timezone.localtime(),
            "code": short(translation.get_language() or "zh-hans"),
        }
        archive.writestr("index.html", render_to_string("rights/index.html", context))
    return held.getvalue()


def _lines(model: type[Model], row: Row, *, account: Account | None, party: Party | None) -> list[dict[str, Any]]:
    """Every field of every row; a reference says also what it refers to, an officer only their department."""
    found = holdings.own_rows(model, row, account=account, party=party)
    fields = [one for one in model._meta.concrete_fields if not holdings.withheld(row.fields.get(one.name, ""))]
    lines = []
    referred: dict[str, dict[Any, Any]] = {one.name: {} for one in fields if isinstance(one, ForeignKey)}
    objects = list(found.iterator(chunk_size=500))
    for one in fields:
        if isinstance(one, ForeignKey):
            wanted = {getattr(each, one.attname) for each in objects} - {None}
            others = one.related_model._default_manager.in_bulk(wanted)  # type: ignore[union-attr]
            referred[one.name] = {key: _named(other) for key, other in others.items()}
    for each in objects:
        line: dict[str, Any] = {}
        for one in fields:
            value = getattr(each, one.attname)
            if isinstance(one, ForeignKey):
                line[one.name] = None if value is None else {"id": plain(value), **referred[one.name].get(value, {})}
            else:
                line[one.name] = plain(value)
        lines.append(line)
    return lines


def _named(other: Model) -> dict[str, Any]:
    if isinstance(other, Officer):
        return {"department": other.department.code}
    if isinstance(other, Account):
        return {}
    return {name: plain(getattr(other, name)) for name in NAMED if isinstance(getattr(other, name, None), str | dict)}


def plain(value: Any) -> Any:
    """A value as JSON holds it, so that it can be found again as it stood."""
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _files(archive: zipfile.ZipFile, account: Account | None, party: Party | None) -> list[dict[str, Any]]:
    """Papers handed in, sealed licences, notices and decisions: each as a file. What cannot be opened is named."""
    if account is None and party is None:
        return []
    wanted: list[tuple[str, str, Callable[[], bytes]]] = []
    for picture in IdentityPicture.objects.filter(proofing__account=account) if account is not None else ():
        name = f"files/identity/{picture.key}.{picture.mime.rpartition('/')[2]}"
        wanted.append((name, _("Picture of your document"), partial(identity.kept_of, picture)))
    if party is not None:
        wanted += _of_party(party)
    told = []
    for name, title, content in wanted:
        try:
            archive.writestr(name, content())
        except (Problem, store.Damaged) as trouble:
            log.warning("a file is missing in a copy", file=name, reason=str(trouble)[:200])
            told.append({"name": "", "title": title, "trouble": str(trouble)})
        else:
            told.append({"name": name, "title": title, "trouble": ""})
    return told


def _of_party(party: Party) -> list[tuple[str, str, Callable[[], bytes]]]:
    wanted: list[tuple[str, str, Callable[[], bytes]]] = []
    for page in Page.objects.select_related("document").filter(document__owner=party).order_by("document_id", "order"):
        ending = {"application/pdf": "pdf", "image/png": "png", "image/webp": "webp"}.get(page.mime, "jpg")
        name = f"files/papers/{page.document_id}-{page.order}.{ending}"
        wanted.append((name, page.document.name, partial(papers.open_page, page)))
    for licence in Licence.objects.select_related("type").filter(holder=party).exclude(pdf="").order_by("pk"):
        name = f"files/licences/{licence.type.slug}-{licence.pk}.pdf"
        wanted.append((name, say(licence.type.name), partial(licences.open_pdf, licence)))
    for sheet in CaseDocument.objects.filter(case__applicant=party).order_by("pk"):
        title = say((sheet.content or {}).get("title") or sheet.kind)
        wanted.append((f"files/cases/{sheet.number}.pdf", title, partial(draw, sheet)))
    return wanted


def _left_out() -> list[dict[str, str]]:
    return [
        {"table": model._meta.label, "field": name, "why": str(why)}
        for model, row in holdings.tables()
        for name in (field.name for field in model._meta.concrete_fields)
        if (why := holdings.withheld(row.fields.get(name, "")))
    ]


def _told(model: type[Model], row: Row, lines: list[dict]) -> dict[str, Any]:
    """One table as the index tells it."""
    return {
        "chapter": row.chapter,
        "title": capital(str(model._meta.verbose_name_plural)),
        "label": model._meta.label,
        "purpose": str(row.purpose),
        "basis": str(row.basis),
        "retention": str(row.retention),
        "count": len(lines),
        "more": max(0, len(lines) - LINES_IN_INDEX),
        "columns": list(lines[0]) if lines else [],
        "lines": [[_cell(value) for value in line.values()] for line in lines[:LINES_IN_INDEX]],
    }


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        if set(value) <= {"zh", "en"}:
            return say(value)
        return "; ".join(f"{name}: {_cell(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_cell(one) for one in value)
    return str(value)


def _by_chapter(index: list[dict]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": title,
            "words": holdings.IN_WORDS[name],
            "tables": [one for one in index if one["chapter"] == name and one["count"]],
            "rules": [one for one in index if one["chapter"] == name],
        }
        for name, title in holdings.CHAPTERS.items()
    ]


def _asker(export: Export) -> Actor:
    return Actor(kind="applicant", role="applicant", account=export.account_id, party=export.party_id)
