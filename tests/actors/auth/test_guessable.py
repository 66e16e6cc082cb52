"""Passwords that are tried first are refused, and those that only look like them are not."""

import pytest
from pydantic import ValidationError

from actors.auth.guessable import is_common, is_near
from actors.auth.messages import Register


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "Password2024!",
        "p@ssw0rd123",
        "P4$$w0rd!!",
        "ＰＡＳＳＷＯＲＤ１２３",
        "I love you 123",
        "passwordpassword",
        "dragonmonkey1",
        "Liverpool2019",
        "1q2w3e4r5t",
        "1234567890",
        "0987654321",
        "987654321a",
        "qwertyuiop",
        "asdfghjkl;",
        "qwerty123456",
        "1qaz2wsx3edc",
        "abcdefghij",
        "!@#$%^&*()",
        "aaaaaaaaaa",
        "abcabcabcabc",
        "xk3!xk3!xk3!",
        "1111122222",
    ],
)
def test_what_is_tried_first_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "wandering teapot",
        "x7Gq-pLm29",
        "tr0ub4dor&3x",
        "password for the old shed",
        "łąka o świcie",
    ],
)
def test_what_is_not_is_left_alone(password: str) -> None:
    assert not is_common(password)


@pytest.mark.parametrize(
    ("password", "is_refused"),
    [
        ("photographer", True),
        ("Photographer2024", True),
        ("rehpargotohp1", True),
        ("photo.grapher@example.org", True),
        ("photo_grapher!!", True),
        ("a photographer of birds", False),
        ("wandering teapot", False),
        ("!!!!!!!!!!!!", False),
    ],
)
def test_one_s_own_name_or_address_is_near(password: str, *, is_refused: bool) -> None:
    assert is_near(password, ("photographer", "photo.grapher@example.org")) is is_refused


@pytest.mark.parametrize(
    ("password", "code"), [("password123", "password_common"), ("photographer1", "password_personal")]
)
def test_registering_says_which_it_was_and_never_shows_it(password: str, code: str) -> None:
    given = {"username": "photographer", "email": "p@example.org", "password": password}
    with pytest.raises(ValidationError) as refused:
        Register.model_validate(given)
    (error,) = refused.value.errors()
    assert (error["loc"], error["type"]) == (("password",), code)
    assert password not in error["msg"]
