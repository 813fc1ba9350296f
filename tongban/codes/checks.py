"""What an operator should know about codes and venues, in sentences; `tongban check` prints them."""

from django.db import OperationalError, ProgrammingError
from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.codes import colours, day_keys


def problems(today=None) -> list[str]:
    found: list[str] = []
    try:
        diary = any(order.server_diary for order in colours.orders_in_force(timezone.now()))
    except (OperationalError, ProgrammingError):  # no tables yet: said elsewhere
        return found
    if diary and day_keys.office(day_keys.folder()) is None:
        found.append(
            _(
                "An emergency order says that visits are written down, but no health office has entered its key: nothing is kept. "
                "Let it run: tongban visits key FILE"
            )
        )
    return found
