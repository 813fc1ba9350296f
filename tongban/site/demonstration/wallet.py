"""What people of the demonstration have done with their licences: shared one, let an office in, reported a line, and who looked."""

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.utils import timezone

from tongban.departments import queries as departments
from tongban.journal.actors import Actor
from tongban.lib.problems import Problem
from tongban.licences import authorising, credentials, presenting, queries, reporting, services
from tongban.licences.models import Credential, Licence, LicencePresentation
from tongban.parties.models import Account

WHO = "li-na"
FIRST = timedelta(hours=5)  # so long ago it began: soon after midnight on another day, when not all were in force yet
OPENS = {"window_officer", "dept_reviewer", "dept_approver", "inspector", "issuing_officer", "pre_reviewer"}


@transaction.atomic
def use(now: datetime) -> int:
    """Once. Answers how many acts there were."""
    account = Account.objects.filter(login=WHO, person__isnull=False).select_related("person").first()
    if account is None or LicencePresentation.objects.exists():
        return 0
    person = account.person
    assert person is not None
    actor = Actor(kind="applicant", role="applicant", account=account.pk, party=person.pk)
    today = timezone.localdate(now)
    rows = [
        row
        for row in queries.of(person).select_related("type", "issuer", "holder")
        if all(presenting.refusal_to_show(row, at) is None for at in (now - FIRST, now))
        and len(presenting.shareable(row)) > 1
    ]
    acts = [_share, _let_in, _report]
    done = sum(act(row, account, actor, now, today) for act, row in zip(acts, rows, strict=False))
    return done + (_into_a_wallet(rows[0], account, actor, now) if rows else 0)


def _into_a_wallet(row: Licence, account: Account, actor: Actor, now: datetime) -> int:
    """On a phone whose key nobody has kept: what the holder sees of it, and may end, is as with any other."""
    phone = ec.generate_private_key(ec.SECP256R1()).public_key()
    try:
        credentials.make(
            row,
            form=Credential.Form.WALLET,
            account=account,
            actor=actor,
            wallet_key=phone,
            now=now - timedelta(hours=4),
        )
    except Problem:
        return 0
    return 1


def _share(row: Licence, account: Account, actor: Actor, now: datetime, today) -> int:
    begun = now - FIRST
    made = presenting.share(
        row, account=account, actor=actor, receiver="房东陈先生", purpose="租房签约", fields=presenting.shareable(row)[:2],
        lasts=timedelta(days=7), views_at_most=3, now=begun,
    )  # fmt: skip
    landlord = presenting.Opener(by="anyone", key="demonstration", actor=services.VERIFIER)
    presenting.open_it(made.presentation, opener=landlord, now=begun + timedelta(hours=1))
    return 1


def _let_in(row: Licence, account: Account, actor: Actor, now: datetime, today) -> int:
    """An office other than the issuer, where an officer has looked once."""
    for officer in departments.officers():
        if officer.department_id != row.issuer_id and OPENS & set(officer.roles):
            given = authorising.authorise(
                row, department=officer.department, purpose="核对家庭信息", fields=presenting.shareable(row)[:2],
                until=today + timedelta(days=30), account=account, actor=actor, now=now - timedelta(hours=3),
            )  # fmt: skip
            authorising.open_at_office(given, officer=officer, now=now - timedelta(hours=2))
            return 1
    return 0


def _report(row: Licence, account: Account, actor: Actor, now: datetime, today) -> int:
    field = next((name for name in reversed(reporting.reportable(row)) if isinstance(row.face.get(name), str)), "")
    if not field:
        return 0
    try:
        reporting.report(
            row, field, says="（演示）请以最新登记为准", why="登记信息上个月已经变更。", account=account, actor=actor,
            now=now - timedelta(hours=1),
        )  # fmt: skip
    except Problem:
        return 0
    return 1
