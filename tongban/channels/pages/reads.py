"""The read log in words of people: who, what for, which data, in which matter; what belongs together stands in one line."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.departments import queries as departments
from tongban.departments.models import Role
from tongban.journal.models import ReadEntry
from tongban.lib.bilingual import say
from tongban.licences.face_labels import LABELS
from tongban.oversight.law_codes import LAW_CODES
from tongban.oversight.law_codes import PURPOSES as LOOKS
from tongban.parties import queries as parties
from tongban.registers import queries as registers

PURPOSES = {
    "prefill": lazy("to fill in a form for you"),
    "materials": lazy("so that you need not bring a paper"),
    "decision": lazy("to decide by rule"),
    "show": lazy("to show it to you"),
    "handling": lazy("to handle an application"),
    "licence": lazy("to look after a licence it issued"),
    "window": lazy("you were at a window"),
    "called on a screen": lazy("to call you on a screen of the hall"),
    "post": lazy("to type in what you sent by post"),
    "help": lazy("somebody helped you, with a code of yours"),
    "beside you": lazy("to see the page that you see, while helping you"),
    "own application": lazy("you opened your application"),
    "own application, second device": lazy("you opened your application on a second device"),
    "own licences": lazy("you opened your licences"),
    "own data": lazy("you had your numbers shown"),
    "own documents": lazy("you opened a document you handed in"),
    "identity check": lazy("to compare your document"),
    "mandates": lazy("to see who acts for whom"),
    "code": lazy("to show or print your code for you"),
    "family": lazy("the family register told a parent"),
    "cosign": lazy("to sign beside you"),
    "company members": lazy("to see who acts for a company"),
    "rating": lazy("to put right what you were not satisfied with"),
    "export": lazy("in a list taken along as a file"),
    "inspection": lazy("to check who works at a venue"),
    "health status": lazy("to decide about a status under an emergency order"),
    "reading": lazy("to read a document by machine"),
    "licence:application": lazy("a licence instead of a paper"),
    "licence:materials": lazy("a licence instead of a paper"),
    "licence:holder": lazy("you opened a licence"),
    "licence:verification": lazy("somebody checked a licence"),
    "licence:wallet": lazy("you showed a licence from your wallet app"),
    "licence:show": lazy("somebody opened a licence by the code you showed"),
    "licence:share": lazy("somebody opened what you shared"),
    "licence:authority": lazy("an office you let in opened a licence"),
}
BY_AN_AGENT = {
    "own application": lazy("to act for you in an application"),
    "own licences": lazy("to open your licences for you"),
    "own documents": lazy("to open a document of yours, acting for you"),
    "own data": lazy("to look at your data, acting for you"),
}
FIELDS = {
    "form": lazy("the answers in the form"),
    "materials": lazy("the documents handed in"),
    "document": lazy("a document handed in"),
    "licences": lazy("the licences"),
    "cases": lazy("the list of cases"),
    "drafts": lazy("the list of drafts"),
    "case": lazy("the case"),
    "case_line": lazy("number, matter and state of a case"),
    "rating": lazy("what you wrote in a rating"),
    "picture": lazy("the photograph"),
    "photo": lazy("the photograph"),
    "household_address": lazy("the registered address"),
    "household_division": lazy("the registered district"),
    "bank_account": lazy("the bank account"),
    "mobile": lazy("the mobile number"),
    "masked_name": lazy("the first sign of your name"),
    "id_no": lazy("the number of the document"),
    "test": lazy("the latest test"),
    "evidence": lazy("the document or test a status rests on"),
    "appeal": lazy("an appeal against a status"),
    "health status": lazy("the decisions about a status"),
    "name": lazy("the name"),
}
KINDS = {
    "officers": lazy("Officers"),
    "machine": lazy("The platform itself"),
    "others": lazy("Others"),
}
MOST_FIELDS = 6
ONE_VISIT = timedelta(minutes=30)


def visits(rows: Iterable[ReadEntry], *, party, reader: int | None) -> list[dict]:
    """Lines for the person: what one reader did about one thing within half an hour is one line, with its looks inside.

    `rows` newest first. The number of questions to the database does not grow with them.
    """
    rows = list(rows)
    groups: list[list[ReadEntry]] = []
    last: dict[tuple, list[ReadEntry]] = {}
    for row in rows:
        key = (row.reader, row.role, row.department, row.about, row.purpose.startswith("look:"), row.law_code)
        group = last.get(key)
        if group is None or group[-1].at - row.at > ONE_VISIT:
            group = last[key] = []
            groups.append(group)
        group.append(row)
    words = Words(rows, party)
    return [words.of_visit(group, reader) for group in groups]


def lines(rows: Iterable[ReadEntry], *, named: bool | None = None) -> list[dict]:
    """The same rows one by one, for whoever supervises."""
    rows = list(rows)
    words = Words(rows, None, named=named)
    return [words.of_visit([row], None) for row in rows]


class Words:
    def __init__(self, rows: list[ReadEntry], party, *, named: bool | None = None):
        self.resources = {resource.slug: resource.shown_name for resource in registers.resources()}
        self.offices = {department.code: department.shown_name for department in departments.departments()}
        self.cases = _cases(rows, party) if party is not None else {}
        self.roles = dict(Role.choices)
        self.people = parties.names_of({row.reader for row in rows if row.reader and not row.department})
        self.named = settings.READER_NAMES if named is None else named

    def of_visit(self, rows: list[ReadEntry], reader: int | None) -> dict:
        newest, oldest = rows[0], rows[-1]
        officer = bool(newest.department)
        fields = sorted({field for row in rows for field in row.fields})
        law = LAW_CODES.get(newest.law_code)
        return {
            "entry": newest.pk,
            "at": newest.at,
            "since": oldest.at if oldest.at.replace(second=0) != newest.at.replace(second=0) else None,
            "self": reader is not None and newest.reader == reader,
            "officer": officer,
            "machine": newest.reader is None and newest.role == "platform",
            "who": (newest.reader_name if self.named else "") if officer else self.people.get(newest.reader or 0, ""),
            "role": self.roles.get(newest.role, ""),
            "department": self.offices.get(newest.department, newest.department),
            "purpose": _joined(dict.fromkeys(self.purpose(row.purpose, row.role) for row in rows)),
            "fields": self.fields(fields),
            "case": self.cases.get(newest.about),
            "looked": newest.purpose.startswith("look:"),
            "law": say(law.name) if law else newest.law_code,
            "hidden_until": newest.hidden_until,
            "times": len(rows),
            "looks": [
                {"at": row.at, "purpose": self.purpose(row.purpose, row.role), "fields": self.fields(row.fields)}
                for row in rows
            ]
            if len(rows) > 1
            else [],
        }

    def purpose(self, purpose: str, role: str = "") -> str:
        if role == "agent" and purpose in BY_AN_AGENT:
            return str(BY_AN_AGENT[purpose])
        if purpose.startswith("look:"):
            return str(LOOKS.get(purpose.removeprefix("look:"), purpose))
        return str(PURPOSES.get(purpose, purpose))

    def fields(self, fields) -> str:
        words = list(dict.fromkeys(self._field(field) for field in fields))
        more = len(words) - MOST_FIELDS
        if more > 0:
            words = [*words[:MOST_FIELDS], _("and %(number)d more") % {"number": more}]
        return _joined(words)

    def _field(self, field: str) -> str:
        resource, dot, name = field.rpartition(".")
        known = FIELDS.get(name) or (say(LABELS[name].text) if name in LABELS else "")
        if dot and resource in self.resources:  # a column without a name of its own is told by its register
            return f"{self.resources[resource]}{_(': ')}{known}" if known else self.resources[resource]
        return str(known or name.replace("_", " "))


def _joined(words: Iterable[str]) -> str:
    return _(", ").join(words)


def _cases(rows, party) -> dict[str, Case]:
    marks = {row.about.removeprefix("case:") for row in rows if row.about.startswith("case:")}
    own = (
        cases.own(party).select_related(None).select_related("version").only("ref", "version__name")
    )  # what a line says
    found = own.filter(pk__in=[mark for mark in marks if mark.isdecimal()]) | own.filter(ref__in=marks)
    known: dict[str, Case] = {}
    for case in found:
        known[f"case:{case.pk}"] = known[f"case:{case.ref}"] = case
    return known
