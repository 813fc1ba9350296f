"""What can have happened in halls: ids only."""

from tongban.journal.services import event

# -- appointments


@event
class SlotHeld:
    appointment: int


@event
class AppointmentConfirmed:
    appointment: int
    moved_from: int | None = None


@event
class AppointmentCancelled:
    """`why`: by_holder, let_go (a hold that was not wanted), moved, not_wanted (an offer), hall."""

    appointment: int
    why: str


@event
class HoldLapsed:
    appointment: int


@event
class AppointmentMissed:
    appointment: int


@event
class EarlierWished:
    wish: int


@event
class EarlierOffered:
    wish: int
    appointment: int


@event
class EarlierPassedOn:
    wish: int


@event
class EarlierTaken:
    wish: int
    appointment: int


@event
class EarlierWishEnded:
    wish: int


# -- tickets and windows


@event
class TicketIssued:
    ticket: int


@event
class TicketCalled:
    """`number`: the first, second or third call; `out_of_turn`: another one was the computed next."""

    ticket: int
    window: int
    number: int
    out_of_turn: bool


@event
class TicketMoved:
    """Any move that has no event of its own."""

    ticket: int
    move: str
    source: str
    target: str


@event
class TicketTransferred:
    ticket: int
    to_category: str
    to_window: int | None


@event
class TicketDone:
    ticket: int
    window: int
    on_the_spot: bool | None


@event
class TicketVoided:
    ticket: int
    reason: str


@event
class WindowMoved:
    window: int
    move: str
    officer: int | None


# -- places


@event
class HallsImported:
    """`made`: how many were not known before."""

    halls: int
    made: int


@event
class HallDayEntered:
    """`day` has other hours than usual, or the usual ones again (`cleared`). `bookings`: appointments on it that do not fit any more."""

    hall: int
    day: str
    cleared: bool
    bookings: int


@event
class HallChanged:
    """`fields`: what was changed of its page and week."""

    hall: int
    fields: list[str]


@event
class HallMovePlanned:
    hall: int
    on: str


@event
class HallMoveDropped:
    hall: int
    on: str


@event
class HallMoved:
    """From today on it is somewhere else. `told`: how many holders of bookings were told."""

    hall: int
    move: int
    told: int


@event
class WindowsChanged:
    """Windows were added, or one became a reserve window or an ordinary one."""

    hall: int
    windows: list[int]


@event
class ShiftsChanged:
    hall: int


@event
class MachineStateChanged:
    machine: int
    working: bool


@event
class ComputerReserved:
    hour: int


@event
class ComputerGivenBack:
    hour: int


# -- the desk of a window


@event
class VisitorMet:
    """The officer compared who holds this ticket."""

    ticket: int


@event
class TicketWorkedOn:
    """A case was begun or opened for whoever holds this ticket."""

    ticket: int
    case: int


@event
class RatingAsked:
    """The device of the window shows the question."""

    ticket: int
    case: int


# -- a hall and its supervisor


@event
class HallStopped:
    """An emergency: `windows` were paused by it."""

    hall: int
    kind: str
    windows: int


@event
class HallGoesOn:
    hall: int
    emergency: int


@event
class ScreenSet:
    machine: int
    lounge: bool


@event
class NamesOnScreens:
    hall: int
    shown: bool


@event
class HallSupervisorNamed:
    """From now on this supervisor is one of this hall, and of no hall for which they were not named."""

    hall: int
    officer: int


@event
class HallSupervisorDropped:
    hall: int
    officer: int


@event
class SupervisorOfEveryHall:
    """Named for single halls before; from now on for every hall again."""

    hall: int
    officer: int


@event
class SimulationAsked:
    simulation: int


# -- round tables


@event
class TablePlanned:
    table: int


@event
class TableAsked:
    """A department was asked to come to it."""

    table: int
    department: int


@event
class TableJoined:
    """Somebody of a department said that they come."""

    table: int
    seat: int


@event
class TableLeft:
    """A department does not come after all."""

    table: int
    department: int


@event
class TableMoved:
    """Its appointment was moved: another time."""

    table: int


@event
class TableOpened:
    table: int


@event
class TableNoted:
    table: int
    note: int
    internal: bool


@event
class TableTaskSet:
    table: int
    task: int


@event
class TableTaskDone:
    table: int
    task: int


@event
class TableCaseLaid:
    table: int
    case: int


@event
class TableScreenRenewed:
    """The link of the shared screen was made anew; the one before opens nothing."""

    table: int


@event
class TableEnded:
    """Its letter is written."""

    table: int


@event
class TableCalledOff:
    table: int
    why: str
