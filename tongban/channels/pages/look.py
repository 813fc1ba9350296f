"""How this visitor sees pages: language, light or dark, size, and whom they act for. Read from the request, never from the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi

SCHEMES = ("light", "dark", "auto")
EDITIONS = ("standard", "elderly")
SIZE_OF_EDITION = {"standard": "md", "elderly": "lg"}
PLACES, EXACTLY = ("/code/", "/search/", "/together/", "/my/cases/", "/my/licences/"), ("/", "/my/")
WARNED_BEFORE = {"standard": timedelta(minutes=15), "elderly": timedelta(hours=1)}


def own_name(language: str) -> str:
    """A language by its own name, for people who read no other."""
    return {"zh-hans": "中文"}.get(language) or LANG_INFO[language]["name_local"].capitalize()


@dataclass
class Look:
    request: HttpRequest | None

    def _cookie(self, name: str, allowed: tuple[str, ...], otherwise: str) -> str:
        value = self.request.COOKIES.get(name, otherwise) if self.request else otherwise
        return value if value in allowed else otherwise

    @property
    def language(self) -> str:
        code = get_language() or settings.LANGUAGE_CODE
        return "zh-Hans" if code.startswith("zh") else code

    @property
    def languages(self) -> list[tuple[str, str]]:
        """The other languages one can read in, each by its own name."""
        here = get_language() or settings.LANGUAGE_CODE
        return [(code, own_name(code)) for code, _name in settings.LANGUAGES if code != here]

    @property
    def other_codes(self) -> str:
        return " ".join(code for code, _name in settings.LANGUAGES)

    @property
    def direction(self) -> str:
        return "rtl" if get_language_bidi() else "ltr"

    @cached_property
    def scheme(self) -> str:
        return self._cookie("scheme", SCHEMES, "auto")

    @cached_property
    def edition(self) -> str:
        return self._cookie("edition", EDITIONS, "standard")

    @property
    def elderly(self) -> bool:
        return self.edition == "elderly"

    @property
    def size(self) -> str:
        return SIZE_OF_EDITION[self.edition]

    @property
    def place(self) -> str:
        """Which of the ways in the frame leads here."""
        path = self.request.path if self.request is not None else ""
        return path if path in EXACTLY else next((way for way in PLACES if path.startswith(way)), "")

    @cached_property
    def path(self) -> str:
        """Where a preference form returns to. After a POST that is the address itself, which must then answer GET."""
        if self.request is None:
            return "/"
        if not any(name in self.request.GET for name in ("lang", "edition")):
            return self.request.get_full_path()
        kept = query_string(self.request.GET, lang=None, edition=None)  # else the link would undo what is chosen now
        return self.request.path + (kept if kept != "?" else "")

    @property
    def query(self) -> str:
        return self.request.GET.get("q", "") if self.request else ""

    @property
    def demo(self) -> bool:
        return bool(getattr(settings, "DEMO", False))

    @property
    def help_phone(self) -> str:
        return settings.HELP_PHONE

    @property
    def signed_in(self) -> bool:
        user = getattr(self.request, "user", None)
        return bool(user is not None and user.is_authenticated)

    @property
    def session_ends(self) -> datetime | None:
        """When the session of whoever is signed in ends."""
        said = self.request.session.get("_session_expiry") if self.signed_in and self.request is not None else None
        return datetime.fromisoformat(said) if isinstance(said, str) else None

    @property
    def ends_soon(self) -> bool:
        """Said an hour before in the elderly edition, a quarter of one in the standard edition."""
        ends = self.session_ends
        return ends is not None and ends - timezone.now() < WARNED_BEFORE[self.edition]

    # The doorkeeper sets these three on the request; without them the page is a stranger's page.
    @property
    def spaces(self) -> list:
        return list(getattr(self.request, "spaces", ()))

    @property
    def space(self):
        spaces = self.spaces
        return next((space for space in spaces if _of(space, "current")), spaces[0] if spaces else None)

    @property
    def own_space(self):
        """The key of oneself, to come back from acting for somebody else."""
        return next((_of(space, "key") for space in self.spaces if _of(space, "own")), "")

    @property
    def unread(self) -> int:
        return getattr(self.request, "unread", 0)

    @property
    def officer(self) -> bool:
        return bool(getattr(self.request, "is_officer", False))


def _of(thing, name):
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


def query_string(query: QueryDict | None, **changes) -> str:
    """The present query with changes; None and "" take a parameter out."""
    values: dict[str, list] = {key: query.getlist(key) for key in query} if query is not None else {}
    for key, value in changes.items():
        if value in (None, ""):
            values.pop(key, None)
        else:
            values[key] = list(value) if isinstance(value, list | tuple) else [value]
    return "?" + urlencode(values, doseq=True) if values else "?"
