"""`tongban keys list | rotate | retire | seals | revoke`: renew the key of personal data while the product runs.

`rotate` makes a new key, seals every field and every file with it in small steps, and may be stopped and called again at any time:
what is done is seen from the values themselves. `retire` puts old keys aside once nothing is sealed with them; they are not destroyed,
because older backups need them. The index key is not renewed: nobody would be found again, and the log is signed with it.

`tongban keys seals` lists the keys that sign licences; `tongban keys revoke KEY --why TEXT` withdraws a stolen one: what it signed answers
"check again" at once, and the worker signs each of those licences anew (docs/security.md). `tongban keys codes` lists those of identity
codes, `tongban keys codes KEY --why TEXT` withdraws one.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from tqdm import tqdm

from tongban.codes import keys as code_keys
from tongban.codes.services import keeping_keys as keeping_code_keys
from tongban.codes.services import verifying as verifying_codes
from tongban.journal.models import Job
from tongban.lib import encryption
from tongban.lib.encryption import Unreadable
from tongban.lib.fields import EncryptedField
from tongban.lib.problems import Problem
from tongban.licences import keys as seal_keys
from tongban.licences import services as licences
from tongban.licences import withdrawing
from tongban.licences.models import Licence
from tongban.materials import store

BATCH = 500
OTHERS_HAVE_SEEN_IT_AFTER = 2 * encryption.LOOK_AGAIN_AFTER
PASSES = 5


@dataclass(frozen=True)
class Column:
    """A column of sealed text: where it is, and what binds its values to their place."""

    table: str
    key: str
    name: str
    context: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


def columns() -> list[Column]:
    """Every sealed column of every model, found by asking the models."""
    return [
        Column(model._meta.db_table, str(model._meta.pk.column), str(field.column), field.context)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedField)
    ]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "act", choices=["list", "rotate", "retire", "seals", "revoke", "codes"], nargs="?", default="list"
    )
    parser.add_argument(
        "key",
        nargs="?",
        default="",
        help="with revoke: which key (see: tongban keys seals); with codes: the key to withdraw",
    )
    parser.add_argument("--why", default="", help="with revoke and codes: what happened, who found out, when")
    parser.add_argument("--no-new-key", action="store_true", help="go on with a rotation that was stopped")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    folder = Path(settings.TONGBAN_KEYS)
    if options.act == "rotate":
        return _rotate(folder, new=not options.no_new_key, quiet=options.quiet)
    if options.act == "retire":
        return _retire(folder)
    if options.act == "seals":
        return _seals()
    if options.act == "revoke":
        return _revoke(options.key, options.why)
    if options.act == "codes":
        return _codes(options.key, options.why)
    used = in_use()
    for key_id in encryption.field_keys(folder):
        newest = "  seals from now on" if key_id == encryption.field_keys(folder)[-1] else ""
        sys.stdout.write(f"{key_id}  {used.get(key_id, 0)} values and files{newest}\n")
    return 0


def _codes(key_id: str, why: str) -> int:
    """The keys of identity codes; with a key, that one is withdrawn: nothing it signed is accepted from then on, papers included."""
    if key_id:
        if not why:
            sys.stderr.write("Say with --why what happened.\n")
            return 2
        try:
            ended = keeping_code_keys.withdraw(key_id, why=why)
        except code_keys.KeyTrouble as trouble:
            sys.stderr.write(f"{trouble}\n")
            return 1
        sys.stdout.write(
            f"Withdrawn. {ended} paper codes ended with it; phones show codes of a new key within a minute.\n"
        )
        return 0
    for key in code_keys.all_public(verifying_codes.key_directory()):
        said = f"withdrawn: {key.withdrawn_why}" if key.withdrawn_at else "signs" if key.signing else "ended"
        sys.stdout.write(f"{key.key_id}  {key.not_before:%Y-%m-%d} to {key.not_after:%Y-%m-%d}  {said}\n")
    return 0


def _rotate(folder: Path, *, new: bool, quiet: bool) -> int:
    if new:
        made = encryption.add_key(folder)
        sys.stdout.write(f"A new key: {made.name}. Put it into the backup of keys now.\n")
        time.sleep(OTHERS_HAVE_SEEN_IT_AFTER)  # until then another process may still seal with the old one
    done = 0
    for _pass in range(PASSES):
        with tqdm(disable=quiet or None, unit=" values", desc="Sealing anew") as bar:
            changed = seal_anew(lambda number: bar.update(number))
        done += changed
        if not changed:
            break
    left = stale()
    sys.stdout.write(f"{done} values and files are sealed anew. {left or 'None'} under an older key.\n")
    return 1 if left else 0


def _retire(folder: Path) -> int:
    old = encryption.field_keys(folder)[:-1]
    used = in_use()
    still = [key_id for key_id in old if used.get(key_id)]
    for key_id in old:
        if key_id not in still:
            aside = encryption.retire_key(folder, key_id)
            sys.stdout.write(
                f"{key_id} is put aside in {aside.parent.name}/. Keep it as long as backups from its time.\n"
            )
    for key_id in still:
        sys.stdout.write(
            f"{key_id} still opens {used[key_id]} values and files. Run: tongban keys rotate --no-new-key\n"
        )
    if not old:
        sys.stdout.write("There is only one key.\n")
    return 1 if still else 0


def _seals() -> int:
    """The keys that sign licences and letters: whose, from when to when, and how many licences each has signed."""
    signed = dict(Licence.objects.values_list("key_id").annotate(number=Count("pk")).order_by())
    for public in seal_keys.all_public(licences.key_directory()):
        state = f"withdrawn {public.withdrawn_at:%Y-%m-%d}" if public.withdrawn_at else ""
        sys.stdout.write(
            f"{public.key_id}  {public.not_before:%Y-%m-%d} to {public.not_after:%Y-%m-%d}"
            f"  {signed.get(public.key_id, 0)} licences  {state}".rstrip()
            + "\n"
        )
    return 0


def _revoke(key_id: str, why: str) -> int:
    if not key_id or not why.strip():
        sys.stderr.write("Say which key and why: tongban keys revoke KEY --why TEXT. Keys: tongban keys seals\n")
        return 2
    try:
        row = withdrawing.by_operator(key_id, why=why)
    except (Problem, seal_keys.KeyTrouble):
        sys.stderr.write(f"There is no key {key_id!r}. Keys: tongban keys seals\n")
        return 2
    done = withdrawing.progress(row)
    sys.stdout.write(
        f"{key_id} is withdrawn. {done['left']} licences wait to be signed anew by the worker; until then each answers"
        " “check again”. How far it is: tongban keys revoke again, or Licences > Keys in the office.\n"
        if done["left"]
        else f"{key_id} is withdrawn. Every licence it had signed is signed anew: {done['signed']}, sealed {done['sealed']}.\n"
    )
    return 0


# -- the work


def seal_anew(progress: Callable[[int], None] = lambda number: None) -> int:
    """Everything that is sealed with an older key, in steps that hold nothing for long. Returns how much."""
    newest = encryption.keyring(anew=True).newest
    done = 0
    for column in columns():
        for rows in _stale_rows(column, newest):
            done += _seal_rows(column, rows)
            progress(len(rows))
    for row in Authenticator.objects.filter(type=Authenticator.Type.TOTP).iterator():
        done += _seal_secret(row, newest)
    for job in Job.objects.filter(state=Job.WAITING, kind="parties.mail").iterator():
        done += _seal_letter(job, newest)
    for name in store.names():
        try:
            if store.sealed_with(name) != newest:
                store.seal_anew(name)
                done += 1
                progress(1)
        except store.Damaged as damage:
            sys.stderr.write(f"{damage}: left as it is\n")
    return done


def _stale_rows(column: Column, newest: str) -> Iterator[list[tuple]]:
    """Batches of (key, sealed text) in the order of keys; what is sealed with the newest key is not even read."""
    quoted = {name: connection.ops.quote_name(getattr(column, name)) for name in ("table", "key", "name")}
    question = (  # noqa: S608
        "SELECT {key}, {name} FROM {table} WHERE {key} > %s AND {name} LIKE %s AND {name} NOT LIKE %s"
        " ORDER BY {key} LIMIT %s"
    ).format(**quoted)
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(question, [last, "e1.%", f"e1.{newest}.%", BATCH])
            rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _seal_rows(column: Column, rows: list[tuple]) -> int:
    """Only what still is as it was read: whoever wrote meanwhile wrote with the newest key already."""
    quoted = {name: connection.ops.quote_name(getattr(column, name)) for name in ("table", "key", "name")}
    statement = "UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s".format(**quoted)  # noqa: S608
    done = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for key, sealed in rows:
            try:
                text = encryption.decrypt(sealed, column.context)
            except Unreadable as trouble:
                sys.stderr.write(f"{column}, row {key}: {trouble} Left as it is.\n")
                continue
            cursor.execute(statement, [encryption.encrypt(text, column.context).decode("ascii"), key, sealed])
            done += cursor.rowcount
    return done


def _seal_secret(row: Authenticator, newest: str) -> int:
    sealed = row.data.get("secret", "")
    try:
        if encryption.key_of(sealed) == newest:
            return 0
        text = encryption.decrypt(sealed, "mfa.secret")
    except Unreadable:
        return 0
    row.data = {**row.data, "secret": encryption.encrypt(text, "mfa.secret").decode("ascii")}
    row.save(update_fields=["data"])
    return 1


def _seal_letter(job: Job, newest: str) -> int:
    sealed = job.payload.get("letter", "")
    if not sealed or encryption.key_of(sealed) == newest:
        return 0
    text = encryption.decrypt(sealed, "parties.mail")
    payload = {**job.payload, "letter": encryption.encrypt(text, "parties.mail").decode("ascii")}
    return Job.objects.filter(pk=job.pk, state=Job.WAITING).update(payload=payload)


def in_use() -> Counter:
    """{key id: how many values and files it seals}."""
    found: Counter = Counter()
    for column in columns():
        name, table = connection.ops.quote_name(column.name), connection.ops.quote_name(column.table)
        with connection.cursor() as cursor:
            for key_id in [*encryption.field_keys(Path(settings.TONGBAN_KEYS))]:
                cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {name} LIKE %s", [f"e1.{key_id}.%"])  # noqa: S608
                found[key_id] += cursor.fetchone()[0]
    secrets = [row.get("secret", "") for row in Authenticator.objects.values_list("data", flat=True)]
    letters = [
        json_.get("letter", "") for json_ in Job.objects.filter(kind="parties.mail").values_list("payload", flat=True)
    ]
    for sealed in [*secrets, *letters]:
        if str(sealed).startswith(f"{encryption.PREFIX}."):
            found[encryption.key_of(sealed)] += 1
    for name in store.names():
        try:
            found[store.sealed_with(name)] += 1
        except store.Damaged:
            continue
    return +found


def stale() -> int:
    """How much is still sealed with an older key than the newest."""
    newest = encryption.field_keys(Path(settings.TONGBAN_KEYS))[-1]
    return sum(number for key_id, number in in_use().items() if key_id != newest)
