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
from tongban.cases.models.batches import Batch, BatchItem
from tongban.cases.models.bundles import Bundle, BundleMember
from tongban.cases.models.circulars import Circular, CircularReceiver
from tongban.cases.models.cosigning import Signer
from tongban.cases.models.deleted import DeletedDraft
from tongban.cases.models.delivery import Collection, Delivery, DeliveryItem, TrackingEvent, TwinDoor, TwinParcel
from tongban.cases.models.desks import (
    CaseLabel,
    DeskHabit,
    Label,
    Mention,
    NoteEdit,
    PassingOn,
    SavedView,
    StaffNote,
)
from tongban.cases.models.glass import GlassSignature
from tongban.cases.models.inspections import (
    Inspection,
    InspectionPhoto,
    InspectionSignature,
    PublicNotice,
    PublicObjection,
)
from tongban.cases.models.letters import Letter, LetterSeries, Reissue
from tongban.cases.models.only_one import Alike, Mark, OneMore, Turn
from tongban.cases.models.procedures import (
    Appeal,
    BrokenPromise,
    Consultation,
    CorrectionRequest,
    Hearing,
    Promise,
    StaffChange,
    Tolerance,
)
from tongban.cases.models.ready import ReadyAnswer
from tongban.cases.models.talk import QuestionPaper, Talk
from tongban.cases.models.time import DeskTime, Escalation
from tongban.cases.models.together import CarriedDraft, ListedMatter

__all__ = [
    "ALPHABET",
    "Alike",
    "Appeal",
    "BrokenPromise",
    "Batch",
    "BatchItem",
    "Bundle",
    "BundleMember",
    "CarriedDraft",
    "Case",
    "CaseDocument",
    "CaseMaterial",
    "CaseNumber",
    "Collection",
    "Circular",
    "CircularReceiver",
    "Consultation",
    "CorrectionRequest",
    "DeletedDraft",
    "Delivery",
    "DeliveryItem",
    "DeskTime",
    "Escalation",
    "Clock",
    "Finding",
    "GlassSignature",
    "Hand",
    "Inspection",
    "InspectionPhoto",
    "InspectionSignature",
    "PublicNotice",
    "PublicObjection",
    "Hearing",
    "Letter",
    "LetterSeries",
    "ListedMatter",
    "MachineFinding",
    "Mark",
    "OneMore",
    "PhoneNote",
    "PhoneSignature",
    "PostedPaper",
    "Promise",
    "Question",
    "ReadyAnswer",
    "QuestionPaper",
    "Reissue",
    "Signer",
    "StaffChange",
    "Step",
    "Talk",
    "Tolerance",
    "TrackingEvent",
    "TwinDoor",
    "TwinParcel",
    "Turn",
    "Visit",
    "CaseLabel",
    "DeskHabit",
    "Label",
    "Mention",
    "NoteEdit",
    "PassingOn",
    "SavedView",
    "StaffNote",
    "new_query_code",
    "new_ref",
]
