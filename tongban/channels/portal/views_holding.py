"""What a party holds and was told: licences, messages, and the rating of a service."""

import re
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party, for_signed_in
from tongban.channels.pages.templatetags.tongban import day as day_words
from tongban.channels.portal import views_wallet
from tongban.channels.portal.own import own_case, own_licence
from tongban.evaluations import rules as rating_rules
from tongban.evaluations import services as evaluations
from tongban.evaluations.models import Grade
from tongban.lib import qr
from tongban.lib.bilingual import say
from tongban.lib.identifiers import mask_id
from tongban.lib.problems import Invalid
from tongban.licences import industry, items
from tongban.licences import queries as licences
from tongban.licences import services as licence_services
from tongban.licences.face_labels import label
from tongban.licences.models import Licence
from tongban.licences.states import standing
from tongban.notices import queries as notices
from tongban.notices import services as notice_services

STARS = {Grade.VERY_SATISFIED: 5, Grade.SATISFIED: 4, Grade.BASICALLY_SATISFIED: 3, Grade.DISSATISFIED: 2, Grade.VERY_DISSATISFIED: 1}  # fmt: skip

ON_CARD = {
    "name",
    "valid_to",
    "photo",
    "merged_licences",
}  # the card says whose it is and until when; permits have a list of their own

COVERED = {"id_no"}  # whoever looks over a shoulder does not read it; the sealed file has it whole


# -- licences


@require_GET
@for_party
def licence(request, party, pk):
    """One licence: its face, its code, its sealed file, and for what it was used."""
    row = own_licence(request, pk)
    party = request.party
    doorkeeper.reading(request, party, "own licences", list(row.face), about=f"licence:{row.pk}")
    address = verify_address(row)
    context = {
        "party": party,
        "licence": row,
        "fields": [
            (
                say(label(row.type.slug, name).text),
                mask_id(row.face[name]) if name in COVERED else _worded(row.face[name]),
            )
            for name in row.type.face_fields
            if row.face.get(name) and name not in ON_CARD
        ],
        "address": address,
        "code": qr.svg(address, title=str(_("Code to check this licence"))),
        "case": row.cases.first(),
        **_permits(row, timezone.localdate()),
        "heard": list(licences.proceedings_about(row)),
        "today": timezone.localdate(),
        **views_wallet.beside(request, row),
    }
    return render(request, "portal/hold/licence.html", context)


def _worded(value):
    if isinstance(value, dict):
        return say(value)
    return day_words(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) else value


def _permits(row: Licence, today) -> dict:
    """Of an industry licence each permit as it stands now, and what the whole is worth; of a permit the industry licence it is in."""
    if not items.is_industry(row):
        whole = [one for one in industry.merging(row) if one.holder_id == row.holder_id]
        return {
            "whole": next((one for one in whole if one.state in ("valid", "suspended")), None),
            "permits": [],
            "worth": None,
            "newer": None,
        }
    there = items.present(row, today)
    status, reason = standing(*items.judge(row.state, row.valid_from, row.valid_to, today), [one.part for one in there])
    newest = items.editions(row).first()
    return {
        "permits": there,
        "worth": {"status": status, "reason": reason},
        "newer": newest if newest is not None and newest.pk != row.pk else None,
        "whole": None,
    }


def verify_address(row: Licence) -> str:
    return f"{settings.PUBLIC_URL}{reverse('exchange:verify', args=[row.token])}"


@require_GET
@for_party
def licence_pdf(request, party, pk):
    """The sealed file, as it was sealed."""
    row = own_licence(request, pk)
    party = request.party
    doorkeeper.reading(request, party, "own licences", list(row.face), about=f"licence:{row.pk}")
    response = HttpResponse(licence_services.open_pdf(row), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{row.type.slug}-{row.pk}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


# -- messages


@require_GET
@for_signed_in
def inbox(request, account):
    """Messages, newest first."""
    after = request.GET.get("after", "")
    rows, following = notices.inbox(account, int(after[:18]) if after.isdecimal() else None)
    return render(request, "portal/hold/inbox.html", {"rows": rows, "next": following, "account": account})


@require_POST
@for_signed_in
def open_message(request, account, pk):
    """Read it and go where it leads, in the space it is about."""
    message = notices.message(account, pk)
    if message is None:
        raise Http404
    notice_services.mark_read(account, message.pk)
    if message.party is not None and message.party_id in {one.pk for one in doorkeeper.all_spaces(request)}:
        doorkeeper.enter_space(request, message.party)
    return redirect(message.link if message.link.startswith("/") else "portal:inbox")


@require_POST
@for_signed_in
def all_read(request, account):
    """Mark all messages as read."""
    notice_services.mark_read(account)
    return redirect("portal:inbox")


# -- rating


@for_party
def rate(request, party, ref):
    """Five grades, reasons and words; given once."""
    case = own_case(request, ref, sent=True)
    errors = {}
    if request.method == "POST":
        try:
            evaluations.rate(
                case,
                account=request.user,
                grade=_grade(request.POST.get("grade", "")),
                reasons=request.POST.getlist("reasons"),
                text=request.POST.get("text", ""),
                named=request.POST.get("named") == "true",
                key=request.POST.get("key", ""),
            )
            return redirect("portal:case", ref=ref)
        except Invalid as invalid:
            errors = invalid.errors or {"grade": [invalid.sentence]}
    context = {
        "case": case,
        "party": party,
        "rated": getattr(case, "rating", None),
        "reasons": [(reason, capfirst(label)) for reason, label in rating_rules.Reason.choices],
        "errors": errors,
        "typed": {name: request.POST.get(name, "") for name in ("grade", "text")},
        "key": request.POST.get("key") or uuid4().hex,
    }
    return render(request, "portal/hold/rate.html", context, status=422 if errors else 200)


def _grade(stars: str) -> int:
    """The page gives stars (5 very good to 1 very bad), the standard counts grades the other way round."""
    grade = next((int(grade) for grade, number in STARS.items() if str(number) == stars), None)
    if grade is None:
        raise Invalid(
            "no-grade", _("Please choose one of the five."), errors={"grade": [_("Please choose one of the five.")]}
        )
    return grade
