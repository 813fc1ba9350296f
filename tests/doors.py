"""Going through the doors in tests: signed in as a page would find it, without the sign-in form."""

import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY

USER_KEY = "account_authentication_methods_user"


def enter(client, account, *, second_factor: bool | None = None, present: bool = False, space=None):
    """Sign the client in. Officers have used their second factor unless told otherwise; `present`: the face was checked just now."""
    client.force_login(account)
    session = client.session
    if second_factor is None:
        second_factor = hasattr(account, "officer")
    records = [{"method": "password", "at": time.time()}]
    if second_factor:
        records.append({"method": "mfa", "at": time.time(), "type": "totp", "reauthenticated": True})
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session[USER_KEY] = str(account.pk)
    session["active_at"] = time.time()
    if present:
        session["present_at"] = time.time()
    if space is not None:
        session["space"] = space.pk
    session.save()
    return client
