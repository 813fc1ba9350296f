"""Building the demonstration district: everything it consists of, in the order in which it rests on each other."""

import gc
import hashlib
import inspect
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from tongban.cases import facts
from tongban.codes.services.passes import share_register
from tongban.departments import services as departments
from tongban.halls import services as halls
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.lib import yamls
from tongban.materials import services as materials
from tongban.matters import guides, permit_errands
from tongban.matters import services as matters
from tongban.matters.models import MaterialType, Matter, MatterVersion
from tongban.notices.gateways.mail import FolderMail
from tongban.places import services as places
from tongban.registers import families
from tongban.registers import services as registers
from tongban.site.configuration import ROOT
from tongban.site.demonstration import (
    codes,
    emergency,
    history,
    living_hall,
    packages,
    papers,
    passes,
    people,
    procedures,
    venues,
    wallet,
)
from tongban.site.demonstration import halls as standing

DEMO = ROOT / "demo"

Say = Callable[[str], None]


def is_empty() -> bool:
    return not Matter.objects.exists()


def content(*, calendar: bool = True) -> None:
    """Divisions, departments, calendar, catalogue, licence types, registers: again and again the same. No people, no cases."""
    places.load_divisions(_rows("divisions", "divisions"))
    departments.load_departments(_rows("departments", "departments"))
    if calendar:
        departments.load_published_calendars()
    matters.load_demo(DEMO, today=timezone.localdate())
    papers.load_licence_types(DEMO)
    load_registers()
    codes.load(yamls.read(DEMO / "digital_codes.yaml"))
    halls.load(yamls.read(DEMO / "halls.yaml"))
    standing.load(DEMO)


def build(say: Say = lambda text: None, progress: Callable[[int], None] = lambda done: None) -> dict[str, int]:
    """The whole district in one transaction: all of it stands, or nothing does. Answers how many cases stand in which state."""
    now = timezone.now()
    gc.disable()  # half a million short-lived rows: looking for cycles among them takes a tenth of the time
    try:
        stand = _build(now, say, progress)
    finally:
        gc.enable()
    while journal.seal_chain() >= 2000:
        pass
    journal.note_chain_length()
    _let_newcomers_pass()
    return stand


def _let_newcomers_pass() -> None:
    """Licences that everybody holds already are sealed one a second after the start: whoever applies first does not wait for them."""
    waiting = list(Job.objects.filter(kind="licences.seal", state=Job.WAITING).order_by("id"))
    begin = timezone.now() + timedelta(seconds=30)
    for place, job in enumerate(waiting):
        job.run_at = begin + timedelta(seconds=place)
    Job.objects.bulk_update(waiting, ["run_at"])


def _build(now: datetime, say: Say, progress: Callable[[int], None]) -> dict[str, int]:
    with transaction.atomic(), registers.nobody_waits(), materials.nothing_read_twice():
        say("catalogue, registers, calendar")
        content()
        say("people, companies, staff")
        district = people.populate(DEMO)
        papers.hand_out(district, timezone.localdate(now))
        say("ninety days of cases")
        stand = history.write(district, now, progress)
        procedures.write(district, now)
        packages.write(district, now)
        _codes(now)
        return stand


def _codes(now: datetime) -> None:
    """Who acts in an emergency, passes, venues, a wallet in use: made once, and nobody gets letters about it."""
    with history.nobody_gets_letters():
        emergency.build(now)
        passes.hand_out(now)
        venues.build(DEMO, now)
        living_hall.build(now)
        wallet.use(now)


def follow_content(read: str) -> tuple[str, int]:
    """Bring a district that was built earlier up to today's content: new matters, bundles, licence types, registers, marks.

    `read` is the fingerprint of the content it has; while that is today's nothing is looked at. Answers today's fingerprint
    and how many versions of matters were published. What editors here made their own stays, and so does the calendar.
    """
    now = fingerprint()
    if read == now:
        return now, 0
    before = MatterVersion.objects.count()
    with transaction.atomic(), registers.nobody_waits():
        content(calendar=False)
        _codes(timezone.now())
        extra = yamls.read(DEMO / "registers.yaml")
        registers.follow_marks([*_rows("data_catalogue", "resources"), *extra["resources"]])
    return now, MatterVersion.objects.count() - before


def fingerprint() -> str:
    """Of the content and of the program that reads it."""
    digest = hashlib.sha256()
    readers = [Path(inspect.getfile(module)) for module in (guides, permit_errands, papers)]
    for path in [*sorted(DEMO.glob("*.yaml")), *readers, Path(__file__)]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def load_registers() -> None:
    """The data catalogue, what the twin has besides, and for each matter the grants that follow from what it asks."""
    extra = yamls.read(DEMO / "registers.yaml")
    rows = _rows("data_catalogue", "resources")
    for row in rows:
        row["fields"] = [*row["fields"], *extra["more_fields"].get(row["id"], ())]
    registers.load_resources([*rows, *extra["resources"]])
    share_register()
    registers.load_grants(families.ERRAND, facts=[f"{families.RESOURCE}.children"], ground=families.GROUND)
    resources = dict(MaterialType.objects.exclude(resource="").values_list("slug", "resource"))
    published = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).select_related("matter")
    for version in published:
        by_data = {one["material"] for one in version.requirements if one.get("exempt") == "data"}
        asked = facts.registers_for(version.rules) if version.rules else {}
        registers.load_grants(
            version.matter.slug,
            form=version.form,
            materials=sorted({resources[slug] for slug in by_data if slug in resources}),
            facts=sorted(f"{resource}.{field}" for resource, fields in asked.items() for field in fields),
            ground=version.legal_basis[0] if version.legal_basis else {},
        )


def throw_away() -> None:
    """Every table and file of this installation, keys excepted. For the demonstration only."""
    if not settings.DEMO:
        raise PermissionError("only the demonstration is ever thrown away")
    connection.close()
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if not name.startswith("sqlite_")]
        quoted = [connection.ops.quote_name(name) for name in tables]
        if connection.vendor == "postgresql":
            if quoted:
                cursor.execute(f"DROP TABLE {', '.join(quoted)} CASCADE")
            cursor.execute("DROP FUNCTION IF EXISTS rating_stands()")
        else:
            cursor.execute("PRAGMA foreign_keys=OFF")
            for name in quoted:
                cursor.execute(f"DROP TABLE {name}")
            cursor.execute("PRAGMA foreign_keys=ON")
    for folder in (Path(settings.MEDIA_ROOT), FolderMail().folder, Path(settings.TONGBAN_VAR) / "sms"):
        shutil.rmtree(folder, ignore_errors=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)


def timed(do: Callable[[], dict[str, int]]) -> tuple[dict[str, int], float]:
    began = time.monotonic()
    return do(), time.monotonic() - began


def _rows(name: str, key: str) -> list[dict]:
    return yamls.read(DEMO / f"{name}.yaml")[key]
