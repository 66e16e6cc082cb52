"""What is said under a post, page by page. Where a list goes on is found in its index; whom the viewer may meet is
asked of those who are found there, so that a page may be short."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from actors.adapters.addresses import Addresses
from actors.comments import queries
from actors.comments.messages import CommentView, ListComments
from actors.kernel.errors import NotFound
from actors.kernel.filling import Step, fill
from actors.kernel.paging import NEWEST, OLDEST, Key, Page, id_of_key
from actors.kernel.transaction import Reads
from actors.profiles.people import people_for


async def comments(
    db: Reads, question: ListComments, viewer_id: UUID | None, addresses: Addresses
) -> Page[CommentView]:
    """The comments on a post or the replies to one of them. Raises `NotFound`."""
    if await queries.open_post(db, question.post_id, viewer_id) is None:
        raise NotFound
    if question.parent_id is not None:
        top_id = await queries.top_of(db, question.parent_id, question.post_id, viewer_id)
        if top_id != question.parent_id:
            raise NotFound
    found: dict[UUID, Record] = {}

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        if question.parent_id is None:
            place = id_of_key(after, begin=NEWEST)
            rows = await queries.latest(db, question.post_id, below=place, limit=count)
        else:
            place = id_of_key(after, begin=OLDEST)
            rows = await queries.replies(db, question.parent_id, above=place, limit=count)
        found.update({row["id"]: row for row in rows})
        return [Step((str(row["id"]),), row["id"]) for row in rows]

    async def show(ids: Sequence[UUID]) -> Mapping[UUID, CommentView]:
        rows = [found[comment_id] for comment_id in ids]
        people = await people_for(db, viewer_id, {row["author_id"] for row in rows}, addresses)
        return await queries.views(db, rows, people)

    return await fill(look, show, after=question.after, limit=question.limit)
