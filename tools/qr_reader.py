"""Brings the QR reader for browsers that have none of their own (npm `qr`, MIT or Apache-2.0) to the static files, unchanged, with its licence.

    python tools/qr_reader.py

Set-up calls it (tools/setup.py) whenever package-lock.json has changed; the result is not in the repository.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "node_modules/qr"
RESULT = ROOT / "tongban/channels/pages/static/qr"
FILES = {"decode.js": "decode.js", "index.js": "index.js", "LICENSE-MIT": "LICENSE"}


def main() -> None:
    RESULT.mkdir(exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(PACKAGE / source, RESULT / name)


if __name__ == "__main__":
    main()
