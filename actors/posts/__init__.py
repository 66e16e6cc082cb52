"""Posts: photographs published with a caption and tags, edited, withdrawn and restored, liked, reposted and bookmarked.

Owns posts with their revisions and tags, likes, reposts, bookmarks and followed tags, and the counters and version `v`
of every post. Announces PostPublished, PostUpdated, PostEdited, PostDeleted, PostRestored, PostPurged,
PostLikesChanged, PostRepostsChanged, PostCommentsChanged, PostRecounted, AuthorMiscounted, PostReposted and
BookmarksChanged. Listens to PhotoReady, PhotoRejected and AccountErased, and to its own facts to count on profiles, to
show reposts and to let photographs go.
"""
