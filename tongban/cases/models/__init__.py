"""The tables of cases, one file a subject. Everybody imports them from here."""

from tongban.cases.models.application import (
    ALPHABET,
    Case,
    CaseDocument,
    CaseMaterial,
    CaseNumber,
    Clock,
    Finding,
    Hand,
    MachineFinding,
    PhoneNote,
    PhoneSignature,
    PostedPaper,
    Question,
    Step,
    Visit,
    new_query_code,
    new_ref,
)
from tongban.cases.models.time import DeskTime, Escalation

__all__ = [
    "ALPHABET",
    "Case",
    "CaseDocument",
    "CaseMaterial",
    "CaseNumber",
    "DeskTime",
    "Escalation",
    "Clock",
    "Finding",
    "Hand",
    "MachineFinding",
    "PhoneNote",
    "PhoneSignature",
    "PostedPaper",
    "Question",
    "Step",
    "Visit",
    "new_query_code",
    "new_ref",
]
