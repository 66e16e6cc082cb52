"""Notifications: who followed, liked, reposted, commented, replied or named me, grouped, with read and seen markers;
what rings, what is mailed daily, and of whom I hear.

Owns notifications, notification_people, _markers, _preferences, _absences and _digests. `kinds.py` declares each kind.
Announces NotificationsChanged, NotificationMarkersMoved and NotificationPreferencesChanged.
Listens to Followed, Unfollowed, FollowRequested, FollowRequestEnded, PostLikesChanged, PostRepostsChanged, to what is
said in comments, to the names in captions, and to PhotoRejected; to PostDeleted and PostRestored, with which goes and
comes back what was told of a post, and PostPurged, with which it is forgotten; to Blocked, Unblocked, StandingChanged
and AccountErased, which take people out of what was told or let them in again.
"""
