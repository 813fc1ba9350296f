"""The archive that ships for demonstration: a folder in the var directory. It judges what it is given as an archive would, and answers at once."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from tongban.licences import keys
from tongban.records import bagging
from tongban.records.gateways import safely
from tongban.records.gateways.base import NotTaken, Receipt, Sealed

NAME = "示范档案馆 Demonstration archive"


class Simulated:
    name = "simulated"

    def take(self, name: str, content: Sealed) -> Receipt:
        place = Path(settings.TONGBAN_VAR) / "archive"
        answer = place / f"{name}.receipt.json"
        sha256 = content.sha256
        if answer.is_file():
            held = json.loads(answer.read_text("utf-8"))
            if held["sha256"] != sha256:
                raise NotTaken("another package lies under this name")
            return Receipt(held["number"], held["sha256"], datetime.fromisoformat(held["at"]), NAME, simulated=True)
        roots = [keys.root_pem(Path(settings.TONGBAN_KEYS) / "seals", now=timezone.now())]

        def judge(aside: Path) -> None:
            with aside.open("rb") as package:
                verdict = bagging.verify(package, roots)
                package.seek(0)
                if hashlib.file_digest(package, "sha256").hexdigest() != sha256:
                    raise NotTaken("what came has another hash")
            if not verdict.right:
                raise NotTaken(f"not in order: {verdict.reason} {verdict.file}")

        safely.write(place / f"{name}.zip", content.pieces(), judge=judge)
        at = timezone.now()
        number = f"DA-{at:%Y}-{sha256[:10].upper()}"
        held = {"number": number, "sha256": sha256, "at": at.isoformat(), "name": name, "simulated": True}
        safely.write(answer, json.dumps(held, indent=1).encode())
        return Receipt(number, sha256, at, NAME, simulated=True)
