"""What is decided about a code at a reader without any database: the same on the platform and in a gate that is alone."""

import hashlib

from tongban.codes.payload import LIVE, Code, Kind

GATE = "gate"  # models.Reader.Sort.GATE


def reason_against_kind(code: Code, *, reader: int, sort: str, asks: bool) -> str:
    """Whether this kind of code has anything to say at this reader."""
    if code.kind is Kind.TRIAL:
        return "trial"
    if code.kind is Kind.QUESTION:
        return "question"
    if code.kind is Kind.ANSWER:
        return "" if code.reader == reader else "other_gate"
    if code.kind is Kind.PAPER and sort == GATE:
        return "see_staff"
    return "answer_needed" if asks else ""


def mark_of(code: Code, verifier: str) -> str | None:
    """The same code at the same verifier is the same mark; None for what may be shown again (a paper)."""
    return hashlib.blake2b(code.alias + verifier.encode(), digest_size=16).hexdigest() if code.kind in LIVE else None


def paper_mark(alias: bytes) -> str:
    return hashlib.blake2b(alias, digest_size=16, person=b"paper").hexdigest()
