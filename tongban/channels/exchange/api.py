"""The open interface (docs/api.md). Errors are problem documents in the caller's language; what is not in a contract is refused."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import Body, NinjaAPI, Path, Query, Schema
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer
from pydantic import ConfigDict, Field

from tongban.channels import doorkeeper
from tongban.channels.exchange import guide_data, pass_checking
from tongban.channels.exchange.gates_described import GATES
from tongban.channels.exchange.presses import DESCRIBED as TICKETS
from tongban.departments import queries as departments
from tongban.lib import identifiers
from tongban.lib.problems import Invalid, Problem
from tongban.lib.rules import compile_rule
from tongban.lib.workdays import REASONS
from tongban.licences import presenting
from tongban.licences import services as licences
from tongban.matters import queries as matters
from tongban.matters.fact_labels import FACT_LABELS, VALUE_LABELS

PREFIX = "/api/v1/"
LAST_YEAR = 2999


class Orjson(BaseRenderer):
    media_type = "application/json"

    def render(self, request, data, *, response_status):
        try:
            return orjson.dumps(data)
        except (
            TypeError
        ):  # whole numbers of more than 64 bits and halves of characters, which JSON can say and orjson cannot
            return json.dumps(data, default=str).encode()


class Interface(NinjaAPI):
    def get_openapi_schema(self, **given):
        """With what is served beside it (uploads, the catalogue as linked data) and the one shape of every error."""
        schema = super().get_openapi_schema(**{"path_prefix": PREFIX, **given})
        schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        schema["paths"].update(BESIDE | GATES | TICKETS)
        problem = {
            "description": "A problem document (RFC 9457), in the language asked for by Accept-Language",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"].setdefault("default", problem)
        return schema


PROBLEM = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "urn:tongban:problem:<code>"},
        "title": {"type": "string", "description": "What happened"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do next"},
        "code": {"type": "string", "description": "Stable, for programs"},
        "kept": {"type": "string", "description": "What was kept"},
        "request": {"type": "string", "description": "Number of the request, for asking about it"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "where": {"type": "string", "description": "The page where a person can go on, where there is one"},
    },
    "additionalProperties": False,
}
UPLOADED = {
    "type": "object",
    "required": ["id", "name", "pages", "left_out"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "pages": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number", "type", "size", "sha256", "width", "height"],
                "properties": {
                    "number": {"type": "integer"},
                    "type": {"type": "string"},
                    "size": {"type": "integer"},
                    "sha256": {"type": "string"},
                    "width": {"type": "integer"},
                    "height": {"type": "integer"},
                },
                "additionalProperties": False,
            },
        },
        "left_out": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}
BESIDE = {
    "/api/v1/uploads": {
        "post": {
            "operationId": "upload",
            "summary": "Keep a document",
            "description": "JPEG, PNG, WebP, HEIC or PDF; several files become the pages of one document. "
            "Signed in (session cookie), identity verified. A safe copy is kept, never the file itself.",
            "tags": ["uploads"],
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "required": ["file"],
                            "properties": {
                                "file": {
                                    "type": "array",
                                    "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                                },
                                "name": {"type": "string", "maxLength": 200},
                            },
                        }
                    }
                },
            },
            "responses": {"201": {"description": "Kept", "content": {"application/json": {"schema": UPLOADED}}}},
        }
    },
    "/catalogue.jsonld": {
        "get": {
            "operationId": "catalogue",
            "summary": "The whole catalogue as linked data (CPSV-AP 3.2)",
            "tags": ["matters"],
            "responses": {"200": {"description": "JSON-LD", "content": {"application/ld+json": {"schema": {"type": "object"}}}}},
        }
    },
}  # fmt: skip

api = Interface(
    title="Tongban",
    version="1",
    description="The open interface of the district. See docs/api.md.",
    urls_namespace="api",
    openapi_url="openapi.json",
    docs_url=None,
    renderer=Orjson(),
)


@api.exception_handler(Problem)
def say_problem(request, problem):
    return doorkeeper.show_problem(request, problem)


REASONS_IN_WORDS = {
    "missing": gettext_lazy("This is needed."),
    "extra_forbidden": gettext_lazy("This is not part of the contract."),
    "literal_error": gettext_lazy("This is none of the values that are possible here."),
    "date": gettext_lazy("Please give a day as YYYY-MM-DD."),
    "int": gettext_lazy("Please give a whole number."),
    "greater_than_equal": gettext_lazy("This number is too small."),
    "less_than_equal": gettext_lazy("This number is too large."),
    "string_too_long": gettext_lazy("This is too long."),
    "string": gettext_lazy("Please give text."),
}


@api.exception_handler(ValidationError)
def say_invalid(request, wrong):
    errors: dict[str, list] = {}
    for one in wrong.errors:
        kind = one.get("type", "")
        said = REASONS_IN_WORDS.get(kind) or REASONS_IN_WORDS.get(kind.split("_")[0]) or _("This cannot be understood.")
        errors.setdefault(str(one["loc"][-1]), []).append(said)
    return doorkeeper.show_problem(request, Invalid("not-understood", errors=errors))


@api.exception_handler(Http404)
def say_not_there(request, _missing):
    return doorkeeper.show_problem(
        request, Problem("not_found", gettext_lazy("There is nothing at this address."), status=404)
    )


@api.exception_handler(HttpError)
def say_refused(request, refused):
    sentence = gettext_lazy("What was sent cannot be read. Please send JSON as the contract says.")
    return doorkeeper.show_problem(request, Problem("not-understood", sentence, status=refused.status_code))


class Strict(Schema):
    model_config = ConfigDict(extra="forbid")


Said = dict[str, str]


# -- matters


class InDepartment(Strict):
    code: str
    name: Said


class MatterLine(Strict):
    id: str
    kind: Literal["matter", "bundle"]
    code: str
    name: Said
    department: InDepartment
    promised_days: int | None
    channels: list[str]
    online: bool
    online_depth: int
    themes: list[str]
    url: str


class MatterPage(Strict):
    items: list[MatterLine]
    total: int | None = Field(
        description="How many there are without the channel filter; null when a channel was asked for"
    )
    suggestion: str = Field(description="What was probably meant; the items answer it already")
    next: str | None = Field(description="Address of the next page")


Channel = Literal["online_pc", "online_mobile", "window", "kiosk", "virtual_window", "phone_help", "courier"]


@api.get("/matters", response=MatterPage, tags=["matters"])
def matter_list(
    request,
    q: Annotated[str, Query(max_length=200)] = "",
    theme: Annotated[str, Query(max_length=60)] = "",
    department: Annotated[str, Query(max_length=20)] = "",
    channel: Annotated[Channel | None, Query()] = None,
    lang: Annotated[Literal["zh-hans", "en"], Query()] = "zh-hans",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[int, Query(ge=0, le=99_999)] = 0,
):
    """Matters and bundles that answer a question, the best first; the most asked-for ones without a question."""
    filters = {"theme": theme, "department": department}
    hits: list = []
    following, found = after, None
    while len(hits) < limit:
        found = matters.search(q, filters=filters, language=lang, limit=limit, after=str(following))
        for hit in found.items:
            following += 1
            if channel is None or channel in hit.entry.channels:
                hits.append(hit)
                if len(hits) == limit:
                    break
        if not found.after:
            break
    rest = found is not None and (bool(found.after) or following < found.total)
    asked = {"q": q, "theme": theme, "department": department, "channel": channel, "lang": lang, "limit": limit}
    onward = urlencode({**{name: value for name, value in asked.items() if value}, "after": following})
    return {
        "items": guide_data.lines([hit.entry for hit in hits]),
        "total": found.total if found is not None and channel is None else None,
        "suggestion": found.hits.suggestion if found is not None else "",
        "next": f"{reverse('exchange:api:matter_list')}?{onward}" if rest and hits else None,
    }


# -- lists of answers


class CodeListLine(Strict):
    id: str
    version: int
    name: Said
    owner: InDepartment
    entries: int
    url: str


class CodeListEntry(Strict):
    code: str
    name: Said
    valid_from: date | None
    valid_until: date | None = Field(description="The last day on which it is offered")
    parent: str = Field(
        description="Code of the entry it stands under; an entry above others is a heading and no answer"
    )
    offered: bool = Field(description="Whether it can be chosen today")


class CodeListWhole(Strict):
    id: str
    version: int
    in_force_since: datetime
    name: Said
    owner: InDepartment
    used_by: list[str] = Field(description="Matters in force whose forms take answers from it")
    entries: list[CodeListEntry]


@api.get("/code-lists", response=list[CodeListLine], tags=["code lists"])
def code_list_index(request):
    """Every list of answers that forms share."""
    return guide_data.code_lists()


@api.get("/code-lists/{slug:key}", response=CodeListWhole, tags=["code lists"])
def code_list_whole(request, key: str):
    """One list with every entry it has, in its order; also those that are no longer offered."""
    found = guide_data.code_list(key)
    if found is None:
        raise Http404
    return found


class Requirement(Strict):
    material: str
    name: Said
    required: bool
    originals: int
    copies: int
    electronic: bool
    exempt: Literal["licence", "data", "commitment", "generated", "none"]
    licence_type: str
    register_: str = Field(alias="register")
    tolerant: bool
    when: Said


class Reading(Strict):
    register_: str = Field(alias="register")
    name: Said
    fields_: list[str] = Field(alias="fields")
    purpose: str
    ground: Said


class Guide(Strict):
    id: str
    kind: Literal["matter", "bundle"]
    basic_code: str
    implementing_code: str
    item_code: str
    version: int
    effective_from: date
    name: Said
    department: InDepartment
    type: str
    type_code: str
    level: str
    objects: list[str]
    themes: list[str]
    power_source: Literal["own", "handed_down", "entrusted", ""]
    body_nature: Literal["legal_body", "authorised", "entrusted", ""]
    entrusted_to: Said
    joint_departments: list[InDepartment]
    handling_office: Said
    legal_basis: list[dict[str, Any]]
    authority_split: Said
    conditions: Said
    quota: Said
    bars: Said
    intermediary: Said
    only_one: dict[str, Any] | None
    handling_kind: str
    statutory_days: int | None
    promised_days: int | None
    time_unit: Literal["working_day", "calendar_day"]
    special_procedures: list[dict[str, Any]]
    visits: int | None
    visit_reason: Said
    fee: dict[str, Any]
    channels: list[str]
    online: bool
    online_depth: int
    city_wide: bool
    cross_region: list[str]
    appointment: bool
    express: bool
    situations: list[dict[str, Any]] = Field(
        description="Each with handling_kind, promised_days and site_inspection as they hold in it, which may differ from the matter's."
    )
    requirements: list[Requirement]
    form: dict[str, Any] | None = Field(
        description="JSON Schema of the form; null when it cannot be applied for online"
    )
    steps: list[dict[str, Any]]
    places: list[dict[str, Any]]
    result: dict[str, Any]
    validity: dict[str, Any]
    rights: Said
    contacts: list[dict[str, Any]]
    appeal: list[dict[str, Any]]
    faqs: list[dict[str, Any]]
    decided_by: Literal["none", "rule", "full"]
    rules: dict[str, Any]
    rules_version: str
    commitment: bool
    tolerant: bool
    site_inspection: bool
    public_notice: bool
    editions: list[str]
    members: list[dict[str, Any]]
    registers: list[Reading]
    note: Said
    provenance: str
    not_supplied: list[str]
    url: str


@api.get("/matters/{id}", response=Guide, by_alias=True, tags=["matters"])
def matter_detail(request, id: Annotated[str, Path(max_length=100)]):
    """Every element of the guide in force. `id` is the one of the list, or the code of the item."""
    guide = guide_data.guide(id)
    if guide is None:
        raise Http404
    return guide


class PlanOption(Strict):
    id: str
    name: Said


class PlanQuestion(Strict):
    id: str
    text: Said
    help: Said
    member: str
    options: list[PlanOption] = Field(
        description="Without options the question's own id is chosen when the answer is yes"
    )


class PlanMember(Strict):
    id: str
    name: Said
    version: int
    department: str
    why: Said
    mandatory: bool
    situation: list[str]
    after: list[str] = Field(description="Members that are granted before this one is reviewed")
    wave: int = Field(description="Members of one wave run at the same time")
    promised_days: int
    fee: dict[str, Any]
    in_person: bool
    url: str


class PlanPaper(Strict):
    material: str
    required: bool
    exempt: Literal["licence", "data", "commitment", "generated", "none"]
    tolerant: bool
    asked_by: list[str]


class PlanMade(Strict):
    material: str
    by: str
    asked_by: list[str]


class PlanFigures(Strict):
    applications: int
    documents: int
    days: int
    visits: int


class BundlePlan(Strict):
    id: str
    version: int
    chosen: list[str]
    questions: list[PlanQuestion]
    unanswered: list[str]
    members: list[PlanMember]
    requirements: list[PlanPaper]
    made: list[PlanMade] = Field(description="Papers that one member makes for another: nobody brings them")
    fee_total: int
    fee_open: list[str]
    promised_days: int
    by_commitment: bool
    separately: PlanFigures
    together: PlanFigures
    form: dict[str, Any] = Field(description="JSON Schema of the one form, each question once")
    asked_by: dict[str, list[str]] = Field(description="Which members ask for each field of the form")
    url: str


@api.get("/matters/{id}/plan", response=BundlePlan, tags=["matters"])
def matter_plan(request, id: Annotated[str, Path(max_length=100)], chosen: Annotated[str, Query(max_length=4000)] = ""):
    """What applies to somebody who gave these answers (ids of questions and options, divided by commas): one form, one set of papers."""
    plan = guide_data.plan(id, [one.strip() for one in chosen.split(",") if one.strip()])
    if plan is None:
        raise Http404
    return plan


# -- numbers


class NumberChecked(Strict):
    valid: bool
    reason: str
    remarks: list[str]


CHECKS = {
    "resident_id": identifiers.check_resident_id,
    "uscc": identifiers.check_uscc,
    "mrz": identifiers.check_mrz,
}


@api.get("/check/id", response=NumberChecked, tags=["check"])
def check_id(
    request,
    response: HttpResponse,
    type: Annotated[Literal["resident_id", "uscc", "mrz"], Query()],
    value: Annotated[str, Query(max_length=400)],
):
    """Whether a number can exist; never whether it does. Nothing of it is kept. The POST form keeps the number out of addresses."""
    response["Referrer-Policy"], response["Cache-Control"] = "no-referrer", "no-store"
    return number_checked(type, value)


class NumberAsked(Strict):
    type: Literal["resident_id", "uscc", "mrz"]
    value: Annotated[str, Field(max_length=400)]


@api.post("/check/id", response=NumberChecked, tags=["check"])
def check_id_in_body(request, asked: Annotated[NumberAsked, Body()]):
    """The same answer for a number that is sent in the body, where no history and no log of a line between keeps it."""
    return number_checked(asked.type, asked.value)


def number_checked(kind: str, value: str) -> dict[str, Any]:
    checked = CHECKS[kind](value)
    return {
        "valid": checked.valid,
        "reason": str(checked.reason),
        "remarks": [str(remark) for remark in checked.remarks],
    }


# -- rules


class Asked(Strict):
    logic: Any
    data: Any = None


class Judged(Strict):
    path: str
    op: str
    left: Any
    right: Any
    result: bool | None
    text: Said


class Evaluated(Strict):
    result: Any = Field(description="What JsonLogic answers; null where nobody can tell")
    holds: bool | None = Field(description="Whether the rule holds: its truth, or null where facts are missing")
    missing: list[str]
    trace: list[Judged]


@api.post("/rules/evaluate", response=Evaluated, tags=["rules"])
def rules_evaluate(request, asked: Annotated[Asked, Body()]):
    """A rule in JsonLogic with CertLogic's operators, judged on these facts: the answer, and each condition in words."""
    rule = compile_rule(asked.logic, FACT_LABELS, VALUE_LABELS)
    outcome = rule({} if asked.data is None else asked.data)
    return {
        "result": outcome.value,
        "holds": outcome.result,
        "missing": outcome.missing,
        "trace": [line.as_json() for line in outcome.trace],
    }


# -- working days


class Due(Strict):
    due: date
    provisional: bool


class Day(Strict):
    working_day: bool
    reason: str
    provisional: bool


@api.get("/clock/due", response=Due, tags=["clock"])
def clock_due(request, start: date, working_days: Annotated[int, Query(ge=0, le=10_000)]):
    """The day on which the Nth working day after the start falls."""
    if start.year > LAST_YEAR:
        raise Invalid("too-far", errors={"start": [_("This day is too far away.")]})
    due = departments.calendar().due(start, working_days)
    return {"due": due.day, "provisional": due.provisional}


@api.get("/clock/is-working-day", response=Day, tags=["clock"])
def clock_is_working_day(request, date: date):
    """Whether people work on a day, and why."""
    kind = departments.calendar().is_working_day(date)
    return {
        "working_day": kind.working,
        "reason": str(REASONS[kind.reason]) if kind.working else str(kind.name or REASONS[kind.reason]),
        "provisional": kind.provisional,
    }


# -- licences


class MergedPermit(Strict):
    """One permit of an industry licence, as it stands at the moment of asking."""

    name: dict[str, str]
    number: str
    regulator: dict[str, str]
    mandatory: bool
    issued_on: date
    valid_to: date | None
    status: str
    reason: str
    since: datetime


class Checked(Strict):
    signature: bool
    status: str
    reason: str
    status_age: int
    status_since: datetime
    checked_at: datetime
    identifier: str
    type: dict[str, str]
    issuer: dict[str, str]
    issued_on: date
    valid_from: date
    valid_to: date | None
    face: list[dict[str, Any]]
    items: list[MergedPermit]
    demonstration: bool


@api.get("/licences/verify/{token}", response=Checked, tags=["licences"])
def licence_verify(request, token: str):
    """Signature, then status, then the limited face of a licence; of an industry licence each merged permit as it stands now."""
    found = _presented(request, token) if presenting.read_token(token) else licences.verify(token, channel="api")
    if found is None:
        raise Http404
    return found


def _presented(request, token: str) -> licences.Verification | None:
    """A code of the holder (shown, shared, printed) opens as on the page: counted, once for each verifier where it was shown."""
    row = presenting.found(token)
    if row is None:
        return None
    key = f"api:{request.META.get('REMOTE_ADDR', '')}"
    opener = presenting.Opener(by="anyone", key=key, actor=licences.VERIFIER)
    return presenting.open_it(row, opener=opener).as_verification()


# -- health passes


class PassAsked(Strict):
    qr_text: Annotated[str | None, Field(max_length=pass_checking.LONGEST_TEXT)] = Field(
        None, description="What a scanner read: HC1:..."
    )
    image: str | None = Field(
        None, description="A picture with the code instead (JPEG, PNG or WebP of at most 10 MB), in base64"
    )
    at: Annotated[str | None, Field(max_length=60)] = Field(
        None, description="The moment to judge for, ISO 8601; now when it is left out"
    )
    trust: (
        Annotated[str, Field(max_length=40)]
        | Annotated[list[Annotated[str, Field(max_length=16_384)]], Field(max_length=pass_checking.MOST_CERTIFICATES)]
        | None
    ) = Field(
        None,
        description="Certificates of signers (DER in base64), or the name of a list of this district; left out: its own",
    )
    purpose: Annotated[str | None, Field(max_length=200)] = Field(
        None,
        description="What it is checked for: `entry` (a place) or `travel` (a journey to another province, which asks for a newer test). Left out, and any other word: as "
        "entry. The header `Judged-For` of the answer says which it was. Nothing of the pass is kept",
    )


class PassHolder(Strict):
    name: str
    dob: str = Field(description="As the issuer signed it; it may be a year or a month only, or empty")


class PassTest(Strict):
    type: str = Field(description="LOINC: LP6464-4 laboratory, LP217198-3 rapid")
    sampled_at: str = Field(description="As the issuer signed it")
    result: str = Field(description="SNOMED CT: 260415000 not detected, 260373001 detected (positive)")
    centre: str | None


class PassJudged(Strict):
    verdict: Literal["valid", "invalid"]
    reason: (
        Literal[
            "prefix",
            "encoding",
            "compression",
            "structure",
            "signature",
            "unknown_key",
            "not_yet_valid",
            "expired",
            "key_usage",
            "content",
        ]
        | None
    ) = Field(description="Why it is invalid; null when it is valid")
    kind: Literal["v", "t", "r"] | None = Field(
        description="Vaccination, test, recovery; null when nothing in it can be believed"
    )
    holder: PassHolder | None
    test: PassTest | None
    light: Literal["green", "amber", "red"]


@api.post("/passes/verify", response=PassJudged, tags=["passes"])
def pass_verify(request, response: HttpResponse, asked: Annotated[PassAsked, Body()]):
    """Judge a health pass (HC1). Whatever was judged is answered with 200, also when it is invalid; nothing of it is kept.

    Valid means that a trusted key signed it and that it holds at that moment. Whether it is enough is the light: red for a positive
    test and for everything invalid, amber for what is genuine and does not fulfil the district's published rule.
    """
    response["Cache-Control"] = "no-store"
    if (asked.qr_text is None) == (asked.image is None):
        raise Invalid(
            "not-understood", errors={"qr_text": [_("Please send either the text of the code or a picture of it.")]}
        )
    at, trust = pass_checking.moment(asked.at), pass_checking.trust(asked.trust)
    text = asked.qr_text if asked.qr_text is not None else pass_checking.text_of_base64(asked.image or "")
    purpose = pass_checking.purpose_of(asked.purpose)
    response["Judged-For"] = purpose
    return pass_checking.judge(text, at=at, trust=trust, purpose=purpose).as_contract()
