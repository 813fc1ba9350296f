"""Text as people write it: kept as it is in one normal form, with a word of warning about what the eye cannot see."""

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

from .problems import worded

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
)
_BLANK = re.compile(r"[\s\u2800]*")
_DAMAGED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def is_assigned(character: str) -> bool:
    """Whether the standard knows it. Planes 2 and 3 hold hanzi alone: those newer than this Python's tables are people's names too."""
    return unicodedata.category(character) != "Cn" or "\U00020000" <= character <= "\U0003fffd"


class Unreadable(ValueError):
    """Characters that no text of a person contains; `sentence` says so."""

    def __init__(self, sentence):
        super().__init__()
        self.sentence = sentence


def kept(text: str, *, lines: bool = False) -> str:
    """In normal form C and without blanks around; nothing else is changed. Raises Unreadable.

    Line breaks and tabs are kept where the text may have several lines, and refused where it may not.
    """
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.strip(" \t\u3000\u00a0\n") if lines else text.strip(" \t\u3000\u00a0")
    for character in text:
        if character in "\n\t" and lines:
            continue
        category = unicodedata.category(character)
        if category == "Cs" or (ord(character) & 0xFFFE) == 0xFFFE or "\ufdd0" <= character <= "\ufdef":
            raise Unreadable(
                _("There is a damaged character in this text. Please type it again instead of pasting it.")
            )
        if category == "Cc" or character in "\u2028\u2029":
            if character in "\n\r\u2028\u2029\x85\v\f":
                raise Unreadable(_("Please write this on one line."))
            raise Unreadable(
                worded(
                    _(
                        "There is an invisible control character (%(code)s) in this text. Please type it again instead of pasting it."
                    ),
                    code=f"U+{ord(character):04X}",
                )
            )
    return unicodedata.normalize("NFC", text)


def unreadable(text: str):
    """The sentence for characters that no text of a person contains; None for everything people write. Quick, also for long text."""
    if not _DAMAGED.search(text):
        return None
    try:
        kept("".join(_DAMAGED.findall(text)[:20]), lines=True)
    except Unreadable as found:
        return found.sentence
    return None


def is_blank(text: str) -> bool:
    """Nothing the eye would see."""
    return bool(_BLANK.fullmatch("".join(character for character in text if character not in _BIDI | _INVISIBLE)))


def remarks(text: str) -> list:
    """What whoever reads this should know. It never refuses: some names need such characters."""
    found = []
    characters = set(text)
    if characters & _BIDI:
        found.append(
            _("This text contains marks that turn the direction of writing. It may not be what it looks like.")
        )
    if characters & _INVISIBLE:
        found.append(_("This text contains invisible characters."))
    if any(unicodedata.category(character) == "Co" for character in characters):
        found.append(_("This text contains a character outside the standard, which may not print."))
    if any(len(_scripts(word)) > 1 for word in re.findall(r"\w+", text)):
        found.append(_("This text mixes letters of different scripts that look alike."))
    return found


def _scripts(word: str) -> set[str]:
    return {
        script
        for character in word
        if character.isalpha()
        for script in (unicodedata.name(character, "").split(" ")[0],)
        if script in ("LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN")
    }
