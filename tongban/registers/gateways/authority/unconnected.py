"""Outside the demonstration until a district connects its own: every register is out of reach, and `tongban check` says so."""

from typing import Any

from django.utils.translation import gettext as _

from tongban.registers.gateways.authority.base import Change, NoAnswer, Subject


class Unconnected:
    name = "unconnected"

    def read(self, resource: str, subject: Subject, fields: list[str], reference: str) -> dict[str, Any]:
        raise NoAnswer("no register is connected")

    def correct(self, resource: str, subject: Subject, field: str, value: Any, *, reference: str, why: str) -> None:
        raise NoAnswer("no register is connected")

    def history(self, resource: str, subject: Subject, field: str) -> list[Change]:
        raise NoAnswer("no register is connected")

    def picture(self, reference: str) -> bytes:
        raise NoAnswer("no register is connected")

    def problems(self) -> list[str]:
        return [_("No authority's register is connected: nothing is prefilled and no rule can be checked by machine.")]
