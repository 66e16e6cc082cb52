"""Feeds: what the people somebody follows have shown lately, and what is worth seeing now.

Owns feed_scores, the ranking of *for you*, the snapshots of it that page walks go along, in feed_feedback and
feed_preferences what people told their feed, and the timelines of *following*, with feed_giants who is in none.
Announces FeedGrew, and RowShown, to itself, by which timelines are filled. Listens to PostPublished, PostDeleted,
PostRestored, every change of a post's counts, Followed, Unfollowed, and AccountErased.
"""
