"""The text of a pass in a picture that somebody sent: read behind the gate, never kept."""

from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from tongban.codes import hcert
from tongban.lib.problems import Invalid
from tongban.materials import gate


def text_of_picture(picture: BinaryIO, *, name: str = "") -> str:
    """What the code in a picture says; of several the first that could be a pass."""
    found = gate.codes_in(picture, name=name or str(_("The picture")))
    if isinstance(found, gate.Refused):
        raise found.as_problem()
    if not found:
        raise Invalid(
            "no-code-in-picture",
            _("No code can be read in this picture."),
            next_step=_("Take it again: the whole code, sharp, in good light, without a reflection."),
        )
    return next((text for text in found if text.startswith(hcert.PREFIX)), found[0])
