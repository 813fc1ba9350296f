"""The law of an inspection: ordered, planned, done by two; or called off."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class InspectionState(models.TextChoices):
    ORDERED = "ordered", _("ordered, no day yet")
    PLANNED = "planned", _("planned")
    DONE = "done", _("done")
    CALLED_OFF = "called_off", _("called off")


I = InspectionState  # noqa: E741

PLAN = move(
    "plan_inspection", {I.ORDERED, I.PLANNED}, I.PLANNED, by=("inspector", "dept_reviewer"),
    guard="two different inspectors of the department, neither concerned; a moment to come; the applicant is told",
    document="inspection notice",
)  # fmt: skip
FINISH = move(
    "finish_inspection", {I.ORDERED, I.PLANNED}, I.DONE, by=("inspector",),
    guard="every point answered, a finding, both inspectors signed the same content", document="inspection record",
)  # fmt: skip
CALL_OFF = move(
    "call_off_inspection", {I.ORDERED, I.PLANNED}, I.CALLED_OFF, by=("dept_reviewer", "platform"),
    guard="the case ended, or a reason is given",
)  # fmt: skip

INSPECTION_MOVES: list[Move] = [PLAN, FINISH, CALL_OFF]

NOTICE_DAYS = 5  # working days; demonstration district, where the matter says nothing else
