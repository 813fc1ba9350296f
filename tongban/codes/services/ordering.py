"""Emergency orders: one officer proposes, another with the higher right puts it in force, and its end needs nobody.

What an order switches on is asked of the order at every use (`colours.order_in_force`): there is no switch that could be left on.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.codes import bases, events
from tongban.codes.models import EmergencyOrder
from tongban.codes.order_states import AUTHORITY, DECIDES, DROP_ORDER, LIFT_ORDER, PROPOSES, PUT_IN_FORCE, OrderState
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.places.models import Division

TOPIC = "orders"
NOTHING_CHANGED = _("Nothing was changed. What you typed is kept on this page.")
REASON_AT_LEAST = 10
SHORT = _("Please say it in at least 10 characters, so that somebody else can understand it.")
LONGEST = 2000
CHECKS = ("off", "register", "green", "test_72h", "test_48h")


def acting(officer: Officer, *roles: str) -> Actor:
    """As whom the officer acts; refuses whoever holds none of the roles."""
    role = next((one for one in roles if one in officer.roles), None)
    if role is None or not officer.active:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    return Actor(
        kind="officer", role=role, account=officer.account_id, department=officer.department.code, name=officer.staff_no
    )


def propose_order(
    *,
    officer: Officer,
    basis: str,
    area: Division | None,
    title: dict,
    reason: dict,
    ends_at: datetime | None,
    health_colours: bool = False,
    server_diary: bool = False,
    entry_rules: dict[str, str] | None = None,
    prolongs: EmergencyOrder | None = None,
    now: datetime | None = None,
) -> EmergencyOrder:
    """Write down an order for another person to decide. It does nothing yet."""
    now = now or timezone.now()
    actor = acting(officer, PROPOSES, DECIDES)
    law = bases.ORDER_BASES.get(basis)
    rules = {kind: rule for kind, rule in (entry_rules or {}).items() if rule and rule != "off"}
    wanted = {
        bases.HEALTH_COLOURS: health_colours,
        bases.SERVER_DIARY: server_diary,
        bases.ENTRY_RULES: bool(rules),
    }
    errors: dict[str, list] = {}
    if law is None:
        errors["basis"] = [_("Please choose the law it stands on from the list.")]
    if area is None:
        errors["area"] = [_("Please choose where it holds.")]
    if not any(wanted.values()):
        errors["measures"] = [_("Please choose at least one measure: an order that switches nothing on is none.")]
    elif law is not None and (beyond := [name for name, on in wanted.items() if on and name not in law.measures]):
        errors["measures"] = [
            worded(_("This law does not allow: %(measure)s."), measure=bases.later(bases.MEASURES[one]))
            for one in beyond
        ]
    if unknown := sorted({rule for rule in rules.values() if rule not in CHECKS}):
        errors["entry_rules"] = [worded(_("There is no such entry rule: %(rule)s."), rule=unknown[0][:20])]
    if not str(title.get("zh", "")).strip():
        errors["title"] = [_("Please give it a title.")]
    if len(str(reason.get("zh", "")).strip()) < REASON_AT_LEAST:
        errors["reason"] = [SHORT]
    if end := _against_end(ends_at, now):
        errors["ends_at"] = [end]
    if errors or area is None or ends_at is None:
        raise Invalid("order-not-proposed", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        row = EmergencyOrder.objects.create(
            basis=basis,
            area=area,
            title=_both(title, 200),
            reason=_both(reason, LONGEST),
            health_colours=health_colours,
            server_diary=server_diary,
            entry_rules=rules,
            prolongs=prolongs,
            proposed_by=officer,
            proposed_at=now,
            ends_at=ends_at,
        )
        journal.record(events.OrderProposed(order=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


def put_in_force(row: EmergencyOrder, *, officer: Officer, now: datetime | None = None) -> EmergencyOrder:
    """Another person with the higher right puts it in force, from this second until its end."""
    now = now or timezone.now()
    actor = acting(officer, AUTHORITY)
    if officer.pk == row.proposed_by_id:
        raise NotAllowed(
            "four-eyes",
            _("Whoever proposed an order does not put it in force."),
            kept=_("Nothing was changed."),
            next_step=_("Ask another person with this right."),
            status=403,
        )
    if (wrong := _against_end(row.ends_at, now)) and row.state == OrderState.PROPOSED:
        raise NotAllowed(
            "order-has-no-time",
            wrong,
            kept=_("Nothing was changed."),
            next_step=_("Propose it again with another end."),
        )
    with transaction.atomic():
        make(row, PUT_IN_FORCE, decided_by=officer, decided_at=now, starts_at=now)
        journal.record(events.OrderPutInForce(order=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


def drop_order(row: EmergencyOrder, *, officer: Officer, why: str, now: datetime | None = None) -> EmergencyOrder:
    """It is not put in force; whoever proposed it may drop it too."""
    actor = acting(officer, AUTHORITY, DECIDES, PROPOSES)
    if AUTHORITY not in officer.roles and officer.pk != row.proposed_by_id:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    _reason(why)
    with transaction.atomic():
        make(row, DROP_ORDER, decided_by=officer, decided_at=now or timezone.now(), why_dropped=why.strip()[:300])
        journal.record(events.OrderDropped(order=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


def lift_order(row: EmergencyOrder, *, officer: Officer, why: str, now: datetime | None = None) -> EmergencyOrder:
    """End it before its end: everything of it is off from this second, and the people whose status it carried are told."""
    now = now or timezone.now()
    actor = acting(officer, AUTHORITY)
    _reason(why)
    with transaction.atomic():
        row = EmergencyOrder.objects.select_for_update(of=("self",)).select_related("area").get(pk=row.pk)
        if row.state == OrderState.IN_FORCE and row.ends_at <= now:
            raise NotNow(LIFT_ORDER, row.state, _("It has ended by itself already."), kept=_("Nothing was changed."))
        make(row, LIFT_ORDER, lifted_by=officer, lifted_at=now, why_lifted=why.strip()[:300])
        journal.record(events.OrderLifted(order=row.pk), subject=row.subject, actor=actor)
        journal.touch(TOPIC)
    return row


# --


def _against_end(ends_at: datetime | None, now: datetime):
    if ends_at is None:
        return _("Please give the day on which it ends: an order without an end cannot be made.")
    if ends_at <= now:
        return _("The end lies in the past.")
    if ends_at > now + timedelta(days=bases.ORDER_DAYS_AT_MOST):
        return worded(
            _("An order holds for %(days)s days at most. Prolonging it is a new decision."),
            days=bases.ORDER_DAYS_AT_MOST,
        )
    return None


def _both(words: dict, longest: int) -> dict[str, str]:
    zh = str(words.get("zh", "")).strip()[:longest]
    return {"zh": zh, "en": str(words.get("en", "")).strip()[:longest] or zh}


def _reason(why: str) -> None:
    if len(why.strip()) < REASON_AT_LEAST:
        raise Invalid("reason-missing", errors={"why": [SHORT]}, kept=_("Nothing was changed."))
