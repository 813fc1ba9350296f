"""Licences in wallets: made, believed, and what a status list costs. CPU of this process, one after the other.

    python bench/credentials.py [rounds]

Peer of the same run: the signature floor, ES256 of the same library: one signature for making one, two verifications (the department's
and the phone's) for believing one, one signature for a list. Beside it the library `sd-jwt` (of the tests) on the same credential.
"""

import json
import sys
from datetime import timedelta

from measuring import a_district, cpu_ms, interleaved, table

NONCE, AUDIENCE = "n-0S6_WzA2Mj", "x509_hash:bench"
COPIES = 2000


def main(rounds: int) -> None:
    with a_district():
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from django.db import transaction
        from django.utils import timezone
        from jwcrypto.jwk import JWK
        from sd_jwt.verifier import SDJWTVerifier

        from tests.wallets import Wallet
        from tongban.journal.actors import PLATFORM
        from tongban.lib import jose, sdjwt
        from tongban.licences import credentials, keys, services, status_lists
        from tongban.licences.models import Credential, Licence, StatusList
        from tongban.parties.models import Account

        now = timezone.now()
        today = timezone.localdate(now)
        rows = Licence.objects.select_related("type", "issuer", "holder").filter(state="valid")
        licence = next(row for row in rows.order_by("pk") if not credentials.why_not(row, now=now))
        account, wallet = Account.objects.order_by("pk")[0], Wallet()

        def make():
            with transaction.atomic():
                return credentials.make(
                    licence, form=Credential.Form.WALLET, account=account, actor=PLATFORM,
                    wallet_key=wallet.key.public_key(), now=now,
                )  # fmt: skip

        made = make()
        key = keys.held(services.key_directory(), made.credential.key_id, now=now)
        presented = wallet.present(made.text, True, audience=AUDIENCE, nonce=NONCE, now=now.timestamp())
        bound = {"audience": AUDIENCE, "nonce": NONCE, "now": now.timestamp()}
        foreign = JWK(**jose.jwk_of(key.public.seal_key))
        signing = ec.generate_private_key(ec.SECP256R1())
        ecdsa, signed = ec.ECDSA(hashes.SHA256()), presented.encode()
        signature, public = signing.sign(signed, ecdsa), signing.public_key()

        def believe_offline():
            read = sdjwt.read(presented)
            read.claims(key.public.seal_key)
            read.check_binding(**bound)

        def believe_online():
            read = sdjwt.read(presented)
            credentials.read(read, now=now)
            read.check_binding(**bound)

        for _turn in range(COPIES - 1):
            make()
        listed = StatusList.objects.get(pk=made.credential.status_list_id)
        tenth = [pk for pk in Credential.objects.values_list("pk", flat=True) if pk % 10 == 0]
        for start in range(0, len(tenth), 500):
            Credential.objects.filter(pk__in=tenth[start : start + 500]).update(ended_at=now, ended_by=account)
        content = status_lists.said_by(listed, today=today)

        seconds = 0.5
        found = interleaved(
            rounds,
            text=lambda: cpu_ms(
                lambda: credentials.text_of(made.credential, licence, key, wallet.key.public_key()), seconds
            ),
            make=lambda: cpu_ms(make, seconds),
            sign_floor=lambda: cpu_ms(lambda: signing.sign(signed, ecdsa), seconds),
            offline=lambda: cpu_ms(believe_offline, seconds),
            online=lambda: cpu_ms(believe_online, seconds),
            foreign=lambda: cpu_ms(
                lambda: SDJWTVerifier(presented, lambda *_asked: foreign, AUDIENCE, NONCE).get_verified_payload(),
                seconds,
            ),
            verify_floor=lambda: cpu_ms(lambda: public.verify(signature, signed, ecdsa), seconds),
            said=lambda: cpu_ms(lambda: status_lists.said_by(listed, today=today), seconds),
            sign_list=lambda: cpu_ms(lambda: status_lists._sign(listed, content, "x", now), seconds),
            fetch=lambda: cpu_ms(
                lambda: status_lists.signed(listed.key, now=now + timedelta(seconds=1), today=today), seconds
            ),
        )
        sign, verify = found["sign_floor"], 2 * found["verify_floor"]
        plan = [
            ("write and sign one", "text", sign),
            ("make one: place, row, event, receipt", "make", sign),
            ("believe one, offline, holder's proof too", "offline", verify),
            ("believe one, with its state from the database", "online", verify),
            ("the library sd-jwt: the same, offline", "foreign", verify),
            (f"what a list of {COPIES} copies says", "said", sign),
            ("compress and sign a list", "sign_list", sign),
            ("hand a list out", "fetch", sign),
        ]
        table(
            f"A credential of {len(made.text)} characters ({licence.type.slug}), {len(json.dumps(licence.face))} of face",
            ["", "CPU ms", "floor ms", "times", "a second a core"],
            [[name, found[act], floor, found[act] / floor, 1000 / found[act]] for name, act, floor in plan],
            "Floor: ES256 once to make one or a list, twice to believe one.",
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
