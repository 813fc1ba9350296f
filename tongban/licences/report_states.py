"""“This is wrong on my licence”: what becomes of it. The licence itself changes only by a new edition (`states.py`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class ReportState(models.TextChoices):
    OPEN = "open", _("sent to the office that issued it")
    CORRECTED = "corrected", _("put right")
    UPHELD = "upheld", _("it stays as it is")
    WITHDRAWN = "withdrawn", _("taken back")


S = ReportState

REPORT = move("report", set(), S.OPEN, by=("applicant", "agent"), guard="one at a time for each value of the face")
PUT_RIGHT = move("put_right", S.OPEN, S.CORRECTED, by="dept_approver", guard="a corrected edition was issued for it")
KEEP = move("keep", S.OPEN, S.UPHELD, by=("dept_reviewer", "dept_approver"), guard="with reasons")
TAKE_BACK = move("take_back", S.OPEN, S.WITHDRAWN, by=("applicant", "agent"))

MOVES: list[Move] = [REPORT, PUT_RIGHT, KEEP, TAKE_BACK]
OVER = {S.CORRECTED, S.UPHELD, S.WITHDRAWN}
