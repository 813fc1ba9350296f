"""Applications that ended long ago, filled with planted words wherever words fit."""

import datetime
import os
import uuid
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import JSONField
from django.utils import timezone

from tests import make
from tests.cases import ways
from tongban.cases.models import Case
from tongban.evaluations import services as evaluations
from tongban.lib.fields import EncryptedField, EncryptedJSONField
from tongban.materials import store
from tongban.records import forgetting, owned

LONG_AGO = datetime.timedelta(days=40 * 365)
MARK = "PLANTED"


def ended(state: str = "closed", *, ago: datetime.timedelta = LONG_AGO, rated: str = "", **given) -> Case:
    """An application that ended that long ago; `rated` are the words of its rating."""
    case = ways.bring(state, **given)
    if rated:
        evaluations.rate(case, account=case.account, grade=5, reasons=["attitude"], text=rated, key="r")
    at = timezone.now() - ago
    Case.objects.filter(pk=case.pk).update(ended_at=at, updated_at=at)
    if case.licence_id:
        type(case.licence).objects.filter(pk=case.licence_id).update(
            state="expired", issued_on=at.date(), valid_from=at.date(), valid_to=at.date()
        )
    return Case.objects.get(pk=case.pk)


def everything(case: Case) -> list[str]:
    """A row of every table that hangs on a case, with a planted word in every field that takes one; their names are answered."""
    with anything_goes():
        return _everything(case)


@contextmanager
def anything_goes():
    """What is planted need not make sense, only lie there."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint"
                " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
            )
            if rules := cursor.fetchall():  # taken away inside the test's transaction, they come back with its end
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                for table, name in rules:
                    cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def _everything(case: Case) -> list[str]:
    planted: list[str] = []
    made: dict[str, models.Model] = {"cases.Case": case}
    todo = [
        model
        for model in apps.get_models()
        if model is not Case and owned.path_to_case(model) and model._meta.app_label != "records"
    ]
    for _round in range(4):
        for model in list(todo):
            if _row(model, case, made, planted):
                todo.remove(model)
    assert not todo, [model._meta.label for model in todo]
    for model in apps.get_models():  # what was there already, through the acts that led here
        for way in owned.path_to_case(model):
            for row in model._default_manager.filter(**{way: case.pk}):
                _plant(row, planted)
    _plant(case, planted)
    return planted


def _row(model, case: Case, made: dict[str, models.Model], planted: list[str]) -> bool:
    label = model._meta.label
    ways_here = owned.path_to_case(model)
    there = model._default_manager.filter(**{ways_here[0]: case.pk}).first()
    if there is not None:
        made[label] = there
        return True
    values = {}
    for one in model._meta.concrete_fields:
        if one.primary_key and not isinstance(one, models.ForeignKey):
            continue
        values[one.name] = _value(one, model, case, made)
        if values[one.name] is _LATER:
            return False
    row = model(**values)
    with transaction.atomic():
        models.Model.save(row, force_insert=True)
    made[label] = row
    return True


_LATER = object()


def _value(one, model, case: Case, made):
    if isinstance(one, models.ForeignKey):
        other = one.related_model
        if other is Case:
            names = [
                f.name
                for f in model._meta.concrete_fields
                if isinstance(f, models.ForeignKey) and f.related_model is Case
            ]
            if one.name == names[0]:
                return case
            return None if one.null else make.case("submitted")
        if other._meta.label in made:
            return made[other._meta.label]
        if one.null:
            return None
        if other._meta.label == "departments.Officer":
            return make.officer("dept_reviewer", of=case.department)
        if other._meta.label == "parties.Account":
            return case.account
        if other._meta.label in ("parties.Party", "parties.Person"):
            return case.applicant if other._meta.label == "parties.Party" else case.account.person
        if other._meta.label == "departments.Department":
            return case.department
        if other._meta.label == "materials.Document":
            return paper(case)
        if other._meta.label == "matters.MaterialType":
            return make.material_type()
        if owned.path_to_case(other):
            return _LATER
        found = other._default_manager.first()
        return found if found is not None else _made_plain(other, case, made)
    if isinstance(one, EncryptedJSONField):
        return None if one.null else {}
    if isinstance(one, EncryptedField):
        return "x"
    if one.has_default():
        return one.get_default()
    if one.null:
        return None
    if one.choices:
        return one.choices[0][0]
    if isinstance(one, JSONField):
        return {}
    if isinstance(one, models.CharField):
        return uuid.uuid4().hex[: one.max_length]
    if isinstance(one, models.TextField):
        return "x"
    if isinstance(one, models.DateTimeField):
        return timezone.now()
    if isinstance(one, models.DateField):
        return timezone.localdate()
    if isinstance(one, models.BooleanField):
        return False
    return 1


def _made_plain(model, case, made):
    values = {
        one.name: _value(one, model, case, made)
        for one in model._meta.concrete_fields
        if not (one.primary_key and not isinstance(one, models.ForeignKey))
    }
    row = model(**values)
    models.Model.save(row, force_insert=True)
    return row


def paper(case: Case):
    document = make.document(case.applicant, by=case.account)
    type(document).objects.filter(pk=document.pk).update(state="handed_in")
    return type(document).objects.get(pk=document.pk)


def _plant(row, planted: list[str]) -> None:
    """A word of its own in every field that can hold what people write, straight into the row."""
    label = row._meta.label
    if label == "evaluations.Rating":
        return  # guarded by the database; its words were given at the start
    changes = {}
    for one in row._meta.concrete_fields:
        word = f"{MARK}-{label}-{one.name}"
        if isinstance(one, EncryptedJSONField):
            changes[one.name] = (
                {"name": {"value": word, "source": "applicant"}} if one.name == "values" else {"w": word}
            )
        elif isinstance(one, EncryptedField):
            changes[one.name] = word
        elif isinstance(one, JSONField) and one.name in FREE_JSON.get(label, ()):
            changes[one.name] = {"zh": word, "en": word}
        elif isinstance(one, models.CharField) and one.name in FREE_TEXT.get(label, ()):
            changes[one.name] = word[: one.max_length]
        else:
            continue
        planted.append(word)
    if changes:
        type(row)._base_manager.filter(pk=row.pk).update(**changes)


FREE_JSON = {"cases.Case": ("reason", "ground"), "cases.BundleMember": ("why",), "cases.PublicNotice": ("text",)}
FREE_TEXT = {"cases.Case": ("paper_kept",), "cases.Hearing": ("place",), "cases.PostedPaper": ("kept_at",)}


def values_of_the_database() -> str:
    """Every value of every row as clear text, sealed ones opened."""
    return "\n".join(
        str(getattr(row, field.attname))
        for model in apps.get_models()
        for row in model._default_manager.all()
        for field in model._meta.concrete_fields
    )


def tables_with(word: str) -> list[str]:
    return sorted(
        {
            f"{model._meta.label}.{field.name}"
            for model in apps.get_models()
            for row in model._default_manager.all()
            for field in model._meta.concrete_fields
            if word in str(getattr(row, field.attname))
        }
    )


def as_old_files() -> None:
    """What lies in the store was written long ago."""
    for name in store.names():
        shelf, _dash, digest = name.partition("-")
        path = store.folder() / shelf / digest[:2] / digest
        os.utime(path, (1, 1))


def words_in_files() -> str:
    found = []
    for name in store.names():
        found.append(store.get(name).decode("latin-1"))
    return "\n".join(found)


def refers_to_people(case: Case) -> list[str]:
    """Rows by which somebody who reads the database gets from this application to a person: fields that hold a party or an account."""
    people = {"parties.Party", "parties.Person", "parties.Account", "parties.Company"}
    nobody = {forgetting.nobody("person").pk, forgetting.nobody("company").pk}
    account = forgetting.nobodys_account().pk
    found = []
    for model in apps.get_models():
        for way in [*owned.path_to_case(model), *(["pk"] if model is Case else [])]:
            for row in model._default_manager.filter(**{way: case.pk}):
                for one in model._meta.concrete_fields:
                    if isinstance(one, models.ForeignKey) and one.related_model._meta.label in people:
                        value = getattr(row, one.attname)
                        allowed = {account} if one.related_model._meta.label == "parties.Account" else nobody
                        if value is not None and value not in allowed:
                            found.append(f"{model._meta.label}.{one.name}")
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            if isinstance(one, models.CharField) and not isinstance(one, EncryptedField) and one.name in POINTERS:
                rows = model._default_manager.filter(**{one.name: case.subject})
                if model._meta.label == "journal.Event":
                    rows = rows.exclude(actor=None).exclude(actor_kind="officer")
                if model._meta.label == "journal.ReadEntry":
                    rows = rows.exclude(of_party__in=nobody)
                if rows.exists():
                    found.append(f"{model._meta.label}.{one.name}")
    return sorted(set(found))


POINTERS = {"about", "subject", "decision", "whole"}
