"""What people say under posts: comments, and one level of replies to them.

Owns comments. Announces CommentPosted, CommentEdited and CommentDeleted. Listens to its own facts, to have posts count
them, and to AccountErased. A comment that is deleted takes its replies with it: they are there as long as it is.
"""
