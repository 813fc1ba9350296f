"""Text that is sealed and still found: as a whole, never by a part, and never readable in the database."""

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from tests import make
from tongban.lib.encryption import Unreadable, open_findable, seal_findable
from tongban.parties import queries, services
from tongban.parties.models import Account

pytestmark = pytest.mark.django_db


def stored(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_the_same_text_is_the_same_value_at_its_place_and_another_elsewhere():
    first = seal_findable("wang@example.org", "parties.account.login")

    assert seal_findable("wang@example.org", "parties.account.login") == first
    assert seal_findable("wang@example.org", "account.emailaddress.email") != first
    assert open_findable(first, "parties.account.login") == "wang@example.org"
    for value, context in (
        (first, "elsewhere"),
        (first[:-4] + "AAAA", "parties.account.login"),
        ("wang", "parties.account.login"),
    ):
        with pytest.raises(Unreadable):
            open_findable(value, context)


def test_an_account_is_found_by_its_name_and_its_name_and_address_are_not_in_the_database():
    account = services.register(
        "wang@example.org", "correct horse battery", email="Wang@Example.org", email_confirmed=True
    )

    assert queries.account_by_login(" WANG@example.org ") == account
    assert Account.objects.get_by_natural_key("wang@example.org") == account
    assert Account.objects.get(login__iexact="Wang@EXAMPLE.org") == account
    assert EmailAddress.objects.get(email="wang@example.org").user == account
    assert EmailAddress.objects.filter(email__in=["wang@example.org"]).count() == 1
    account.refresh_from_db()
    assert (account.login, account.email) == ("wang@example.org", "wang@example.org")
    written = [
        *stored("parties_account", "login"),
        *stored("parties_account", "email"),
        *stored("account_emailaddress", "email"),
    ]
    assert [value[:3] for value in written] == ["d1.", "e1.", "d1."]


def test_it_is_asked_for_as_a_whole_and_in_no_other_way():
    for question in (
        {"login__startswith": "w"},
        {"login__contains": "w"},
        {"login__gt": "w"},
        {"email": "w@example.org"},
    ):
        with pytest.raises(FieldError):
            list(Account.objects.filter(**question))


def test_the_database_still_keeps_names_apart():
    services.register("same-name", None)

    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create_user("same-name")


def test_what_stood_in_clear_is_sealed_by_the_migrations_step():
    from importlib import import_module

    account = make.account(login="old@example.org")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE parties_account SET login = 'old@example.org', email = 'old@example.org'")
    migration = import_module("tongban.parties.migrations.0005_sealed_addresses").Migration
    for step in migration.operations[4:]:  # after those that only widen columns
        step.code(_Apps, _Editor)

    assert Account.objects.get(pk=account.pk).login == "old@example.org"
    assert Account.objects.get(login="old@example.org").email == "old@example.org"
    assert [value[:3] for value in stored("parties_account", "login")] == ["d1."]


class _Editor:
    connection = connection


class _Apps:
    @staticmethod
    def get_model(app, model):
        from django.apps import apps

        return apps.get_model(app, model)


def test_no_migration_is_wanted_for_the_librarys_table():
    call_command("makemigrations", "account", "--check", "--dry-run", verbosity=0)
