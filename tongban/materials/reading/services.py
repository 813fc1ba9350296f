"""Reading a document in the worker: a page is an errand of its own, kept when it is read, so that progress is seen.

Nothing waits for a reading and nothing is refused by it: when it cannot be done, it says so and that is all.
"""

import contextlib
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib.moves import make
from tongban.materials import events, store
from tongban.materials.models import Document, Page, Reading
from tongban.materials.reading import desk, states, understanding

log = structlog.get_logger("materials.reading")

TRIES_A_PAGE = 3
BEGINS_A_PAGE = 12  # a worker that is stopped in the middle of a page is no try; one that a page kills is, in the end
WAIT_AFTER_A_BREAK = timedelta(seconds=5)
ERRAND = "materials.read_page"


def ask(document: Document) -> Reading:
    """Have the worker read it after the commit. A second time changes nothing."""
    with transaction.atomic():
        reading, fresh = Reading.objects.get_or_create(
            document=document, defaults={"pages_total": document.pages.count()}
        )
        if fresh:
            _enqueue(reading)
    return reading


def ask_again(document: Document) -> Reading | None:
    """What was read no longer holds, because its pages changed: it is forgotten and read anew. Nothing if nobody ever asked."""
    with transaction.atomic():
        reading = Reading.objects.filter(document=document).first()
        if reading is not None:
            make(
                reading,
                states.READ_AGAIN,
                round=F("round") + 1,
                tries=0,
                begun=0,
                pages_total=document.pages.count(),
                pages_done=0,
                kind="",
                kind_confidence=0.0,
                lines=[],
                values={},
                quality=[],
                error="",
                asked_at=timezone.now(),
                started_at=None,
                read_at=None,
            )
            _enqueue(reading)
    return reading


def copy(original: Document, fresh: Document) -> None:
    """The same pages say the same."""
    reading = Reading.objects.filter(document=original, state=states.DONE).first()
    if reading is not None:
        reading.pk, reading.document, reading.round = None, fresh, 1
        reading._state.adding = True
        reading.save(force_insert=True)


def _enqueue(reading: Reading, *, after: timedelta | None = None) -> None:
    journal.enqueue(
        ERRAND,
        run_at=timezone.now() + after if after else None,
        document=reading.document_id,
        round=reading.round,
    )


@journal.carrier(ERRAND, slow=True)
def read_page(document: int, round: int) -> None:
    """Read the next page that is not read yet. Done a second time, or for pages that changed meanwhile, it does nothing."""
    reading = Reading.objects.filter(document=document, round=round, state__in=states.BEGUN).first()
    if reading is None:
        return
    if (why := why_not()) is not None:
        return _give_up(reading, states.CANNOT, why)
    if reading.tries >= TRIES_A_PAGE or reading.begun >= BEGINS_A_PAGE:
        return _give_up(reading, states.FAIL, "broke")
    page = Page.objects.filter(document=document).order_by("order", "pk")[reading.pages_done :].first()
    if page is None:
        return _finish(reading)
    make(reading, states.BEGIN, begun=F("begun") + 1, started_at=reading.started_at or timezone.now())
    try:
        content = store.get(page.file, sha256=page.sha256)
    except store.Damaged:
        return _give_up(reading, states.FAIL, "damaged")
    try:
        answer = desk.desk.read(content, mime=page.mime, page=page.file_page, turned=page.turned)
    except desk.Broken as broken:
        Reading.objects.filter(pk=reading.pk, round=reading.round).update(tries=F("tries") + 1, begun=0)
        reading.refresh_from_db(fields=["tries"])
        log.warning("page_broke_reader", document=document, page=page.order, tries=reading.tries, why=str(broken)[:200])
        if reading.tries >= TRIES_A_PAGE:
            return _give_up(reading, states.FAIL, "broke")
        return _enqueue(reading, after=WAIT_AFTER_A_BREAK)
    return _keep(reading, answer)


def nothing_read_twice() -> contextlib.AbstractContextManager[None]:
    """For whoever brings the same pages again and again, as the demonstration does."""
    return desk.desk.remembering()


def why_not() -> str | None:
    """Why nothing is read in this installation; None when it is."""
    if settings.READING != "on":
        return "switched_off"
    return None if desk.installed() else "not_installed"


def _keep(reading: Reading, answer: dict) -> None:
    """Write what one page said and go on to the next; the last one closes the reading."""
    with transaction.atomic():
        held = Reading.objects.select_for_update().filter(pk=reading.pk, round=reading.round).first()
        if held is None or held.pages_done != reading.pages_done or held.state != states.RUNNING:
            return  # pages changed, or another hand was faster
        number = held.pages_done + 1
        held.lines = [*held.lines, *({"page": number, **line} for line in answer["lines"])]
        held.quality = [*held.quality, {"page": number, **answer["quality"]}]
        held.pages_done, held.tries, held.begun, held.engine = number, 0, 0, answer["engine"]
        held.save(update_fields=["lines", "quality", "pages_done", "tries", "begun", "engine"])
        journal.touch(f"document:{held.document_id}")
        if number < held.pages_total:
            return _enqueue(held)
        _finish(held)


def _finish(reading: Reading) -> None:
    """Say what kind it is and which values stand where, from all its pages together."""
    understood = understanding.understand(reading.lines, today=timezone.localdate())
    with transaction.atomic():
        make(
            reading,
            states.FINISH,
            kind=understood.kind,
            kind_confidence=understood.confidence,
            values=understood.values,
            read_at=timezone.now(),
            error="",
        )
        journal.touch(f"document:{reading.document_id}")
        journal.record(
            events.DocumentRead(reading.document_id), subject=f"document:{reading.document_id}", actor=PLATFORM
        )


def _give_up(reading: Reading, step, why: str) -> None:
    """Whoever waits for what is read is told that nothing comes: the same event, and the reading says why."""
    with transaction.atomic():
        make(reading, step, error=why)
        journal.touch(f"document:{reading.document_id}")
        journal.record(
            events.DocumentRead(reading.document_id), subject=f"document:{reading.document_id}", actor=PLATFORM
        )
