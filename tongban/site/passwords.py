import re
import unicodedata

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
