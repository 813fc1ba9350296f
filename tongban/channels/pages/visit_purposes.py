"""What people come for, in their words, and what that means for a hall: a kind of visit and a queue."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.halls.models import VisitKind


@dataclass(frozen=True)
class Purpose:
    key: str
    kind: str
    category: str
    icon: str
    label: Any
    hint: Any


PURPOSES = {
    one.key: one
    for one in (
        Purpose("personal", VisitKind.GENERAL, "A", "desk", _("Something for me or my family"), _("At a comprehensive window: hand in, correct, finish")),
        Purpose("business", VisitKind.GENERAL, "B", "shop", _("Something for a company"), _("At a comprehensive window for business matters")),
        Purpose("quick", VisitKind.QUICK, "E", "chat", _("A quick question"), _("About ten minutes; somebody looks at it with you")),
        Purpose("collect", VisitKind.QUICK, "D", "folder", _("Collect a result"), _("A licence or a letter that is ready")),
        Purpose("specialist", VisitKind.SPECIALIST, "C", "scale", _("A specialist"), _("Tax, property and other hard cases")),
        Purpose("round_table", VisitKind.ROUND_TABLE, "E", "people", _("A round table"), _("Half an hour with everybody at one screen")),
        Purpose("video", VisitKind.VIDEO, "E", "screen", _("By video"), _("From home or from a booth; the hall calls you")),
    )
}  # fmt: skip


def purpose_of(kind: str, category: str) -> Purpose:
    """How a booked visit is called again."""
    return next(
        (one for one in PURPOSES.values() if (one.kind, one.category) == (kind, category)), PURPOSES["personal"]
    )
