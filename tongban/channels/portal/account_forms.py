"""The forms of signing in and up, where ours say or do something else than allauth's."""

from typing import Any

from allauth.account.forms import ResetPasswordForm, SignupForm
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.core.cache import cache
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tongban.channels.portal.adapter import WRONG_CODE, confirmed_address, post_code
from tongban.parties import queries, services


class SignUp(SignupForm):
    def validate_unique_email(self, value):
        """A family may share an address; it is never what somebody signs in with."""
        return value.lower()

    def save(self, request):
        said = self.cleaned_data
        return services.register(
            said["username"],
            said["password1"],
            email=said.get("email") or "",
            language=get_language() or "zh-hans",
        )


class ForgottenPassword(ResetPasswordForm):
    """Asks for the sign-in name. Whether there is such an account, and whether it has an address, is never said."""

    email = forms.CharField(max_length=150, label=_("Sign-in name"))

    def clean_email(self):
        account = queries.account_by_login(self.cleaned_data["email"])
        address = confirmed_address(account)  # asked for nobody too
        self.users = [account] if account is not None and account.is_active and address else []
        return self.cleaned_data["email"]

    def save(self, request, **kwargs):
        typed = self.cleaned_data["email"]
        account = self.users[0] if self.users else None
        PasswordResetVerificationProcess.initiate(request=request, user=account, email=typed)
        if account is None:
            post_code(typed, "")  # as much work as for an account that is there
        return typed


CODE_LIVES = 120  # seconds; allauth forgets a used code after 30, while its clocks' tolerance takes it for 90


def used_code(account, code: str) -> str:
    return f"code-used:{account.pk}:{code}"


class OnlyOnce:
    """A code from the app opens one door once, for as long as it could open any. Stands before a form of allauth."""

    authenticator: Any
    user: Any

    def clean_code(self):
        code = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not cache.add(
            used_code(self.user, code.strip()), 1, CODE_LIVES
        ):
            raise forms.ValidationError(str(WRONG_CODE), code="incorrect_code")
        return code


class SecondStepForm(OnlyOnce, AuthenticateForm):
    pass


class ConfirmCodeForm(OnlyOnce, ReauthenticateForm):
    pass
