"""The twin of a text message provider: what would be sent lies in sms/ of the var directory, one file a message.

Known bad cases: a number ending in 000 is refused, one ending in 001 finds the provider busy.
"""

import os
from pathlib import Path

from django.conf import settings

from tongban.notices.gateways.sms.base import Refused

LONGEST = 500


class Busy(Exception):
    """The provider takes nothing just now."""


class SimulatedTextMessages:
    name = "simulated"

    def __init__(self, folder: Path | None = None):
        self.folder = Path(folder or settings.TONGBAN_VAR / "sms")

    def send(self, to: str, text: str, reference: str) -> None:
        digits = "".join(letter for letter in to if letter.isdigit())
        if len(digits) < 6 or digits.endswith("000"):
            raise Refused("no such number")
        if digits.endswith("001"):
            raise Busy("the provider takes nothing just now")
        if len(text) > LONGEST:
            raise Refused("the text is too long")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        place = self.folder / f"{reference}.txt"
        if place.exists():
            return
        being_written = place.with_suffix(f".{os.getpid()}.part")
        being_written.write_text(f"{to}\n{text}\n", "utf-8")
        being_written.replace(place)

    def problems(self) -> list[str]:
        return []
