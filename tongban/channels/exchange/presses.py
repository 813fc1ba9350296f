"""Ticket machines of others: `POST /api/v1/tickets`. What is said and heard, before it is known who serves it: the native desk (site.desk),
where presses that come together share one commit, or a view of Django."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tongban.channels.exchange.gates import JSON, TROUBLES, language_of, problem_said, read
from tongban.halls import queries_places
from tongban.halls.queue_rules import rounded_up
from tongban.halls.services import pressing
from tongban.halls.services.pressing import Press
from tongban.halls.services.tickets import Asked
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany
from tongban.lib.rates import Rates
from tongban.lib.said import Said

ADDRESS = "/api/v1/tickets"
NUMBER = re.compile(r"[A-Za-z0-9_-]{8,64}")
BEARER = re.compile(r"(?i:bearer) ([A-Za-z0-9_-]{8,40})")
A_SECOND, AT_ONCE = 5, 120  # presses of one machine: a hall that opens its doors, and no more
WANTED = {"press": str, "queue": str, "phone": str, "matter": str, "language": str, "elderly": bool}
OPTIONAL = ["phone", "matter", "language", "elderly"]
ASK_AGAIN = _("Ask again in a moment with the same number of the press: it gets one number, however often it is asked.")


@dataclass(frozen=True, slots=True)
class Pressed:
    """One request that was understood, and waits for the database."""

    headers: Mapping[str, str]
    key: str
    number: str
    asked: Asked
    matter: str


class Pressing:
    path = ADDRESS

    def __init__(self) -> None:
        self.pace = Rates(a_second=A_SECOND, at_once=AT_ONCE)

    def take(self, headers: Mapping[str, str], body: bytes, now: float) -> Said | Pressed:
        try:
            found = BEARER.fullmatch(headers.get("authorization", ""))
            if found is None:
                raise _no_machine()
            given = read(body, WANTED, optional=OPTIONAL)
            return Pressed(headers, found[1], given["press"], _asked(given, headers), given.get("matter", ""))
        except Problem as problem:
            return problem_said(problem, headers)

    def together(self, taken: Sequence[Pressed], now: float) -> list[Said]:
        machines = pressing.machines({one.key for one in taken})
        matters = {slug: queries_places.published(slug) for slug in {one.matter for one in taken if one.matter}}
        answers: dict[int, Said] = {}
        presses: list[tuple[int, Press]] = []
        for place, one in enumerate(taken):
            try:
                machine = machines.get(one.key)
                if machine is None:
                    raise _no_machine()
                if wait := self.pace.take(machine.pk, now):
                    raise TooMany(
                        "too-fast",
                        _("This machine asks faster than people press."),
                        next_step=_("Wait as long as Retry-After says. Other machines are served meanwhile."),
                        retry_after=int(wait) + 1,
                    )
                if not machine.working:
                    raise NotAllowed(
                        "machine-broken",
                        _("This machine stands as broken in the list of its hall."),
                        next_step=_("Report at the hall's page of machines that it works again."),
                    )
                asked = one.asked
                if one.matter:
                    version = matters[one.matter]
                    if version is None:
                        raise Invalid("not-understood", errors={"matter": [_("There is no such matter.")]})
                    asked = _for(asked, version.matter_id)
                presses.append((place, Press(machine, one.number, asked)))
            except Problem as problem:
                answers[place] = problem_said(problem, one.headers)
        if presses:
            given = pressing.give([press for _place, press in presses], at=datetime.fromtimestamp(now, UTC))
            for (place, _press), answer in zip(presses, given, strict=True):
                answers[place] = _said(answer, taken[place].headers)
        return [answers[place] for place in range(len(taken))]

    def trouble(self, headers: Mapping[str, str], status: int) -> Said:
        code, sentence = TROUBLES[status]
        problem = Problem(code, sentence, next_step=ASK_AGAIN if status >= 500 else "", status=status)
        if status == 503:
            problem.retry_after = 1  # type: ignore[attr-defined]
        return problem_said(problem, headers)


def _asked(given: Mapping[str, Any], headers: Mapping[str, str]) -> Asked:
    errors: dict[str, list] = {}
    if not NUMBER.fullmatch(given["press"]):
        errors["press"] = [_("8 to 64 letters, digits, - or _.")]
    if not 1 <= len(given["queue"]) <= 2:
        errors["queue"] = [_("One or two letters, as the hall's page of queues names them.")]
    language = given.get("language") or language_of(headers.get("accept-language", ""))
    if language not in dict(settings.LANGUAGES):
        errors["language"] = [_("This language is not known.")]
    for name, most in (("phone", 30), ("matter", 100)):
        if len(given.get(name, "")) > most:
            errors[name] = [_("This is too long.")]
    if errors:
        raise Invalid("not-understood", errors=errors)
    return Asked(given["queue"], phone=given.get("phone", ""), language=language, elderly=given.get("elderly", False))


def _for(asked: Asked, matter: int) -> Asked:
    return Asked(asked.category, phone=asked.phone, matter=matter, language=asked.language, elderly=asked.elderly)


def _said(answer: pressing.Given, headers: Mapping[str, str]) -> Said:
    if answer.ticket is None:
        assert answer.problem is not None
        return problem_said(answer.problem, headers)
    row = answer.ticket
    minutes = None if row.estimate_minutes is None else rounded_up(row.estimate_minutes)
    told = {
        "number": row.label,
        "queue": row.category.code,
        "ahead": row.ahead,
        "minutes": minutes,
        "slip": row.key,
        "page": f"/ticket/{row.key}/",
        "again": answer.again,
    }
    return Said(200, orjson.dumps(told), JSON)


def _no_machine() -> Problem:
    return Problem(
        "machine-key",
        _("This is no key of a ticket machine."),
        next_step=_("Send the key that the hall's page of machines shows, as a Bearer token."),
        status=401,
    )


PRESSING = Pressing()

_TEXT = {"type": "string"}
_NUMBER = {"type": ["integer", "null"]}
_ANSWER = {
    "number": {"type": "string", "description": "As it is called: A012"},
    "queue": _TEXT,
    "ahead": {**_NUMBER, "description": "How many are called before it"},
    "minutes": {
        **_NUMBER,
        "description": "About how long, rounded up to five; null: no window is open. From when until when: `GET /api/v1/tickets/{slip}`",
    },
    "slip": {"type": "string", "description": "Asks `GET /api/v1/tickets/{slip}`; in the QR of the paper"},
    "page": {"type": "string", "description": "Path of the page that goes on by phone"},
    "again": {"type": "boolean", "description": "This press was told before: the number is the one it had"},
}
_BODY = {
    "press": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$", "description": "The machine's own number of this press"},
    "queue": {"type": "string", "minLength": 1, "maxLength": 2},
    "phone": {"type": "string", "maxLength": 30, "description": "Who is told by text when it is nearly their turn"},
    "matter": {"type": "string", "maxLength": 100, "description": "Slug of what it is for"},
    "language": {"enum": [code for code, _name in settings.LANGUAGES]},
    "elderly": {"type": "boolean"},
}  # fmt: skip
DESCRIBED: dict[str, Any] = {
    ADDRESS: {
        "post": {
            "operationId": "take_ticket",
            "summary": "A number of a queue, for a ticket machine",
            "description": "Opened by the machine's key as a Bearer token; without it 401. Told again with the same `press` it is the same number; "
            "the same `press` for something else is 409. A press that was refused may be told again.",
            "tags": ["tickets"],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["press", "queue"],
                            "properties": _BODY,
                            "additionalProperties": False,
                        }
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "The number; it is on disk",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": list(_ANSWER),
                                "properties": _ANSWER,
                                "additionalProperties": False,
                            }
                        }
                    },
                }
            },
        }
    }
}
