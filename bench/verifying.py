"""Checking licences: from a paper without a network, and online with the row that says it was checked. CPU of this process.

    python bench/verifying.py [rounds]

Floor of the same run: the bare Ed25519 verification of the library in use over a message of the same size, and beside it the least a
program must do with such a code before it (base64 and CBOR). Goal (docs/performance.md): 15,000 a second and core for a signed one; where the
bare signature is slower than that on this machine, the ratio to it is what counts. Then the drill for a stolen key: how many licences a
second are signed anew (and answer "valid" again), and how many are sealed anew.
"""

import sys
from base64 import urlsafe_b64decode
from datetime import timedelta

from measuring import a_district, cpu_ms, interleaved, table

GOAL = 15_000
MOST_TO_FLOOR = 0.7


def main(rounds: int) -> None:
    with a_district():
        import cbor2
        from django.db import transaction
        from django.utils import timezone

        from tongban.licences import keys, paper, services, trust, verifying, withdrawing
        from tongban.licences.models import KeyWithdrawal, Licence

        now = timezone.now()
        licence = (
            Licence.objects.select_related("type", "issuer", "holder").filter(state="valid").order_by("-pk").first()
        )
        key = services._signed_anew(licence, now)
        Licence.objects.filter(pk=licence.pk).update(key_id=licence.key_id, statement=licence.statement)
        code = services._paper_code(licence, key, now)
        certificate, _root = keys.root(services.key_directory(), now=now)
        lists = [trust.trust_list(now)["list"], trust.status_list(now)["list"]]
        trusted = paper.trust_of(paper.read_list(lists[0], certificate.public_key(), "tongban-trust-list"))
        known = paper.statuses_of(paper.read_list(lists[1], certificate.public_key(), "tongban-licence-status"))
        frame = paper.split(code)
        public, signed = trusted.keys[frame.kid][0].public, frame.signed
        body = code.partition("TB1:")[2]
        assert paper.check(code, trusted, known, now=now).state == "valid"

        def floor():
            public.verify(frame.signature, signed)

        def least():
            cbor2.loads(cbor2.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))).value[2])
            public.verify(frame.signature, signed)

        def offline():
            paper.check(code, trusted, known, now=now)

        def online():
            services.verify(licence.token, channel="bench")

        def together():
            with transaction.atomic():
                verifying.verify_many([code] * 20, channel="bench")

        found = interleaved(
            rounds,
            floor=lambda: cpu_ms(floor),
            least=lambda: cpu_ms(least),
            offline=lambda: cpu_ms(offline),
            online=lambda: cpu_ms(online),
            together=lambda: cpu_ms(together) / 20,
        )
        names = {
            "floor": "bare signature (Ed25519)",
            "least": "with base64 and CBOR, nothing asked",
            "offline": "a paper without a network, everything asked",
            "online": "online, with the row and the read log",
            "together": "online, 20 codes in one commit",
        }
        share = found["floor"] / found["offline"]
        table(
            "Checking a licence",
            ["what", "microseconds", "a second and core", "to the bare signature"],
            [
                [words, f"{found[n] * 1000:,.0f}", f"{1000 / found[n]:,.0f}", f"{found['floor'] / found[n]:.2f}"]
                for n, words in names.items()
            ],
            f"A code of {len(code)} letters. Wanted {GOAL:,} a second: {'met' if 1000 / found['offline'] >= GOAL else 'NOT met'}; the bare "
            f"signature alone is {1000 / found['floor']:,.0f} here. At least {MOST_TO_FLOOR:.0%} of it wanted: {'met' if share >= MOST_TO_FLOOR else 'NOT met'} ({share:.0%}).",
        )

        rows = list(Licence.objects.select_related("type", "issuer", "holder").filter(key_id=licence.key_id))
        withdrawal = KeyWithdrawal.objects.create(
            key_id=licence.key_id, department="x", licence_type="x", why="bench", state="running"
        )
        keys.withdraw(services.key_directory(), licence.key_id, now=now, why="bench")
        old = (licence.key_id, licence.statement)

        def sign_anew():
            Licence.objects.filter(pk=licence.pk).update(key_id=old[0], statement=old[1])
            licence.key_id = old[0]
            withdrawal.reissues.all().delete()
            withdrawing._sign_anew(withdrawal, licence, timezone.now() + timedelta(seconds=1))

        def seal_anew():
            fresh = Licence.objects.select_related("type", "issuer", "holder").get(pk=licence.pk)
            services._sealed_pdf(
                fresh, keys.held(services.key_directory(), fresh.key_id, now=timezone.now()), timezone.now()
            )

        anew, sealed = cpu_ms(sign_anew, 2.0), cpu_ms(seal_anew, 2.0)
        table(
            "The drill for a stolen key",
            ["what", "ms CPU", "a second and core", "10,000 licences"],
            [
                [
                    "signed anew: valid again (with reset of the measurement)",
                    f"{anew:.1f}",
                    f"{1000 / anew:,.0f}",
                    f"{anew * 10:,.0f} s",
                ],
                ["drawn and sealed anew", f"{sealed:.1f}", f"{1000 / sealed:,.0f}", f"{sealed * 10:,.0f} s"],
            ],
            f"{len(rows)} licences of this key in the district; every holder is told once.",
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
