import hashlib
import re
import unicodedata
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class Argon2(Argon2PasswordHasher):
    """OWASP's 19 MiB, t=2, p=1: Django's own 100 MiB with eight lanes turns a rush at nine o'clock into an outage."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class WordsOfThisHouse:
    """What anybody would guess here first: the name of the place and the words for a password, with a few digits or marks."""

    WORDS = ("tongban", "通办", "政务", "zhengwu", "mima", "密码", "password", "admin", "shenfenzheng", "身份证")
    LEFT = 6

    def validate(self, password, user=None):
        plain = unicodedata.normalize("NFKC", password).casefold()
        found = [word for word in self.WORDS if word in plain]
        for word in found:
            plain = plain.replace(word, "")
        if found and len(re.sub(r"[\W\d_]", "", plain)) < self.LEFT:
            raise ValidationError(self.get_help_text(), code="password_of_this_house")

    def get_help_text(self):
        return _("Words of this place with a few digits are guessed first. Please choose something of your own.")


class Breached:
    """Passwords known from breaches, looked up in a file of the operator's: one SHA-1 a line, in order, as "Pwned Passwords" gives them
    out. Nothing leaves the machine; in 40 GB a look takes some 35 small reads."""

    def __init__(self, path: Path | None = None):
        self.path = path

    def validate(self, password, user=None):
        path = self.path or settings.BREACHED_PASSWORDS
        if path is not None and listed(Path(path), password):
            raise ValidationError(self.get_help_text(), code="password_of_a_breach")

    def get_help_text(self):
        return _("This password is known from a breach somewhere. Please choose one that you use nowhere else.")


def listed(path: Path, password: str) -> bool:
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:  # the line looked for begins at or after `low` and before `high`
            middle = (low + high) // 2
            file.seek(max(0, middle - 1))
            if middle:
                file.readline()  # the rest of the line before, or its end alone
            begins = file.tell()
            found = file.readline(64).strip()[:40].upper()
            if begins >= high or not found:
                high = middle
            elif found == wanted:
                return True
            elif found < wanted:
                low = file.tell()
            else:
                high = middle
    return False
