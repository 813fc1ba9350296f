"""Acting for somebody else: what may be done, the states of a mandate, and who may move it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class Act(models.TextChoices):
    """What somebody may do for somebody else. Whoever prepares sees what they prepare; `see` opens the rest in the matters named."""

    SEE = "see", _("see the applications in these matters")
    PREPARE = "prepare", _("fill in and prepare")
    SUBMIT = "submit", _("sign and send")
    RECEIVE = "receive", _("receive the result")
    PAY = "pay", _("pay")
    LICENCES = "licences", _("open and show licences")


class MandateState(models.TextChoices):
    ASKED = "asked", _("asked for")
    GRANTED = "granted", _("in force")
    DECLINED = "declined", _("declined")
    REVOKED = "revoked", _("taken back")
    ENDED = "ended", _("ended")


S = MandateState

# the principal: the person, or the company's legal representative, on the own account and surely known just now
ASK = move(
    "ask", set(), S.ASKED, by="agent", guard="name, telephone and end of the number, or a code the principal shows"
)
OFFER = move("offer", set(), S.GRANTED, by=("principal", "window_officer"), guard="face or window check just now; nobody for themselves")  # fmt: skip
GRANT = move("grant", S.ASKED, S.GRANTED, by="principal", guard="face or window check just now; may be narrower than what was asked")  # fmt: skip
DECLINE = move("decline", S.ASKED, S.DECLINED, by="principal")
LET_GO = move("let_go", S.ASKED, S.ENDED, by=("agent", "platform"), guard="the agent does not want it any more, or nobody answered for 30 days")  # fmt: skip
REVOKE = move("revoke", S.GRANTED, S.REVOKED, by=("principal", "window_officer"), guard="holds from this second on")
GIVE_BACK = move("give_back", S.GRANTED, S.ENDED, by="agent")
RUN_OUT = move(
    "run_out", S.GRANTED, S.ENDED, by="platform", guard="its last day is over, somebody died, or the company is closed"
)

MOVES: list[Move] = [ASK, OFFER, GRANT, DECLINE, LET_GO, REVOKE, GIVE_BACK, RUN_OUT]
OVER = {S.DECLINED, S.REVOKED, S.ENDED}
