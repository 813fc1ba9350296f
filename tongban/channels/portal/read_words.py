"""The read log in words of people: what for, which data, in which matter."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.departments import queries as departments
from tongban.departments.models import Role
from tongban.lib.bilingual import say
from tongban.licences.face_labels import LABELS
from tongban.registers import queries as registers

PURPOSES = {
    "prefill": lazy("to fill in a form for you"),
    "materials": lazy("so that you need not bring a paper"),
    "decision": lazy("to decide by rule"),
    "show": lazy("to show it to you"),
    "handling": lazy("to handle an application"),
    "own application": lazy("you opened your application"),
    "own licences": lazy("you opened your licences"),
    "own data": lazy("you had your numbers shown"),
    "identity check": lazy("to compare your document"),
    "licence:application": lazy("a licence instead of a paper"),
    "licence:materials": lazy("a licence instead of a paper"),
    "licence:holder": lazy("you opened a licence"),
    "licence:verification": lazy("somebody checked a licence"),
}
FIELDS = {
    "form": lazy("the answers in the form"),
    "materials": lazy("the documents handed in"),
    "document": lazy("a document handed in"),
    "licences": lazy("the licences"),
    "picture": lazy("the photograph"),
    "photo": lazy("the photograph"),
    "household_address": lazy("the registered address"),
    "household_division": lazy("the registered district"),
    "bank_account": lazy("the bank account"),
    "mobile": lazy("the mobile number"),
    "id_no": lazy("the number of the document"),
    "name": lazy("the name"),
}
MOST_FIELDS = 6


def in_words(rows, party, account) -> list[dict]:
    """Lines for the page, in three questions to the database however many rows there are."""
    resources = {resource.slug: resource.shown_name for resource in registers.resources()}
    offices = {department.code: department.shown_name for department in departments.departments()}
    about = _cases(rows, party)
    roles = dict(Role.choices)
    return [
        {
            "at": row.at,
            "self": row.reader == account.pk,
            "who": row.reader_name,
            "role": roles.get(row.role, ""),
            "department": offices.get(row.department, row.department),
            "purpose": str(PURPOSES.get(row.purpose, row.purpose)),
            "fields": _fields(row.fields, resources),
            "case": about.get(row.about),
        }
        for row in rows
    ]


def _fields(fields, resources) -> str:
    words = [_field(field, resources) for field in fields[:MOST_FIELDS]]
    if len(fields) > MOST_FIELDS:
        words.append(_("and %(number)d more") % {"number": len(fields) - MOST_FIELDS})
    return _(", ").join(words)


def _field(field: str, resources) -> str:
    resource, dot, name = field.rpartition(".")
    known = FIELDS.get(name) or (say(LABELS[name].text) if name in LABELS else "")
    if dot and resource in resources:  # a column without a name of its own is told by its register
        return f"{resources[resource]}{_(': ')}{known}" if known else resources[resource]
    return str(known or name.replace("_", " "))


def _cases(rows, party) -> dict[str, Case]:
    marks = {row.about.removeprefix("case:") for row in rows if row.about.startswith("case:")}
    own = cases.own(party)
    found = own.filter(pk__in=[mark for mark in marks if mark.isdigit()]) | own.filter(ref__in=marks)
    known: dict[str, Case] = {}
    for case in found:
        known[f"case:{case.pk}"] = known[f"case:{case.ref}"] = case
    return known
