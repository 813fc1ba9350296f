"""Every state can be reached, only endings end, and the law is the one of demo/states.yaml."""

from pathlib import Path

import pytest

from tongban.cases import batch_states as batches
from tongban.cases import carrying_states as carrying
from tongban.cases import circular_states as circulars
from tongban.cases import delivery_states as deliveries
from tongban.cases import finding_states as findings
from tongban.cases import procedure_states as procedures
from tongban.cases import signer_states as signers
from tongban.cases import states as cases
from tongban.codes import order_states as orders
from tongban.codes import pass_states as signers_of_passes
from tongban.codes import scene_states as scenes_of_codes
from tongban.codes import venue_states as venue_codes
from tongban.codes import visit_states as visits
from tongban.evaluations import states as evaluations
from tongban.halls import appointment_states as appointments
from tongban.halls import round_table_states as round_tables
from tongban.halls import ticket_states as tickets
from tongban.halls import window_states as windows
from tongban.lib import yamls
from tongban.licences import states as licences
from tongban.licences import withdrawal_states as withdrawals
from tongban.materials import states as materials
from tongban.materials.reading import states as reading
from tongban.notices import states as notices
from tongban.parties import kin_states as kin
from tongban.parties import same_states as same
from tongban.parties import states as mandates
from tongban.payments import states as money
from tongban.records import states as records

LAWS = {
    "bills": (money.BILL_MOVES, set(money.BillState.values), "open", {"refunded", "waived", "cancelled"}),
    "payments": (money.PAYMENT_MOVES, set(money.PaymentState.values), "started", {"confirmed"}),
    "refunds": (money.REFUND_MOVES, set(money.RefundState.values), "proposed", {"done", "rejected"}),
    "reductions": (money.REDUCTION_MOVES, set(money.ReductionState.values), "proposed", {"granted", "rejected"}),
    "acts on many cases": (
        batches.MOVES,
        set(batches.BatchState.values),
        "asked",
        {"done", "stopped", "refused", "lapsed"},
    ),
    "cases": (cases.MOVES, set(cases.CaseState.values), "draft", set(cases.ENDED)),
    "licences": (licences.MOVES, set(licences.LicenceState.values), "valid", set(licences.OVER)),
    "withdrawn keys": (withdrawals.MOVES, set(withdrawals.WithdrawalState.values), "asked", {"dropped"}),
    "evaluations": (evaluations.MOVES, set(evaluations.FollowUpState.values), "received", {"closed"}),
    "materials": (materials.MOVES, set(materials.DocumentState.values), "kept", {"removed", "handed_in"}),
    "call backs": (notices.MOVES, set(notices.CallBackState.values), "waiting", {"called", "given_up"}),
    "machine findings": (
        findings.MOVES,
        set(findings.FindingState.values),
        "open",
        {"overruled", "taken_up"},
    ),
    "promises": (
        procedures.PROMISE_MOVES,
        set(procedures.PromiseState.values),
        "chosen",
        set(procedures.PROMISE_OVER),
    ),
    "hearings": (
        procedures.HEARING_MOVES,
        set(procedures.HearingState.values),
        "offered",
        set(procedures.HEARING_OVER),
    ),
    "appeals": (procedures.APPEAL_MOVES, set(procedures.AppealState.values), "asked", set(procedures.APPEAL_OVER)),
    "mandates": (mandates.MOVES, set(mandates.MandateState.values), "asked", set(map(str, mandates.OVER))),
    "kinship": (kin.MOVES, set(kin.KinState.values), "claimed", set(map(str, kin.OVER))),
    "packages": (deliveries.MOVES, set(deliveries.DeliveryState.values), "chosen", set(deliveries.OVER)),
    "co-signers": (signers.MOVES, set(signers.SignerState.values), "asked", set()),
    "carried drafts": (carrying.MOVES, set(carrying.CarryingState.values), "offered", {"ended"}),
    "messages to many": (
        circulars.MOVES,
        set(circulars.CircularState.values),
        "draft",
        {"sent", "stopped", "declined"},
    ),
    "samenesses": (same.MOVES, set(same.SameState.values), "found", set()),
    "keeping": (records.KEEPING_MOVES, set(records.KeepingState.values), "kept", {"anonymised"}),
    "destruction": (records.DESTRUCTION_MOVES, set(records.DestructionState.values), "proposed", {"done", "dropped"}),
    "handing over": (records.HANDOVER_MOVES, set(records.HandoverState.values), "made", set()),
    "emergency orders": (orders.ORDER_MOVES, set(orders.OrderState.values), "proposed", {"dropped", "lifted"}),
    "proposed statuses": (
        orders.PROPOSAL_MOVES,
        set(orders.ProposalState.values),
        "proposed",
        {"decided", "dropped"},
    ),
    "statuses": (orders.STATUS_MOVES, set(orders.StatusState.values), "holds", {"followed", "lifted"}),
    "appeals against a status": (
        orders.APPEAL_MOVES,
        set(orders.AppealState.values),
        "open",
        {"lifted", "stands"},
    ),
    "tickets": (tickets.TICKET_MOVES, set(tickets.TicketState.values), "waiting", {"done", "void"}),
    "round tables": (round_tables.MOVES, set(round_tables.TableState.values), "planned", {"ended", "off"}),
    "appointments": (
        appointments.APPOINTMENT_MOVES,
        set(appointments.AppointmentState.values),
        "held",
        {"served", "no_show", "cancelled", "lapsed"},
    ),
    "wishes for something earlier": (
        appointments.WISH_MOVES,
        set(appointments.WishState.values),
        "waiting",
        {"taken", "ended"},
    ),
    "windows of halls": (windows.WINDOW_MOVES, set(windows.WindowState.values), "closed", set()),
    "venues": (venue_codes.VENUE_MOVES, set(venue_codes.VenueState.values), "active", {"ended"}),
    "posters": (
        venue_codes.POSTER_MOVES,
        set(venue_codes.PosterState.values),
        "current",
        {"replaced", "taken_down"},
    ),
    "workers of venues": (venue_codes.WORKER_MOVES, set(venue_codes.WorkerState.values), "invited", {"ended"}),
    "reports about posters": (venue_codes.REPORT_MOVES, set(venue_codes.VenueReportState.values), "open", {"closed"}),
    "visits of venues": (visits.VISIT_MOVES, set(visits.VisitState.values), "drawn", {"done", "left"}),
    "findings at venues": (visits.FOUND_MOVES, set(visits.FoundState.values), "open", {"closed"}),
    "scenes": (scenes_of_codes.MOVES, set(scenes_of_codes.SceneDraftState.values), "draft", {"in_force", "discarded"}),
    "trusted signers": (
        signers_of_passes.MOVES,
        set(signers_of_passes.ListState.values),
        "loaded",
        {"replaced", "dropped"},
    ),
    "reading": (reading.MOVES, set(reading.ReadingState.values), "waiting", set(reading.OVER)),
}


@pytest.mark.parametrize("room", LAWS)
def test_every_state_is_reachable(room):
    moves, states, begin, _endings = LAWS[room]
    reached = {begin}
    while grown := {m.target for m in moves if m.sources & reached} - reached:
        reached |= grown

    assert reached == states


@pytest.mark.parametrize("room", LAWS)
def test_only_endings_have_no_way_out(room):
    moves, states, _begin, endings = LAWS[room]
    leads_on = {source for m in moves for source in m.sources if m.target != source}

    assert {str(state) for state in states - leads_on} <= {str(state) for state in endings}


def test_the_law_of_cases_is_the_one_agreed_on():
    agreed = yamls.read(Path("demo/states.yaml"))
    ours = {m.name: (set(m.sources), m.target, set(m.by)) for m in cases.MOVES}
    theirs = {t["id"]: ({s for s in t["from"] if s != "(none)"}, t["to"], set(t["by"])) for t in agreed["transitions"]}

    assert ours == theirs
    assert {s["id"] for s in agreed["states"]} == set(cases.CaseState.values)
    assert (len(cases.CaseState.values), len(cases.MOVES)) == (22, 34)
