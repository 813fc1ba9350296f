"""Two weeks of visitors at the demonstration's hall, so that its figures, forecast and simulations have a past that is true to form.

Who comes when is drawn from a fixed seed; they are called in the computed order by the planned windows, and what a ticket says follows from
that. Nobody real, no case, no notice: tickets alone. Screens of the hall play pages of the district between calls.
"""

import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from random import Random

from django.db import transaction
from django.utils import timezone

from tongban.departments.models import Officer
from tongban.halls import hours
from tongban.halls.models import Category, Hall, Machine, MachineKind, Ticket, TicketCall, Window
from tongban.matters.models import Matter

HALL = "putuo-centre"
DAYS = 14
A_DAY = {"A": 420, "B": 105, "C": 74, "D": 90, "E": 24, "P": 22, "X": 3}
HUMPS = (0.9, 1.35, 1.6, 0.7, 0.75, 1.15, 1.25, 0.8)  # of each hour from nine
MONDAYS = 1.2
LEAVES = 0.02
DECIDED = {
    "A": 0.72,
    "B": 0.6,
    "C": 0.5,
    "P": 0.74,
}  # the share that leaves with the decision; the others have none to wait for
MATTERS = 40
BATCH = 500

PAGES = [
    {
        "kind": {"zh": "苏河水岸经济", "en": "Riverside economy"},
        "title": {"zh": "半马苏河，水岸相伴", "en": "Along the Suzhou Creek"},
        "text": {"zh": "普陀沿河岸线建成步道与园区，企业落户事项可在企业会客厅一次说清。", "en": "Paths and parks line the creek. Companies that settle here get everything explained at once in the business lounge."},
    },
    {
        "kind": {"zh": "产业规划", "en": "Industrial planning"},
        "title": {"zh": "桃浦智创城", "en": "Taopu smart city"},
        "text": {"zh": "开办企业、施工许可、人才服务在园区服务点就近办理，不必到大厅。", "en": "Starting a company, building permits and services for staff are done in the park itself; nobody has to come to the hall."},
    },
    {
        "kind": {"zh": "文化品牌", "en": "Culture"},
        "title": {"zh": "家门口的文化生活", "en": "Culture next door"},
        "text": {"zh": "社区文化中心场馆可在手机上预约，凭随申码入场。", "en": "Rooms and events of the community centres are booked on the phone; the identity code is the ticket."},
    },
    {
        "kind": {"zh": "一网通办", "en": "Online services"},
        "title": {"zh": "办事不用等", "en": "No need to wait"},
        "text": {"zh": "大多数事项可在手机上提交，办结后证照直接进卡包。需要来大厅的，先预约，到时即叫号。", "en": "Most matters are sent from the phone, and the licence comes into the wallet. If you do have to come, book a time and be called at it."},
    },
]  # fmt: skip


@transaction.atomic
def build(now: datetime) -> int:
    """Answers how many tickets were made. Twice changes nothing."""
    hall = Hall.objects.filter(code=HALL).first()
    if hall is None or Ticket.objects.filter(hall=hall).exists():
        return 0
    screens = list(Machine.objects.filter(hall=hall, kind=MachineKind.SCREEN))
    for place, screen in enumerate(screens):
        screen.plays = {**screen.plays, "pages": PAGES, "lounge": place == len(screens) - 1}
    Machine.objects.bulk_update(screens, ["plays"])
    officers = [
        one.pk
        for one in Officer.objects.filter(active=True).order_by("pk")
        if {"window_officer", "issuing_officer"} & set(one.roles)
    ]
    windows = list(Window.objects.filter(hall=hall, reserve=False).order_by("number"))
    if not officers or not windows:
        return 0
    chance = Random(3107)  # noqa: S311
    today = timezone.localdate(now)
    tickets: list[Ticket] = []
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        if spans := hours.spans(hall, day):
            tickets += _day(hall, day, spans, windows, chance)
    made = Ticket.objects.bulk_create(tickets, batch_size=BATCH)
    TicketCall.objects.bulk_create(
        [
            TicketCall(
                ticket=one, hall=hall, window_id=one.window_id, officer_id=officers[(one.window_id or 0) % len(officers)],
                at=one.first_called_at, number=1,
            )
            for one in made
            if one.first_called_at is not None and one.window_id is not None
        ],
        batch_size=BATCH,
    )  # fmt: skip
    return len(made)


def _day(
    hall: Hall, day: date, spans: list[tuple[datetime, datetime]], windows: list[Window], chance: Random
) -> list[Ticket]:
    categories = {one.code: one for one in Category.objects.all()}
    matters = list(Matter.objects.order_by("-popularity", "pk").values_list("pk", flat=True)[:MATTERS])
    opens, closes = spans[0][0], spans[-1][1]
    last = closes - timedelta(minutes=hall.stop_minutes)
    coming = sorted(_arrivals(categories.keys(), opens, last, day.weekday() == 0, chance))
    numbers: Counter[str] = Counter()
    queues: dict[str, deque[Ticket]] = defaultdict(deque)
    free = [(opens + timedelta(seconds=20 * place), place) for place in range(len(windows))]
    found: list[Ticket] = []
    arriving = deque(coming)
    while free:
        at, place = heappop(free)
        while arriving and arriving[0][0] <= at:
            came, code = arriving.popleft()
            numbers[code] += 1
            ticket = _taken(hall, day, categories[code], numbers[code], came, queues[code], windows, matters, chance)
            found.append(ticket)
            queues[code].append(ticket)
        kind = windows[place].kind
        mine = [code for code, queue in queues.items() if queue and kind in categories[code].window_kinds]
        if not mine:
            if arriving:
                heappush(free, (max(at, arriving[0][0]) + timedelta(seconds=5), place))
            continue
        code = max(mine, key=lambda one: (at - queues[one][0].waits_from) * categories[one].weight)
        ticket = queues[code].popleft()
        waited = at - ticket.waits_from
        if chance.random() < LEAVES * (1 + waited.total_seconds() / 900):
            ticket.state, ticket.end_reason, ticket.ended_at = "void", "given_back", at
            heappush(free, (at + timedelta(seconds=1), place))
            continue
        heappush(free, (_served(ticket, windows[place], at, categories[code], chance), place))
    return found


def _arrivals(
    codes: Iterable[str], opens: datetime, last: datetime, monday: bool, chance: Random
) -> Iterable[tuple[datetime, str]]:
    whole = (last - opens).total_seconds()
    slots = max(1, int(whole // 3600) + 1)
    for code in sorted(set(codes) & set(A_DAY)):
        for _ in range(round(A_DAY[code] * (MONDAYS if monday else 1.0) * chance.uniform(0.9, 1.1))):
            hour = chance.choices(range(slots), [HUMPS[min(slot, len(HUMPS) - 1)] for slot in range(slots)])[0]
            at = opens + timedelta(seconds=hour * 3600 + chance.random() * 3600)
            if at < last:
                yield at.replace(microsecond=0), code


def _taken(hall, day, category: Category, number: int, at: datetime, queue, windows, matters, chance: Random) -> Ticket:
    able = sum(window.kind in category.window_kinds for window in windows)
    return Ticket(
        hall=hall,
        day=day,
        category=category,
        label=f"{category.code}{number:03d}",
        key=secrets.token_urlsafe(12),
        matter_id=matters[min(int(chance.expovariate(0.15)), len(matters) - 1)]
        if matters and category.code in DECIDED
        else None,
        channel="phone" if chance.random() < 0.3 else "machine",
        issued_at=at,
        waits_from=at,
        ahead=len(queue),
        estimate_minutes=round(len(queue) * category.average_minutes / able) if able else None,
    )


def _served(ticket: Ticket, window: Window, at: datetime, category: Category, chance: Random) -> datetime:
    there = at + timedelta(seconds=chance.uniform(15, 75))
    ends = there + timedelta(minutes=category.average_minutes * min(chance.lognormvariate(-0.12, 0.5), 4.0))
    ticket.state, ticket.window, ticket.calls = "done", window, 1
    ticket.first_called_at = ticket.called_at = at
    ticket.serving_at, ticket.ended_at = there, ends.replace(microsecond=0)
    share = DECIDED.get(category.code)
    ticket.on_the_spot = None if share is None else chance.random() < share
    return ends
