"""Access tokens nobody issued, that were issued for something else, or whose time is not now."""

import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jose import jwt

from actors.auth.people import Caller, Plan, Role
from actors.values import split_secrets
from server.http.tokens import AUDIENCE, ISSUER, TokenInvalid, Tokens
from server.keys import CURSORS
from tests.attacks.forging import Forger, packed
from tests.attacks.people import Client, Person, ask, ok
from tests.server.realtime.conftest import Socket

_LONGEST_TOKEN = 4096
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())
FORMATS = {
    "PEM": (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    "DER": (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    "OpenSSH": (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
}


async def refused(client: Client, forged: Mapping[str, str], code: str = "unauthorized", close: int = 4500) -> None:
    """Each is worth nothing as a bearer, on a socket, and as a cookie, where it makes a visitor."""
    for why, token in forged.items():
        bearer = {"Authorization": f"Bearer {token}"}
        for method, path in (("GET", "/v1/auth/me"), ("GET", "/v1/feed"), ("PATCH", "/v1/profiles/me")):
            status, problem = await ask(client, method, path, headers=bearer)
            assert (status, (problem or {}).get("code")) == (401, code), (why, path, problem)
        cookie = {"Cookie": f"vitrine_access={token}"}
        status, problem = await ask(client, "GET", "/v1/auth/me", headers=cookie)
        assert (status, (problem or {}).get("code")) == (401, "unauthorized"), (why, problem)
        if 0 < len(token) <= _LONGEST_TOKEN:
            socket = Socket(await client.ws_connect("/v1/realtime"))
            answer = await socket.ask("connect", token=token)
            assert answer["err"]["code"] == code, (why, answer)
            assert await socket.closed() == close, why


async def test_a_token_without_a_signature_is_nobody_s(client: Client, forger: Forger) -> None:
    algorithms: tuple[Any, ...] = ("none", "None", "NONE", "nOnE", "", None, [], 0)
    forged = {f"alg {alg!r}": forger.unsigned(alg) for alg in algorithms}
    forged["alg none, with the old signature"] = forger.unsigned("none", forger.signature_text)
    forged["signed, then its claims changed"] = forger.unsigned("HS256", forger.signature_text)
    forged["no signature"] = f"{forger.header_text}.{forger.payload_text}."
    forged["no last part"] = f"{forger.header_text}.{forger.payload_text}"
    forged["encrypted, in five parts"] = f"{packed({'alg': 'dir', 'enc': 'A256GCM'})}..AAAA.AAAA.AAAA"
    await refused(client, forged)


async def test_another_algorithm_or_a_weak_key_proves_nothing(client: Client, forger: Forger) -> None:
    forged: dict[str, str] = {}
    for alg, private in (("RS256", RSA_KEY), ("ES256", CURVE_KEY)):
        public_jwk = {"kty": alg[:2], "kid": forger.header["kid"], "use": "sig"}
        for header in ({}, {"jwk": public_jwk}, {"jku": "https://evil.example/keys"}, {"x5c": ["MIIB"]}):
            forged[f"{alg} with {header}"] = jwt.encode(forger.claims, _pem(private), alg, forger.header | header)
    for alg in ("HS384", "HS512"):
        forged[f"{alg} with our own secret"] = jwt.encode(forger.claims, forger.key, alg, forger.header)
    for weak in (b"", b"\0", b"secret", forger.header["kid"].encode(), b"vitrine"):
        forged[f"HS256 with {weak!r}"] = forger.signed(weak)
    await refused(client, forged)


def test_were_a_public_key_among_our_secrets_nothing_signed_by_its_private_half_would_be_believed() -> None:
    somebody = Caller(id=uuid4(), username="ada", role=Role.admin, plan=Plan.free, session_id=uuid4())
    for alg, key in (("RS256", RSA_KEY), ("ES256", CURVE_KEY)):
        tokens = Tokens({"k": _public(key, *FORMATS["PEM"]).decode()}, current="k")
        now = int(time.time())
        claims = somebody.claims() | {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60}
        with pytest.raises(TokenInvalid):
            tokens.verify(jwt.encode(claims, _pem(key), alg, {"kid": "k", "typ": "at+jwt"}))


@pytest.mark.parametrize("layout", FORMATS)
def test_a_public_key_is_no_secret_of_ours(layout: str) -> None:
    for key in (RSA_KEY, CURVE_KEY, ed25519.Ed25519PrivateKey.generate()):
        public = _public(key, *FORMATS[layout])
        text = b64encode(public).decode() if layout == "DER" else public.decode()
        for secrets in (text, f"{'s' * 32},{text}"):
            with pytest.raises(ValueError, match="no key"):
                split_secrets(secrets)


def _public(key: Any, encoding: serialization.Encoding, layout: serialization.PublicFormat) -> bytes:
    public: bytes = key.public_key().public_bytes(encoding, layout)
    return public


def _pem(key: Any) -> str:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


async def test_a_kid_chooses_among_our_keys_and_nothing_else(client: Client, forger: Forger) -> None:
    kids = (
        "",
        "../../dev/null",
        "/dev/null",
        "' UNION SELECT 'k",
        "https://evil.example/key",
        "current",
        "\0",
        "k" * 2000,
        forger.header["kid"].upper() + " ",
        ["x"],
        {"kid": forger.header["kid"]},
        [forger.header["kid"]],
        0,
        True,
    )
    forged = {f"kid {kid!r:.40}": forger.insider({"kid": kid}) for kid in kids}
    forged["no kid"] = forger.insider({"kid": None})
    forged |= {f"kid {kid!r:.40} and an empty key": forger.signed(b"", {"kid": kid}) for kid in kids[:3]}
    await refused(client, forged)


async def test_a_token_serves_only_in_its_own_time(client: Client, forger: Forger) -> None:
    now = forger.now
    await refused(
        client,
        {
            "just over": forger.insider(exp=now - 1),
            "long over": forger.insider(iat=now - 90_000, exp=now - 86_400),
            "ends before it begins": forger.insider(iat=now, exp=now - 600),
        },
        code="token_expired",
        close=4001,
    )
    await refused(
        client,
        {
            "not yet": forger.insider(nbf=now + 120),
            "issued tomorrow": forger.insider(iat=now + 86_400, exp=now + 90_000),
            "issued in a while": forger.insider(iat=now + 120),
            "no end": forger.insider(exp=None),
            "no beginning": forger.insider(iat=None),
            "an end that is no number": forger.insider(exp="never"),
            "an end in words": forger.insider(exp=datetime.now(UTC).isoformat()),
        },
    )
    for why, token in {
        "still good": forger.insider(exp=now + 30),
        "good since a moment": forger.insider(nbf=now - 1),
        "from a clock half a minute ahead": forger.insider(iat=now + 30, exp=now + 600),
    }.items():
        status, body = await ask(client, "GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert status == 200, (why, body)


async def test_a_token_for_somebody_or_something_else_is_refused(
    client: Client, forger: Forger, mallory: Person
) -> None:
    claims: dict[str, dict[str, Any]] = {
        "another audience": {"aud": "not-vitrine"},
        "no audience": {"aud": None},
        "an audience like ours": {"aud": "vitrine "},
        "another issuer": {"iss": "https://evil.example"},
        "no issuer": {"iss": None},
        "no subject": {"sub": None},
        "a subject that is no id": {"sub": "admin"},
        "no session": {"sid": None},
        "a role there is not": {"role": "root"},
        "a plan there is not": {"plan": "all"},
    }
    forged = {why: forger.insider(**changed) for why, changed in claims.items()}
    for kind in ("JWT", "rt+jwt", "", "at+jwt ", ["at+jwt"], None):
        forged[f"typ {kind!r}"] = forger.insider({"typ": kind})
    assert client.app is not None
    ticket = await ok(client, "POST", "/v1/realtime/tickets", mallory)
    forged["a refresh token"] = mallory.refresh
    forged["a socket's ticket"] = ticket["ticket"]
    forged["a cursor"] = client.app[CURSORS].encode("/v1/feed", (1,))
    await refused(client, forged)


async def test_what_the_forgeries_were_made_from_is_good(client: Client, forger: Forger, ada: Person) -> None:
    for token in (ada.access, forger.insider(), forger.insider(extra="said")):
        me = await ok(client, "GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert me["user"]["id"] == ada.id
