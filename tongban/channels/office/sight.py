"""Which case an officer may open, and when a reason has to be given first."""

from datetime import timedelta

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.channels import doorkeeper
from tongban.departments.models import Officer
from tongban.journal import queries as journal
from tongban.lib.problems import NotAllowed
from tongban.oversight import queries as oversight


class ReasonNeeded(NotAllowed):
    """The case may be opened, but not without saying why. `where` is the form that asks."""

    template = "office/reason_needed.html"

    def __init__(self, row: Case):
        super().__init__(
            "no-purpose",
            _("You are not handling this case, so it opens only for a reason that you write down."),
            kept=_("Nothing was shown."),
            next_step=_(
                "Say what it is for and why. It opens at once; the person is told, and somebody else looks at it."
            ),
            status=403,
        )
        self.where = f"{reverse('office:look')}?{urlencode({'number': row.number or ''})}"


OPEN_FOR = timedelta(hours=12)


def _had_it_open(officer: Officer, row: Case) -> bool:
    """Whoever opened it as their work a moment ago still sees what a colleague, faster, has made of it."""
    return journal.read_about(officer.account_id, timezone.now() - OPEN_FOR, row.subject, "handling")


def seen(request, officer: Officer, ref: str) -> Case:
    """A case this officer may see; any other is not there. Without anything to do with it, only after a reason was given."""
    row = cases.one_visible_to(officer, ref)
    if row is not None and (cases.concerns(officer, row) or _had_it_open(officer, row)):
        return row
    known = row or cases.looked_at(officer, ref)
    if known is None:
        raise Http404
    look = oversight.open_look(officer, about=known.subject, party=known.applicant_id)
    if look is not None:
        doorkeeper.looking(request, look)
        return known
    if row is None:
        raise Http404  # of another department: whoever does not say why is not told that it exists
    raise ReasonNeeded(row)
