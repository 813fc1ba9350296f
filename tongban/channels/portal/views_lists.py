"""A table of the form from a file: chosen, shown as it was read, and only then taken."""

import csv
import io

from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tongban.cases import correction, rules, services
from tongban.cases.models import Case
from tongban.cases.reading_lists import read_list
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import errand
from tongban.channels.portal.views_applying import open_or_leave, shared
from tongban.lib import sheets
from tongban.lib.bilingual import say
from tongban.lib.formschema import Field
from tongban.lib.problems import Invalid, NotAllowed

SHOWN_AT_MOST = 200
HOLDS = 3600  # seconds between the preview and taking it
ACCEPTED = ".xlsx,.csv,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@for_party
@open_or_leave
def from_file(request, party, case, field):
    """Choose a file; see what was read of it and what was not; take it into the form. An empty list to begin with is here, too."""
    table = _table(case, field)
    if "empty" in request.GET:
        return _empty_list(table)
    if request.method == "POST" and "rows" in request.POST:
        return _take(request, case, table)
    read = None
    errors: dict[str, list] = {}
    if request.method == "POST":
        try:
            read = read_list(_chosen(request), table, errand.known_codes())
            errors = {} if read.rows else {"file": [_("No line of this file can be taken into the list.")]}
        except Invalid as refused:
            errors = {"file": [*errand.why_not(refused), *([refused.next_step] if refused.next_step else [])]}
    before = rules.plain_values(case.values).get(table.id) or []
    context = shared(
        request, party, case, "form",
        field=table,
        columns=[(say(one.label), one.required, one.type) for one in table.columns],
        accept=ACCEPTED,
        most_mb=sheets.LARGEST_FILE >> 20,
        errors=errors,
        labels={"file": _("The file")},
        read=read,
        rows=table.display_rows(read.rows[:SHOWN_AT_MOST]) if read else [],
        more=max(0, len(read.rows) - SHOWN_AT_MOST) if read else 0,
        before=len(before),
        signed=signing.dumps(read.rows, salt=_salt(case, table), compress=True) if read and read.rows else "",
        back=_form(request, case, table),
        part=_part(request),
    )  # fmt: skip
    return render(request, "portal/apply/list.html", context, status=422 if errors else 200)


def _table(case: Case, name: str) -> Field:
    """The table of this form, if it is asked for now and may be changed."""
    form = rules.form_of(case)
    asked = {one.id for one in form.visible(rules.plain_values(case.values))}
    if name not in form or name not in asked or form[name].type != "table" or form[name].readonly:
        raise Http404
    limits = correction.changeable(case)
    if limits is not None and name not in limits.fields:
        raise NotAllowed(
            "only-what-is-marked",
            _("Only what is marked can be changed now."),
            kept=_("What you sent is kept as it is."),
        )
    return form[name]


def _chosen(request) -> bytes:
    file = request.FILES.get("file")
    if file is None:
        raise Invalid("no_file", _("No file was chosen."), errors={"file": [_("No file was chosen.")]})
    return file.read(sheets.LARGEST_FILE + 1)


def _take(request, case: Case, table: Field):
    try:
        rows = signing.loads(request.POST["rows"], salt=_salt(case, table), max_age=HOLDS)
    except signing.BadSignature:
        raise Invalid(
            "preview-over",
            _("This preview is over."),
            kept=_("Your draft is kept as it was."),
            next_step=_("Please choose the file again."),
        ) from None
    before = rules.plain_values(case.values).get(table.id) or []
    if request.POST.get("way") == "add":
        rows = [*before, *(row for row in rows if row not in before)]
    services.save(
        case, {table.id: rows}, revision=case.revision, account=request.user,
        saver=request.POST.get("tab", ""), step="form",
    )  # fmt: skip
    return redirect(_form(request, case, table))


def _part(request) -> str:
    """The page of the form in the elderly edition."""
    said = request.POST.get("part", request.GET.get("part", ""))
    return said if said.isdecimal() and len(said) < 4 else ""


def _form(request, case: Case, table: Field) -> str:
    part = f"?part={_part(request)}" if _part(request) else ""
    return f"{reverse('portal:apply_form', args=[case.ref])}{part}#id_{table.id}"


def _salt(case: Case, table: Field) -> str:
    return f"list:{case.pk}:{table.id}"


def _empty_list(table: Field) -> HttpResponse:
    held = io.StringIO()
    csv.writer(held).writerow([say(one.label) for one in table.columns])
    response = HttpResponse("\ufeff" + held.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{table.id}.csv"'
    return response
