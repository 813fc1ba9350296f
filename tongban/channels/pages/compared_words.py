"""What was read on an identity document beside what was typed, in words, for its holder and for the officer who compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from tongban.channels.pages import countries
from tongban.channels.pages.templatetags.tongban import day
from tongban.materials.identity_comparing import Compared, Row, Verdict, country
from tongban.materials.models import IdentityPicture

LABELS = {
    "name": _("Name"),
    "id_no": _("Number of the document"),
    "birth_date": _("Date of birth"),
    "sex": _("Sex"),
    "nationality": _("Nationality"),
}
SEXES = {"F": _("female"), "M": _("male")}
SAID = {
    Verdict.SAME: _("the same"),
    Verdict.DIFFERS: _("differs"),
    Verdict.UNSURE: _("please compare"),
    Verdict.NOT_READ: _("not read"),
}
TONES = {Verdict.SAME: "success", Verdict.DIFFERS: "danger", Verdict.UNSURE: "warning", Verdict.NOT_READ: "neutral"}
ICONS = {Verdict.SAME: "check", Verdict.DIFFERS: "flag", Verdict.UNSURE: "eye", Verdict.NOT_READ: "info"}


@dataclass(frozen=True)
class Line:
    field: str
    label: Any
    typed: str
    read: str
    verdict: str
    said: Any
    tone: str
    icon: str
    box: Sequence[float] | None


def lines(compared: Compared) -> list[Line]:
    return [_line(row) for row in compared.rows]


def _line(row: Row) -> Line:
    return Line(
        row.field,
        LABELS[row.field],
        shown(row.field, row.typed),
        shown(row.field, row.read),
        str(row.verdict),
        SAID[row.verdict],
        TONES[row.verdict],
        ICONS[row.verdict],
        row.box,
    )


def shown(field: str, value: str) -> str:
    """A value as people read it: the country by its name, the day in the page's language."""
    if field == "sex":
        return str(SEXES.get(value, value))
    if field == "nationality" and value:
        two = country(value)
        name = countries.name_of(two)
        return value if name == two else name
    if field == "birth_date":
        try:
            found = parse_date(value)
        except ValueError:
            found = None
        return day(found) if found is not None else value
    return value


def poor(picture: IdentityPicture) -> Any:
    """What is wrong with the picture itself, in a sentence; empty when it is good enough."""
    quality = picture.quality or {}
    for measure, sentence in POOR.items():
        if quality.get(measure):
            return sentence
    if picture.state == IdentityPicture.State.DONE and not picture.values.get("mrz"):
        return _("The lines of letters and digits at the foot of the page were not found on the picture.")
    return ""


POOR = {
    "empty": _("Nothing could be read on the picture."),
    "blurred": _("The picture is blurred."),
    "dark": _("The picture is very dark."),
    "too_small": _("The letters are too small: come closer."),
    "cut": _("Part of the page lies outside the picture."),
}
