"""Notifications: who followed, liked, reposted, commented, replied or named me, grouped, with read and seen markers.

Owns notifications, notification_people and notification_markers.
Announces NotificationsChanged and NotificationMarkersMoved.
Listens to Followed, Unfollowed, FollowRequested, FollowRequestEnded, PostLikesChanged, PostRepostsChanged, to what is
said in comments, to the names in captions, and to Blocked and AccountErased, which take people out of what was told.
"""
