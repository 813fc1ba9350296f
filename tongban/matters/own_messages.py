"""Messages that a matter sends in its own words, besides its letters: at which moment of a case, to whom, on which answers, what. Pure.

They are rows under `messages` of a version's letters: `{"when", "text"}`, and where they apply `to` (else the applicant) and `if`, a
condition on the answers of the case. A blank stands in braces, by its name in either language; each language of a message is filled
with what that language says.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual
from tongban.lib.problems import worded
from tongban.lib.rules import RuleError, compile_rule

LONGEST = 500
OFFICERS = "officers"
TO = ((OFFICERS, _("officers of the department who handle the case")),)

MOMENTS = (
    ("received", _("the application has come in")),
    ("accepted", _("it is accepted")),
    ("correction", _("something has to be put right")),
    ("not_accepted", _("it is not accepted")),
    ("suspended", _("the time is suspended")),
    ("resumed", _("the time goes on")),
    ("approved", _("it is approved")),
    ("refused", _("it is refused")),
    ("ready", _("the result is ready")),
    ("closed", _("the case is closed")),
)
BLANKS: dict[str, Bilingual] = {
    "matter": {"zh": "事项名称", "en": "name of the matter"},
    "number": {"zh": "办件编号", "en": "case number"},
    "due": {"zh": "承诺日期", "en": "promised date"},
}
_BY_NAME = {said: blank for blank, names in BLANKS.items() for said in names.values()}
_BLANK = re.compile(r"\{([^{}]*)\}")
_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def rows(letters: Any) -> list[Mapping[str, Any]]:
    """Every message of these letters of a version; what is no message (an imported guide may hold anything) is none."""
    held = letters.get("messages") if isinstance(letters, Mapping) else None
    return [one for one in held if isinstance(one, Mapping)] if isinstance(held, list) else []


def at(letters: Any, when: str) -> list[Mapping[str, Any]]:
    """What is sent at a moment, where its condition holds; of those that say the same to the same, the first."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in rows(letters):
        if one.get("when") == when and one.get("to") in (None, "", OFFICERS) and _text(one, "zh") and _text(one, "en"):
            found.setdefault(occasion(one), one)
    return list(found.values())


def to_officers(message: Mapping[str, Any]) -> bool:
    return message.get("to") == OFFICERS


def holds(message: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    """Whether it is sent on these answers. A condition that asks for what nobody answered does not hold."""
    if not message.get("if"):
        return True
    try:
        return compile_rule(message["if"]).holds(answers) is True
    except RuleError:
        return False


def asks(message: Mapping[str, Any]) -> list[str]:
    """The answers its condition asks for."""
    try:
        return compile_rule(message["if"]).facts if message.get("if") else []
    except RuleError:
        return []


def occasion(message: Mapping[str, Any]) -> str:
    """What tells the messages of one moment apart: empty for the one that everybody gets."""
    given = {key: message[key] for key in ("to", "if") if message.get(key)}
    if not given:
        return ""
    return hashlib.sha256(json.dumps(given, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:10]


def filled(message: Mapping[str, Any], values: Mapping[str, Bilingual]) -> Bilingual:
    """The words of a message with its blanks filled; what is no blank stays as it was written."""

    def said(met: re.Match[str], language: str) -> str:
        blank = _BY_NAME.get(met[1].strip())
        return values[blank][language] if blank else met[0]

    return {lang: _BLANK.sub(partial(said, language=lang), _text(message, lang)) for lang in ("zh", "en")}


def _text(message: Mapping[str, Any], language: str) -> str:
    text = message.get("text")
    said = text.get(language) if isinstance(text, Mapping) else ""
    return said.strip() if isinstance(said, str) else ""


def troubles(letters: Any) -> list[tuple[Any, str]]:
    """Why these messages cannot be sent, each with the words it is about."""
    found: list[tuple[Any, str]] = []
    taken: set[tuple[str, str]] = set()
    moments = dict(MOMENTS)
    for one in rows(letters):
        when = str(one.get("when") or "")
        texts = [_text(one, language) for language in ("zh", "en")]
        quote = (texts[0] or texts[1])[:80]
        if when not in moments:
            found.append((_("It is not said when this message is sent."), quote))
        elif (when, occasion(one)) in taken:
            found.append(
                (
                    _(
                        "Two messages go out at the same moment to the same receivers: write one, or give each its own condition."
                    ),
                    quote,
                )
            )
        taken.add((when, occasion(one)))
        if one.get("to") not in (None, "", OFFICERS):
            found.append((_("It is not said who gets this message."), quote))
        if not any(texts):
            found.append((_("A message has no words."), str(moments.get(when, when))))
        for text in texts:
            found += [(sentence, text[:80]) for sentence in _wrong(text)]
    return found


def _wrong(text: str) -> Iterable[Any]:
    for name in _BLANK.findall(text):
        if name.strip() not in _BY_NAME:
            yield worded(
                _("There is no blank {%(name)s}. There are: %(known)s."),
                name=name,
                known=" ".join(braced(BLANKS.values())),
            )
    if set("{}") & set(_BLANK.sub("", text)):
        yield _("A brace in a message opens or closes no blank.")
    if len(text) > LONGEST:
        yield worded(_("A message has at most %(most)s characters, this one has %(now)s."), most=LONGEST, now=len(text))
    if _IDENTITY_NUMBER.search(text):
        yield _("An identity number stands in a message that everybody gets.")


def braced(names: Iterable[Bilingual]) -> list[str]:
    """Blanks as they are written, in both languages."""
    return [f"{{{said}}}" for one in names for said in (one["zh"], one["en"])]
