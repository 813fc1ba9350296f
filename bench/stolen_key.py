"""The drill for a stolen key: so many holders, one withdrawal, one worker; how long until nothing is signed by that key any more.

    nice python bench/stolen_key.py [--holders 10000] [--seal-seconds 30]

A scratch SQLite database. What answers "not trusted" at once is measured as the withdrawal itself; then the worker's turns until the last
licence is signed anew and its holder told; sealing the documents goes on after that, and its pace is measured for so many seconds.
Peer of the same run: as many bare ECDSA P-256 signatures as there are holders, which is the least such a drill can cost.
"""

import argparse
import contextlib
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gates
from measuring import ROOT, cpu_ms, table

sys.path.insert(0, str(ROOT))


def main(options: argparse.Namespace) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tongban-bench-"))
    os.environ |= {"TONGBAN_VAR": str(folder / "var"), "DJANGO_SETTINGS_MODULE": "tongban.site.settings"}
    os.environ.pop("TONGBAN_KEYS", None)
    os.environ.pop("DATABASE_URL", None)
    (folder / "var").mkdir()
    try:
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        from tests.site.product import kept_tables
        from tongban.lib.encryption import create_keys

        create_keys(settings.TONGBAN_KEYS)
        shutil.copyfile(kept_tables(), settings.DATABASES["default"]["NAME"])
        with contextlib.closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as line:
            line.execute("PRAGMA journal_mode = WAL")
        call_command("migrate", interactive=False, verbosity=0)
        drill(options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def drill(options: argparse.Namespace) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from django.db.models import F
    from django.utils import timezone

    from tests import make
    from tongban.journal import services as journal
    from tongban.journal.actors import PLATFORM
    from tongban.journal.models import Job
    from tongban.licences import services, withdrawing
    from tongban.licences.models import Licence, Reissue
    from tongban.notices.models import Message
    from tongban.parties.models import Account, Person

    today = timezone.localdate()
    people = gates._people(options.holders)  # rows as they are, made by the database
    kind = make.licence_type("food-licence", issuer=make.department("AMR"), face_fields=["name"])
    first = services.issue(
        kind, holder=Person.objects.get(pk=1), face={"name": "n1"}, decision="case:1", issued_on=today, valid_from=today,
        valid_to=today + timedelta(days=99), actor=PLATFORM,
    )  # fmt: skip
    Account.objects.bulk_create(
        [Account(login=f"holder-{number}", person_id=number) for number in people], batch_size=500
    )
    services.put_seal(first.pk)
    first.refresh_from_db()
    held = {one.attname: getattr(first, one.attname) for one in Licence._meta.concrete_fields}
    own = ("id", "holder_id", "serial", "identifier", "token", "decision")
    Licence.objects.bulk_create(
        [
            Licence(
                **{name: value for name, value in held.items() if name not in own}, holder_id=number, serial=f"{number:012}",
                identifier=f"{first.identifier[:-8]}{number:08}", token=f"T{number:031}", decision=f"case:{number}",
            )
            for number in people[1:]
        ],
        batch_size=500,
    )  # fmt: skip
    assert Licence.objects.filter(key_id=first.key_id).count() == options.holders
    Job.objects.all().delete()  # the first sealing of each is not part of the drill
    key_id = first.key_id
    private = ec.generate_private_key(ec.SECP256R1())
    signature = cpu_ms(lambda: private.sign(b"x" * 200, ec.ECDSA(hashes.SHA256())))

    began, cpu, load = time.perf_counter(), time.process_time(), os.getloadavg()[0]
    row = withdrawing.by_operator(key_id, why="A drill with many holders.")
    withdrawn = time.perf_counter() - began
    while Licence.objects.filter(key_id=key_id).exists():
        if not journal.work_once(slow=False):  # as the worker has it: sealing goes on beside, in a lane of its own
            raise SystemExit("the worker has nothing to do, and licences are left")
    signed, cpu = time.perf_counter() - began, time.process_time() - cpu
    sealed_meanwhile = Reissue.objects.filter(withdrawal=row, licence__sealed_at__gte=F("at")).count()
    assert Reissue.objects.filter(withdrawal=row).count() == options.holders
    told = Message.objects.filter(kind="licence_signed_anew").count()
    assert told == options.holders, told

    began, before = time.perf_counter(), sealed_meanwhile
    while time.perf_counter() - began < options.seal_seconds and journal.work_once(slow=True):
        pass
    sealing = time.perf_counter() - began
    sealed = Reissue.objects.filter(withdrawal=row, licence__sealed_at__gte=F("at")).count() - before
    each = sealing / max(sealed, 1)
    table(
        f"The drill for a stolen key, {options.holders:,} holders, SQLite, one worker, load {load:.1f}",
        ["what", "seconds", "ms each"],
        [
            ["as many bare signatures (the floor)", signature * options.holders / 1000, signature],
            ["withdrawn: nothing it signed is believed any more", withdrawn, ""],
            [f"every licence signed anew, every holder told ({sealed_meanwhile} sealed meanwhile)", signed, signed * 1000 / options.holders],
            ["of that CPU of the worker", cpu, cpu * 1000 / options.holders],
            [f"documents sealed anew after that (by {sealed} in {sealing:.0f} s)", each * options.holders, each * 1000],
        ],
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Each licence is a transaction of its own, on disk before the next.",
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--holders", type=int, default=10_000)
    parser.add_argument("--seal-seconds", type=float, default=30)
    main(parser.parse_args())
