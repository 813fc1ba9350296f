"""How often somebody may try, and which devices an account knows.

Limits count per account and per device, never per address: a hall's five hundred visitors share one. Tries are slots that are taken
before the password is looked at, so that many tries at once are no way around. An account waits for strangers only: a device that
signed in to it before has slots of its own, and a passkey has nothing to guess and is never held up.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from tongban.lib.encryption import blind_index
from tongban.parties import rules
from tongban.parties.models import Account

COOKIE = "__Host-device" if settings.HTTPS else "device"
COOKIE_AGE = 400 * 24 * 3600
SALT = "tongban.device"
ACCOUNTS_A_DEVICE_KNOWS = 20


@dataclass(frozen=True, slots=True)
class Rate:
    tries: int
    seconds: int


STRANGERS = (Rate(5, 300), Rate(50, 24 * 3600))
KNOWN_DEVICE = (Rate(10, 300),)
ANY_DEVICE = (Rate(60, 300),)


# -- devices


@dataclass
class Device:
    number: str
    marks: list[str]

    def knows(self, account: Account) -> bool:
        return _mark(account) in self.marks


def device_of(request: HttpRequest) -> Device | None:
    try:
        said = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_AGE)
        return Device(str(said["d"]), [str(mark) for mark in said["a"]])
    except (signing.BadSignature, KeyError, TypeError):
        return None


def remember_device(request: HttpRequest, response: HttpResponse, account: Account | None = None) -> None:
    """Give this browser its number; with an account, from now on it is a device that account knows."""
    device = device_of(request) or Device(secrets.token_urlsafe(12), [])
    if account is not None and not device.knows(account):
        device.marks = [_mark(account), *device.marks][:ACCOUNTS_A_DEVICE_KNOWS]
    elif COOKIE in request.COOKIES and account is None:
        return
    response.set_cookie(
        COOKIE,
        signing.dumps({"d": device.number, "a": device.marks}, salt=SALT),
        max_age=COOKIE_AGE,
        httponly=True,
        secure=settings.HTTPS,
        samesite="Lax",
    )


def _mark(account: Account) -> str:
    """Changes with the password: a device that knew the old one is a stranger."""
    return blind_index(f"{account.pk}:{account.get_session_auth_hash()}", "device")[:22]


# -- tries


class Tries:
    """The slots one try at signing in takes."""

    def __init__(self, request: HttpRequest, login: str):
        name = rules.login(login)
        account = Account.objects.filter(login=name).first()
        device = device_of(request)
        self._counted: list[tuple[str, tuple[Rate, ...]]]
        if device is not None and account is not None and device.knows(account):
            self._counted = [(f"{_hashed(name)}:{device.number}", KNOWN_DEVICE)]
        else:
            self._counted = [(_hashed(name), STRANGERS)]
        if device is not None:
            self._counted.append((f"device:{device.number}", ANY_DEVICE))
        self._taken: list[str] = []

    def take(self) -> int:
        """Take a slot of each count; 0 when there was one everywhere, else the seconds to wait."""
        for name, rates in self._counted:
            for rate in rates:
                if wait := self._take(name, rate):
                    self.give_back()
                    return wait
        return 0

    def give_back(self) -> None:
        """It was no wrong try. Only this one is given back: a right password in between washes nothing clean."""
        cache.delete_many(self._taken)
        self._taken = []

    def _take(self, name: str, rate: Rate) -> int:
        slots = [f"signin:{name}:{rate.seconds}:{number}" for number in range(rate.tries)]
        now = time.time()
        used = cache.get_many(slots)
        for slot in slots:
            if slot not in used and cache.add(slot, now + rate.seconds, rate.seconds):
                self._taken.append(slot)
                return 0
        ends = cache.get_many(slots).values()
        return max(1, int(min(ends, default=now) - now) + 1)


def forget_tries(login: str) -> None:
    """Somebody got back in by another way: the wrong tries of strangers do not hold the account up any longer."""
    name = _hashed(rules.login(login))
    cache.delete_many([f"signin:{name}:{rate.seconds}:{n}" for rate in STRANGERS for n in range(rate.tries)])


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


# -- what a browser says of itself

BROWSERS = (
    ("Edg", "Edge"),
    ("MicroMessenger", "WeChat"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def words_for(user_agent: str) -> str:
    """Chrome, Windows: enough for a person to know the device again."""
    said = [next((words for mark, words in table if mark in user_agent), "") for table in (BROWSERS, SYSTEMS)]
    return ", ".join(word for word in said if word)
