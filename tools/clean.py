"""Removes the var directory, unless the product is running in it."""

import os
import shutil
import sys
from pathlib import Path

VAR = Path(os.environ.get("TONGBAN_VAR") or Path(__file__).resolve().parents[1] / "var").resolve()


def running() -> int | None:
    try:
        pid = int((VAR / "run" / "tongban.pid").read_text())
        return pid if b"tongban" in Path(f"/proc/{pid}/cmdline").read_bytes() else None
    except (OSError, ValueError):
        return None


if pid := running():
    sys.exit(f"Tongban is running (process {pid}). Stop it with Ctrl-C, then clean again. Nothing was removed.")
if not VAR.exists():
    print("There is nothing to remove.")
elif not {entry.name for entry in VAR.iterdir()} <= {
    *("assets", "cache", "keys", "log", "mail", "media", "run", "sms", "static", "tmp", "search", "outbox", "faults"),
    *(name for name in os.listdir(VAR) if name.startswith(("tongban.sqlite3", "test.sqlite3", "before-restore-", "."))),
}:
    strange = sorted(os.listdir(VAR))
    sys.exit(f"The var directory holds things that are not ours ({', '.join(strange)}). Nothing was removed.")
else:
    shutil.rmtree(VAR)
    print("The state of this installation is removed. `make run` begins anew.")
