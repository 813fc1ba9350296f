"""Health passes of the demonstration: a signer of our own that this district trusts, and passes some people keep. Its key is thrown away."""

import zlib
from datetime import datetime, timedelta
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import transaction

from tongban.codes import hcert
from tongban.codes.models import TrustList
from tongban.codes.pass_states import DECIDES, LOADS
from tongban.codes.queries_passes import DEFAULT_LIST
from tongban.codes.services import passes
from tongban.departments.models import Officer
from tongban.lib import base45, cose
from tongban.parties.models import Account, Person

TITLE = {"zh": "演示：健康凭证签发机构名单", "en": "Demonstration: signers of health passes"}
ISSUER = "Demonstration Health Commission"
PLACE = "ZZ"  # nobody's country

# who keeps what: kind, and hours or days ago
KEPT: list[tuple[str, str, dict[str, Any]]] = [
    ("anna", "t", {"hours": 10, "tr": "260415000"}),
    ("anna", "v", {"days": 90, "dn": 3, "sd": 3}),
    ("li-na", "v", {"days": 120, "dn": 2, "sd": 2}),
    ("chen-flex", "t", {"hours": 20, "tr": "260415000"}),
    ("wu-skill", "t", {"hours": 6, "tr": "260373001"}),
]


@transaction.atomic
def hand_out(now: datetime) -> int:
    """Once: the list of signers, and the passes. Answers how many passes were kept."""
    if TrustList.objects.filter(name=DEFAULT_LIST).exists():
        return 0
    now = now.replace(microsecond=0)
    key = ec.generate_private_key(ec.SECP256R1())
    der = _certificate(key, now)
    loads, decides = _officer(LOADS, None), None
    if loads is not None:
        decides = _officer(DECIDES, loads)
    if decides is None:
        loads = None  # nobody could be the second: then it is the operator's own
    row = passes.load_signers(DEFAULT_LIST, der, origin=ISSUER, title=TITLE, officer=loads, now=now - timedelta(days=2))
    passes.trust_signers(row, officer=decides, now=now - timedelta(days=1))
    kept = 0
    for login, kind, about in KEPT:
        account = Account.objects.filter(login=login, person__isnull=False).first()
        if account is None or account.person is None:
            continue
        person = account.person
        passes.keep(_text(key, der, person, kind, about, now), person=person, account=account, now=now)
        kept += 1
    return kept


def _officer(roles: tuple[str, ...], other_than: Officer | None) -> Officer | None:
    rows = Officer.objects.select_related("department", "account").filter(active=True).order_by("pk")
    return next((one for one in rows if set(roles) & set(one.roles) and one != other_than), None)


def _certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, PLACE), x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=200))
        .not_valid_after(now + timedelta(days=730))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def _text(key, der: bytes, person: Person, kind: str, about: dict[str, Any], now: datetime) -> str:
    sampled = now - timedelta(hours=about.get("hours", 0), days=about.get("days", 0))
    entry: dict[str, Any] = {
        "tg": "840539006",
        "co": PLACE,
        "is": ISSUER,
        "ci": f"URN:UVCI:01:{PLACE}:{person.pk}{kind}",
    }
    if kind == "t":
        entry |= {
            "tt": "LP6464-4",
            "sc": sampled.isoformat(),
            "tr": about["tr"],
            "tc": "示范区第一医院 Demo District Hospital",
        }
    else:
        product = {"vp": "1119349007", "mp": "EU/1/20/1528", "ma": "ORG-100030215"}
        entry |= product | {"dn": about["dn"], "sd": about["sd"], "dt": sampled.date().isoformat()}
    content = {
        "ver": "1.3.0",
        "nam": {"fn": person.name, "fnt": (person.name_en or "DEMONSTRATION").upper().replace(" ", "<")},
        "dob": person.birth_date.isoformat() if person.birth_date else "",
        kind: [entry],
    }
    times = {4: int((now + timedelta(days=180)).timestamp()), 6: int((sampled + timedelta(hours=2)).timestamp())}
    claims = cbor2.dumps({1: PLACE, **times, -260: {1: content}})
    statement = cose.sign(claims, private_key=key, kid=hcert.kid_of(der))
    return hcert.PREFIX + base45.encode(zlib.compress(statement, 9))
