"""A licence as a PDF: drawn, sealed, checked. CPU of this process, one after the other.

    python bench/licences.py [rounds]

Peer of the same run: the least such a file can cost with the libraries chosen: typst for a page with the same font and one line on it, one
ECDSA signature, one hash over the file and one verification. The laboratory's figures (shared notes, another day) were 2 ms for a
reused compiler, 22 ms for a seal and 5.7 ms for a check.
"""

import dataclasses
import hashlib
import itertools
import resource
import sys
from datetime import timedelta

from measuring import a_district, cpu_ms, interleaved, table


def main(rounds: int) -> None:
    with a_district():
        import typst
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from django.utils import timezone

        from tongban.licences import keys, rendering, sealing, services
        from tongban.licences.models import Licence

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        licence = Licence.objects.select_related("type", "type__issuer", "holder").order_by("pk").first()
        now = timezone.now()
        made: dict[str, bytes] = {}
        kept = {"render": rendering.render_licence, "seal": sealing.seal}

        def noted(name):
            def act(*given, **more):
                made[f"{name}:given"] = (given, more)
                made[name] = kept[name](*given, **more)
                return made[name]

            return act

        rendering.render_licence, sealing.seal = noted("render"), noted("seal")
        key = services._signed_anew(licence, now)
        services._sealed_pdf(licence, key, now)
        rendering.render_licence, sealing.seal = kept["render"], kept["seal"]
        (sheet,), _none = made["render:given"]
        sealing_given, sealing_more = made["seal:given"]
        roots = [keys.root_pem(services.key_directory(), now=now)]
        sealed = made["seal"]
        verdict = sealing.check_pdf(sealed, roots, now=now + timedelta(seconds=1))
        assert verdict.wholly_right, verdict

        compiler = typst.Compiler(
            font_paths=typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(rendering.OUR_FONT.parent)]
            )
        )
        number = itertools.count()

        def draw():
            """Another code and another address each time: typst remembers what it has set before."""
            address = f"{sheet.verify_url}{next(number)}"
            return rendering.render_licence(dataclasses.replace(sheet, verify_url=address))

        def draw_least():
            words = f'#set text(font: "Noto Sans SC")\n通办 {next(number)}'
            return compiler.compile(input=words.encode(), format="pdf", pdf_standards=["a-3b"])

        signing = ec.generate_private_key(ec.SECP256R1())
        signature = signing.sign(sealed, ec.ECDSA(hashes.SHA256()))
        seconds = 0.6
        found = interleaved(
            rounds,
            draw=lambda: cpu_ms(draw, seconds),
            draw_least=lambda: cpu_ms(draw_least, seconds),
            seal=lambda: cpu_ms(lambda: sealing.seal(*sealing_given, **sealing_more), seconds),
            seal_least=lambda: cpu_ms(
                lambda: signing.sign(hashlib.sha256(sealed).digest(), ec.ECDSA(hashes.SHA256())), seconds
            ),
            check=lambda: cpu_ms(lambda: sealing.check_pdf(sealed, roots, now=now + timedelta(seconds=1)), seconds),
            check_least=lambda: cpu_ms(
                lambda: signing.public_key().verify(signature, sealed, ec.ECDSA(hashes.SHA256())), seconds
            ),
        )
        rows = [
            [name, found[act], found[f"{act}_least"], found[act] / found[f"{act}_least"], 1000 / found[act]]
            for name, act in (("draw the licence", "draw"), ("seal it", "seal"), ("check it", "check"))
        ]
        rows.append(["draw and seal", found["draw"] + found["seal"], "", "", 1000 / (found["draw"] + found["seal"])])
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table(
            f"A licence of {len(sealed) / 1000:.0f} kB ({licence.type.slug})",
            ["", "CPU ms", "least ms", "times", "a second a core"],
            rows,
            f"Wanted: 20 licences a second a core, decision included (see submitting). Memory of this process: {before:.0f} MB before, {most:.0f} MB at most.",
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
