"""What the domain of comments asks posts."""

from uuid import UUID

from actors.kernel.message import Command


class AdjustComments(Command[None], key="post_id"):
    """Count so many comments more on a post, or fewer when negative. Raises `NotFound`."""

    post_id: UUID
    comments: int
