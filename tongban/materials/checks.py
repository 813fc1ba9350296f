"""What is wrong with taking in and keeping documents, in sentences; `tongban check` prints them."""

import io
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.materials import gate, store
from tongban.materials.gateways.malware import scanner
from tongban.materials.gateways.malware.base import Away
from tongban.materials.gateways.malware.simulated import EICAR
from tongban.materials.reading.services import why_not

PROBE = b"Can what is put here be read again?"


def problems() -> list[str]:
    return [*_reader(), *_store(), *_scanner(), *reading()]


def _reader() -> list[str]:
    held = gate.walls()
    if not held:
        return [_("Uploads cannot be read: the process that opens them does not start.")]
    found = []
    if not {"memory", "cpu"} <= held:
        found.append(_("This system cannot limit the memory and time of the process that opens uploads."))
    if not held & {"no_network", "only_libraries_readable"}:
        found.append(
            _(
                "This system can keep the process that opens uploads neither from the network nor from files. Allow user "
                "namespaces or use a kernel with Landlock."
            )
        )
    return found


def _store() -> list[str]:
    try:
        name = store.put(PROBE, shelf="checks")
        whole = store.get(name) == PROBE
        store.sweep("checks", set(), before=timezone.now() + timedelta(minutes=1))
    except (OSError, store.Damaged) as error:
        return [_("Documents cannot be kept in %(folder)s: %(error)s") % {"folder": store.folder(), "error": error}]
    return [] if whole else [_("What is kept in %(folder)s does not come back as it was.") % {"folder": store.folder()}]


def _scanner() -> list[str]:
    asked = scanner()
    if asked is None:
        return []
    found = []
    if settings.MALWARE_GATEWAY == "simulated" and not settings.DEMO:
        found.append(
            _(
                "Uploads are looked at by the simulated virus scanner. Set TONGBAN_MALWARE to clamd:… for ClamAV, or to none."
            )
        )
    try:
        if asked.look(io.BytesIO(PROBE)) or not asked.look(io.BytesIO(EICAR)):
            found.append(_("The virus scanner does not tell the standard test string from a clean text."))
    except Away as away:
        found.append(_("The virus scanner does not answer: %(error)s") % {"error": away})
    return found


def reading() -> list[str]:
    """Reading of documents by machine: wanted, but not there. The product runs without it."""
    if why_not() != "not_installed":
        return []
    return [
        _(
            "Documents are not read by machine, because what that needs is not installed. Install requirements/reading.lock, "
            "or set TONGBAN_READING to off."
        )
    ]
