"""Acts on documents: keep, add and take away pages, put them in order, turn them, hand in, remove.

Files are looked at and stored before a transaction begins; rows that name them commit afterwards. A crash in between leaves
files that nobody names, which `clean` deletes after a day.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import BinaryIO

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, Problem, worded
from tongban.materials import events, gate, queries, states, store
from tongban.materials.gateways.malware import scanner
from tongban.materials.models import Document, Page, Reading
from tongban.materials.reading import services as reading
from tongban.parties.models import Account, Party

log = structlog.get_logger("materials")

PAGES_A_DOCUMENT = 20
BYTES_A_FILE = 20 * 1024 * 1024
DOCUMENTS_AN_OWNER = 500
BYTES_AN_OWNER = 1024 * 1024 * 1024
ORPHANS_STAY = timedelta(days=1)
SHELF = "uploads"
LOOKED_AT = "looked at: pages"
AT_LEAST_A_TURN, TURNS_A_ROUND = 200, 1000  # every ten minutes: all of storage within a week, however much it is
RENAMED = "renamed"  # the one change that leaves the pages as they are


@dataclass(frozen=True)
class Stored:
    """A safe copy on disk that no row names yet."""

    accepted: gate.Accepted
    file: str
    previews: tuple[str, ...]


ask_reading = reading.ask
nothing_read_twice = reading.nothing_read_twice


def keep(
    files: Sequence[BinaryIO], *, owner: Party, by: Account, name: str = "", actor: Actor | None = None
) -> Document:
    """Keep these files, in this order, as the pages of one document; all of them or none.

    A file may have a `name`. What safe copies do not have (seals, scripts) is said by `queries.left_out(document)`.
    """
    _has_room(owner, files)
    stored = taken_in(files, pages=PAGES_A_DOCUMENT)
    _has_room_for(owner, stored)
    with transaction.atomic():
        document = Document.objects.create(
            owner=owner, by=by, name=(gate.shown_name(name) or _name_given(files[0]))[:200], state=states.KEPT
        )
        _append(document, stored)
        journal.record(
            events.DocumentKept(document.pk, _notes(stored)),
            subject=queries.subject(document),
            actor=actor or _applying(by, owner),
        )
    return document


def add_pages(document: Document, files: Sequence[BinaryIO], *, by: Account, actor: Actor | None = None) -> Document:
    """Put further pages behind the ones that are there."""
    _still_open(document)
    _has_room(document.owner, files)
    stored = taken_in(files, pages=PAGES_A_DOCUMENT - document.pages.count())
    _has_room_for(document.owner, stored)
    with transaction.atomic():
        document = _again(document)
        _append(document, stored)
        _changed(document, "pages added", by, actor, _notes(stored))
    return document


def send_again(page: Page, file: BinaryIO, *, by: Account, actor: Actor | None = None) -> Page:
    """A page sent again. Of a document already handed in only what storage has damaged, or the same content, is taken."""
    stored = taken_in([file], pages=PAGES_A_DOCUMENT)[0]
    with transaction.atomic():
        page = Page.objects.select_related("document").get(pk=page.pk)
        document = Document.objects.select_for_update().get(pk=page.document_id)
        if stored.accepted.sha256 == page.sha256:  # storing it has repaired the file, for every page that names it
            Page.objects.filter(file=page.file).update(damaged_at=None)
            page.damaged_at = None
            if not page.preview and page.file_page < len(stored.previews):
                page.preview = stored.previews[page.file_page]
                page.save(update_fields=["preview"])
        elif document.state != states.KEPT and page.damaged_at is None:
            raise NotAllowed(
                "other_content",
                _("This is not the same file as the one handed in."),
                kept=_("Nothing was changed."),
                next_step=_(
                    "Send exactly the file you sent then, or answer the request for correction with a new document."
                ),
            )
        else:
            if len(stored.accepted.pages) != 1:
                raise Invalid("one_page", _("Send only this one page."), kept=_("Nothing was changed."))
            for field, value in _fields_of(stored, 0).items():
                setattr(page, field, value)
            page.turned, page.damaged_at = 0, None
            page.save()
        _changed(document, "page sent again", by, actor, _notes([stored]))
    return page


def remove_page(page: Page, *, by: Account, actor: Actor | None = None) -> Document:
    with transaction.atomic():
        document = _again(page.document)
        if document.pages.exclude(pk=page.pk).count() == 0:
            raise NotAllowed(
                "last_page",
                _("This is the only page of the document."),
                kept=_("Nothing was changed."),
                next_step=_("Remove the whole document instead."),
            )
        document.pages.filter(pk=page.pk).delete()
        _number(document, list(document.pages.order_by("order", "pk")))
        _changed(document, "page removed", by, actor)
    return document


def reorder(document: Document, page_ids: Sequence[int], *, by: Account, actor: Actor | None = None) -> Document:
    """Put the pages in this order; every page of the document is named once."""
    with transaction.atomic():
        document = _again(document)
        pages = {page.pk: page for page in document.pages.all()}
        if sorted(page_ids) != sorted(pages):
            raise NotAllowed(
                "other_pages",
                _("The pages of this document changed in the meantime."),
                kept=_("Their order was left as it is."),
                next_step=_("Reload the page and put them in order again."),
            )
        _number(document, [pages[pk] for pk in page_ids])
        _changed(document, "pages put in order", by, actor)
    return document


def turn(page: Page, *, by: Account, degrees: int = 90, actor: Actor | None = None) -> Page:
    """Turn a page clockwise by quarters; what is stored stays as it was, and is turned when it is shown."""
    if degrees % 90:
        raise ValueError("pages are turned by quarters")
    with transaction.atomic():
        document = _again(page.document)
        page = document.pages.get(pk=page.pk)
        page.turned = (page.turned + degrees) % 360
        page.save(update_fields=["turned"])
        _changed(document, "page turned", by, actor)
    return page


def rename(document: Document, name: str, *, by: Account, actor: Actor | None = None) -> Document:
    shown = gate.shown_name(name)[:200]
    if not shown:
        raise Invalid("no_name", errors={"name": [_("Give the document a name.")]})
    with transaction.atomic():
        document = _again(document)
        document.name = shown
        document.save(update_fields=["name", "updated_at"])
        _changed(document, RENAMED, by, actor)
    return document


def copy(document: Document, *, by: Account, owner: Party | None = None, actor: Actor | None = None) -> Document:
    """The same pages as a new document that may be changed, for instance to answer a request for correction.

    Nothing is looked at or written anew: a demonstration of many people with the same papers costs rows only (`owner`).
    """
    with transaction.atomic():
        pages = list(document.pages.all())
        fresh = Document.objects.create(owner=owner or document.owner, by=by, name=document.name, state=states.KEPT)
        for page in pages:
            page.pk, page.document = None, fresh
            page._state.adding = True
        Page.objects.bulk_create(pages)
        reading.copy(document, fresh)
        journal.record(
            events.DocumentKept(fresh.pk, []), subject=queries.subject(fresh), actor=actor or _applying(by, fresh.owner)
        )
    return fresh


def hand_in(document: Document, *, actor: Actor) -> Document:
    """It goes to an office with a case: nobody changes it any more. A second time changes nothing."""
    with transaction.atomic():
        # asked of the row: two materials may hold the same document, each with a copy of it from before
        was = Document.objects.select_for_update().values_list("state", flat=True).get(pk=document.pk)
        make(document, states.HAND_IN)
        if was != states.HANDED_IN:
            journal.record(events.DocumentHandedIn(document.pk), subject=queries.subject(document), actor=actor)
    return document


def remove(document: Document, *, by: Account, actor: Actor | None = None) -> None:
    """Take it from its owner's list. The pages go at once and their files with the next cleaning."""
    with transaction.atomic():
        make(document, states.REMOVE)
        document.pages.all().delete()
        Reading.objects.filter(document=document).delete()
        journal.record(
            events.DocumentRemoved(document.pk),
            subject=queries.subject(document),
            actor=actor or _applying(by, document.owner),
        )


def prepare_preview(page: Page) -> Page:
    """Draw and keep the preview of a page for which no time was left when it came (or whose preview was damaged)."""
    content = store.get(page.file, sha256=page.sha256)
    drawn = gate.draw_page(content, page.file_page) if page.mime == "application/pdf" else (page.mime, content)
    if drawn is not None:
        page.preview = store.put(drawn[1], shelf=SHELF)
        Page.objects.filter(pk=page.pk).update(preview=page.preview)
    return page


def check_files(documents=None, *, progress: Callable[[int], None] | None = None) -> list[Page]:
    """Read every kept page of these documents (of all, if none are given); those damaged are put on record and returned."""
    pages = Page.objects.filter(document__state__in=states.HELD).select_related("document").order_by("pk")
    if documents is not None:
        pages = pages.filter(document__in=documents)
    damaged, verdicts = [], {}
    for page in pages.iterator(chunk_size=200):
        if page.file not in verdicts:
            verdicts[page.file] = not queries.is_whole(page)
        if verdicts[page.file]:
            damaged.append(page)
        if progress:
            progress(1)
    for page in damaged:
        _found_damaged(page)
    return damaged


def _found_damaged(page: Page) -> None:
    """Put on record when it is found, not each time it is found again."""
    log.error("page_damaged", page=page.pk, document=page.document_id)
    with transaction.atomic():
        if Page.objects.filter(pk=page.pk, damaged_at__isnull=True).update(damaged_at=timezone.now()):
            journal.record(
                events.PageFoundDamaged(page.document_id, page.pk),
                subject=queries.subject(page.document),
                actor=PLATFORM,
            )


@journal.carrier(queries.LOOK_AGAIN)
def look_again(page: int) -> None:
    """Somebody met a damaged page: what reading has seen, the worker puts on record."""
    row = Page.objects.select_related("document").filter(pk=page).first()
    if row is not None and not queries.is_whole(row):
        _found_damaged(row)


@journal.every("look at stored documents", timedelta(minutes=10))
def look_at_some() -> int:
    """Storage rots in silence: a slice of all pages is read at each turn, where the last turn ended. Returns how many."""
    held = Page.objects.filter(document__state__in=states.HELD).order_by("pk")
    many = max(AT_LEAST_A_TURN, held.count() // TURNS_A_ROUND)
    place = journal.place_of(LOOKED_AT)
    pages = list(held.select_related("document").filter(pk__gt=place)[:many])
    verdicts: dict[str, bool] = {}
    for page in pages:
        if page.file not in verdicts:
            verdicts[page.file] = queries.is_whole(page)
        if not verdicts[page.file]:
            _found_damaged(page)
    journal.keep_place(LOOKED_AT, pages[-1].pk if len(pages) == many else 0)
    return len(pages)


@journal.every("clean the store of documents", timedelta(days=1))
def clean() -> int:
    """Delete files that no page names and that are older than a day."""
    before = timezone.now() - ORPHANS_STAY
    named = set()
    for file, preview in Page.objects.values_list("file", "preview").iterator():
        named |= {file, preview}
    return store.sweep(SHELF, named, before=before)


def forget(document_ids: Collection[int]) -> list[tuple[str, str]]:
    """Delete papers whose time is over, with what was read on them. Returns their files, each with the content's hash, for `let_go`."""
    pages = Page.objects.filter(document__in=document_ids).values_list("file", "preview", "sha256")
    files = {(name, sha256) for file, preview, sha256 in pages for name in (file, preview) if name}
    Document.objects.filter(pk__in=document_ids).delete()
    return sorted(files)


def let_go(files: Collection[tuple[str, str]]) -> int:
    """After the commit: delete files that no page names any more. One written within a day is left to `clean`: its row may be on the way."""
    same = Page.objects.filter(sha256__in={sha256 for _name, sha256 in files}).values_list("file", "preview")
    named = {
        name for pair in same for name in pair
    }  # a preview is drawn from the content, so it is shared only with it
    before = timezone.now() - ORPHANS_STAY
    return sum(store.discard(name, before=before) for name in sorted({name for name, _sha256 in files} - named))


# --- looking and storing, outside any transaction


def taken_in(files: Sequence[BinaryIO], *, pages: int, shelf: str = SHELF) -> list[Stored]:
    """Look at all files, then store all of them; one refusal stores none, and every refusal is told."""
    if not files:
        raise Invalid(
            "no_file",
            _("No file was chosen."),
            kept=_("Everything you sent before is kept."),
            next_step=_("Choose a photo or a PDF, then send it."),
        )
    if len(files) > pages:
        raise _too_many_pages()
    limits = replace(gate.Limits(), bytes=BYTES_A_FILE, pages=PAGES_A_DOCUMENT)
    asked = scanner()

    def look(file):
        return gate.examine(file, name=_name_given(file), limits=limits, scanner=asked)

    if len(files) == 1:
        seen = [look(files[0])]
    else:
        with ThreadPoolExecutor(max_workers=min(4, len(files))) as several:
            seen = list(several.map(look, files))
    refused = [one for one in seen if isinstance(one, gate.Refused)]
    if len(refused) == 1:
        raise refused[0].as_problem() if len(files) == 1 else _one_of_several(refused[0])
    if refused:
        raise Invalid(
            "files_refused",
            _("Some of the files cannot be taken."),
            errors={"files": [worded("%(what)s %(then)s", what=one.sentence, then=one.next_step) for one in refused]},
            kept=_("Everything you sent before is kept; of this document nothing yet."),
            next_step=_("Put right what is said about each file, and send them all again."),
        )
    if sum(len(one.pages) for one in seen) > pages:
        raise _too_many_pages()
    return [_stored(one, shelf) for one in seen]


def _one_of_several(refused: gate.Refused) -> Problem:
    problem = refused.as_problem()
    problem.kept = _("The other files are in order; of this document nothing is kept yet.")
    return problem


def _too_many_pages() -> Invalid:
    return Invalid(
        "document_too_long",
        worded(_("A document can have at most %(limit)s pages."), limit=PAGES_A_DOCUMENT),
        status=413,
        kept=_("Everything you sent before is kept."),
        next_step=_("Send only the pages that are asked for."),
    )


def _stored(accepted: gate.Accepted, shelf: str) -> Stored:
    file = store.put(accepted.content, shelf=shelf)
    previews = tuple(store.put(page.preview, shelf=shelf) if page.preview else "" for page in accepted.pages)
    return Stored(accepted, file, previews)


def _has_room(owner: Party, files: Sequence) -> None:
    if Document.objects.filter(owner=owner, state__in=states.HELD).count() >= DOCUMENTS_AN_OWNER:
        raise _no_room()


def _has_room_for(owner: Party, stored: Sequence[Stored]) -> None:
    held = Page.objects.filter(document__owner=owner, document__state__in=states.HELD)
    used = sum(size for _file, size in held.values_list("file", "size").order_by("file").distinct())
    if used + sum(len(one.accepted.content) for one in stored) > BYTES_AN_OWNER:
        raise _no_room()


def _no_room() -> NotAllowed:
    return NotAllowed(
        "no_room",
        _("There is no more room for documents in this space."),
        kept=_("Everything you sent before is kept."),
        next_step=_("Remove documents that are no longer needed, and send this one again."),
    )


# --- rows


def _again(document: Document) -> Document:
    """The document as it stands now, held against other hands until the end of the transaction."""
    document = Document.objects.select_for_update().select_related("owner").get(pk=document.pk)
    _still_open(document)
    return document


def _still_open(document: Document) -> None:
    if document.state != states.KEPT:
        raise NotAllowed(
            "handed_in",
            _("This document was handed in and can no longer be changed."),
            kept=_("It stays as it was handed in."),
            next_step=_("If something is missing, send a new document when you are asked for it."),
        )


def _append(document: Document, stored: Sequence[Stored]) -> None:
    order = document.pages.count()
    if order + sum(len(one.accepted.pages) for one in stored) > PAGES_A_DOCUMENT:
        raise _too_many_pages()
    rows = []
    for one in stored:
        for number in range(len(one.accepted.pages)):
            order += 1
            rows.append(Page(document=document, order=order, **_fields_of(one, number)))
    Page.objects.bulk_create(rows)


def _fields_of(stored: Stored, number: int) -> dict:
    page = stored.accepted.pages[number]
    return {
        "mime": stored.accepted.mime,
        "file": stored.file,
        "file_page": number,
        "sha256": stored.accepted.sha256,
        "size": len(stored.accepted.content),
        "width": page.width,
        "height": page.height,
        "preview": stored.previews[number],
    }


def _number(document: Document, pages: Sequence[Page]) -> None:
    for order, page in enumerate(pages, start=1):
        page.order = order
    Page.objects.bulk_update(pages, ["order"])


def _changed(document: Document, how: str, by: Account, actor: Actor | None, notes: Sequence[str] = ()) -> None:
    Document.objects.filter(pk=document.pk).update(updated_at=timezone.now())
    if how != RENAMED:
        reading.ask_again(document)
    journal.record(
        events.DocumentChanged(document.pk, how, list(notes)),
        subject=queries.subject(document),
        actor=actor or _applying(by, document.owner),
    )


def _notes(stored: Sequence[Stored]) -> list[str]:
    return list(dict.fromkeys(note for one in stored for note in one.accepted.notes))


def _name_given(file) -> str:
    return gate.shown_name(str(getattr(file, "name", "") or "")) or str(_("document"))


def _applying(by: Account, owner: Party) -> Actor:
    return Actor(kind="applicant", role="applicant", account=by.pk, party=owner.pk)
