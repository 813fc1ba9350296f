"""An officer's own desk: views kept under a name, the one they begin with, keys; and the labels of a department on its cases."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import events
from tongban.cases.models import Case, CaseLabel, DeskHabit, Label, SavedView
from tongban.cases.moving import acting, again
from tongban.cases.permission import permit_to_work
from tongban.cases.services.colleagues import beside
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed, worded

VIEWS_AT_MOST = 12
LABELS_AT_MOST = 40
LABEL_KEEPERS = {"dept_approver", "supervisor", "coordinator"}
STILL_HERE = _("What you typed is still here.")


# -- views


def save_view(officer: Officer, *, name: str, asked: dict[str, str], shared: bool, first: bool = False) -> SavedView:
    """Keep what a queue is narrowed to. The same name again replaces what it held; `first`: begin with it from now on."""
    name = _named(name)
    with transaction.atomic():
        Officer.objects.select_for_update(of=("self",)).only("pk").get(pk=officer.pk)
        own = SavedView.objects.filter(owner=officer)
        if own.exclude(name=name).count() >= VIEWS_AT_MOST:
            few = worded(_("You have %(number)s views. Delete one that you no longer need."), number=VIEWS_AT_MOST)
            raise Invalid("views-enough", errors={"name": [few]}, kept=STILL_HERE)
        view, _made = SavedView.objects.update_or_create(
            owner=officer, name=name, defaults={"asked": asked, "shared": shared, "department": officer.department}
        )
        if first:
            DeskHabit.objects.update_or_create(officer=officer, defaults={"begins_with": view})
    return view


def rename_view(officer: Officer, view: SavedView, *, name: str, shared: bool) -> SavedView:
    """Another name, or seen by others than before; whoever begins with it still does."""
    if view.owner_id != officer.pk:
        raise NotAllowed("not-your-view", _("Only whoever saved this view changes it."), status=403)
    name = _named(name)
    with transaction.atomic():
        Officer.objects.select_for_update(of=("self",)).only("pk").get(pk=officer.pk)
        if SavedView.objects.filter(owner=officer, name=name).exclude(pk=view.pk).exists():
            raise Invalid("view-twice", errors={"name": [_("You have a view of this name already.")]}, kept=STILL_HERE)
        view.name, view.shared, view.department = name, shared, officer.department
        view.save(update_fields=["name", "shared", "department"])
    return view


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise Invalid("view-name", errors={"name": [_("Give it a name of 1 to 60 characters.")]}, kept=STILL_HERE)
    return name


def begin_with(officer: Officer, view: SavedView | None) -> None:
    """The view that the queue opens with; None: the plain queue."""
    DeskHabit.objects.update_or_create(officer=officer, defaults={"begins_with": view})


def delete_view(officer: Officer, view: SavedView) -> None:
    """Only whoever made it. Those who begin with it begin with the plain queue again."""
    if view.owner_id != officer.pk:
        raise NotAllowed("not-your-view", _("Only whoever saved this view deletes it."), status=403)
    view.delete()


def use_keys(officer: Officer, on: bool) -> None:
    """Single keys do something at this officer's desk, or nothing (WCAG 2.1.4)."""
    DeskHabit.objects.update_or_create(officer=officer, defaults={"keys": on})


# -- labels


def keep_label(
    officer: Officer, *, name: str, colour: str, label: Label | None = None, now: datetime | None = None
) -> Label:
    """Make a label of one's department, or give one another name or colour. Cases keep it."""
    _permit_to_keep(officer, label)
    name = " ".join(name.split())
    errors: dict[str, list] = {}
    if not name or len(name) > 30:
        errors["name"] = [_("Give it a name of 1 to 30 characters.")]
    if colour not in Label.Colour.values:
        errors["colour"] = [_("Choose a colour.")]
    of_department = Label.objects.filter(department=officer.department)
    if label is None and of_department.filter(retired_at__isnull=True).count() >= LABELS_AT_MOST:
        errors["name"] = [worded(_("There are %(number)s labels. Retire one first."), number=LABELS_AT_MOST)]
    if errors:
        raise Invalid("label-incomplete", errors=errors, kept=STILL_HERE)
    try:
        with transaction.atomic():
            row = label or Label(department=officer.department, made_at=now or timezone.now())
            row.name, row.colour = name, colour
            row.save()
    except IntegrityError as twice:
        same = [_("Your department has a label of this name already; a retired one can be brought back.")]
        raise Invalid("label-twice", errors={"name": same}, kept=STILL_HERE) from twice
    return row


def retire_label(officer: Officer, label: Label, *, back: bool = False, now: datetime | None = None) -> Label:
    """No longer put on cases; where it stands it stays. `back`: used again."""
    _permit_to_keep(officer, label)
    label.retired_at = None if back else now or timezone.now()
    label.save(update_fields=["retired_at"])
    return label


def _permit_to_keep(officer: Officer, label: Label | None) -> None:
    if not officer.active or not LABEL_KEEPERS & set(officer.roles):
        raise NotAllowed("not-your-label", _("Labels are kept by the lead of a department."), status=403)
    if label is not None and label.department_id != officer.department_id:
        raise NotAllowed("not-your-label", _("This label belongs to another department."), status=403)


def put_on(case: Case, label: Label, *, officer: Officer, now: datetime | None = None) -> None:
    """Put a label of one's department on a case. There already: nothing happens."""
    _permit_to_sort(case, label, officer)
    if label.retired_at is not None:
        raise NotAllowed("label-retired", _("This label was retired and is put on no more cases."))
    with transaction.atomic():
        case = again(case)
        row, made = CaseLabel.objects.get_or_create(
            case=case, label=label, defaults={"officer": officer, "at": now or timezone.now()}
        )
        if made:
            _sorted(case, label, officer, True)


def take_off(case: Case, label: Label, *, officer: Officer) -> None:
    _permit_to_sort(case, label, officer)
    with transaction.atomic():
        case = again(case)
        gone, _of_what = CaseLabel.objects.filter(case=case, label=label).delete()
        if gone:
            _sorted(case, label, officer, False)


def _permit_to_sort(case: Case, label: Label, officer: Officer) -> None:
    permit_to_work(officer, case)
    if label.department_id != officer.department_id:
        raise NotAllowed("not-your-label", _("This label belongs to another department."), status=403)


def _sorted(case: Case, label: Label, officer: Officer, on: bool) -> None:
    """The applicant's pages hear nothing of it: only the queue does."""
    journal.record(
        events.CaseLabelled(case=case.pk, label=label.pk, on=on),
        subject=case.subject,
        actor=acting(officer, next(iter(officer.roles), "")),
    )
    journal.touch(beside(case, officer.department_id), f"queue:{case.department.code}")
