"""Posts: photographs published with a caption and tags, liked, reposted, withdrawn.

Owns posts, likes and reposts, and the counters and version `v` of every post.
Announces PostPublished, PostUpdated, PostDeleted, PostLikesChanged, PostRepostsChanged and PostReposted.
Listens to PhotoReady and PhotoRejected, to AccountErased, and to its own facts to count on profiles and to show reposts.
"""
