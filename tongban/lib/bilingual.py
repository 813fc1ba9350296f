"""Content in two languages is stored as {"zh": ..., "en": ...} and said in the language of the page.

Further languages are learned: a translator's file says what each English sentence is in them (`tongban translations`).
"""

from collections.abc import Mapping

from django.utils.translation import get_language, override

Bilingual = dict[str, str]

SPOKEN = ("zh", "en")


def both(zh: str, en: str) -> Bilingual:
    return {"zh": zh, "en": en}


def short(language: str | None) -> str:
    """`zh-hans`, `zh_CN` and `ZH` are all `zh`; no language at all is the product's own, Chinese."""
    return (language or "zh").replace("_", "-").split("-")[0].lower()


def in_both(sentence) -> Bilingual:
    """A lazy sentence in both languages, kept for whoever reads it later."""
    said = {}
    for key, code in (("zh", "zh-hans"), ("en", "en")):
        with override(code):
            said[key] = str(sentence)
    return said


_learned: dict[str, dict[str, str]] = {}


def learn(language: str, sentences: Mapping[str, str]) -> None:
    """From now on English content is said in this language where it is known; what was learned before is forgotten."""
    _learned[short(language)] = dict(sentences)


def say(text: Mapping[str, str] | str | None, language: str | None = None) -> str:
    """The text in the language asked for, else of the page, else in the other one: half a translation beats a gap.

    In a third language what nobody has translated yet is said in English: whoever reads French is more at home there than in Chinese.
    """
    if text is None:
        return ""
    if not isinstance(text, Mapping):
        return str(text)
    wanted = short(language or get_language())
    if wanted not in SPOKEN and not text.get(wanted) and (known := _learned.get(wanted, {}).get(str(text.get("en")))):
        return known
    for key in (wanted, *(SPOKEN if wanted in SPOKEN else reversed(SPOKEN)), *text):
        if text.get(key):
            return str(text[key])
    return ""
