"""Draw the generated books of docs/ from the code: moves, events, settings, data map, access matrix. `--check` only compares."""

import argparse
import dataclasses
import sys
from importlib import import_module
from pathlib import Path

from tongban.journal.services import EVENTS, REACTIONS
from tongban.lib import yamls
from tongban.site.configuration import Configuration

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
DRAWN = "*Drawn from the code by `make books`; do not edit.*\n"
ROOMS_WITH_MOVES = {
    "cases": ("tongban.cases.states", "CaseState"),
    "licences": ("tongban.licences.states", "LicenceState"),
    "licences (before one is taken away)": ("tongban.licences.proceeding_states", "ProceedingState"),
    "licences (a signing key is withdrawn)": ("tongban.licences.withdrawal_states", "WithdrawalState"),
    "licences (a value reported as wrong)": ("tongban.licences.report_states", "ReportState"),
    "evaluations (putting bad ratings right)": ("tongban.evaluations.states", "FollowUpState"),
    "materials": ("tongban.materials.states", "DocumentState"),
    "payments (bills, payments, refunds, reductions)": ("tongban.payments.states", "BillState"),
    "registers (disputed values)": ("tongban.registers.states", "DisputeState"),
    "notices (being rung up)": ("tongban.notices.states", "CallBackState"),
    "cases (what the machine noticed)": ("tongban.cases.finding_states", "FindingState"),
    "cases (promises, hearings, reconsideration)": ("tongban.cases.procedure_states", "PromiseState"),
    "parties (mandates)": ("tongban.parties.states", "MandateState"),
    "parties (parents and guardians)": ("tongban.parties.kin_states", "KinState"),
    "parties (records of one person)": ("tongban.parties.same_states", "SameState"),
    "cases (who signs beside the applicant)": ("tongban.cases.signer_states", "SignerState"),
    "cases (packages of results on paper)": ("tongban.cases.delivery_states", "DeliveryState"),
    "cases (a draft on a second device)": ("tongban.cases.carrying_states", "CarryingState"),
    "cases (one message to many)": ("tongban.cases.circular_states", "CircularState"),
    "cases (acts on many at once)": ("tongban.cases.batch_states", "BatchState"),
    "matters (kinds of documents and licences)": ("tongban.matters.type_states", "TypeDraftState"),
    "records (what has served its time)": ("tongban.records.states", "DestructionState"),
    "codes (emergency orders, statuses, appeals)": ("tongban.codes.order_states", "OrderState"),
    "codes (scenes of identity codes)": ("tongban.codes.scene_states", "SceneDraftState"),
    "codes (trusted signers of health passes)": ("tongban.codes.pass_states", "ListState"),
    "codes (inspections of venues and what they find)": ("tongban.codes.visit_states", "VisitState"),
    "codes (venues, posters, staff lists, reports)": ("tongban.codes.venue_states", "VenueState"),
    "halls (tickets)": ("tongban.halls.ticket_states", "TicketState"),
    "halls (appointments, wishes for an earlier one)": ("tongban.halls.appointment_states", "AppointmentState"),
    "halls (round tables)": ("tongban.halls.round_table_states", "TableState"),
    "halls (windows)": ("tongban.halls.window_states", "WindowState"),
    "materials (reading by machine)": ("tongban.materials.reading.states", "ReadingState"),
}


def _cell(text) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _table(head: list[str], rows: list[list]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def moves() -> str:
    """The law of every room that has one."""
    parts = ["# The book of moves\n", DRAWN]
    for name, (module, _states) in ROOMS_WITH_MOVES.items():
        law = import_module(module)
        rows = [
            [
                step.name,
                ", ".join(sorted(step.sources)) or "(none)",
                step.target,
                ", ".join(step.by) or "issuer or owner",
                step.guard,
                step.clock,
                step.document,
            ]
            for step in law.MOVES
        ]
        parts.append(f"## {name}\n")
        parts.append(_table(["move", "from", "to", "by", "guard", "clock", "document"], rows))
    return "\n".join(parts)


def events() -> str:
    """Every event, what it carries and who reacts."""
    rows = []
    for name, kind in sorted(EVENTS.items()):
        if not kind.__module__.startswith("tongban."):
            continue
        fields = ", ".join(f"{one.name}: {getattr(one.type, '__name__', one.type)}" for one in dataclasses.fields(kind))
        told = (kind.__doc__ or "").strip().split("\n")[0]
        told = "" if told.startswith(f"{name}(") else told
        reactions = ", ".join(one[8:] for one in REACTIONS.get(name, ()) if one.startswith("tongban."))
        rows.append([name, kind.__module__.split(".")[1], fields, told, reactions])
    return (
        "# The book of events\n\n"
        + DRAWN
        + "\n"
        + _table(["event", "room", "carries", "what it means", "reactions"], rows)
    )


def settings_book() -> str:
    """Everything an operator can set."""
    rows = []
    for name, field in Configuration.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"TONGBAN_{name.upper()}"
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Path):
            default = default.name + "/"
        rows.append([f"`{variable}`", f"`{default}`" if default not in ("", None, []) else "", field.description or ""])
    return (
        "# Settings\n\n"
        + DRAWN
        + "\nGiven as environment variables.\n\n"
        + _table(["variable", "default", "what it does"], rows)
    )


def data_map() -> str:
    """Every field that is kept, why, and how long."""
    parts = [
        "# The data map\n",
        DRAWN,
        "Source: `docs/data-map.yaml`. `sealed` is encrypted at rest with keys outside the database.\n",
    ]
    for model, row in yamls.read(DOCS / "data-map.yaml").items():
        parts.append(f"## {model}\n")
        parts.append(
            f"Owner: {row['owner']}. Purpose: {row['purpose']}. Basis: {row['basis']}. Retention: {row['retention']}.\n"
        )
        parts.append(_table(["field", "shown"], [[name, shown] for name, shown in row["fields"].items()]))
    return "\n".join(parts)


def data_map_of_the_product() -> str:
    """The data map as the product itself reads it, its words marked for translation."""
    lines = [
        '"""Drawn from docs/data-map.yaml by `make books`; do not edit."""',
        "",
        "# ruff: noqa",
        "# fmt: off",
        "from django.utils.translation import gettext_lazy as _",
        "",
        "from tongban.rights.mapping import Row",
        "",
        "ROWS: dict[str, Row] = {",
    ]
    for model, row in yamls.read(DOCS / "data-map.yaml").items():
        about = row.get("about", "nobody")
        about = {} if about == "nobody" else about
        paths = {kind: tuple([path] if isinstance(path, str) else path) for kind, path in about.items()}
        marked = {
            name: f"_({str(row[name])!r})" if paths else repr(str(row[name]))
            for name in ("purpose", "basis", "retention")
        }
        erase = row.get("erase") or {}
        lines += [
            f"    {model!r}: Row(",
            f"        chapter={row.get('chapter', '')!r}, party={paths.get('party', ())!r}, account={paths.get('account', ())!r},",
            f"        purpose={marked['purpose']}, basis={marked['basis']}, retention={marked['retention']},",
            f"        hidden={row.get('hidden', '')!r}, erase_from={erase.get('from', '')!r}, erase_days={erase.get('days', 0)!r},",
            f"        fields={ {name: str(shown) for name, shown in row['fields'].items()}!r},",
            "    ),",
        ]
    return "\n".join([*lines, "}", ""])


BOOKS = {
    "moves.md": moves,
    "events.md": events,
    "settings.md": settings_book,
    "data-map.md": data_map,
    "../tongban/rights/data_map.py": data_map_of_the_product,
}


def stale() -> list[str]:
    """Names of books that do not say what the code says."""
    return [
        name for name, draw in BOOKS.items() if not (DOCS / name).exists() or (DOCS / name).read_text("utf-8") != draw()
    ]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="only say which books are stale")


def run(options: argparse.Namespace) -> int:
    """0 when all is drawn (or, with --check, when nothing is stale)."""
    if options.check:
        old = stale()
        sys.stdout.write("".join(f"stale: docs/{name}\n" for name in old))
        return 1 if old else 0
    for name, draw in BOOKS.items():
        (DOCS / name).write_text(draw(), "utf-8")
        sys.stdout.write(f"{(DOCS / name).resolve().relative_to(ROOT)}\n")
    return 0
