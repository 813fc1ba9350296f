import hashlib
import time
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tongban.lib.encryption import create_keys
from tongban.site import first_tables, translating
from tongban.site.commands import main
from tongban.site.configuration import ROOT
from tongban.site.demonstration import district


def arguments(parser):
    parser.add_argument(
        "--demo-anew",
        action="store_true",
        help="throw this installation's data away and build the demonstration district anew",
    )


def run(options) -> int:
    return everything(demo_anew=options.demo_anew)


def _say(text: str) -> None:
    print(text, flush=True)


def everything(*, demo_anew: bool = False) -> int:
    for do in (keys, database, translations, static_files):
        if code := do():
            return code
    if demo_anew:
        return _demo(["--rebuild"])
    return demonstration()


def keys() -> int:
    """New keys only for a new installation: beside data that older ones have sealed they would make it look empty."""
    folder = Path(settings.TONGBAN_KEYS)
    if any(folder.glob("field-*.key")) and (folder / "index.key").exists():
        return 0
    if _has_people():
        _say(
            f"The keys of this installation are missing from {folder}, but there is data that they have sealed. "
            "Bring the key files back from their own backup. Nothing was changed."
        )
        return 1
    _say("- Making the keys of this installation ...")
    create_keys(folder)
    return 0


def _has_people() -> bool:
    try:
        return apps.get_model("parties", "Party").objects.exists()
    except Exception:  # no table yet, or no database
        return False


def database() -> int:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        began = time.monotonic()
        if first_tables.is_empty():
            _say("- Making the tables ...")
            first_tables.make(executor, plan)
        else:
            _say(f"- Bringing the database up to date ({len(plan)} steps) ...")
        call_command("migrate", interactive=False, verbosity=0)
        _say(f"  done in {time.monotonic() - began:.1f} s")
    table = str(settings.CACHES["default"]["LOCATION"])  # type: ignore[index]
    if table not in connection.introspection.table_names():
        call_command("createcachetable", verbosity=0)
    return 0


def translations() -> int:
    """Sentences that are new since a translator's file came are said in English until the next one."""
    translating.complete_all()
    return 0


def static_files() -> int:
    """Collected anew when any of them has changed. Names carry hashes, so pages that are open keep working."""
    names = hashlib.sha256(Path(__file__).read_bytes())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            there = Path(storage.path(path))
            about = there.stat()
            names.update(f"{path}|{about.st_size}|{about.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == names.hexdigest():
        return 0
    _say("- Collecting static files ...")
    began = time.monotonic()
    call_command("collectstatic", interactive=False, verbosity=0)
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        _say("The static files could not be collected: there are none. Pages would have no look.")
        return 1
    stamp.write_text(names.hexdigest())
    _say(f"  done in {time.monotonic() - began:.1f} s")
    return 0


def demonstration() -> int:
    if not settings.DEMO:
        return 0
    if apps.get_model("matters", "Matter").objects.exists():
        return _follow_content() if (ROOT / "demo").is_dir() else 0
    if not (ROOT / "demo").is_dir():
        _say("There is no demonstration district beside the program (the folder demo/). The house is empty.")
        return 0
    code = _demo([])
    if not code:
        _content_read().write_text(district.fingerprint())
    return code


def _content_read() -> Path:
    return Path(settings.TONGBAN_VAR) / "demonstration.read"


def _follow_content() -> int:
    """A district of an earlier version gets the matters that came since; its people and cases stay as they are."""
    stamp = _content_read()
    read = stamp.read_text() if stamp.exists() else ""
    began = time.monotonic()
    now, published = district.follow_content(read)
    if published:
        _say(f"- The demonstration follows its content: {published} versions of matters are new.")
        _say(f"  done in {time.monotonic() - began:.1f} s")
    if now != read:
        stamp.write_text(now)
    return 0


def _demo(words: list[str]) -> int:
    return main(["demo", *words])
