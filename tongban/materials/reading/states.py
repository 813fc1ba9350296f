"""How far the machine is with reading a document. A reading helps; nothing waits for it and nothing is refused by it."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class ReadingState(TextChoices):
    WAITING = "waiting", _("waiting to be read")
    RUNNING = "running", _("being read")
    DONE = "done", _("read")
    FAILED = "failed", _("could not be read")
    NOT_POSSIBLE = "not_possible", _("is not read here")


WAITING, RUNNING, DONE, FAILED, NOT_POSSIBLE = (
    ReadingState.WAITING,
    ReadingState.RUNNING,
    ReadingState.DONE,
    ReadingState.FAILED,
    ReadingState.NOT_POSSIBLE,
)

ASK = move("ask", set(), WAITING, by={"platform"})
BEGIN = move("begin", {WAITING, RUNNING}, RUNNING, by={"platform"})
FINISH = move("finish", {WAITING, RUNNING}, DONE, by={"platform"})
FAIL = move("fail", {WAITING, RUNNING}, FAILED, by={"platform"}, guard="tried three times")
CANNOT = move("cannot", {WAITING, RUNNING}, NOT_POSSIBLE, by={"platform"}, guard="no reader is installed")
READ_AGAIN = move(
    "read again", set(ReadingState), WAITING, by={"platform"}, guard="its pages changed, or a reader was installed"
)
MOVES = [ASK, BEGIN, FINISH, FAIL, CANNOT, READ_AGAIN]

BEGUN = (WAITING, RUNNING)  # worth looking again in a few seconds
OVER = (DONE, FAILED, NOT_POSSIBLE)

NOT_READ = {
    "switched_off": _("Documents are not read by machine here. People will look at it."),
    "not_installed": _("Documents are not read by machine here. People will look at it."),
    "broke": _("The machine could not read this document. Nothing is lost by that: people will look at it."),
    "damaged": _("A page of this document was damaged in our storage and could not be read. Please send it again."),
}
