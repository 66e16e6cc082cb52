"""The facts posts announce. Counts in them are absolute and versioned: the largest `v` is the truth."""

from datetime import datetime
from typing import Any
from uuid import UUID

from actors.graph.messages import Mine, MineChanged
from actors.kernel.message import Event, Live, View
from actors.posts.messages import PostView
from actors.posts.sight_messages import CountsItem
from actors.profiles.messages import PersonView


class PostFrame(View):
    """Data of `post.published` and `post.updated`."""

    post: PostView


class PostDeletedFrame(View):
    """Data of `post.deleted`."""

    post_id: UUID


class PostRepostedFrame(View):
    """Data of `post.reposted`."""

    post: PostView
    by: PersonView


class CountsFrame(View):
    """Absolute counts of a post; and, for their own devices alone, whose marks were set and taken back."""

    items: tuple[CountsItem, ...]
    mark: Mine | None = None
    on: tuple[UUID, ...] = ()
    off: tuple[UUID, ...] = ()


def _everywhere(post: PostView, *, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Where a post may be on a screen; it is `without` some tags that it had before."""
    return (f"post:{post.id}", *_lists(post.author.id, post.author.username, (*post.tags, *without)))


def _lists(author_id: UUID, username: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    return (f"author:{author_id}", f"profile:{username.lower()}", *(f"tag:{tag}" for tag in tags))


class PostPublished(Event, key="post_id"):
    """A post is public; its photograph may still be processing. `mentions` are whom its caption names."""

    post_id: UUID
    author_id: UUID
    post: PostView
    mentions: tuple[UUID, ...] = ()

    def live(self) -> Live:
        """For the author's followers and profile, and for those who watch its tags."""
        topics = _lists(self.author_id, self.post.author.username, self.post.tags)
        return Live(topics, "post.published", PostFrame(post=self.post), author=self.author_id)


class PostUpdated(Event, key="post_id"):
    """What a post shows has changed by itself: its photograph is ready."""

    post_id: UUID
    author_id: UUID
    post: PostView

    def live(self) -> Live:
        """For everybody who may have it on a screen."""
        return Live(_everywhere(self.post), "post.updated", PostFrame(post=self.post), author=self.author_id)


class PostEdited(Event, key="post_id"):
    """Its author changed a post. `mentions` are whom its caption names now, `unmentioned` whom it names no longer."""

    post_id: UUID
    author_id: UUID
    post: PostView
    untagged: tuple[str, ...] = ()
    mentions: tuple[UUID, ...] = ()
    unmentioned: tuple[UUID, ...] = ()

    def live(self) -> Live:
        """For everybody who may have it on a screen, those who watch a tag it lost too."""
        topics = _everywhere(self.post, without=self.untagged)
        return Live(topics, "post.updated", PostFrame(post=self.post), author=self.author_id)


class PostDeleted(Event, key="post_id"):
    """A post is gone, by its author's will or because its photograph was rejected. It had so many likes."""

    post_id: UUID
    author_id: UUID
    username: str
    tags: tuple[str, ...] = ()
    likes: int = 0

    def live(self) -> Live:
        """For everybody who may have it on a screen."""
        topics = (f"post:{self.post_id}", *_lists(self.author_id, self.username, self.tags))
        return Live(topics, "post.deleted", PostDeletedFrame(post_id=self.post_id), author=self.author_id)


class PostRestored(Event, key="post_id"):
    """Its author brought a deleted post back, with everything it had. It is no news: nobody is notified again."""

    post_id: UUID
    author_id: UUID
    post: PostView

    def live(self) -> Live:
        """For everybody from whose screen it went."""
        return Live(_everywhere(self.post), "post.published", PostFrame(post=self.post), author=self.author_id)


class PostPurged(Event, key="post_id"):
    """A post that was deleted long ago is gone for good, and needs its photograph no longer."""

    post_id: UUID
    photo_id: UUID


class PhotoStray(Event, key="photo_id"):
    """A photograph that was given to a post a day ago is on none, unless it was given again since `given_at`."""

    photo_id: UUID
    given_at: datetime


COUNTS = ("post_id", "author_id", "likes", "reposts", "comments", "v")
"""What a fact about the counts of a post says, by its fields and by the columns of rows that it is made of."""


class _CountsChanged(Event, key="post_id"):
    """New counts of a post."""

    post_id: UUID
    author_id: UUID
    likes: int
    reposts: int
    comments: int
    v: int

    def live(self) -> Live:
        """The counts for everybody; who it was for their own devices."""
        items = ((self.post_id, self.v, self.likes, self.reposts, self.comments),)
        frame = CountsFrame(items=items, **self._marks())
        return Live((f"post:{self.post_id}",), "counts", frame, ephemeral=True)

    def _marks(self) -> dict[str, Any]:
        return {}


class PostLikesChanged(_CountsChanged, key="post_id"):
    """These people began or ceased to like a post."""

    liked_by: tuple[UUID, ...] = ()
    unliked_by: tuple[UUID, ...] = ()

    def _marks(self) -> dict[str, Any]:
        return {"mark": Mine.like, "on": self.liked_by, "off": self.unliked_by}


class PostRepostsChanged(_CountsChanged, key="post_id"):
    """These people reposted a post or took that back."""

    reposted_by: tuple[UUID, ...] = ()
    unreposted_by: tuple[UUID, ...] = ()

    def _marks(self) -> dict[str, Any]:
        return {"mark": Mine.repost, "on": self.reposted_by, "off": self.unreposted_by}


class BookmarksChanged(Event, key="post_id"):
    """These people began, or ceased, to keep a post for themselves."""

    post_id: UUID
    user_ids: tuple[UUID, ...]
    on: bool

    def live(self) -> Live:
        """For their own devices alone."""
        change = MineChanged(kind=Mine.bookmark, subject_id=self.post_id, on=self.on)
        return Live(tuple(f"user:{user_id}" for user_id in self.user_ids), "mine.changed", change)


class PostCommentsChanged(_CountsChanged, key="post_id"):
    """A post has more comments, or fewer."""


class PostRecounted(_CountsChanged, key="post_id"):
    """The counts of a post had drifted from its rows and are right again."""


class AuthorMiscounted(Event, key="author_id"):
    """A profile was found to count so many posts and likes too many, or too few below zero."""

    author_id: UUID
    posts_too_many: int
    likes_too_many: int


class PostReposted(Event, key="post_id"):
    """Somebody shows a post to their followers."""

    post_id: UUID
    author_id: UUID
    user_id: UUID
    post: PostView
    by: PersonView

    def live(self) -> Live:
        """For the reposter's followers."""
        frame = PostRepostedFrame(post=self.post, by=self.by)
        return Live((f"author:{self.user_id}",), "post.reposted", frame, author=self.author_id)
