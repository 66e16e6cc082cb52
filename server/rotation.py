"""`vitrine keys`: the secrets in JWT_SECRET, and how a new one takes over without signing anybody out."""

import os
import secrets
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from actors.settings import SettingsError
from actors.values import split_secrets
from server.embedded.secrets import has_secrets, replace_secret, secrets_of
from server.http.seals import kid_of

KEPT = 2
_VARIABLE = "JWT_SECRET"

keys = typer.Typer(help="The secrets that sign tokens and cursors.", no_args_is_help=True)
_Data = Annotated[Path, typer.Option(help="Where the embedded servers keep their data.")]


class _Found(NamedTuple):
    secrets: tuple[str, ...]
    is_in_folder: bool


@keys.command("list")
def list_keys(data: _Data = Path(".vitrine")) -> None:
    """List the keys by the `kid` that tokens name; secrets are not shown.

    Example: vitrine keys list
    """
    for place, secret in enumerate(_found(data).secrets):
        typer.echo(f"{kid_of(secret)}  {'verifies' if place else 'signs'}")


@keys.command("rotate")
def rotate(
    data: _Data = Path(".vitrine"),
    *,
    keep: Annotated[int, typer.Option(min=1, max=7, help="How many former secrets still verify.")] = KEPT,
) -> None:
    """Make a new secret that signs, while the former ones still verify.

    A secret `vitrine dev` made is replaced in its file. One in the environment is yours to replace: the new value is
    printed to standard output, what to do with it to standard error.

    Example: vitrine keys rotate
    """
    known, is_in_folder = _found(data)
    fresh, former = secrets.token_hex(32), known[:keep]
    value = ",".join((fresh, *former))
    if is_in_folder:
        replace_secret(data, "jwt", value)
        typer.echo(f"{kid_of(fresh)} signs once `vitrine dev` is started again; {len(former)} before it still verify.")
        return
    announced = ",".join((*former, fresh))
    typer.echo(
        f"{kid_of(fresh)} is new. Where several processes serve:\n"
        f"  1. restart all of them with {_VARIABLE}={announced}\n"
        "     so that each knows the new secret before one signs with it;\n"
        "  2. restart all of them with the value below, whose first secret signs;\n"
        "  3. drop the former ones after 30 days, when no web session remembers them.\n"
        "A single process goes straight to 2.",
        err=True,
    )
    typer.echo(value)


def _found(data: Path) -> _Found:
    """The secrets in use. Raises `SettingsError` where there are none, or they are none."""
    given = os.environ.get(_VARIABLE)
    if not given and not has_secrets(data):
        raise SettingsError(f"{_VARIABLE} is not set, and nothing was started in {data} yet")
    try:
        return _Found(split_secrets(given or secrets_of(data)["jwt"]), not given)
    except ValueError as error:
        raise SettingsError(f"{_VARIABLE} {error}") from None
