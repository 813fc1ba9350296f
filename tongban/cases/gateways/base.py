"""What we need of a courier and of a locker, in our words. Never called while a row is locked; the same reference again changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True)
class ParcelOrder:
    """What a courier must know to bring it: nothing of what is inside."""

    reference: str
    name: str
    phone: str
    address: str


@dataclass(frozen=True)
class Said:
    """What a signed notice says. `key` is the same when it is sent again; `kind` is one of `Parcel`, or `opened` for a locker's door."""

    key: str
    kind: str
    reference: str
    at: datetime
    where: str = ""


class Refused(Exception):
    """It will never do this; the sentence is for an officer."""


class NoAnswer(Exception):
    """It cannot be reached now."""


class Full(Exception):
    """The locker has no free door."""


class Forged(Exception):
    """This notice was not sent by the service, or not now."""


class Courier(Protocol):
    name: str
    title: dict[str, str]
    simulated: bool

    def book(self, order: ParcelOrder) -> str:
        """The tracking number. Raises Refused or NoAnswer."""
        ...

    def page(self, tracking: str) -> str:
        """Where anybody follows the parcel; empty when there is none."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Said:
        """What the notice says, after its signature was checked. Header names are lower case. Raises Forged."""
        ...


class Locker(Protocol):
    name: str
    title: dict[str, str]
    simulated: bool

    def put_in(self, reference: str, *, hall: str, code: str, until: date) -> str:
        """The door that opened for the officer and that this code opens until that day. Raises Full or NoAnswer."""
        ...

    def take_out(self, reference: str) -> None:
        """Open the door for the officer; the code opens nothing any more. Raises NoAnswer."""
        ...

    def block(self, reference: str) -> None:
        """The code opens nothing any more, and the door stays shut until `take_out`. A second time nothing. Raises NoAnswer."""
        ...

    def page(self, hall: str) -> str:
        """Where the simulated door is; empty for a real one."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Said:
        """As a courier's."""
        ...
