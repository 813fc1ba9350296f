"""What is held about somebody: the data map as rows, and the rows of the database that a party or an account reaches by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.parties.models import Account, Party
from tongban.rights.data_map import ROWS
from tongban.rights.mapping import Row

CHAPTERS: dict[str, Any] = {
    "account": _("My account"),
    "identity": _("Who I am, and for whom I act"),
    "cases": _("My applications"),
    "documents": _("Papers I handed in"),
    "licences": _("My licences"),
    "payments": _("My bills and payments"),
    "registers": _("What was read from registers, disputed and agreed"),
    "messages": _("Messages to me"),
    "ratings": _("My ratings"),
    "reads": _("Who read my data"),
    "history": _("What I did here"),
    "sessions": _("Where I am signed in"),
}
IN_WORDS: dict[str, Any] = {
    "account": _("Sign-in name, e-mail address, language, how I want to be told. Of the password only a fingerprint."),
    "identity": _(
        "Name, number of the document, date of birth, telephone, address, bank account, and companies I act for."
    ),
    "cases": _("Answers, documents named, questions, notices, decisions, every step and its time."),
    "documents": _("The files themselves, what the machine read on them, when they were handed in."),
    "licences": _("What stands on them, their sealed files, where they were checked or used."),
    "payments": _("What was to be paid for what, how it was paid, receipts, and what went back."),
    "registers": _("When which register was asked about me for what; what I said is wrong; what I agreed to."),
    "messages": _("What I was told, when, and whether it went out by e-mail or text message."),
    "ratings": _("How I found a service, and what was done about it."),
    "reads": _("Every look at my data: who, when, for what."),
    "history": _("Acts of mine as the record of the house keeps them, without their content."),
    "sessions": _("Devices signed in, addresses confirmed, second factors set up."),
}

# tables of the libraries we stand on: by which path they are somebody's, or why they say nothing about anybody
OTHERS: dict[str, Row | str] = {
    "account.EmailAddress": Row(
        "sessions", (), ("user",), _("signing in"), _("use of the service"), _("until the account is closed"),
    ),
    "account.EmailConfirmation": "codes that were sent, for minutes",
    "mfa.Authenticator": Row(
        "sessions", (), ("user",), _("signing in"), _("use of the service"), _("until the account is closed"),
        fields={"data": "secret, never shown"},
    ),
    "usersessions.UserSession": Row(
        "sessions", (), ("user",), _("signing in"), _("use of the service"), _("until the session ends"),
        fields={"session_key": "secret, never shown"},
    ),
    "sessions.Session": "what a browser carries for some hours, sealed by its key; listed as usersessions.UserSession",
    "contenttypes.ContentType": "names of tables",
    "auth.Permission": "not used: the doorkeeper decides",
    "auth.Group": "not used: the doorkeeper decides",
}  # fmt: skip

NEVER_SHOWN = ("never shown", "keyed digest", "only to the office", "to the officer", "to officers", "by role")
WHY_NOT = {
    "hash, never shown": _("a fingerprint from which nothing can be read"),
    "secret, never shown": _("a secret of the second factor: with it somebody else could sign in"),
    "keyed digest": _("a fingerprint for finding, made with a key outside the database"),
    "only to the office": _("an opinion inside the office before the decision; the decision itself gives the reasons"),
}


def withheld(shown: str) -> Any:
    """Why a field is not given out, in words; empty when it is."""
    return next((WHY_NOT.get(shown, _("work inside the office")) for sign in NEVER_SHOWN if sign in shown), "")


def rows() -> dict[str, Row]:
    """The data map, with the tables of libraries that say something about somebody."""
    return {**ROWS, **{label: row for label, row in OTHERS.items() if isinstance(row, Row)}}


def own_rows(model: type[Model], row: Row, *, account: Account | None, party: Party | None) -> QuerySet:
    """The rows of one table that belong to the account or the party; what a law still hides is not there yet."""
    wanted = Q()
    for path in row.account if account is not None else ():
        wanted |= Q(**{path: account.pk})  # type: ignore[union-attr]
    for path in row.party if party is not None else ():
        wanted |= Q(**{path: party.pk})  # type: ignore[union-attr]
    if not wanted:
        return model._default_manager.none()
    found = model._default_manager.filter(wanted)
    if row.hidden:
        found = found.filter(Q(**{f"{row.hidden}__isnull": True}) | Q(**{f"{row.hidden}__lte": timezone.now()}))
    return found.order_by("pk").distinct()


def tables(chapter: str | None = None) -> Iterator[tuple[type[Model], Row]]:
    """Every table about people, in the order of the chapters."""
    listed = rows()
    for name in CHAPTERS if chapter is None else (chapter,):
        for label, row in listed.items():
            if row.about_people and row.chapter == name:
                yield apps.get_model(label), row


@dataclass(frozen=True)
class Held:
    """One chapter of “My data”: how much there is, and what the data map says of it."""

    name: str
    title: Any
    words: Any
    count: int
    purposes: list
    bases: list
    periods: list


MANY = 1000


def overview(*, account: Account | None, party: Party | None) -> list[Held]:
    """The chapters with their purposes, grounds and periods. Counting stops at a thousand rows a table."""
    found = []
    for name, title in CHAPTERS.items():
        here = list(tables(name))
        count = sum(
            own_rows(model, row, account=account, party=party).values("pk")[:MANY].count() for model, row in here
        )
        found.append(
            Held(
                name,
                title,
                IN_WORDS[name],
                count,
                _once(row.purpose for _model, row in here),
                _once(row.basis for _model, row in here),
                _once(row.retention for _model, row in here),
            )  # fmt: skip
        )
    return found


def _once(words) -> list[str]:
    return list(dict.fromkeys(str(one) for one in words))
