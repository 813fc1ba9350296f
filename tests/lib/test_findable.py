"""Text that is sealed and still found: as a whole, never by a part, and never readable in the database."""

import pytest
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.test import Client

from tests import make
from tongban.lib.encryption import Unreadable, open_findable, seal_findable
from tongban.parties import queries, services
from tongban.parties.models import Account
from tongban.site.demonstration import people

pytestmark = pytest.mark.django_db

PASSWORD = "creek-of-eighteen-bends"


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
        {"email__in": ["w@example.org"]},
        {"email__contains": "w"},
        {"email__gt": "w"},
        {"email": F("login")},
    ):
        with pytest.raises(FieldError):
            list(Account.objects.filter(**question))


def test_a_copy_is_asked_for_a_text_and_tells_of_nobody():
    with_address = services.register("li-na", None, email="li@example.org", email_confirmed=True)
    without = services.register("chen-flex", None)

    for question in ({"email": "li@example.org"}, {"email__iexact": "Li@Example.org"}, {"email": "x@example.org"}):
        assert list(Account.objects.filter(**question)) == []
        assert Account.objects.exclude(**question).count() == 2
    assert Account.objects.filter(email="").get() == without
    assert Account.objects.exclude(email="").get() == with_address
    found = Account.objects.filter(Q(login="li-na") | Q(email="li@example.org"))
    assert found.get() == with_address, "what stands beside it is still asked"
    assert [user.pk for user in filter_users_by_email("Li@example.org")] == [with_address.pk], "the library finds it"


def test_every_way_to_an_account_writes_its_address_where_it_is_found(client):
    """The copy is asked by nobody, so an account whose address stood there alone would not be found by it."""
    services.register("by-service", None, email="Service@Example.org")
    client.post(
        "/account/sign-up/",
        {"username": "by-page", "password1": PASSWORD, "password2": PASSWORD, "email": "Page@Example.org"},
    )
    people._account("by-demonstration", "!")

    assert Account.objects.count() == 3
    for account in Account.objects.all():
        assert account.email and EmailAddress.objects.get(user=account, primary=True).email == account.email


def test_an_address_that_another_account_has_is_taken_like_any_other():
    """Families share one. Whether somebody has it is not said; asked for twice on one account it stands there once."""
    services.register("li-na", PASSWORD, email="family@example.org", email_confirmed=True)
    answers = []
    for login, address in (("son", "family@example.org"), ("stranger", "fresh@example.org")):
        mine = services.register(login, PASSWORD, email=f"{login}@example.org", email_confirmed=True)
        client = Client()
        client.post("/account/sign-in/", {"login": login, "password": PASSWORD})
        client.post("/account/confirm/", {"password": PASSWORD})
        added, again = (
            client.post("/account/email/", {"action_add": "1", "email": address}, follow=True) for _twice in range(2)
        )
        said = [[str(message) for message in answer.context["messages"]] for answer in (added, again)]
        answers.append((added.status_code, again.status_code, added.redirect_chain, again.redirect_chain, said))
        assert EmailAddress.objects.filter(user=mine, email=address, verified=False).count() == 1

    assert answers[0] == answers[1]
    assert EmailAddress.objects.get(email="family@example.org", verified=True).user.login == "li-na"


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
