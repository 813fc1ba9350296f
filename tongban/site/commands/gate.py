"""`tongban gate`: the reference gate (site.gate). Codes come on standard input, one a line, as a hardware scanner types them.

    tongban gate --enrol CODE --server URL --queue DIR     once, with the code that the office shows
    tongban gate --queue DIR                               asks the platform; alone when it cannot be reached
    tongban gate --queue DIR --offline --bundle FILE       never asks: decides with this bundle
    tongban gate --queue DIR --ask-wallet                  asks one wallet for what this reader is registered for

Standard output has one line a code; with --json one JSON object. Exit code 0 at the end of input.
"""

import argparse
import contextlib
import json
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tongban.site import gate as gates
from tongban.site.gate import Gate, NoAnswer, NotOurs, Platform, Queue, Shown

UPKEEP_EVERY = 30.0
WALLET_EVERY = 2.0
PLAIN = {
    "no_bundle": ("闸机没有离线数据包，也连不上平台，不作猜测。", "This gate has no bundle and cannot reach the platform. It does not guess."),
    "device-key": ("本设备的密钥已被撤销或未登记。", "The key of this device was revoked or is not registered."),
    "reader-suspended": ("本核验端已停用。", "This reader is suspended."),
}  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--queue", type=Path, required=True, metavar="DIR", help="folder for key, bundle and queue of this gate"
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="bundle to decide with (default: bundle.jws in DIR)"
    )
    parser.add_argument("--server", metavar="URL", help="the platform (default: the one it is enrolled at)")
    parser.add_argument("--enrol", metavar="CODE", help="register this device with a one-time code, then end")
    parser.add_argument("--device", default="", help="what the office calls this device, with --enrol")
    parser.add_argument(
        "--bundle-key", metavar="KEY", help="whose bundles are believed (default: as told when it was enrolled)"
    )
    parser.add_argument("--offline", action="store_true", help="never ask the platform")
    parser.add_argument("--hand-in", action="store_true", help="hand in what is waiting, fetch a bundle, then end")
    parser.add_argument("--json", action="store_true", help="one JSON object a code")
    parser.add_argument(
        "--ask-wallet", action="store_true", help="show a code to a wallet, wait for what it shows, then end"
    )


def run(options: argparse.Namespace) -> int:
    folder: Path = options.queue
    if options.enrol:
        return _enrol(options)
    about = _about(folder)
    server = options.server or about.get("server", "")
    known = options.bundle_key or about.get("bundle_key", "")
    if not known:
        return _wrong("本闸机尚未登记。请用 --enrol 登记。 This gate is not enrolled: use --enrol CODE --server URL.")
    key = gates.device_key(folder)
    platform = None
    if server and not options.offline:
        platform = Platform(server, key, gates.key_id_of(key.public_key().public_bytes_raw()))
    if options.ask_wallet:
        return _ask_wallet(platform, as_json=options.json)
    try:
        queue = Queue(folder / "queue", gates.queue_key(key))
    except RuntimeError as wrong:
        return _wrong(f"队列正被另一个程序使用。 {wrong}.")
    bundle_key = Ed25519PublicKey.from_public_bytes(gates.unb64(known))
    gate = Gate(queue, options.bundle or folder / "bundle.jws", bundle_key, platform)
    try:
        with contextlib.suppress(NoAnswer, NotOurs):
            gate.upkeep()
        if options.hand_in:
            waiting = queue.waiting()
            sys.stderr.write(f"待上传 Waiting: {waiting}\n")
            return 1 if waiting else 0
        _stand(gate, as_json=options.json)
    finally:
        queue.close()
    return 0


def _ask_wallet(platform: Platform | None, *, as_json: bool, sleep=time.sleep) -> int:
    """One question, its code for the wallet to scan, and what the wallet showed. Exit code 0 only for a licence in force."""
    if platform is None:
        return _wrong("钱包只能联网询问。 A wallet can only be asked with a line to the platform.")
    try:
        status, _headers, content = platform.ask("POST", gates.ASK_WALLET, b"{}")
        asked = json.loads(content)
        if status != 201:
            return _wrong(f"未能询问 Not asked: {asked.get('detail') or asked.get('code')}")
        _show_question(asked, as_json=as_json)
        while True:
            body = json.dumps({"request": asked["request"]}).encode()
            heard = json.loads(platform.ask("POST", gates.WALLET_ANSWER, body)[2])
            if heard["state"] != "asked":
                break
            sleep(WALLET_EVERY)
    except (NoAnswer, NotOurs) as wrong:
        return _wrong(f"未能询问 Not asked: {wrong}")
    sys.stdout.write(json.dumps(heard, ensure_ascii=False) + "\n" if as_json else _shown_in_words(heard))
    return 0 if heard["state"] == "answered" and heard["status"] == "valid" else 1


def _show_question(asked: dict, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asked, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{asked['purpose']}\n{asked['licence']}: {', '.join(asked['fields'])}\n\n")
        segno.make_qr(asked["link"]).terminal(out=sys.stdout, compact=True)
        sys.stdout.write(
            f"\n{asked['link']}\n请持有人用电子钱包扫码，五分钟内有效。 Let the holder scan it with a wallet within five minutes.\n"
        )
    sys.stdout.flush()


def _shown_in_words(heard: dict) -> str:
    if heard["state"] != "answered":
        return f"没有出示。 Nothing was shown: {heard['state']} {heard['reason']}".rstrip() + "\n"
    lines = [f"{name}: {value}" for name, value in heard["fields"].items()]
    return "\n".join([f"状态 Status: {heard['status']}", *lines]) + "\n"


def _enrol(options: argparse.Namespace) -> int:
    if not options.server:
        return _wrong("请给出平台地址 Where is the platform? --server URL")
    try:
        told = gates.enrol(options.queue, options.server.rstrip("/"), options.enrol, options.device)
    except (NoAnswer, NotOurs) as wrong:
        return _wrong(f"登记未成功 Not enrolled: {wrong}")
    sys.stderr.write(f"已登记 Enrolled: {told['reader']['name']}, {told['reader']['place']} ({told['purpose']})\n")
    return 0


def _about(folder: Path) -> dict:
    try:
        return json.loads((folder / "gate.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _stand(gate: Gate, *, as_json: bool) -> None:
    over = threading.Event()

    def keep_up():
        while not over.wait(UPKEEP_EVERY):
            with contextlib.suppress(NoAnswer, NotOurs):
                gate.upkeep()

    beside = threading.Thread(target=keep_up, name="upkeep", daemon=True)
    beside.start()
    if gate.trouble:
        sys.stderr.write(f"{gate.trouble}\n")
    try:
        for line in sys.stdin:
            text = line.strip("\r\n")
            if text:
                sys.stdout.write((_as_json(gate.check(text)) if as_json else _in_words(gate.check(text))) + "\n")
                sys.stdout.flush()
    finally:
        over.set()
        beside.join(5)
    with contextlib.suppress(NoAnswer, NotOurs):
        gate.upkeep()


def _as_json(shown: Shown) -> str:
    return json.dumps(
        {
            "let_in": shown.let_in,
            "reason": shown.reason,
            "kind": shown.kind,
            "fields": shown.fields,
            "alone": shown.alone,
            "bundle_age_seconds": int(shown.age.total_seconds()) if shown.age is not None else None,
        },
        ensure_ascii=False,
    )


def _in_words(shown: Shown) -> str:
    zh, en = PLAIN.get(shown.reason, ("", ""))
    if said := shown.words:
        zh, en = (" ".join(filter(None, said.get(tongue, {}).values())) for tongue in ("zh", "en"))
    head = "✔ 请通行 Please pass" if shown.let_in else "✘ 请止步 Please stop"
    parts = [head, *dict.fromkeys(one for one in (zh, en) if one)]
    if shown.reason and not zh:
        parts.append(shown.reason)
    if shown.fields:
        parts.append(", ".join(f"{name}: {value}" for name, value in shown.fields.items()))
    if shown.alone and shown.age is not None:
        parts.append(
            f"离线，数据包已有{_age(shown.age, '天', '小时', '分钟')} offline, bundle {_age(shown.age, ' d', ' h', ' min')} old"
        )
    return " | ".join(parts)


def _age(age: timedelta, days: str, hours: str, minutes: str) -> str:
    total = max(0, int(age.total_seconds())) // 60
    if total >= 48 * 60:
        return f"{total // 1440}{days}"
    return f"{total // 60}{hours}" if total >= 60 else f"{total}{minutes}"


def _wrong(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2
