"""Posts are read: one, several, in lists; so are those who like them, and what they were."""

from collections.abc import Sequence

from actors.auth.people import id_of
from actors.kernel.actor import on
from actors.kernel.errors import NotFound, Refusal
from actors.kernel.paging import Page
from actors.posts import changes, lists, queries
from actors.posts.edit_messages import ListRevisions, RevisionView
from actors.posts.messages import (
    GetPost,
    GetPosts,
    ListBookmarks,
    ListLikes,
    ListProfilePosts,
    PostDetail,
    PostItem,
)
from actors.posts.part import PostsPart
from actors.posts.sight_messages import CountsFound, GetCounts, PostsSeen, SeePosts
from actors.posts.tag_messages import FollowedTag, ListFollowedTags, ListTagPosts, SetTagFollow, TagFollowState
from actors.profiles.messages import PersonView


class Showing(PostsPart):
    """Answers what is asked about posts, and keeps which tags people follow."""

    @on(GetPost, batch=50)
    async def get(self, questions: Sequence[GetPost]) -> Sequence[PostDetail | Refusal]:
        pairs = [(id_of(question.caller), question.post_id) for question in questions]
        seen = await queries.seen(self.read, pairs, self._cards)
        return [PostDetail(**seen[pair]._asdict()) if pair in seen else NotFound() for pair in pairs]

    @on(GetPosts)
    async def get_several(self, question: GetPosts) -> Page[PostItem]:
        pairs = [(id_of(question.caller), post_id) for post_id in dict.fromkeys(question.ids)]
        seen = await queries.seen(self.read, pairs, self._cards)
        return Page(items=tuple(PostItem(**seen[pair]._asdict()) for pair in pairs if pair in seen))

    @on(ListProfilePosts)
    async def list_of_profile(self, question: ListProfilePosts) -> Page[PostItem]:
        return await lists.posts_of_profile(self.read, question, id_of(question.caller), self._cards)

    @on(ListTagPosts)
    async def list_of_tag(self, question: ListTagPosts) -> Page[PostItem]:
        return await lists.posts_tagged(self.read, question, id_of(question.caller), self._cards)

    @on(ListBookmarks)
    async def list_bookmarks(self, question: ListBookmarks) -> Page[PostItem]:
        return await lists.bookmarks(self.read, question, self._cards)

    @on(ListLikes)
    async def list_likes(self, question: ListLikes) -> Page[PersonView]:
        return await lists.likers(self.read, question, id_of(question.caller), self.adapters.addresses)

    @on(ListRevisions)
    async def list_revisions(self, question: ListRevisions) -> Page[RevisionView]:
        return await lists.revisions(self.read, question, id_of(question.caller))

    @on(ListFollowedTags)
    async def list_followed_tags(self, question: ListFollowedTags) -> Page[FollowedTag]:
        return await lists.followed_tags(self.read, question)

    @on(GetCounts, batch=100)
    async def get_counts(self, questions: Sequence[GetCounts]) -> Sequence[CountsFound]:
        found = await queries.counts(self.read, {post_id for question in questions for post_id in question.post_ids})
        return [
            CountsFound(items=tuple(found[post_id] for post_id in question.post_ids if post_id in found))
            for question in questions
        ]

    @on(SeePosts, batch=50)
    async def see_posts(self, questions: Sequence[SeePosts]) -> Sequence[PostsSeen]:
        asked = [[(id_of(question.caller), post_id) for post_id in question.post_ids] for question in questions]
        seen = await queries.counts_for(self.read, {pair for pairs in asked for pair in pairs})
        return [PostsSeen(items=tuple(seen[pair] for pair in pairs if pair in seen)) for pairs in asked]

    @on(SetTagFollow)
    async def follow_tag(self, wish: SetTagFollow) -> TagFollowState:
        async with self.transaction() as tx:
            await (changes.follow_tag if wish.following else changes.unfollow_tag)(tx, wish.caller.id, wish.tag)
            return tx.answer(TagFollowState(following=wish.following))
