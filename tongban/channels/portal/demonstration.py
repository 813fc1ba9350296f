"""Whom a visitor of the demonstration can be, one click away on the sign-in page. Outside the demonstration: nobody."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tongban.parties.models import Account

PASSWORD = "tongban-demo-2026"  # noqa: S105 - shown to everybody; the demonstration has no secrets

CITIZENS = {
    "wang-anhui": _("A newcomer to the city: his residence permit ends soon"),
    "chen-flex": _("Runs a café: applies for a food licence"),
    "li-na": _("A young mother, and clerk of two companies"),
    "zhang-wei": _("A pensioner"),
    "anna": _("From abroad, in English"),
}
OFFICERS = {
    "prereview": _("Pre-review"),
    "window": _("Comprehensive window: accepts, asks for correction"),
    "amr-review": _("Market regulation: reviews"),
    "amr-approve": _("Market regulation: approves"),
    "issuing": _("Issuing window"),
    "coordinator": _("Government service office"),
    "auditor": _("Supervision, reads only"),
    "hc-inspect": _("Inspects venues that chance draws"),
    "hc-propose": _("Emergency: proposes orders and statuses"),
    "hc-decide": _("Emergency: decides statuses"),
    "command": _("Emergency: puts orders in force, signs long lists"),
}


def people() -> dict[str, list[dict]]:
    """Those of them who are there, with what to show: citizens by name, officers by what they do."""
    if not settings.DEMO:
        return {}
    there = {
        account.login: account
        for account in Account.objects.filter(login__in=[*CITIZENS, *OFFICERS]).select_related("person")
    }
    return {
        "citizens": [
            {"login": login, "name": there[login].person.shown_name, "words": words}
            for login, words in CITIZENS.items()
            if login in there and there[login].person_id
        ],
        "officers": [
            {"login": login, "name": "", "words": words} for login, words in OFFICERS.items() if login in there
        ],
    }
