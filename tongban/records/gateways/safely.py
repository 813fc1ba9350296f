"""A file that is there whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path


def write(path: Path, content: bytes | Iterable[bytes], *, judge: Callable[[Path], None] = lambda aside: None) -> None:
    """`judge` looks at the file before it gets its name, and raises when it must not get it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            for piece in [content] if isinstance(content, bytes) else content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        judge(aside)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
