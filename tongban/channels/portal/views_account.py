"""Signing in, proving who one is, and one's own account. What allauth does well is allauth's; these are the pages it has not."""

import time
from http import HTTPStatus
from typing import Any

from allauth.account import views as allauth_account
from allauth.account.internal.flows.password_reset_by_code import PASSWORD_RESET_VERIFICATION_SESSION_KEY
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.base import views as allauth_second_factor
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn import views as allauth_passkey
from allauth.usersessions.internal.flows import sessions as session_flows
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from tongban.cases.services import carrying
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import behind, for_anyone, for_signed_in, safe_next
from tongban.channels.pages import countries
from tongban.channels.pages import reads as read_words
from tongban.channels.pages.look import own_name
from tongban.channels.portal import demonstration, sign_in
from tongban.channels.portal.account_forms import used_code
from tongban.channels.portal.adapter import NOBODY, MFAAdapter
from tongban.journal import queries as journal
from tongban.lib.problems import Invalid
from tongban.notices import queries as notices
from tongban.notices import services as notice_services
from tongban.oversight import queries as oversight
from tongban.oversight import services as oversight_services
from tongban.parties import queries, rules, services
from tongban.parties.gateways.proofing.simulated import invented_number
from tongban.parties.models import Account, IdKind, Proofing

# -- signing in


@for_anyone
@never_cache
def sign_in_page(request):
    response = allauth_account.login(request)
    if hasattr(response, "context_data"):
        response.context_data |= {
            "demonstration": demonstration.people(),
            "demonstration_password": demonstration.PASSWORD if settings.DEMO else "",
        }
    if request.method == "GET" and response.status_code == HTTPStatus.OK:
        sign_in.remember_device(request, response)
    return response


@for_anyone
@never_cache
def sign_up(request):
    return allauth_account.signup(request)


@for_anyone
@never_cache
def new_password_code(request):
    """The code from the letter. Where there is no account to look up, nobody is looked up."""
    state = request.session.get(PASSWORD_RESET_VERIFICATION_SESSION_KEY) or {}
    if request.method == "POST" and state and not state.get("user_id"):
        Account.objects.filter(pk=NOBODY).first()
    return allauth_account.confirm_password_reset_code(request)


def demonstration_code(account) -> str:
    """The present code of an officer made for the demonstration. Nobody else's, and never outside the demonstration."""
    if not settings.DEMO or account is None or not hasattr(account, "officer"):
        return ""
    factor = Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).first()
    if factor is None or factor.data.get("demonstration") is not True:
        return ""
    step = int(time.time()) // 30
    secret = decrypt(factor.data["secret"])
    codes = [totp.format_hotp_value(totp.hotp_value(secret, step + ahead)) for ahead in (0, 1, -1)]
    return next((code for code in codes if used_code(account, code) not in cache), codes[0])


class SecondStep(allauth_second_factor.AuthenticateView):
    def get_context_data(self, **kwargs):
        account = self.stage.login.user
        kinds = set(Authenticator.objects.filter(user=account).values_list("type", flat=True))
        return {
            **super().get_context_data(**kwargs),
            "demonstration_code": demonstration_code(account),
            "has_app": Authenticator.Type.TOTP in kinds,
            "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
        }


class ConfirmCode(allauth_second_factor.ReauthenticateView):
    def get_context_data(self, **kwargs):
        return {**super().get_context_data(**kwargs), "demonstration_code": demonstration_code(self.request.user)}


second_step = behind(for_anyone, never_cache(SecondStep.as_view()))
confirm_code = behind(for_signed_in, never_cache(ConfirmCode.as_view()))


@for_signed_in
def second_factor(request, account):
    """Before an officers' page: confirm with the second factor, or first get one."""
    kinds = set(Authenticator.objects.filter(user=account).values_list("type", flat=True))
    wanted = f"?{request.GET.urlencode()}" if request.GET else ""
    if Authenticator.Type.TOTP in kinds:
        return HttpResponseRedirect(reverse("mfa_reauthenticate") + wanted)
    if Authenticator.Type.WEBAUTHN in kinds:
        return HttpResponseRedirect(reverse("mfa_reauthenticate_webauthn") + wanted)
    return render(request, "account/second_factor.html", {"next": safe_next(request, "/office/")})


# -- who one is


@for_signed_in
@never_cache
def identity(request, account):
    next_url = safe_next(request, "/my/")
    if account.level >= rules.VERIFIED and account.person_id:
        return render(request, "account/identity_proved.html", {"next": next_url})
    kind = rules.kind(request.POST.get("id_kind") or request.GET.get("kind") or "")
    waiting, refused = queries.open_proofing_of(account), queries.refused_proofing_of(account)
    context: dict[str, Any] = {
        "next": next_url,
        "kinds": [(value, label) for value, label in IdKind.choices],
        "kind": kind if kind in IdKind.values else "",
        "kind_label": dict(IdKind.choices).get(kind, ""),
        "waiting": waiting,
        "asked": queries.remarks_of(waiting) if waiting is not None else None,
        "pictured": waiting is not None and waiting.sent_at is not None,
        "refused": queries.remarks_of(refused) if refused is not None else None,
        "countries": countries.named(),
        "sexes": [("F", _("female")), ("M", _("male"))],
        "asks_birth": rules.needs_birth_details(kind),
        "asks_nationality": kind in {"passport", "foreign_permanent"},
        "values": _begun(account, waiting, kind, invent="invent" in request.GET),
        "errors": {},
        "outcome": "",
    }
    if request.method != "POST":
        return render(request, "account/identity.html", context)
    said = {field: request.POST.get(field, "").strip() for field in CLAIMED}
    try:
        proofing = services.prove(account, **{**said, "birth_date": _day(said["birth_date"])})
    except Invalid as wrong:
        context |= {"values": said, "errors": {field: [*map(str, why)] for field, why in wrong.errors.items()}}
        return render(request, "account/identity.html", context, status=wrong.status)
    if proofing.outcome == Proofing.Outcome.PROVED:
        messages.success(request, _("Your identity is verified. Welcome!"))
        return redirect(next_url)
    if proofing.outcome == Proofing.Outcome.BY_HAND:
        return redirect(f"{reverse('account_identity_picture')}?{urlencode({'next': next_url})}")
    return render(request, "account/identity.html", context | {"values": said, "outcome": proofing.outcome})


CLAIMED = ("id_kind", "id_no", "name", "mobile", "birth_date", "sex", "nationality")


def _day(text):
    try:
        return parse_date(text)
    except ValueError:  # well formed, but there is no such day
        return None


def _begun(account, waiting: Proofing | None, kind: str, *, invent: bool) -> dict[str, str]:
    """What stands in the form: what was typed before, as long as an officer has not decided."""
    if waiting is not None and waiting.id_kind == kind:
        return queries.claim_of(waiting)
    return _invented(account) if invent and settings.DEMO else {}


def _invented(account) -> dict[str, str]:
    """For newcomers to the demonstration: somebody nobody is."""
    return {
        "id_no": invented_number(account.pk),
        "name": _("Demo Newcomer"),
        "mobile": f"139{account.pk % 10**8:07d}1"[:11],
    }


@for_signed_in
@never_cache
def presence(request, account):
    next_url = safe_next(request, "/my/")
    if account.level < rules.VERIFIED:
        return redirect(f"{reverse('account_identity')}?next={next_url}")
    if request.method != "POST":
        return render(request, "account/presence.html", {"next": next_url})
    services.confirm_presence(account)
    doorkeeper.note_presence(request)
    return redirect(next_url)


# -- the account


@for_signed_in
@never_cache
def profile(request, account, errors=None, values=None, status=200):
    account = queries.account_by_login(account.login)
    context = {
        "account": account,
        "person": account.person,
        "id_kind": account.person.get_id_kind_display() if account.person_id else "",
        "level": account.level,
        "revealed": False,
        "language_names": [(code, own_name(code)) for code, _name in settings.LANGUAGES],
        "preference": notices.preferences(account),
        "errors": errors or {},
        "values": values or {},
    }
    if request.method == "POST" and request.POST.get("reveal") and account.person_id:
        doorkeeper.reading(request, account.person_id, "own data", ["id_no", "mobile"], f"account:{account.pk}")
        context["revealed"] = True
    return render(request, "account/profile.html", context, status=status)


@for_signed_in
@require_POST
def language(request, account):
    services.choose_language(account, request.POST.get("language", ""))
    messages.success(request, _("Your choice was saved."))
    response = redirect("account_profile")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        account.language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        httponly=True,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


@for_signed_in
@require_POST
def mobile(request, account):
    """A new telephone number is a way into the account's messages: only for whoever proves again to be its owner."""
    raise_if_reauthentication_required(request, app="allauth.account")
    if account.person is None:
        return redirect("account_identity")
    try:
        services.change_mobile(account.person, request.POST.get("mobile", ""), actor=doorkeeper.actor_of(request))
    except Invalid as wrong:
        errors = {field: [*map(str, why)] for field, why in wrong.errors.items()}
        return _profile_again(request, errors, {"mobile": request.POST.get("mobile", "")})
    messages.success(request, _("Your mobile number was changed."))
    return redirect("account_profile")


def _profile_again(request, errors, values):
    return profile(request, errors=errors, values=values, status=422)


@for_signed_in
@require_POST
def contact(request, account):
    notice_services.set_preferences(
        account,
        email="email" in request.POST,
        sms="sms" in request.POST,
        only_when_needed="only_when_needed" in request.POST,
    )
    messages.success(request, _("Your choice was saved."))
    return redirect("account_profile")


@for_signed_in
@never_cache
def reads(request, account):
    """Who has read the data of the space acted for, newest first: others, and if asked for oneself too."""
    party = doorkeeper.space(request)
    if party is None:
        return render(request, "account/reads.html", {"party": None, "reads": [], "older": None, "who": ""})
    who, before = request.GET.get("who", ""), request.GET.get("before", "")
    if "own" in request.GET:
        who = "all"
    proofings = [f"proofing:{row.pk}" for row in queries.proofings_of(account)] if party.pk == account.person_id else []
    rows = journal.reads_of(party.pk, also_about=proofings)
    if who != "all":
        rows = rows.filter(Q(reader__isnull=True) | ~Q(reader=account.pk))
    rows = rows.filter(WHO[who]) if who in WHO else rows
    if before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    page = list(rows[: READS_A_PAGE + 1])
    visits = read_words.visits(page[:READS_A_PAGE], party=party, reader=account.pk)
    asked = oversight.questions_of(party, [visit["entry"] for visit in visits])
    for visit in visits:
        visit["question"] = asked.get(visit["entry"])
    context = {
        "party": party,
        "who": who,
        "whos": [("", _("Everybody but me")), *read_words.KINDS.items(), ("all", _("Me too"))],
        "reads": visits,
        "older": page[READS_A_PAGE - 1].pk if len(page) > READS_A_PAGE else None,
        "later": bool(before),
    }
    return render(request, "account/reads.html", context)


READS_A_PAGE = 50  # looks, which make far fewer lines
WHO = {
    "officers": ~Q(department=""),
    "machine": Q(department="", role="platform"),
    "others": Q(department="") & ~Q(role="platform"),
}


@for_signed_in
@never_cache
def read_question(request, account, entry):
    """ "I do not recognise this": ask whoever supervises, once about each line."""
    party = doorkeeper.space(request)
    row = journal.reads_of(party.pk).filter(pk=entry).first() if party is not None else None
    if party is None or row is None or row.reader == account.pk:
        raise Http404
    if request.method == "POST":
        oversight_services.ask_about_read(
            row.pk, party=party, account=account, text=request.POST.get("text", ""), actor=doorkeeper.actor_of(request)
        )
        messages.success(request, _("Your question is with the supervisor. The answer will stand beside the line."))
        return redirect("account_reads")
    context = {
        "read": read_words.visits([row], party=party, reader=account.pk)[0],
        "question": oversight.questions_of(party, [row.pk]).get(row.pk),
    }
    return render(request, "account/read_question.html", context)


@for_signed_in
@never_cache
def security(request, account):
    factors = list(Authenticator.objects.filter(user=account).order_by("pk"))
    of = {kind: [factor for factor in factors if factor.type == kind] for kind in Authenticator.Type.values}
    recovery = of["recovery_codes"][0].wrap().get_unused_codes() if of["recovery_codes"] else []
    return render(
        request,
        "account/security.html",
        {
            "account": account,
            "has_password": account.has_usable_password(),
            "app": of["totp"][0] if of["totp"] else None,
            "passkeys": [
                {
                    "pk": key.pk,
                    "name": key.wrap().name,
                    "made": key.created_at,
                    "used": key.last_used_at,
                    "alone": key.wrap().is_passwordless,
                }
                for key in of["webauthn"]
            ],
            "has_second_factor": bool(of["totp"] or of["webauthn"]),
            "recovery_made": bool(of["recovery_codes"]),
            "recovery_left": len(recovery),
            "email": account.email,
            "carried": carrying.at_work_for(account),
            "sessions": [
                {"row": row, "device": sign_in.words_for(row.user_agent), "here": row.is_current()}
                for row in sorted(
                    UserSession.objects.purge_and_list(account), key=lambda row: row.created_at, reverse=True
                )
            ],
        },
    )


class RemovePasskey(allauth_passkey.RemoveWebAuthnView):
    def form_valid(self, form):
        if not MFAAdapter().can_delete_authenticator(self.get_object()):
            messages.error(self.request, _("Officers need a second factor: please add another one first."))
            return HttpResponseRedirect(self.get_success_url())
        return super().form_valid(form)


remove_passkey = behind(for_signed_in, RemovePasskey.as_view())


@for_signed_in
@require_POST
def end_session(request, account, pk):
    row = get_object_or_404(UserSession, user=account, pk=pk)
    session_flows.end_sessions(request, [row])
    messages.success(request, _("The session was ended."))
    return redirect("account_security")


@for_signed_in
def end_other_sessions(request, account):
    if request.method == "POST":
        session_flows.end_other_sessions(request, account)
        carrying.end_all(account, actor=doorkeeper.actor_of(request))
        messages.success(request, _("All other sessions were ended."))
    return redirect("account_security")
