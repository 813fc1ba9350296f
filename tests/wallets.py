"""A wallet for tests: it holds a key and credentials, chooses what to disclose, and signs for one verifier. Others' wallets do this."""

import json
import time
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec

from tongban.lib import jose, sdjwt


class Wallet:
    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self) -> dict:
        return jose.jwk_of(self.key.public_key())

    def proof(self, *, audience: str, nonce: str, now: float | None = None, **header) -> str:
        """Of possession, for an issuer (OpenID4VCI)."""
        said = {"aud": audience, "nonce": nonce, "iat": int(now or time.time())}
        head = {"typ": "openid4vci-proof+jwt", "jwk": self.jwk} | header
        return jose.sign({name: value for name, value in head.items() if value is not None}, said, self.signer)

    def present(self, credential: str, wanted, *, audience: str, nonce: str, now: float | None = None, **said) -> str:
        """With exactly the wanted disclosures and a signature for this verifier (OpenID4VP)."""
        chosen = selected(credential, wanted)
        return chosen + self.bound(chosen, audience=audience, nonce=nonce, now=now, **said)

    def bound(self, chosen: str, *, audience: str, nonce: str, now: float | None = None, **said) -> str:
        claims = {
            "iat": int(now or time.time()),
            "aud": audience,
            "nonce": nonce,
            "sd_hash": jose.encode(sha256(chosen.encode()).digest()),
        }
        return jose.sign({"typ": "kb+jwt"}, claims | said, self.signer)

    @property
    def signer(self):
        return jose.raw_signer(self.key)


def selected(credential: str, wanted) -> str:
    """The credential with what is wanted: True, or {name: wanted within it}, or [wanted for each element]."""
    jwt, *disclosures, _binding = credential.split("~")
    payload = json.loads(jose.decode(jwt.split(".")[1]))
    by_digest = {
        jose.encode(sdjwt.HASHES[payload.get("_sd_alg", "sha-256")](one.encode()).digest()): one for one in disclosures
    }
    chosen: list[str] = []
    _choose(payload, wanted, by_digest, chosen)
    return "~".join([jwt, *(one for one in disclosures if one in chosen), ""])


def _choose(value, wanted, by_digest, chosen) -> None:
    if isinstance(value, dict):
        for digest in value.get("_sd", []):
            if digest in by_digest:
                _salt, name, inner = json.loads(jose.decode(by_digest[digest]))
                within = wanted is True or (isinstance(wanted, dict) and wanted.get(name))
                if within:
                    chosen.append(by_digest[digest])
                    _choose(inner, within, by_digest, chosen)
        for name, inner in value.items():
            if isinstance(wanted, dict) and wanted.get(name) or wanted is True:
                _choose(inner, True if wanted is True else wanted[name], by_digest, chosen)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            within = wanted is True or (wanted[place] if isinstance(wanted, list) and place < len(wanted) else None)
            if not within:
                continue
            if isinstance(inner, dict) and set(inner) == {"..."} and inner["..."] in by_digest:
                chosen.append(by_digest[inner["..."]])
                _choose(json.loads(jose.decode(by_digest[inner["..."]]))[1], within, by_digest, chosen)
            else:
                _choose(inner, within, by_digest, chosen)
