"""The secret that signs sessions and tokens: a file outside the database, made once."""

import os
import secrets
from pathlib import Path


def secret_from(path: Path) -> str:
    """Read the secret, or make it when there is none yet. Losing it only signs everybody out."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # two processes may start at once: the first file stays
    except FileExistsError:
        pass
    draft.unlink()
    return path.read_text(encoding="ascii").strip()
