"""What people may choose about their notifications."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, SecretStr

from actors.auth.people import Caller
from actors.kernel.errors import NotFound
from actors.kernel.message import Command, Query, Trusted, View
from actors.notifications.messages import NotificationKind


class Channel(StrEnum):
    """How somebody is told: at once on every device, or by the daily mail."""

    live = "live"
    mail_digest = "mailDigest"


class Admission(StrEnum):
    """What becomes of what these people do: it is accepted, or filtered out of list, counts and digest."""

    accept = "accept"
    filter = "filter"


class PolicyView(View):
    """Of whom somebody hears: of people they do not follow, and of accounts that were so many days young then."""

    from_not_following: Admission = Admission.accept
    from_new_accounts: Admission = Admission.accept
    new_account_days: int = 30


class PreferencesView(View):
    """For each kind of notification, by which channels somebody is told of it; whether they get the daily mail at all;
    and of whom they hear."""

    kinds: Mapping[NotificationKind, Mapping[Channel, bool]]
    mail_digest: bool
    policy: PolicyView


class PolicyWish(View):
    """What is left out stays as it is."""

    from_not_following: Admission | None = None
    from_new_accounts: Admission | None = None
    new_account_days: int | None = Field(None, ge=1, le=365, description="until what age an account is new")


class GetPreferences(Query[PreferencesView]):
    """How I am told, and of whom."""

    caller: Trusted[Caller]


class SetPreferences(Command[PreferencesView], key="caller"):
    """Choose how I am told, and of whom; what is left out stays as it is.

    A kind that is not `live` stands in the list and is counted, but does not ring. What a policy filters is neither
    listed nor counted for as long as the policy holds, and there again, without ringing, when it does not; requests
    to follow are never filtered. An account counts as new or not by its age when it did something.
    """

    caller: Trusted[Caller]
    kinds: Mapping[NotificationKind, Mapping[Channel, bool]] = Field({}, description="only those that change")
    mail_digest: bool | None = Field(None, description="whether I get the daily mail at all")
    policy: PolicyWish | None = None


class UnsubscribeLinkUnknown(NotFound):
    """No mail of ours brought this link."""

    code = "unsubscribe_link_unknown"


class Unsubscribe(Command[None], key="token"):
    """Send no more digests to whom this link was sent; it needs no signing in, and following it again changes nothing.

    Mail programs call it by `List-Unsubscribe-Post` (RFC 8058); what the body says is not read.
    Raises `UnsubscribeLinkUnknown`.
    """

    token: SecretStr = Field(max_length=200)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.token.get_secret_value().encode(errors="replace")).hexdigest()
