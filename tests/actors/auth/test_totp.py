"""One-time codes are those of RFC 6238, and what replaces them is read however it is typed."""

from base64 import b32encode
from uuid import uuid4

import pyotp
import pytest

from actors.auth.totp import is_one_time, new_recovery_codes, new_secret, otpauth_uri, recovery_digest, step_of

SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_the_rfc_hold(at: int, code: str) -> None:
    assert step_of(SECRET, code, at) == at // 30


def test_a_code_of_a_neighbouring_step_is_taken_for_that_step_and_no_other() -> None:
    now = 1_000_000
    codes = pyotp.HOTP(SECRET)
    found = {apart: step_of(SECRET, codes.at(now // 30 + apart), now) for apart in (-2, -1, 0, 1, 2)}
    assert found == {-2: None, -1: now // 30 - 1, 0: now // 30, 1: now // 30 + 1, 2: None}


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٠٠٥٩٢٤", "00592é", "005 24"])
def test_what_is_no_code_is_the_code_of_no_step(code: str) -> None:
    assert step_of(SECRET, code, 1234567890) is None
    assert not is_one_time(code)


def test_an_app_reads_who_and_where_from_the_address() -> None:
    secret = new_secret()
    app = pyotp.parse_uri(otpauth_uri(secret, "ana"))
    assert (app.secret, app.name, app.issuer) == (secret, "ana", "Vitrine")
    assert len(secret) == 32


def test_a_recovery_code_is_the_same_however_it_is_typed_and_each_person_s_own() -> None:
    ana, bea = uuid4(), uuid4()
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    first = codes[0]
    typed = {recovery_digest(ana, text) for text in (first, first.upper(), first.replace("-", " "), f" {first}")}
    assert len(typed) == 1
    assert recovery_digest(bea, first) not in typed
