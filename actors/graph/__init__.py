"""Who follows whom.

Owns follows. Announces Followed and Unfollowed, only when something changed. Listens to nobody.
"""
