from tongban.departments import duties
from tongban.departments.events import CalendarChanged
from tongban.journal import services as journal
from tongban.journal.services import on


@on(CalendarChanged)
def count_duties_anew(event):
    for name in duties.DUTIES:
        journal.enqueue(duties.RECOUNT, duty=name, first=event.first)
