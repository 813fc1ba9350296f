"""The tables of halls, one file a subject. Everybody imports them from here."""

from tongban.halls.models.appointments import Appointment, ComputerHour, EarlierWish, SlotPlace, VisitKind
from tongban.halls.models.circle import Grid
from tongban.halls.models.desk import DeskNote, RatingAsk, TicketCase
from tongban.halls.models.places import (
    Category,
    Hall,
    HallDay,
    HallLevel,
    HallMove,
    HallRules,
    Machine,
    MachineKind,
    Shift,
    Window,
    WindowKind,
)
from tongban.halls.models.round_tables import (
    RoundTable,
    RoundTableCase,
    RoundTableNote,
    RoundTableSeat,
    RoundTableTask,
)
from tongban.halls.models.tickets import NumberDay, TakenToday, Ticket, TicketCall
from tongban.halls.models.watching import EmergencyKind, HallAlarm, HallEmergency, HallSupervisor, SimulationRun

__all__ = [
    "Appointment",
    "Category",
    "ComputerHour",
    "DeskNote",
    "EarlierWish",
    "EmergencyKind",
    "Grid",
    "Hall",
    "HallAlarm",
    "HallDay",
    "HallEmergency",
    "HallLevel",
    "HallMove",
    "HallRules",
    "HallSupervisor",
    "Machine",
    "MachineKind",
    "NumberDay",
    "RatingAsk",
    "RoundTable",
    "RoundTableCase",
    "RoundTableNote",
    "RoundTableSeat",
    "RoundTableTask",
    "Shift",
    "TakenToday",
    "SimulationRun",
    "SlotPlace",
    "Ticket",
    "TicketCall",
    "TicketCase",
    "VisitKind",
    "Window",
    "WindowKind",
]
