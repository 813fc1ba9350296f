"""Writes what the product is made of as CycloneDX 1.6: every library in the locks, its version and the hashes it is taken by.

python tools/inventory.py > tongban.cdx.json      (goes with each release)
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("core", "reading")  # what runs; what only tests need is not delivered
LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")


def libraries() -> dict[str, dict]:
    """{name: {"version", "hashes", "locks"}}, by name."""
    found: dict[str, dict] = {}
    for lock in LOCKS:
        here: dict = {}
        for line in (ROOT / f"requirements/{lock}.lock").read_text("utf-8").splitlines():
            if named := LINE.match(line):
                name = re.sub(r"[-_.]+", "-", named[1]).lower()
                here = found.setdefault(name, {"version": named[2], "hashes": set(), "locks": []})
                here["locks"].append(lock)
            elif digest := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
                here["hashes"].add(digest[1])
    return dict(sorted(found.items()))


def drawn() -> dict:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "tongban", "name": "tongban"}},
        "components": [
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{name}@{one['version']}",
                "name": name,
                "version": one["version"],
                "purl": f"pkg:pypi/{name}@{one['version']}",
                "scope": "required" if "core" in one["locks"] else "optional",
                "properties": [{"name": "tongban:sha256", "value": digest} for digest in sorted(one["hashes"])],
            }
            for name, one in libraries().items()
        ],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(drawn(), indent=1) + "\n")
