"""An archive that collects packages from a folder: NAME.zip is put there, and it answers with NAME.receipt.json beside it.

The receipt is {"number": ..., "sha256": ..., "at": ISO date and time, "archive": ...}; until it is there nothing is destroyed here.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from tongban.records.gateways import safely
from tongban.records.gateways.base import NotTaken, Receipt, Sealed


@dataclass(frozen=True)
class Folder:
    place: Path
    name: str = "folder"

    def take(self, name: str, content: Sealed) -> Receipt:
        answer = self.place / f"{name}.receipt.json"
        try:
            if not answer.is_file():
                if not (self.place / f"{name}.zip").is_file():
                    safely.write(self.place / f"{name}.zip", content.pieces())
                raise NotTaken("no receipt yet")
            held = json.loads(answer.read_text("utf-8"))
            at = datetime.fromisoformat(held["at"])
            at = at if at.tzinfo else timezone.make_aware(at)  # an archive's clock without a zone is the clock here
            return Receipt(str(held["number"]), str(held["sha256"]), at, str(held["archive"]))
        except (OSError, ValueError, KeyError, TypeError) as trouble:
            raise NotTaken(f"{type(trouble).__name__}: {trouble}") from trouble
