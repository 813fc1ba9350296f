"""Countries and regions by name in the language of the page."""

from functools import cache

from babel import Locale
from django.utils.translation import get_language

NO_NATIONALITY = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


def named() -> list[tuple[str, str]]:
    return _named("en" if (get_language() or "").startswith("en") else "zh_Hans_CN")


@cache
def _named(locale: str) -> list[tuple[str, str]]:
    names = Locale.parse(locale).territories
    found = [
        (code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NO_NATIONALITY
    ]
    return sorted(found, key=lambda pair: pair[1])
