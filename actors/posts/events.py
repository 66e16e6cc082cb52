"""The facts posts announce. Counts in them are absolute and versioned: the largest `v` is the truth."""

from uuid import UUID

from actors.kernel.message import Event, Live, View
from actors.posts.messages import AuthorView, CountsItem, PostView


class PostFrame(View):
    """Data of `post.published` and `post.updated`."""

    post: PostView


class PostDeletedFrame(View):
    """Data of `post.deleted`."""

    post_id: UUID


class PostRepostedFrame(View):
    """Data of `post.reposted`."""

    post: PostView
    by: AuthorView


class CountsFrame(View):
    """Absolute counts of posts."""

    items: tuple[CountsItem, ...]


def _public(username: str, tags: tuple[str, ...]) -> tuple[str, ...]:
    return (f"profile:{username.lower()}", *(f"tag:{tag}" for tag in tags))


class PostPublished(Event, key="post_id"):
    """A post is public; its photograph may still be processing."""

    post_id: UUID
    author_id: UUID
    post: PostView

    def live(self) -> Live:
        """For the author's followers and profile, and for those who watch its tags."""
        topics = (*_public(self.post.author.username, self.post.tags), f"author:{self.author_id}")
        return Live(topics, "post.published", PostFrame(post=self.post), author=self.author_id)


class PostUpdated(Event, key="post_id"):
    """What a post shows has changed: its photograph is ready, for instance."""

    post_id: UUID
    author_id: UUID
    post: PostView

    def live(self) -> Live:
        """For those who watch the post and for the author's followers."""
        topics = (f"post:{self.post_id}", f"author:{self.author_id}")
        return Live(topics, "post.updated", PostFrame(post=self.post), author=self.author_id)


class PostDeleted(Event, key="post_id"):
    """A post is gone, by its author's will or because its photograph was rejected."""

    post_id: UUID
    author_id: UUID
    username: str
    tags: tuple[str, ...] = ()

    def live(self) -> Live:
        """For everybody who may have it on a screen."""
        topics = (f"post:{self.post_id}", f"author:{self.author_id}", *_public(self.username, self.tags))
        return Live(topics, "post.deleted", PostDeletedFrame(post_id=self.post_id), author=self.author_id)


class _CountsChanged(Event, key="post_id"):
    """New counts of a post."""

    post_id: UUID
    author_id: UUID
    likes: int
    reposts: int
    comments: int
    v: int

    def live(self) -> Live:
        """The counts alone: who it was stays inside."""
        items = ((self.post_id, self.v, self.likes, self.reposts, self.comments),)
        return Live((f"post:{self.post_id}",), "counts", CountsFrame(items=items), ephemeral=True)


class PostLikesChanged(_CountsChanged, key="post_id"):
    """These people began or ceased to like a post."""

    liked_by: tuple[UUID, ...] = ()
    unliked_by: tuple[UUID, ...] = ()


class PostRepostsChanged(_CountsChanged, key="post_id"):
    """These people reposted a post or took that back."""

    reposted_by: tuple[UUID, ...] = ()
    unreposted_by: tuple[UUID, ...] = ()


class PostCommentsChanged(_CountsChanged, key="post_id"):
    """A post has more comments, or fewer."""


class PostReposted(Event, key="post_id"):
    """Somebody shows a post to their followers."""

    post_id: UUID
    author_id: UUID
    user_id: UUID
    post: PostView
    by: AuthorView

    def live(self) -> Live:
        """For the reposter's followers."""
        frame = PostRepostedFrame(post=self.post, by=self.by)
        return Live((f"author:{self.user_id}",), "post.reposted", frame, author=self.author_id)
