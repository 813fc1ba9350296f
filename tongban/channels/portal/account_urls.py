"""Addresses of signing in and of one's account. The names are allauth's where the views are."""

from allauth.account import views as account
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkey
from django.urls import path, re_path

from tongban.channels.doorkeeper import behind, for_anyone, for_signed_in
from tongban.channels.portal import views_account as ours
from tongban.channels.portal import views_proofing as proofing

urlpatterns = [
    path("", ours.profile, name="account_profile"),
    path("language/", ours.language, name="account_language"),
    path("mobile/", ours.mobile, name="account_mobile"),
    path("contact/", ours.contact, name="account_contact"),
    path("reads/", ours.reads, name="account_reads"),
    path("reads/<int:entry>/ask/", ours.read_question, name="account_read_question"),
    path("identity/", ours.identity, name="account_identity"),
    path("identity/picture/", proofing.picture, name="account_identity_picture"),
    path("identity/picture/shown", proofing.picture_shown, name="account_identity_picture_shown"),
    path("presence/", ours.presence, name="account_presence"),
    path("second-factor/", ours.second_factor, name="account_second_factor"),
    path("sign-in/", ours.sign_in_page, name="account_login"),
    path("sign-in/passkey/", behind(for_anyone, passkey.login_webauthn), name="mfa_login_webauthn"),
    path("sign-in/second-step/", ours.second_step, name="mfa_authenticate"),
    path("sign-up/", ours.sign_up, name="account_signup"),
    path("sign-out/", behind(for_anyone, account.logout), name="account_logout"),
    path("closed/", behind(for_anyone, account.account_inactive), name="account_inactive"),
    path("confirm/", behind(for_signed_in, account.reauthenticate), name="account_reauthenticate"),
    path("confirm/code/", ours.confirm_code, name="mfa_reauthenticate"),
    path(
        "confirm/passkey/", behind(for_signed_in, passkey.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"
    ),
    path("email/", behind(for_signed_in, account.email), name="account_email"),
    path("email/sent/", behind(for_anyone, account.email_verification_sent), name="account_email_verification_sent"),
    re_path(
        r"^email/confirm/(?P<key>[-:\w]+)/$", behind(for_anyone, account.confirm_email), name="account_confirm_email"
    ),
    path("password/", behind(for_signed_in, account.password_change), name="account_change_password"),
    path("password/first/", behind(for_signed_in, account.password_set), name="account_set_password"),
    path("forgotten/", behind(for_anyone, account.password_reset), name="account_reset_password"),
    path(
        "forgotten/code/",
        ours.new_password_code,
        name="account_confirm_password_reset_code",
    ),
    path("forgotten/new/", behind(for_anyone, account.complete_password_reset), name="account_complete_password_reset"),
    path(
        "forgotten/done/",
        behind(for_anyone, account.password_reset_from_key_done),
        name="account_password_reset_completed",
    ),
    path("security/", ours.security, name="account_security"),
    path("security/", ours.security, name="mfa_index"),
    path("security/", ours.security, name="mfa_list_webauthn"),
    path("security/app/", behind(for_signed_in, app.activate_totp), name="mfa_activate_totp"),
    path("security/app/off/", behind(for_signed_in, app.deactivate_totp), name="mfa_deactivate_totp"),
    path("security/passkey/", behind(for_signed_in, passkey.add_webauthn), name="mfa_add_webauthn"),
    path("security/passkey/<int:pk>/name/", behind(for_signed_in, passkey.edit_webauthn), name="mfa_edit_webauthn"),
    path("security/passkey/<int:pk>/remove/", ours.remove_passkey, name="mfa_remove_webauthn"),
    path(
        "security/recovery-codes/", behind(for_signed_in, recovery.view_recovery_codes), name="mfa_view_recovery_codes"
    ),
    path(
        "security/recovery-codes/new/",
        behind(for_signed_in, recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("security/sessions/end/", ours.end_other_sessions, name="usersessions_list"),
    path("security/sessions/<int:pk>/end/", ours.end_session, name="account_end_session"),
]
