"""What services raise when an act cannot be done, and channels show: a sentence, what was kept, what to do next."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy


def _filled(sentence, values: dict[str, Any]) -> str:
    return str(sentence) % values


_filled_later = lazy(_filled, str)


def worded(sentence, **values):
    """A lazy sentence with its named placeholders filled in, still lazy: it is said in the language of whoever reads."""
    return _filled_later(sentence, values)


class Problem(Exception):
    """`code` is for machines and stays stable; `sentence`, `kept` and `next_step` are for people and may be lazy."""

    status = 400

    def __init__(self, code: str, sentence, *, kept="", next_step="", status: int | None = None):
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.kept = kept
        self.next_step = next_step
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.sentence), str(self.kept), str(self.next_step)) if part)


class NotAllowed(Problem):
    """The act does not fit the present state, or not this person."""

    status = 409


class Invalid(Problem):
    """What was given cannot be taken; `errors` names every field and all its reasons."""

    status = 422

    def __init__(self, code: str, sentence=None, *, errors: Mapping[str, list] | None = None, **rest):
        if sentence is None:
            sentence = gettext_lazy("Some answers need another look.")
        super().__init__(code, sentence, **rest)
        self.errors = {field: list(reasons) for field, reasons in (errors or {}).items()}


class TooMany(Problem):
    """Too often in too short a time; `retry_after` is in seconds."""

    status = 429

    def __init__(self, code: str, sentence=None, *, retry_after: int | None = None, **rest):
        if sentence is None:
            sentence = gettext_lazy("That was too often in a short time. Please wait a little and try again.")
        super().__init__(code, sentence, **rest)
        self.retry_after = retry_after


class Unavailable(Problem):
    """Something we depend on does not answer; trying again later may help."""

    status = 503

    def __init__(self, code: str, sentence=None, *, retry_after: int | None = None, **rest):
        if sentence is None:
            sentence = gettext_lazy("This is not available at the moment. Please try again in a few minutes.")
        super().__init__(code, sentence, **rest)
        self.retry_after = retry_after
