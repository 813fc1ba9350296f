"""Countries and regions by name in the language of the page."""

from functools import cache

from babel import Locale
from django.utils.translation import get_language

from tongban.lib.bilingual import short

NO_NATIONALITY = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def named() -> list[tuple[str, str]]:
    language = short(get_language())
    return _named("zh_Hans_CN" if language == "zh" else language)


@cache
def _named(locale: str) -> list[tuple[str, str]]:
    names = Locale.parse(locale).territories
    found = [
        (code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NO_NATIONALITY
    ]
    return sorted(found, key=lambda pair: pair[1])


def name_of(code: str) -> str:
    """The country by name; what is no code is said as it was written."""
    return dict(named()).get(code, code)
