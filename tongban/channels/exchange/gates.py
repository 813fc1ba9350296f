"""What gates and partners say to us and what they hear, before it is known who serves it: the native desk (site.desk) or a view of Django.

`take` judges a request without the database, so it may stand on the loop; `together` answers all that came at once, after their commit.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy
from django.utils.translation.trans_real import parse_accept_lang_header

from tongban.channels.exchange import by_secret
from tongban.codes.services import scanning
from tongban.codes.services.scanning import Device, Recorded, Scan
from tongban.codes.wording import why
from tongban.lib import signed_requests
from tongban.lib.problems import Invalid, Problem, TooMany, worded
from tongban.lib.rates import Rates
from tongban.lib.said import Said
from tongban.lib.signed_requests import Claimed, Unsigned

VERIFY = "/api/v1/codes/verify"
NUMBER = re.compile(r"[A-Za-z0-9_-]{8,64}")
LONGEST_CODE = 1000
JSON = ((b"content-type", b"application/json"),)
PROBLEM = ((b"content-type", b"application/problem+json"),)
SIGN_AS = gettext_lazy("Sign the request as docs/api.md says, with the key that the device has enrolled.")

UNSIGNED = {
    "not-signed": gettext_lazy("This request is not signed."),
    "signature-unreadable": gettext_lazy("The signature of this request is not written as it should be."),
    "digest-missing": gettext_lazy("The digest of the body is missing or not written as it should be."),
    "body-changed": gettext_lazy("The body is not the one that was signed."),
    "algorithm-of-another-key": gettext_lazy("This key does not sign in that way."),
    "signature-wrong": gettext_lazy("The signature is not of this request and this key."),
}


@lru_cache(maxsize=512)
def language_of(accepted: str) -> str:
    """As for pages; by the header alone."""
    for code, _weight in parse_accept_lang_header(accepted.lower()[:200]):
        for known, _name in settings.LANGUAGES:
            if code == known or code.split("-")[0] == known.split("-")[0]:
                return known
    return settings.LANGUAGE_CODE


def problem_said(problem: Problem, headers: Mapping[str, str]) -> Said:
    """A problem document (RFC 9457) in the caller's language."""
    with translation.override(language_of(headers.get("accept-language", ""))):
        sentence, kept, then = str(problem.sentence), str(problem.kept), str(problem.next_step)
        document: dict[str, Any] = {
            "type": f"urn:tongban:problem:{problem.code}",
            "title": sentence,
            "status": problem.status,
            "detail": " ".join(part for part in (sentence, then) if part),
            "code": problem.code,
            "kept": kept,
        }
        if isinstance(problem, Invalid) and problem.errors:
            document["errors"] = {name: [str(one) for one in all_] for name, all_ in problem.errors.items()}
    more: tuple[tuple[bytes, bytes], ...] = PROBLEM
    if (seconds := getattr(problem, "retry_after", None)) is not None:
        more += ((b"retry-after", str(int(seconds)).encode()),)
    return Said(problem.status, orjson.dumps(document), more)


TROUBLES = {
    408: ("too-slow", gettext_lazy("What was sent stopped arriving half way.")),
    413: ("too-large", gettext_lazy("This is larger than what is read here.")),
    500: ("our-mistake", gettext_lazy("Something went wrong on our side.")),
    503: ("unavailable", gettext_lazy("We cannot answer at this moment.")),
    504: ("not-in-time", gettext_lazy("We have not finished in time. It may still be written down.")),
}
ASK_AGAIN = gettext_lazy("Ask again in a moment with the same number of the scan, or decide with the last bundle.")


def trouble(headers: Mapping[str, str], status: int) -> Said:
    code, sentence = TROUBLES[status]
    problem = Problem(code, sentence, next_step=ASK_AGAIN if status >= 500 else "", status=status)
    if status == 503:
        problem.retry_after = 1  # type: ignore[attr-defined]
    return problem_said(problem, headers)


def unsigned(wrong: Unsigned) -> Problem:
    return Problem(wrong.code, UNSIGNED[wrong.code], next_step=SIGN_AS, status=401)


def of_another_time(off: int) -> Problem:
    sentence = gettext_lazy("The clock of this device is %(seconds)s seconds fast.")
    if off < 0:
        sentence = gettext_lazy("The clock of this device is %(seconds)s seconds slow.")
    then = gettext_lazy(
        "Set the clock; the header Date of this answer says what time it is. Then sign the request anew."
    )
    return Problem("clock-differs", worded(sentence, seconds=abs(off)), next_step=then, status=401)


def date_of(now: float) -> tuple[bytes, bytes]:
    return b"date", datetime.fromtimestamp(now, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").encode()


class Pace:
    """How fast one device may ask. Counted after its signature was found right, so nobody else can use it up; never by address: a hall
    has one. Each web process counts for itself."""

    def __init__(self) -> None:
        self.rates = Rates(a_second=settings.GATE_RATE, at_once=settings.GATE_RATE * 10)

    def admit(self, key_id: str, now: float) -> None:
        if wait := self.rates.take(key_id, now):
            raise TooMany(
                "too-fast",
                gettext_lazy("This device asks faster than it may."),
                next_step=gettext_lazy("Wait as long as Retry-After says. Other devices are served meanwhile."),
                retry_after=math.ceil(wait),
            )


pace = Pace()


def claim_of(headers: Mapping[str, str], now: float) -> Claimed:
    """Who signed, if the request is signed at all and not of another time. Raises Problem."""
    try:
        claim = signed_requests.claimed(headers)
    except Unsigned as wrong:
        raise unsigned(wrong) from None
    if off := signed_requests.seconds_off(claim, now):
        raise of_another_time(off)
    return claim


def checked(device: Device | None, claim: Claimed, path: str, body: bytes, now: float, method: str = "POST") -> Device:
    """The device whose key signed this very request. Raises Problem."""
    device = scanning.admitted(device, datetime.fromtimestamp(now, UTC))
    try:
        signed_requests.check(claim, method, path, body, device.key)
    except Unsigned as wrong:
        raise unsigned(wrong) from None
    pace.admit(device.key_id, now)
    return device


def read(body: bytes, wanted: Mapping[str, type], *, optional: Sequence[str] = ()) -> dict[str, Any]:
    """A JSON object with exactly these members. Raises Problem."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem("not-json", gettext_lazy("The body is not JSON."), status=400) from None
    if not isinstance(given, dict):
        raise Invalid("not-understood", errors={"body": [gettext_lazy("An object is expected.")]})
    errors: dict[str, list] = {}
    for name in given:
        if name not in wanted:
            errors[name[:80]] = [gettext_lazy("This field is not known.")]
    for name, kind in wanted.items():
        if name not in given:
            if name not in optional:
                errors[name] = [gettext_lazy("This is missing.")]
        elif type(given[name]) is not kind:
            errors[name] = [gettext_lazy("This has the wrong type.")]
    if errors:
        raise Invalid("not-understood", errors=dict(list(errors.items())[:20]))
    return given


def read_scan(given: Mapping[str, Any], device: Device, at: datetime, place: str = "") -> Scan:
    """One scan out of its members. Raises Invalid."""
    errors: dict[str, list] = {}
    if not NUMBER.fullmatch(given["scan"]):
        errors[place + "scan"] = [gettext_lazy("8 to 64 letters, digits, - or _.")]
    if not given["code"] or len(given["code"]) > LONGEST_CODE:
        errors[place + "code"] = [gettext_lazy("The text that was read, at most 1,000 characters.")]
    if given.get("purpose", slug := device.scene.slug) != slug:
        errors[place + "purpose"] = [gettext_lazy("This reader is not registered for that purpose.")]
    if errors:
        raise Invalid("not-understood", errors=errors)
    return Scan(device, given["scan"], given["code"], at)


@dataclass(slots=True)
class Asked:
    """A request to verify that waits for the database. Without a scan its key was not known on the loop: it is looked at again."""

    headers: Mapping[str, str]
    body: bytes
    claim: Claimed | None  # None: a reader with a secret
    scan: Scan | None


class Verifying:
    """`POST /api/v1/codes/verify`: one code, one answer."""

    path = VERIFY

    def take(self, headers: Mapping[str, str], body: bytes, now: float) -> Said | Asked:
        if by_secret.wants(headers):
            return Asked(headers, body, None, None)
        try:
            claim = claim_of(headers, now)
            device = scanning.devices.get(claim.key_id)
            scan = self._scan(device, claim, body, now) if device is not None else None
        except Problem as problem:
            return self._refused(problem, headers, now)
        return Asked(headers, body, claim, scan)

    def _scan(self, device: Device | None, claim: Claimed, body: bytes, now: float) -> Scan:
        device = checked(device, claim, self.path, body, now)
        given = read(body, {"scan": str, "code": str, "purpose": str}, optional=["purpose"])
        scan = read_scan(given, device, datetime.fromtimestamp(now, UTC))
        scan.request = scanning.request_number(claim.key_id, claim.nonce, claim.created)
        return scanning.look_at(scan)

    def together(self, taken: Sequence[Asked], now: float) -> list[Said]:
        answers: dict[int, Said] = {}
        if any(asked.scan is None for asked in taken):  # keys that this process has not seen yet
            scanning.devices.refresh()
            for place, asked in enumerate(taken):
                if asked.claim is None:
                    answers[place] = self._by_secret(asked, now)
                elif asked.scan is None:
                    try:
                        asked.scan = self._scan(scanning.devices.get(asked.claim.key_id), asked.claim, asked.body, now)
                    except Problem as problem:
                        answers[place] = self._refused(problem, asked.headers, now)
        scans = [(place, asked.scan) for place, asked in enumerate(taken) if asked.scan is not None]
        if scans:
            found = scanning.record_scans([scan for _place, scan in scans], datetime.fromtimestamp(now, UTC))
            for (place, scan), recorded in zip(scans, found, strict=True):
                answers[place] = self._answered(scan, recorded, taken[place].headers, now)
        return [answers[place] for place in range(len(taken))]

    def _by_secret(self, asked: Asked, now: float) -> Said:
        try:
            wanted = {"payload": str, "reader": str, "purpose": str, "at": str}
            given = read(asked.body, wanted, optional=["at"])
            return Said(
                200,
                by_secret.answered(asked.headers, given, language_of(asked.headers.get("accept-language", ""))),
                JSON,
            )
        except Problem as problem:
            return self._refused(problem, asked.headers, now)

    def _answered(self, scan: Scan, recorded: Recorded, headers: Mapping[str, str], now: float) -> Said:
        if recorded.problem is not None:
            return self._refused(recorded.problem, headers, now)
        return Said(200, orjson.dumps(answer_of(scan.number, recorded, headers)), JSON)

    def _refused(self, problem: Problem, headers: Mapping[str, str], now: float) -> Said:
        said = problem_said(problem, headers)
        return Said(said.status, said.body, (*said.headers, date_of(now))) if problem.status == 401 else said

    def trouble(self, headers: Mapping[str, str], status: int) -> Said:
        return trouble(headers, status)


def answer_of(number: str, recorded: Recorded, headers: Mapping[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "scan": number,
        "verdict": recorded.verdict,
        "reason": recorded.reason,
        "kind": recorded.kind,
        "fields": recorded.fields,
        "again": recorded.again,
        "sentence": "",
        "next_step": "",
    }
    if recorded.reason:
        with translation.override(language_of(headers.get("accept-language", ""))):
            words = why(recorded.reason)
            answer |= {"sentence": str(words.sentence), "next_step": str(words.next_step)}
    return answer


VERIFYING = Verifying()
