"""Content in two languages is stored as {"zh": ..., "en": ...} and said in the language of the page."""

from collections.abc import Mapping

from django.utils.translation import get_language

Bilingual = dict[str, str]

SPOKEN = ("zh", "en")


def both(zh: str, en: str) -> Bilingual:
    return {"zh": zh, "en": en}


def short(language: str | None) -> str:
    """`zh-hans`, `zh_CN` and `ZH` are all `zh`; no language at all is the product's own, Chinese."""
    return (language or "zh").replace("_", "-").split("-")[0].lower()


def say(text: Mapping[str, str] | str | None, language: str | None = None) -> str:
    """The text in the language asked for, else of the page, else in the other one: half a translation beats a gap."""
    if text is None:
        return ""
    if not isinstance(text, Mapping):
        return str(text)
    wanted = short(language or get_language())
    for key in (wanted, *SPOKEN, *text):
        if text.get(key):
            return str(text[key])
    return ""
