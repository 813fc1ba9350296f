"""The demonstration district without its ninety days of cases, in the var directory of the environment: a minute less to wait for.

python -m tests.browser.small_district
"""

import json
import os
import sys

import django

WHO = {"wang-anhui", "chen-flex", "li-na", "anna"}
COMPANIES = {"river-cafe"}


def build() -> None:
    from django.db import transaction
    from django.utils import timezone

    from tongban.journal import services as journal
    from tongban.registers import services as registers
    from tongban.site.commands import prepare
    from tongban.site.demonstration import bundles, district, history, papers, people

    for step in (prepare.keys, prepare.database, prepare.static_files):
        assert step() == 0
    with transaction.atomic(), registers.nobody_waits():
        district.content()
        everybody = people.populate(district.DEMO)
        people_of_all, companies_of_all = everybody.people, everybody.companies
        everybody.people = {slug: who for slug, who in everybody.people.items() if slug in WHO}
        everybody.companies = {slug: which for slug, which in everybody.companies.items() if slug in COMPANIES}
        papers.hand_out(everybody, timezone.localdate())
    everybody.people, everybody.companies = people_of_all, companies_of_all
    history.PLAN, bundles.STORIES = [("site_inspection", 1, (4, 5))], ()  # somebody must have premises to look at
    history.write(everybody, timezone.now(), lambda number: None)
    while journal.work_once():
        pass


def tell(ref: str) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from tongban.cases.models import Case, Inspection
    from tongban.licences.models import Licence

    if ref == "newcomer":  # another errand of this house may have renewed the permit already
        held = Licence.objects.filter(
            type__slug="residence-permit", state="valid", holder__person__account__login="wang-anhui"
        )
        held.update(valid_to=timezone.localdate() + timedelta(days=20))
        print(json.dumps({"permits": held.count()}))
        return
    if ref == "inspection":
        row = Inspection.objects.select_related("case__department").latest("id")
        signed = [one.officer.account.login for one in row.signatures.filter(officer__isnull=False)]
        said = {"ref": row.ref, "state": row.state, "department": row.case.department.code.lower(), "signed": signed}
        print(json.dumps(said | {"photos": row.photos.count(), "record": row.record}))
        return
    case = Case.objects.get(ref=ref)
    print(json.dumps({"state": case.state, "sent": Case.objects.exclude(state="draft").count()}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.site.settings")
    django.setup()
    tell(sys.argv[1]) if sys.argv[1:] else build()
