"""The interface for gates in OpenAPI: what `views_gates` and the desk take and answer."""

from typing import Any

SIGNED = "Signed by a device: Content-Digest, Signature-Input and Signature after RFC 9421, exactly as docs/api.md says. Without them 401."
TEXT = {"type": "string"}
REASONS = [
    "not_ours",
    "unreadable",
    "unknown_key",
    "altered",
    "withdrawn_key",
    "not_yet",
    "expired",
    "paper_expired",
    "used",
    "lost",
    "ended",
    "right_ended",
    "wrong_kind",
    "other_gate",
    "answer_needed",
    "see_staff",
    "trial",
    "question",
    "bundle_over",
    "ask_staff",
    "too_often",
]


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answers(status: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


NUMBER = {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$", "description": "The gate's own number of this scan"}
CODE = {"type": "string", "minLength": 1, "maxLength": 1000, "description": "What was read: TB1:..."}
KEY = {"type": "string", "description": "Ed25519 public key, 32 bytes in base64url without padding"}
BY_GATE = _object({"scan": NUMBER, "code": CODE}, purpose=TEXT)
BY_SECRET = _object({"payload": TEXT, "reader": TEXT, "purpose": TEXT}, at=TEXT)
TOLD = _object(
    {"verdict": {"enum": ["valid", "invalid"]}, "reason": TEXT, "fields": {"type": "object"}, "sentence": TEXT, "next_step": TEXT},
    scan=TEXT, kind=TEXT, again={"type": "boolean"},
)  # fmt: skip
HANDED_IN = _object(
    {
        "scan": NUMBER,
        "code": CODE,
        "at": {"type": "integer", "description": "When it was read, in seconds since 1970"},
        "let_in": {"type": "boolean"},
        "reason": {"enum": ["", *REASONS], "description": "Why nobody was let in"},
    }
)
ENROLLED = _object(
    {
        "key_id": TEXT,
        "reader": _object({"id": {"type": "integer"}, "name": TEXT, "place": TEXT, "sort": TEXT}),
        "purpose": TEXT,
        "fields": {"type": "array", "items": TEXT},
        "bundle_key": KEY,
        "codes_a_second": {"type": "integer"},
    }
)


def _operation(name: str, summary: str, description: str, responses: dict[str, Any], body: dict | None = None) -> dict:
    made = {
        "operationId": name,
        "summary": summary,
        "description": f"{description} {SIGNED}",
        "tags": ["gates"],
        "responses": responses,
    }
    return made | ({"requestBody": _json(body)} if body else {})


ASKED = _object(
    {"request": TEXT, "link": {"type": "string", "description": "openid4vp://..., to be shown as a QR"}, "expires_at": {"type": "integer"}, "licence": TEXT, "fields": {"type": "array", "items": TEXT}, "purpose": TEXT}
)  # fmt: skip
SHOWN = _object(
    {"request": TEXT, "state": {"enum": ["asked", "over", "answered", "declined", "refused"]}, "status": TEXT, "reason": TEXT, "fields": {"type": "object"}}
)  # fmt: skip

GATES: dict[str, Any] = {
    "/api/v1/wallet/ask": {
        "post": _operation(
            "wallet_ask",
            "Ask a wallet to show a licence (OpenID4VP)",
            "No more than the reader is registered for; without `fields` all of that. The holder reads who asks and agrees or not.",
            _answers("201", "The question", ASKED),
            _object({}, fields={"type": "array", "items": TEXT, "minItems": 1, "maxItems": 6}),
        )
    },
    "/api/v1/wallet/answer": {
        "post": _operation(
            "wallet_answer",
            "What the wallet showed",
            "For the reader that asked, and for an hour after the wallet answered.",
            _answers("200", "What came of it", SHOWN),
            _object({"request": TEXT}),
        )
    },
    "/api/v1/codes/verify": {
        "post": _operation(
            "codes_verify",
            "Whether a code is good at this reader, and what it may know",
            "A reader with a secret sends it as a Bearer token with the second form of the body.",
            _answers("200", "The verdict", TOLD),
            {"oneOf": [BY_GATE, BY_SECRET]},
        )
    },
    "/api/v1/codes/scans": {
        "post": _operation(
            "codes_scans",
            "Hand in what a gate decided while it was alone",
            "Handed in again, nothing changes.",
            _answers(
                "200",
                "What we say of each",
                _object(
                    {
                        "scans": {
                            "type": "array",
                            "items": _object(
                                {"scan": TEXT, "verdict": TEXT, "reason": TEXT, "again": {"type": "boolean"}}
                            ),
                        }
                    }
                ),
            ),
            _object({"scans": {"type": "array", "items": HANDED_IN, "minItems": 1, "maxItems": 200}}),
        )
    },
    "/api/v1/codes/bundle": {
        "get": _operation(
            "codes_bundle",
            "What a gate needs to decide alone for a day",
            "A JWS (EdDSA) in its compact form.",
            {
                "200": {"description": "The bundle", "content": {"application/jose": {"schema": TEXT}}},
                "304": {"description": "Nothing new within this hour"},
            },
        )
    },
    "/api/v1/codes/question": {
        "post": _operation(
            "codes_question",
            "What a gate with nobody beside it shows",
            "The phone answers this gate alone, within 20 seconds.",
            _answers("200", "The question", _object({"code": TEXT, "expires_at": {"type": "integer"}})),
        )
    },
    "/api/v1/codes/enrol": {
        "post": _operation(
            "codes_enrol",
            "Register the key of a device with a one-time code",
            "Signed with the very key that is registered.",
            _answers("201", "Registered", ENROLLED),
            _object({"code": TEXT, "public_key": KEY}, device=TEXT),
        )
    },
    "/api/v1/codes/key": {
        "post": _operation(
            "codes_key",
            "Go on with a new key",
            "Signed with the old key; `proof` is signed with the new one.",
            _answers("201", "Registered; the old key is taken for ten more minutes", ENROLLED),
            _object({"public_key": KEY, "proof": TEXT}),
        )
    },
}
