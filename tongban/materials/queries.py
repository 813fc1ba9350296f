"""Documents as their owners see them, and the contents of pages. Officers come by way of their cases."""

from dataclasses import dataclass
from datetime import date

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import queries as journal
from tongban.journal import services as journaling
from tongban.lib.problems import Problem, Unavailable, worded
from tongban.materials import gate, states, store
from tongban.materials.models import Document, Page, Reading
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party
from tongban.parties.states import Act

log = structlog.get_logger("materials")

LOOK_AGAIN = "materials.look_again"


@dataclass(frozen=True)
class Opened:
    """Bytes to hand out as what they are and never as anything else (nosniff, attachment or sandbox)."""

    mime: str
    content: bytes
    name: str


def of(party: Party) -> QuerySet[Document]:
    """The party's documents, the newest first, with their pages."""
    return (
        Document.objects.filter(owner=party, state__in=states.HELD)
        .prefetch_related("pages")
        .order_by("-created_at", "-pk")
    )


def visible_to(account: Account, *, today: date | None = None) -> QuerySet[Document]:
    """Documents of the person and of whom it acts for without limits today; within limits only what it handed in itself."""
    held = parties.all_of(account, today or timezone.localdate())
    whole = {power.party.pk for power in held if power.full}
    limited = {power.party.pk for power in held if {Act.PREPARE, Act.SUBMIT} & power.acts} - whole
    return (
        Document.objects.filter(Q(owner__in=whole) | Q(owner__in=limited, by=account), state__in=states.HELD)
        .prefetch_related("pages")
        .order_by("-created_at", "-pk")
    )


def pages_visible_to(account: Account, *, today: date | None = None) -> QuerySet[Page]:
    return Page.objects.filter(document__in=visible_to(account, today=today).order_by()).select_related("document")


def subject(document: Document) -> str:
    return f"document:{document.pk}"


def reading_of(document: Document) -> Reading | None:
    """What the machine read on it, or how far it is; None if nobody asked for it."""
    return Reading.objects.filter(document=document).first()


def left_out(document: Document) -> list:
    """Sentences about what the safe copies of this document do not have: seals, scripts, files inside."""
    happened = journal.history(subject(document)).values_list("payload", flat=True)
    notes = [note for payload in happened for note in payload.get("notes", ())]
    return [gate.NOTES[note] for note in dict.fromkeys(notes) if note in gate.NOTES]


def open_page(page: Page) -> bytes:
    """The page as its owner turned it, a file of its own: a picture, or a PDF of one page. Raises Problem if it is damaged."""
    content = _content(page)
    if page.mime != "application/pdf" and not page.turned:
        return content
    # A PDF is never handed out whole: pages of it may have been removed from the document.
    made = gate.one_page(content, page.mime, page.file_page, page.turned)
    if made is None:
        raise _not_now()
    return made


def preview(page: Page) -> Opened:
    """A small picture of the page for looking at on a screen. Draws it now if there is none."""
    try:
        content = store.get(page.preview) if page.preview else None
    except store.Damaged as damaged:
        log.error("preview_damaged", page=page.pk, why=str(damaged))
        content = None
    if content is None:
        whole = _content(page)
        drawn = gate.draw_page(whole, page.file_page) if page.mime == "application/pdf" else (page.mime, whole)
        if drawn is None:
            raise _not_now()
        content = drawn[1]
    mime = gate.kind_of_copy(content)
    if page.turned:
        content = gate.one_page(content, mime, 0, page.turned)
        if content is None:
            raise _not_now()
    return Opened(mime, content, f"{page.document.key}-{page.order}.{mime.rpartition('/')[2]}")


def shown_size(page: Page) -> tuple[int, int]:
    """Width and height as the page is shown, so that a page in the browser does not jump."""
    return (page.height, page.width) if page.turned in (90, 270) else (page.width, page.height)


def damaged(documents) -> QuerySet[Page]:
    """Pages of these documents that storage has damaged and nobody has sent again yet."""
    found = Page.objects.filter(document__in=documents, damaged_at__isnull=False)
    return found.select_related("document").order_by("document", "order")


def is_whole(page: Page) -> bool:
    try:
        store.get(page.file, sha256=page.sha256)
    except store.Damaged:
        return False
    return True


def _content(page: Page) -> bytes:
    try:
        return store.get(page.file, sha256=page.sha256)
    except store.Damaged as damaged:
        log.error("page_damaged", page=page.pk, document=page.document_id, why=str(damaged))
        journaling.enqueue(LOOK_AGAIN, once=f"look:{page.pk}:{timezone.now():%Y%m%d%H}", page=page.pk)
        raise Problem(
            "page_damaged",
            worded(
                _("Page %(number)s of “%(name)s” was damaged in our storage and cannot be shown."),
                number=page.order,
                name=page.document.name,
            ),
            status=410,
            kept=_("The application and its other documents are not affected."),
            next_step=_("Please send this page again."),
        ) from damaged


def _not_now() -> Unavailable:
    return Unavailable(
        "page_not_drawn",
        _("This page cannot be drawn at this moment."),
        kept=_("The document itself is kept."),
        next_step=_("Please try again in a minute."),
        retry_after=60,
    )
