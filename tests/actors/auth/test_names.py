"""Names, e-mail addresses and claims: what is the same, and what is refused."""

from uuid import uuid4

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from actors.auth.messages import Login, Register
from actors.auth.names import check_username, normal_email, username_key
from actors.auth.people import Caller, Plan, Role


@pytest.mark.parametrize("name", ["ana", "Ana_Lima", "4ever", "a" * 30])
def test_a_plain_name_is_kept_as_written(name: str) -> None:
    assert check_username(name) == name


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 31, "_ana", "ana lima", "ana-lima", "ana.lima", "аna", "ａｎａ", "ana\n", "ana\x00", "", "anä"],
)
def test_a_name_that_could_pass_for_another_is_refused(name: str) -> None:
    with pytest.raises(PydanticCustomError, match="3 to 30 letters"):
        check_username(name)


@pytest.mark.parametrize("name", ["admin", "Admin", "SUPPORT", "api", "vitrine"])
def test_a_reserved_name_is_refused_in_any_case(name: str) -> None:
    with pytest.raises(PydanticCustomError, match="reserved"):
        check_username(name)


def test_names_are_compared_without_case_and_width() -> None:
    assert username_key("ANA_Lima") == username_key("ａna_lima") == "ana_lima"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (" Ana@Example.ORG ", "ana@example.org"),
        ("ana+tag@example.org", "ana+tag@example.org"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("ａna@example.org", "ana@example.org"),
        ("groß@example.org", "groß@example.org"),
        ("GROẞ@example.org", "groß@example.org"),
        ("ana@xn--strae-oqa.example", "ana@xn--strae-oqa.example"),
    ],
)
def test_an_address_has_one_form(given: str, stored: str) -> None:
    assert normal_email(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example",
        "a b@example.org",
        "ana@exa mple.org",
        "ana@-x.org",
        "a@b..c",
        f"{'a' * 65}@example.org",
        "ana@example.org\x00",
        "a@b@example.org",
        "ana@straße.example",
        "ana@σίσυφος.example",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(PydanticCustomError, match="e-mail"):
        normal_email(given)


def test_every_wrong_field_of_a_registration_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        Register.model_validate({"username": "admin", "email": "no", "password": "too short"})
    assert {(error["loc"][0], error["type"]) for error in refused.value.errors()} == {
        ("username", "username_reserved"),
        ("email", "email_invalid"),
        ("password", "password_length"),
    }


@pytest.mark.parametrize(("length", "fits"), [(9, False), (10, True), (128, True), (129, False)])
def test_a_password_holds_10_to_128_characters(length: int, *, fits: bool) -> None:
    password = ("wandering teapot " * 8)[:length]
    given = {"username": "ana", "email": "ana@example.org", "password": password}
    if fits:
        assert password not in repr(Register.model_validate(given))
    else:
        with pytest.raises(ValidationError, match="10 to 128"):
            Register.model_validate(given)


def test_a_caller_survives_the_way_through_a_token() -> None:
    caller = Caller(id=uuid4(), username="ana", role=Role.creator, plan=Plan.pro, session_id=uuid4())
    assert Caller.of_claims({**caller.claims(), "exp": 1}) == caller


@pytest.mark.parametrize("claim", ["sub", "name", "role", "plan", "sid"])
def test_claims_that_lack_one_are_nobody(claim: str) -> None:
    caller = Caller(id=uuid4(), username="ana", role=Role.user, plan=Plan.free, session_id=uuid4())
    claims = caller.claims()
    del claims[claim]
    with pytest.raises(ValidationError):
        Caller.of_claims(claims)


@pytest.mark.parametrize(
    ("spellings", "kept"),
    [
        (("ana", "ANA", "ａｎａ", "𝐚𝐧𝐚", "ⓐⓝⓐ"), "ana"),
        (("ana@example.org", " ANA@Example.org", "ana@exa\u00admple.org", "ana@ｅxample.org"), "ana@example.org"),
    ],
)
def test_attempts_to_sign_in_are_counted_together_however_the_name_is_written(
    spellings: tuple[str, ...], kept: str
) -> None:
    logins = {Login.model_validate({"login": spelling, "password": "x"}).login for spelling in spellings}
    assert logins == {kept}
