"""What an entrance says to people: the result, why, and what to do next; and why a code opens nothing."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Said:
    title: Promise | str
    why: Promise | str
    next: Promise | str = ""


SHOW_GUARD = _("Show the guard a paper certificate or your identity card. They decide, and they may let you in.")

ENTERED: dict[str, Said] = {
    "ok": Said(_("Come in"), _("Show this page to whoever stands at the entrance.")),
    "by_hand": Said(_("Written down"), _("The staff looked at what you brought.")),
    "not_known": Said(
        _("The guard needs to see more"),
        _("This place asks for a health code at the moment, and without a signed-in account we do not know yours."),
        SHOW_GUARD,
    ),
    "grey": Said(
        _("The guard needs to see more"),
        _("Your code is grey: nobody has proved yet that this account is you."),
        _("Prove who you are, which takes a few minutes, or show the guard your identity card."),
    ),
    "yellow": Said(
        _("You cannot come in now"),
        _("Your health code is yellow, and this place lets in green codes only."),
        _("Why it has this colour, since when and until when stands on the page of your status, with the way to appeal."),
    ),
    "red": Said(
        _("You cannot come in now"),
        _("Your health code is red, and this place lets in green codes only."),
        _("Please go home by yourself if you can. Why it has this colour, and how to appeal, stands on the page of your status."),
    ),
    "no_test": Said(
        _("You cannot come in now"),
        _("This place asks for a recent negative test, and we know of none of yours."),
        _("If you have a certificate on paper or from elsewhere, show it to the guard, or add it to your passes."),
    ),
    "test_old": Said(
        _("You cannot come in now"),
        _("Your last negative test is older than this place allows at the moment."),
        _("Take a test today; the result is known here by itself. A newer certificate on paper may be shown to the guard."),
    ),
    "positive": Said(
        _("You cannot come in now"),
        _("Your last test was positive."),
        _("Please go home by yourself if you can and ring the health line. You can object if the result is not yours."),
    ),
    "test_unknown": Said(
        _("The guard needs to see more"),
        _("The result of your last test is not known yet."),
        SHOW_GUARD,
    ),
    "pass_shown": Said(
        _("Now show the guard your identity card"),
        _("Your pass holds a negative test that is recent enough. The guard compares its name with your document and lets you in."),
    ),
    "pass_invalid": Said(
        _("This pass cannot be taken"),
        _("It is not genuine, or it does not hold any more, or nobody we trust has signed it."),
        SHOW_GUARD,
    ),
    "pass_no_test": Said(
        _("This pass holds no test"),
        _("It is genuine, but this place asks for a recent negative test."),
        SHOW_GUARD,
    ),
    "full": Said(
        _("Please wait a moment"),
        _("There are as many people inside as this place holds."),
        _("Scan again when somebody has left; the guard sees when there is room."),
    ),
}  # fmt: skip

RED: dict[str, Said] = {
    "forged": Said(
        _("Stop. This is not our code."),
        _("Nobody here has made this code. Somebody may have stuck it over the real one."),
        _("Do not go on and type nothing in. Tell the staff of the place, and report it here."),
    ),
    "foreign": Said(
        _("Stop. This code leads somewhere else."),
        _("What you scanned is an address that is not ours. We did not open it."),
        _("If it hung at an entrance as a venue code, tell the staff, and report it here."),
    ),
    "replaced": Said(
        _("Stop. This code does not hold any more."),
        _("It was replaced or taken down. An old poster may still hang there, or somebody copied it."),
        _("Look for the poster that holds now, or ask the staff. You can report this one here."),
    ),
    "suspended": Said(
        _("Stop. This venue code is not in use."),
        _("The office has suspended it, or its time is over."),
        _("Ask the staff how to come in; nobody needs to scan here."),
    ),
    "device": Said(
        _("Stop. There is a checking device at this entrance."),
        _("An entrance works with a code or with a device, never with both."),
        _("Use the device. If there is none, report this poster."),
    ),
    "wrong_place": Said(
        _("Stop. This code belongs to another place."),
        _("You say that you are not where this code says. Somebody may have moved it."),
        _("Do not go on. Tell the staff, and report it here."),
    ),
}  # fmt: skip

# what is reported about which red page
REPORTED_AS = {
    "forged": "forged",
    "foreign": "forged",
    "replaced": "replaced",
    "suspended": "suspended",
    "device": "replaced",
    "wrong_place": "elsewhere",
}
