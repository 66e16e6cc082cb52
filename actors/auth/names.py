"""What a person may be called, and how names and e-mail addresses are compared."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{2,29}")
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

_DEVIATIONS = frozenset("ßς\u200c\u200d")

# fmt: off
RESERVED = frozenset({
    "about", "abuse", "account", "accounts", "admin", "administrator", "administrators", "all", "anonymous",
    "api", "app", "assets", "auth", "billing", "blog", "blogs", "bookmarks", "contact", "creator",
    "creators", "deleted", "dev", "docs", "everyone", "explore", "feed", "feeds", "foryou", "guest",
    "healthz", "help", "here", "home", "hostmaster", "hub", "instance", "legal", "login", "logout", "mail",
    "mailer", "media", "metrics", "mod", "moderation", "moderator", "moderators", "mods", "nobody",
    "noreply", "no_reply", "notifications", "null", "official", "operator", "owner", "password", "photos",
    "policy", "postmaster", "posts", "press", "privacy", "profile", "profiles", "readyz", "realtime",
    "register", "reports", "root", "search", "security", "settings", "signin", "signup", "staff", "status",
    "support", "suggestions", "sysadmin", "system", "tags", "team", "terms", "undefined", "uploads", "user",
    "username", "users", "verified", "visitor", "vitrine", "vitrine_team", "webmaster", "www",
})
# fmt: on
"""Names that would pass for the service itself, or for one of its addresses."""


def username_key(text: str) -> str:
    """The form in which two usernames are the same one."""
    return unicodedata.normalize("NFKC", text).casefold()


def check_username(text: str) -> str:
    """The username as given. ASCII alone, so that no letter passes for another script's."""
    if not _USERNAME.fullmatch(text):
        raise PydanticCustomError(
            "username_invalid", "use 3 to 30 letters, digits and underscores, a letter or digit first"
        )
    if username_key(text) in RESERVED:
        raise PydanticCustomError("username_reserved", "this username is reserved")
    return text


def normal_email(text: str) -> str:
    """The address as it is stored and compared: NFKC, lower case, the domain in its ASCII form.

    Lower case, not folded: `groß@` and `gross@` are two mailboxes. A domain that the IDNA of 2003, which Python knows,
    and that of 2008, which resolvers use, take for two different ones is refused; its ASCII form says which is meant.
    """
    local, _, domain = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")
    try:
        domain = "" if _DEVIATIONS.intersection(domain) else domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise PydanticCustomError("email_invalid", "this is not an e-mail address")
    return f"{local}@{domain}"


def login_name(text: str) -> str:
    """What somebody signs in with, in the one form in which it is looked up and its attempts are counted."""
    try:
        return normal_email(text)
    except PydanticCustomError:
        return username_key(text)


def email_or_none(login: str) -> str | None:
    """The address somebody signs in with, where it is one."""
    try:
        return normal_email(login)
    except PydanticCustomError:
        return None


def _printable(value: object) -> object:
    if isinstance(value, str):
        return "".join(sign if sign.isprintable() else "?" for sign in value[:300])
    return value


HeaderText = Annotated[str, BeforeValidator(_printable)]
"""What a client says of itself in a header: at most 300 characters, those that cannot be shown replaced."""

Username = Annotated[str, AfterValidator(check_username)]
UsernameOf = Annotated[str, Field(max_length=100)]
"""The username of somebody who may not exist, in any case."""

Email = Annotated[str, Field(max_length=254), AfterValidator(normal_email)]
LoginName = Annotated[str, Field(max_length=254), AfterValidator(login_name)]
