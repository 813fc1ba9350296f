"""Is everything what was written? Every part looks by itself and names each thing that is wrong, in a sentence."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from tongban.cases.models import Case, CaseMaterial, CaseNumber
from tongban.evaluations import queries as ratings
from tongban.journal import anchors, witness
from tongban.journal import services as journal
from tongban.journal.models import Event, ReadEntry
from tongban.lib.encryption import Unreadable
from tongban.licences import services as licences
from tongban.licences.models import Licence, LicenceSerial
from tongban.materials import services as materials
from tongban.materials import store
from tongban.materials.models import Page
from tongban.site.safekeeping.copying import plain

Progress = Callable[[int], None]
AT_MOST = 100  # sentences of one part: who has more wrong than this needs a backup, not a list


@dataclass(frozen=True)
class Part:
    name: str
    size: Callable[[], int]
    look: Callable[[Progress], Iterator[str]]


def database(progress: Progress) -> Iterator[str]:
    """SQLite checks every page and index of its file; PostgreSQL is asked to read every row."""
    if connection.vendor == "sqlite":
        try:
            yield from integrity(Path(settings.DATABASES["default"]["NAME"]), "integrity_check")
        except sqlite3.DatabaseError as error:
            yield f"The database file is damaged: {error}. Restore the last backup."
    else:
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                try:
                    cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
                except Exception as error:
                    yield f"The table {table} cannot be read: {str(error).strip()}. Restore the last backup."
    progress(1)


def integrity(path: Path, pragma: str) -> Iterator[str]:
    with closing(plain(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60))) as line:
        for (found,) in line.execute(f"PRAGMA {pragma}({AT_MOST})"):
            if found != "ok":
                yield f"The database file is damaged: {found}. Restore the last backup."


def log(progress: Progress) -> Iterator[str]:
    """Both chains, against the heads that were written down outside the database."""
    folder = journal.anchor_folder()
    broken = journal.verify_log(
        progress, anchored=list(anchors.read(folder)) if folder.exists() else [], witnessed=witness.read()
    )
    if broken is not None:
        yield f"The log: {broken.table}, row {broken.row} (place {broken.position}): {broken.reason}."


def documents(progress: Progress) -> Iterator[str]:
    for page in materials.check_files(progress=progress):
        yield f"Document {page.document_id}, page {page.order}: the file {page.file} is damaged. Its owner has been asked to send it again."


def seals(progress: Progress) -> Iterator[str]:
    """Every licence: its statement is signed by a key we trust and speaks for this row; its file is there, whole."""
    rows = Licence.objects.select_related("type", "issuer", "holder").order_by("pk")
    for row in rows.iterator(chunk_size=500):
        if why := licences.trouble_with(row):
            yield f"Licence {row.identifier}: {why}."
        if row.sealed_at is not None:
            try:
                store.get(row.pdf, sha256=row.pdf_sha256)
            except store.Damaged:
                yield f"Licence {row.identifier}: its sealed file {row.pdf} is damaged. It is sealed anew by the duty that looks after files."
        progress(1)


def words(progress: Progress) -> Iterator[str]:
    """Every rating still says what its person wrote."""
    for pk, case in ratings.all_of_them().values_list("pk", "case_id").iterator(chunk_size=5000):
        try:
            as_given = ratings.stands(pk)
        except Unreadable:
            as_given = False
        if not as_given:
            yield f"Rating {pk} of case {case}: its words are not those that were given."
        progress(1)


def counters(progress: Progress) -> Iterator[str]:
    """No counter stands behind a number that was given."""
    given: dict[tuple[str, str], int] = {}
    for number in Case.objects.exclude(number=None).values_list("number", flat=True).iterator(chunk_size=5000):
        assert number is not None
        place = number[:6], number[6:12]
        given[place] = max(given.get(place, 0), int(number[12:17]))
    counted = {
        (division, f"{day:%y%m%d}"): last
        for division, day, last in CaseNumber.objects.values_list("division", "day", "last")
    }
    for place, highest in sorted(given.items()):
        if counted.get(place, 0) < highest:
            yield f"Case numbers of {place[0]} on {place[1]}: the counter stands at {counted.get(place, 0)}, but {highest} was given."
    serials = dict(LicenceSerial.objects.values_list("type_id", "last"))
    for kind, slug, highest in Licence.objects.values_list("type", "type__slug").annotate(highest=Max("serial")):
        if serials.get(kind, 0) < int(highest):
            yield f"Licences {slug}: the counter stands at {serials.get(kind, 0)}, but {int(highest)} was given."
    progress(1)


def orphans(progress: Progress) -> Iterator[str]:
    """Rows that speak of each other, and files nobody names that the daily cleaning should have taken."""
    sent = Case.objects.exclude(state="draft").exclude(number=None)
    for pk in sent.filter(submitted_at=None).values_list("pk", flat=True)[:AT_MOST]:
        yield f"Case {pk} has a number but was never sent."
    missing = CaseMaterial.objects.filter(Q(how="upload") & (Q(document=None) | Q(document__state="removed")))
    for pk, case in missing.values_list("pk", "case_id")[:AT_MOST]:
        yield f"Case {case}: material {pk} names a document that was removed."
    named = {name for names in Page.objects.values_list("file", "preview").iterator() for name in names}
    named |= set(Licence.objects.exclude(pdf="").values_list("pdf", flat=True).iterator())
    before = (timezone.now() - 2 * materials.ORPHANS_STAY).timestamp()
    for shelf in (materials.SHELF, "licences"):
        for path in (store.folder() / shelf).glob("??/*"):
            if f"{shelf}-{path.name}" not in named and path.stat().st_mtime < before:
                yield f"The file {path.relative_to(store.folder())} is older than two days and nobody names it."
    progress(1)


PARTS = [
    Part("database", lambda: 1, database),
    Part("log", lambda: Event.objects.count() + ReadEntry.objects.count(), log),
    Part("documents", lambda: Page.objects.count(), documents),
    Part("licences", lambda: Licence.objects.count(), seals),
    Part("ratings", lambda: ratings.all_of_them().count(), words),
    Part("counters", lambda: 1, counters),
    Part("orphans", lambda: 1, orphans),
]
