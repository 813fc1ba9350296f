"""`tongban verify-licence FILE.pdf`: exit code 0 only if every file is wholly as it was sealed, by a key we trust.

Needs no database and no product: with `--roots` a file of certificates is enough. Without it, the root of this installation.
"""

import argparse
import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from tongban.licences import keys

HELP = "say whether a licence file is wholly as it was sealed"
DJANGO = False


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.pdf", help="one or several sealed files")
    parser.add_argument(
        "--roots", type=Path, help="trusted root certificates (PEM, one after another); default: of this installation"
    )
    parser.add_argument(
        "--withdrawn", type=Path, help="key ids that are no longer trusted, one a line; default: of this installation"
    )
    parser.add_argument(
        "--show-root", action="store_true", help="write the root certificate of this installation, for other verifiers"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tongban verify-licence", description=HELP)
    arguments(parser)
    return run(parser.parse_args(argv))


def run(options: argparse.Namespace) -> int:
    if options.show_root:
        sys.stdout.write(keys.root_pem(_key_directory(), now=datetime.now(UTC)).decode())
        return 0
    if not options.files:
        sys.stderr.write("请给出要核验的文件 Which file shall be checked? tongban verify-licence FILE.pdf\n")
        return 2
    try:
        roots, withdrawn = _trusted(options)
    except OSError as error:
        sys.stderr.write(f"无法读取根证书 The roots cannot be read: {error}\n")
        return 2
    if not roots:
        sys.stderr.write("没有可信的根证书 There is no root certificate to trust. Give one with --roots FILE.pem\n")
        return 2
    # pyHanko takes most of a second to import: not before it is needed.
    sealing = importlib.import_module("tongban.licences.sealing")
    worst = 0
    for path in options.files:
        try:
            content = path.read_bytes()
        except OSError as error:
            sys.stderr.write(f"{path}: {error.strerror}\n")
            worst = 2
            continue
        verdict = sealing.check_pdf(content, roots, withdrawn=withdrawn)
        sys.stdout.write(_said(path, verdict, sealing.REASONS[verdict.reason]))
        worst = max(worst, 0 if verdict.wholly_right else 1)
    return worst


def _said(path: Path, verdict, reason: dict[str, str]) -> str:
    headline = "✔ 有效印章 Wholly right" if verdict.wholly_right else "✘ 不可信 Not to be trusted"
    lines = [path.name, f"  {headline}: {reason['zh']} - {reason['en']}"]
    claimed = "" if verdict.wholly_right else " (自称 claimed)"
    for label, value in [
        ("证照标识 Identifier", verdict.identifier),
        ("签发机关 Issuer", verdict.signer),
        ("盖章时间 Sealed at", verdict.sealed_at.astimezone().isoformat(" ", "minutes") if verdict.sealed_at else ""),
        ("密钥 Key", verdict.key_id),
    ]:
        if value:
            lines.append(f"  {label}{claimed}: {_harmless(value)}")
    if verdict.wholly_right:
        lines.append(
            "  印章只说明文件未被改动，当前状态请扫码查询 The seal says nothing about the present status: scan the code."
        )
    elif verdict.detail:
        lines.append(f"  {_harmless(verdict.detail)}")
    return "\n".join(lines) + "\n"


def _harmless(text: str) -> str:
    """What a forged file says of itself must not steer the terminal it is shown on."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _trusted(options: argparse.Namespace) -> tuple[list[bytes], set[str]]:
    if options.roots is not None:
        roots = _split(options.roots.read_bytes())
        withdrawn = set()
    else:
        directory = _key_directory()
        root = directory / "root.pem"
        roots = _split(root.read_bytes()) if root.is_file() else []
        withdrawn = set(keys.withdrawn(directory))
    if options.withdrawn is not None:
        withdrawn |= set(options.withdrawn.read_text().split())
    return roots, withdrawn


def _split(content: bytes) -> list[bytes]:
    end = b"-----END CERTIFICATE-----"
    return [part.strip() + b"\n" + end + b"\n" for part in content.split(end) if b"-----BEGIN CERTIFICATE-----" in part]


def _key_directory() -> Path:
    return Path(str(settings.TONGBAN_KEYS)) / "seals"
