from datetime import date

from django.db.models import BigIntegerField

from tongban.departments.models import Officer
from tongban.lib.composed import composed
from tongban.notices.models import CallBack, Message, Preference
from tongban.notices.states import CallBackState
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party

PAGE = 25
COUNTED_TO = 99


def accounts_of(party: Party, today: date, matter: str | None = None) -> list[Account]:
    """Whom to tell: whoever stands for the party on this day; what concerns one `matter`, also who acts within limits there."""
    return parties.accounts_for(party, today, matter)


def inbox(account: Account, after: int | None = None, limit: int = PAGE) -> tuple[list[Message], int | None]:
    """One page of messages, newest first, after the message with this id; and where the next begins, None at the end."""
    rows = Message.objects.filter(account=account).select_related("party").order_by("-id")
    if after is not None:
        rows = rows.filter(pk__lt=after)
    page = list(rows[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def message(account: Account, pk: int) -> Message | None:
    return Message.objects.filter(account=account, pk=pk).select_related("party").first()


def unread_count(account: Account) -> int:
    """How many wait unread, counted no further than 100: pages show 99+."""
    return len(_unread(account=account.pk))


@composed(account=BigIntegerField())
def _unread(account):
    unread = Message.objects.filter(account_id=account, read_at__isnull=True).order_by()
    return unread.values_list("pk", flat=True)[: COUNTED_TO + 1]


def told_at_desk(officer: Officer, limit: int = PAGE) -> list[Message]:
    """What an officer was told for work and has not marked as seen, the newest first."""
    rows = Message.objects.filter(account=officer.account_id, read_at__isnull=True, party__isnull=True)
    return list(rows.order_by("-id")[:limit])


def number_at_desk(officer: Officer) -> int:
    """How many those are, counted up to 100."""
    return len(_told_at_desk(account=officer.account_id))


@composed(account=BigIntegerField())
def _told_at_desk(account):
    rows = Message.objects.filter(account_id=account, read_at__isnull=True, party__isnull=True)
    return rows.order_by().values_list("pk", flat=True)[: COUNTED_TO + 1]


def unread_shown(account: Account) -> str:
    """`3`, `99+`, or nothing at all."""
    count = unread_count(account)
    return f"{COUNTED_TO}+" if count > COUNTED_TO else str(count or "")


def preferences(account: Account) -> Preference:
    """What the account chose, or what holds until it does."""
    return Preference.objects.filter(account=account).first() or Preference(account=account)


def call_backs(limit: int = PAGE) -> list[CallBack]:
    """Who waits to be rung up: the earliest promise first."""
    waiting = CallBack.objects.filter(state=CallBackState.WAITING).select_related("account", "account__person")
    return list(waiting.order_by("due_at", "id")[:limit])


def call_back(pk: int) -> CallBack | None:
    return CallBack.objects.filter(pk=pk).select_related("account", "account__person", "officer").first()


def call_back_of(account: Account) -> CallBack | None:
    """The call this account still waits for."""
    return CallBack.objects.filter(account=account, state=CallBackState.WAITING).order_by("-id").first()
