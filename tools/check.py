"""The quick checks, all of them, side by side on the cores there are; what is wrong is printed at the end of each."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = str(ROOT / ".venv" / "bin" / "python")
BIN = ROOT / ".venv" / "bin"

CHECKS = {
    "types": [str(BIN / "mypy"), "--no-error-summary", "tongban"],
    # everybody before every address takes a minute: it waits for `make test`
    "the house's own tests": [
        PYTHON,
        "-m",
        "pytest",
        "tests/house",
        "--ignore=tests/house/test_everybody.py",
        "-p",
        "no:cacheprovider",
        "-n2",
        "--dist",
        "loadfile",
    ],
    "floors": [str(BIN / "lint-imports"), "--no-cache"],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "--output-format", "concise", "."],
}


def look(name: str) -> tuple[str, int, str, float]:
    began = time.monotonic()
    done = subprocess.run(CHECKS[name], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return name, done.returncode, done.stdout, time.monotonic() - began


wrong = 0
with ThreadPoolExecutor(2) as pool:
    for name, code, output, seconds in pool.map(look, CHECKS):
        print(f"{'well ' if code == 0 else 'WRONG'}  {name} ({seconds:.1f} s)", flush=True)
        if code:
            wrong += 1
            print(output.strip()[-8000:])
sys.exit(1 if wrong else 0)
