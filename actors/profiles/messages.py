"""What profiles may be asked, and what it answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from actors.auth.names import UsernameOf
from actors.auth.people import Account, Caller, Entitlements, Role
from actors.graph.messages import Relationship
from actors.kernel.errors import Conflict
from actors.kernel.message import Command, Query, Trusted, View
from actors.kernel.paging import PagedQuery
from actors.kernel.text import no_longer_than, one_line, printable
from actors.profiles.links import WebAddress
from actors.profiles.socials import Socials

# Lengths come first: normalising a megabyte of combining marks takes minutes.
DisplayName = Annotated[str, Field(max_length=50), AfterValidator(one_line), no_longer_than(50)]
Bio = Annotated[str, Field(max_length=500), AfterValidator(printable), no_longer_than(500)]
Label = Annotated[str, Field(max_length=40), AfterValidator(one_line), no_longer_than(40), Field(min_length=1)]


class ProfileLink(View):
    """An address with what to call it."""

    label: Label
    url: WebAddress


class Counts(View):
    """How much there is of somebody: absolute numbers, never below zero."""

    posts: int
    followers: int
    following: int
    likes: int


class ProfileView(View):
    """How somebody shows to everyone."""

    id: UUID
    username: str
    display_name: str
    bio: str
    avatar: str | None
    links: tuple[ProfileLink, ...]
    socials: dict[str, str]
    role: Role
    private: bool
    counts: Counts
    created_at: datetime


class ProfileFound(View):
    """A profile, and how the caller and that person stand to each other; `viewer` is null for visitors."""

    profile: ProfileView
    viewer: Relationship | None = None


class PersonView(View):
    """Somebody in a list."""

    id: UUID
    username: str
    display_name: str
    avatar: str | None


class Me(Account):
    """The caller's own account and profile."""

    display_name: str
    bio: str
    avatar: str | None
    entitlements: Entitlements
    counts: Counts


class MeFound(View):
    """The caller."""

    user: Me


class GetMe(Query[MeFound]):
    """Who am I: my account, my plan and what it gives, my counts."""

    caller: Trusted[Caller]


class GetProfile(Query[ProfileFound]):
    """Somebody's profile. Raises `UnknownUser`."""

    username: UsernameOf
    caller: Trusted[Caller | None] = None


class AvatarUnfit(Conflict):
    """This photograph was rejected."""

    code = "photo_rejected"


class EditProfile(Command[ProfileView], key="caller"):
    """Change what is named of my profile; what is not named stays, and `null` empties it.

    A new avatar shows once its upload has become a photograph, until then the old one stays. Raises `AvatarUnfit`, and
    `UploadMissing`, `UploadUsed` and `NotFound` as media says it of the upload.
    """

    caller: Trusted[Caller]
    display_name: DisplayName | None = None
    bio: Bio | None = None
    avatar_upload_id: UUID | None = None
    links: Annotated[tuple[ProfileLink, ...], Field(max_length=8)] | None = None
    socials: Socials | None = None
    private: bool | None = None


class AdjustCounts(Command[None], key="user_id"):
    """Add these, or take them away when negative. Raises `UnknownUser`."""

    user_id: UUID
    posts: int = 0
    followers: int = 0
    following: int = 0
    likes: int = 0


class ListFollowers(PagedQuery[PersonView]):
    """Who follows somebody, the latest first; a private account shows that to its followers. Raises `UnknownUser`."""

    caller: Trusted[Caller | None] = None
    username: UsernameOf


class ListFollowing(PagedQuery[PersonView]):
    """Whom somebody follows, in the same way. Raises `UnknownUser`."""

    caller: Trusted[Caller | None] = None
    username: UsernameOf


class ListBlocked(PagedQuery[PersonView]):
    """Whom I block, the latest first."""

    caller: Trusted[Caller]


class ListMuted(PagedQuery[PersonView]):
    """Whom I mute, the latest first."""

    caller: Trusted[Caller]


class FollowRequestView(View):
    """Somebody asks to follow me."""

    id: UUID
    person: PersonView
    created_at: datetime


class ListFollowRequests(PagedQuery[FollowRequestView]):
    """Who asks to follow me and waits for an answer, the latest first."""

    caller: Trusted[Caller]
