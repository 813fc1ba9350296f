"""What allauth asks the house: words, letters, limits, where to go next."""

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows import sessions as session_flows
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from tongban.channels import doorkeeper
from tongban.channels.pages.choosing import begin_session, remember
from tongban.channels.portal import sign_in
from tongban.lib import encryption, qr
from tongban.parties import queries, rules, services
from tongban.parties.models import Account

log = structlog.get_logger("tongban.sign_in")

NOT_YOU = lazy(
    "If this was not you, change your password at once and end all sessions under “My account”, or call the help line."
)

# template allauth names -> (subject, sentence)
NOTICES = {
    "account/email/password_changed": (lazy("Your password was changed"), lazy("The password of your account was changed.")),
    "account/email/password_reset": (lazy("Your password was changed"), lazy("Your password was set anew with a code from an e-mail.")),
    "account/email/password_set": (lazy("Your account has a password"), lazy("Your account now has a password.")),
    "account/email/email_changed": (lazy("Your e-mail address was changed"), lazy("The e-mail address of your account was changed.")),
    "account/email/email_deleted": (lazy("Your e-mail address was removed"), lazy("An e-mail address was taken off your account.")),
    "account/email/email_confirm": (lazy("Your e-mail address is confirmed"), lazy("This e-mail address now belongs to your account.")),
    "mfa/email/totp_activated": (lazy("Codes from an app are switched on"), lazy("Signing in to your account now also needs a code from your app.")),
    "mfa/email/totp_deactivated": (lazy("Codes from an app are switched off"), lazy("Signing in to your account no longer needs a code from an app.")),
    "mfa/email/webauthn_added": (lazy("A passkey was added"), lazy("Your account can now be entered with a new passkey.")),
    "mfa/email/webauthn_removed": (lazy("A passkey was removed"), lazy("A passkey was taken off your account.")),
    "mfa/email/recovery_codes_generated": (lazy("New recovery codes"), lazy("New recovery codes were made. The old ones no longer work.")),
}  # fmt: skip

SAID = {
    "account/messages/password_changed.txt": lazy("Your password was changed. Please sign in with the new one."),
    "account/messages/password_set.txt": lazy("Your account now has a password. Please sign in with it."),
    "account/messages/email_confirmation_sent.txt": lazy("We have sent a letter to your e-mail address. Please open the link in it."),
    "account/messages/email_confirmed.txt": lazy("Your e-mail address is confirmed."),
    "account/messages/email_deleted.txt": lazy("The e-mail address was removed."),
    "account/messages/primary_email_set.txt": lazy("Your e-mail address was changed."),
    "mfa/messages/totp_activated.txt": lazy("Codes from your app are switched on."),
    "mfa/messages/totp_deactivated.txt": lazy("Codes from your app are switched off."),
    "mfa/messages/webauthn_added.txt": lazy("The passkey was added."),
    "mfa/messages/webauthn_removed.txt": lazy("The passkey was removed."),
    "mfa/messages/recovery_codes_generated.txt": lazy("Recovery codes were made. Please write them down now."),
    "usersessions/messages/sessions_logged_out.txt": lazy("All other sessions were ended."),
}  # fmt: skip

WRONG_CODE = lazy("This code is not right, or it is no longer valid. Please compare it and try again.")


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": lazy("The sign-in name and the password do not fit together."),
        "email_password_mismatch": lazy("The sign-in name and the password do not fit together."),
        "incorrect_password": lazy("This is not your password."),
        "enter_current_password": lazy("This is not your present password."),
        "incorrect_code": WRONG_CODE,
        "duplicate_email": lazy("This is already the e-mail address of your account."),
        "too_many_login_attempts": lazy("That was tried too often. Please wait five minutes, then try again."),
        "rate_limited": lazy("That was too often in a short time. Please wait a little and try again."),
        "account_inactive": lazy("This account is closed."),
        "invalid_password_reset": lazy("This way to a new password is no longer open. Please begin again."),
        "username_taken": lazy("This sign-in name is already used. Please choose another one."),
    }

    # -- limits

    def authenticate(self, request, **credentials):
        return super().authenticate(
            request, **{**credentials, "username": rules.login(credentials.get("username", ""))}
        )

    def pre_authenticate(self, request, **credentials):
        login = credentials.get("username", "")
        self.tries = sign_in.Tries(request, login)
        if seconds := self.tries.take():
            log.warning("too many wrong tries", seconds=seconds)
            minutes = max(1, round(seconds / 60))
            raise ValidationError(
                ngettext(
                    "That was tried too often. Nothing is locked: please wait %(minutes)d minute, or use a passkey, or a device you have signed in with before.",
                    "That was tried too often. Nothing is locked: please wait %(minutes)d minutes, or use a passkey, or a device you have signed in with before.",
                    minutes,
                )
                % {"minutes": minutes},
                code="too_many_login_attempts",
            )

    def _rollback_login_failed_rl_usage(self):
        self.tries.give_back()

    def authentication_failed(self, request, **credentials):
        log.info("a sign-in did not fit")

    # -- names and passwords

    def clean_username(self, username, shallow=False):
        if reasons := rules.login_reasons(username):
            raise ValidationError([str(reason) for reason in reasons])
        if not shallow and queries.account_by_login(username) is not None:
            raise self.validation_error("username_taken")
        return rules.login(username)

    # -- where to go

    def get_login_redirect_url(self, request):
        officer = doorkeeper.officer(request)
        if officer is None:
            return "/my/"
        return "/office/tablet/" if set(officer.roles) == {"helper"} else "/office/"  # a guide has no queue

    def get_signup_redirect_url(self, request):
        return reverse("account_identity")

    def get_password_change_redirect_url(self, request):
        return reverse("account_security")

    def get_email_verification_redirect_url(self, email_address):
        return reverse("account_security") if self.request.user.is_authenticated else reverse("account_login")

    def post_login(self, request, user, **rest):
        """The device is known from now on. A browser that chose no language yet speaks the one of the account."""
        response = super().post_login(request, user, **rest)
        records = get_authentication_records(request, user)
        factors = sorted({str(one.get("type") or one.get("method")) for one in records})
        log.info("signed in", account=user.pk, factors=factors)
        sign_in.remember_device(request, response, user)
        begin_session(request)
        if doorkeeper.officer(request) is not None and not shared_in_the_demonstration(user):
            session_flows.end_other_sessions(request, user)  # a sign-in of staff belongs to one person at one desk
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and user.language in dict(settings.LANGUAGES):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                user.language,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                httponly=True,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                samesite="Lax",
            )
        if user.edition != "standard":  # a phone that was somebody else's: the edition comes with its person
            remember(response, request, "edition", user.edition)
        return response

    def set_password(self, user, password):
        super().set_password(user, password)
        sign_in.forget_tries(user.login)

    def get_reauthentication_methods(self, user):
        """Whoever has a second factor confirms with it: a password alone may have been looked over the shoulder."""
        words = {
            "reauthenticate": lazy("With your password"),
            "mfa_reauthenticate": lazy("With a code from your app"),
            "mfa_reauthenticate:webauthn": lazy("With a passkey"),
        }
        methods = [
            {**method, "description": words[method["id"]]} for method in super().get_reauthentication_methods(user)
        ]
        stronger = [method for method in methods if method["id"] != "reauthenticate"]
        return stronger or methods

    # -- words and letters

    def add_message(self, request, level, message_template=None, message_context=None, extra_tags="", message=None):
        sentence = message or SAID.get(message_template)
        if sentence:
            messages.add_message(request, level, str(sentence), extra_tags=extra_tags)

    def send_mail(self, template_prefix, email, context):
        if template_prefix == "account/email/password_reset_code":
            post_code(email, context["code"])
        elif template_prefix in {"account/email/email_confirmation", "account/email/email_confirmation_signup"}:
            services.post_mail(
                email,
                _("Please confirm your e-mail address"),
                _(
                    "Somebody, probably you, has given this e-mail address for an account with Tongban.\n\n"
                    "Please open this link to confirm it:\n%(link)s\n\nIf it was not you, do nothing."
                )
                % {"link": context["activate_url"]},
            )
        elif template_prefix in NOTICES:
            subject, sentence = NOTICES[template_prefix]
            services.post_mail(email, str(subject), f"{sentence}\n\n{NOT_YOU}")

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        to = email or EmailAddress.objects.get_primary_email(user)
        if to:
            self.send_mail(template_prefix, to, context or {})

    def get_email_confirmation_url(self, request, emailconfirmation):
        """With the address people know us by, never with what a request says our name is."""
        return settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])


def shared_in_the_demonstration(account: Account) -> bool:
    """Officers of the demonstration are anybody's, several people's at once."""
    return settings.DEMO and Authenticator.objects.filter(user=account, data__demonstration=True).exists()


NOBODY = 0  # no account has this key: what is asked for nobody costs what it costs for somebody


def post_code(typed: str, code: str) -> None:
    """The letter with the code for a new password, to the confirmed address alone. Without a code the same work is done for nobody."""
    to = confirmed_address(queries.account_by_login(typed))
    services.post_mail(
        to if code else "",
        _("Your code for a new password"),
        _(
            "Your code for a new password: %(code)s\n\nIt is valid for 15 minutes. Nobody from the government ever asks "
            "you for it. If you did not ask for a new password, do nothing: your old one stays."
        )
        % {"code": code},
    )


def confirmed_address(account: Account | None) -> str:
    known = account.pk if account else NOBODY
    found = EmailAddress.objects.filter(user_id=known, verified=True).order_by("-primary", "pk").first()
    return found.email if found else ""


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": WRONG_CODE}

    def encrypt(self, text):
        return encryption.encrypt(text, "mfa.secret").decode("ascii")

    def decrypt(self, encrypted_text):
        return encryption.decrypt(encrypted_text, "mfa.secret")

    def build_totp_svg(self, url):
        return qr.svg(url, title=_("Code for your app"))

    def get_public_key_credential_rp_entity(self):
        """The name passkeys are bound to is the host people see; the display name is ours."""
        entity = super().get_public_key_credential_rp_entity()
        return {**entity, "name": "Tongban 通办"}

    def generate_authenticator_name(self, user, type):
        return _("My passkey")

    def can_delete_authenticator(self, authenticator):
        """Officers cannot be without a second factor: they first add another one."""
        if not hasattr(authenticator.user, "officer"):
            return True
        others = type(authenticator).objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return others.exclude(type=authenticator.Type.RECOVERY_CODES).exists()
