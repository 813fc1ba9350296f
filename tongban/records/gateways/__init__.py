"""The archive that the settings name: `simulated`, `none`, or `folder:` with the path of its inbox."""

from pathlib import Path

from django.conf import settings

from tongban.records.gateways.base import Archive, NotTaken, Receipt, Sealed
from tongban.records.gateways.folder import Folder
from tongban.records.gateways.simulated import Simulated

__all__ = ["Archive", "NotTaken", "Receipt", "Sealed", "archive"]


def archive() -> Archive | None:
    named = settings.ARCHIVE_GATEWAY
    if named == "none" or (named == "simulated" and not settings.DEMO):
        return None
    if named == "simulated":
        return Simulated()
    return Folder(Path(named.removeprefix("folder:")))
