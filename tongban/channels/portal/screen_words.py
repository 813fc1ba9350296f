"""What stands on public screens, always in both languages, one below the other: nobody there chooses one."""

from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import override, pgettext_lazy

from tongban.halls.models import EmergencyKind

LANGUAGES = {"zh": "zh-hans", "en": "en"}

SAID = {
    "called": lazy("Please come to the window"),
    "number": pgettext_lazy("ticket", "Number"),
    "window": lazy("Window"),
    "window_no": lazy("Window %(number)s"),
    "again": lazy("called again"),
    "nobody": lazy("Nobody is being called at the moment"),
    "waiting": lazy("Waiting"),
    "people": lazy("%(count)s waiting"),
    "about": lazy("about %(minutes)s min"),
    "at_once": lazy("your turn at once"),
    "no_window": lazy("no window open now"),
    "open_windows": lazy("Windows open now"),
    "none_open": lazy("No window is open at the moment"),
    "closed": lazy("The hall is closed"),
    "opens": lazy("It opens again: %(when)s"),
    "phone": lazy("Waiting numbers on your phone"),
    "arrival": lazy("Booked? Check in by phone, code of today"),
    "lost": lazy("This screen has lost its connection. Please watch the signs above the windows, or ask our staff."),
    "voice_on": lazy("Switch the voice on"),
    "voice_off": lazy("Switch the voice off"),
    "spoken": lazy("Number %(label)s, please go to window %(window)s."),
    "stay_calm": lazy("All windows have stopped"),
    "kept": lazy("Your number keeps its place. You will be called as soon as we go on."),
}
WHAT_TO_DO = {
    EmergencyKind.FIRE: lazy(
        "Leave the hall calmly by the nearest exit with the green sign. Leave your things. Do not use the lifts."
    ),
    EmergencyKind.POWER: lazy("Our systems are down. Please stay seated: staff come to you and say how it goes on."),
    EmergencyKind.MEDICAL: lazy(
        "Please keep the way free for helpers. If you are a doctor or nurse, tell a member of staff."
    ),
    EmergencyKind.OTHER: lazy("Please follow what our staff say. They know what to do."),
}


def both(words, **values) -> dict[str, str]:
    """A sentence in both languages."""
    found = {}
    for short, language in LANGUAGES.items():
        with override(language):
            text = str(words)
            found[short] = text % values if values else text
    return found


def what_to_do(kind: str) -> dict[str, str]:
    return both(WHAT_TO_DO[EmergencyKind(kind)])


def spoken(label: str, window: int) -> dict[str, str]:
    """What the voice says: letters and digits apart."""
    return both(SAID["spoken"], label=" ".join(label), window=window)
