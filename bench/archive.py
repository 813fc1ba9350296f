"""An application of two hundred megabytes handed over to an archive: put aside sealed, packed, kept, taken and judged to the last byte.

    python bench/archive.py [megabytes]

Each size in a process of its own; what counts is the most memory it held above what it held before, and its CPU. Peer of the same
run: the same files as one ZIP made by the standard library in memory, judged by nobody and sealed by nobody.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
A_PAGE = 10 << 20  # the largest page a paper may have is of this order


def main(megabytes: int) -> None:
    from measuring import table

    few, many, peer = (_measured(*one) for one in (("streamed", 20), ("streamed", megabytes), ("in memory", megabytes)))
    table(
        "Packages for the archive",
        ["", "MB", "MB held at most", "CPU s", "MB held a MB"],
        [
            [name, size, one["held"], one["cpu"], one["held"] / size]
            for name, size, one in (
                ("streamed", 20, few), ("streamed", megabytes, many), ("peer: zipfile in memory", megabytes, peer),
            )
        ],
        "Streamed: what is held does not grow with the application, only with its largest file. "
        f"{megabytes} MB hold {many['held'] / peer['held']:.2f} times what the peer holds.",
    )  # fmt: skip


def _measured(how: str, megabytes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="tongban-archive-") as var:
        environment = {
            **os.environ,
            "TONGBAN_VAR": var,
            "DJANGO_SETTINGS_MODULE": "tongban.site.settings",
            "TONGBAN_DEMO": "1",
        }
        done = subprocess.run(
            [sys.executable, __file__, f"--{how}", str(megabytes)], env=environment, check=True, capture_output=True
        )
        return json.loads(done.stdout.splitlines()[-1])


def _page(number: int) -> bytes:
    return os.urandom(1 << 16) * (A_PAGE >> 16) + bytes([number])


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _one(how: str, megabytes: int) -> None:
    import django

    django.setup()
    pages = max(1, (megabytes << 20) // A_PAGE)
    _page(0)
    before, cpu = _peak(), os.times()
    (_streamed if how == "streamed" else _in_memory)(pages)
    now = os.times()
    print(json.dumps({"held": _peak() - before, "cpu": now.user + now.system - cpu.user - cpu.system}))


def _streamed(pages: int) -> None:
    from django.conf import settings
    from django.utils import timezone

    from tongban.lib import encryption
    from tongban.licences import keys
    from tongban.materials import store
    from tongban.records import bagging, handing_over
    from tongban.records.gateways.simulated import Simulated

    encryption.create_keys(Path(settings.TONGBAN_KEYS))
    now = timezone.now()
    key = keys.current(Path(settings.TONGBAN_KEYS) / "seals", "PSB", "archive", now=now, name="Demo")
    with store.Spool() as aside:
        payload = {f"papers/{number:04d}-01.png": aside.keep(_page(number)) for number in range(pages)}
        package = bagging.pack(
            payload, [("External-Identifier", "1")], key_id=key.key_id, certificate=key.public.statement_certificate,
            sign=key.sign_statement, now=now,
        )  # fmt: skip
        sha256, _size = package.digest()
        file = store.put_pieces(package.pieces, sha256=sha256, shelf="archive")
    receipt = Simulated().take("bench", handing_over.Kept(file, sha256))  # judges it before it answers
    assert receipt.sha256 == sha256


def _in_memory(pages: int) -> None:
    import io
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for number in range(pages):
            archive.writestr(f"papers/{number:04d}-01.png", _page(number))
    assert held.getvalue()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _one(sys.argv[1].removeprefix("--"), int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
