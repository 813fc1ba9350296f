"""What we need of a payment service: begin, ask, close, give back, the list of a day, and notices that only it can have sent.

Amounts are fen. Implementations translate a vendor's words into these in one table. They are never called while a row is locked, and
every call that changes something carries our own reference: the same reference again changes nothing and answers the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """How a payment stands with the service."""

    OPEN = "open"  # may still be paid
    PAID = "paid"
    FAILED = "failed"  # declined; will not be paid under this reference any more
    CLOSED = "closed"  # ended without money


@dataclass(frozen=True)
class Order:
    """What is to be paid, where the payer comes back to, and where notices go."""

    reference: str
    amount: int
    title: str
    back: str
    notices: str
    expires_at: datetime
    language: str = "zh"


@dataclass(frozen=True)
class Begun:
    """`page` is where the payer goes to pay."""

    page: str
    gateway_id: str = ""


@dataclass(frozen=True)
class Answer:
    """How the payment stands; `money_id` names the money itself, where the service calls it otherwise than the order.

    `times` is how often it was charged: more than once is the service's mistake, and goes back.
    """

    standing: Standing
    amount: int = 0
    gateway_id: str = ""
    money_id: str = ""
    at: datetime | None = None
    times: int = 1


@dataclass(frozen=True)
class Notice:
    """What a signed notice says. `id` is the same when it is sent again; `reference` is empty when it is about nothing of ours."""

    id: str
    kind: str
    reference: str = ""
    answer: Answer | None = None


@dataclass(frozen=True)
class Movement:
    """One line of the service's list of a day; `reference` is ours (of the payment, or of the refund), theirs where ours is missing."""

    kind: str  # "payment" or "refund"
    reference: str
    amount: int
    at: datetime


class Refused(Exception):
    """The service will never do this: trying again is of no use."""


class NoAnswer(Exception):
    """The service cannot be reached, or did not say whether it did it; later it may."""


class NotFound(Exception):
    """The service answered: it knows nothing under this reference."""


class Forged(Exception):
    """This notice was not sent by the service, or not now."""


class Gateway(Protocol):
    name: str
    title: dict[str, str]
    simulated: bool
    acknowledged: tuple[str, str]  # what is answered to a notice: body and content type

    def start(self, order: Order) -> Begun:
        """A page where exactly this is paid. Raises Refused or NoAnswer."""
        ...

    def status(self, reference: str, gateway_id: str = "") -> Answer:
        """Raises NotFound, Refused or NoAnswer."""
        ...

    def close(self, reference: str, gateway_id: str = "") -> Answer:
        """Let nobody pay this any more; answers how it stands afterwards, which may be PAID. Raises NotFound, Refused or NoAnswer."""
        ...

    def refund(self, reference: str, money_id: str, *, refund: str, amount: int, reason: str) -> str:
        """Give money back; answers how the service calls it. Raises NotFound, Refused or NoAnswer."""
        ...

    def statement(self, day: date) -> Sequence[Movement]:
        """Everything that moved on a day of ours (Beijing time). Raises Refused or NoAnswer (also: not ready yet)."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """What the notice says, after its signature was checked. Header names are lower case. Raises Forged."""
        ...

    def problems(self) -> list[str]:
        """What is wrong with the connection, in sentences; moves no money."""
        ...
