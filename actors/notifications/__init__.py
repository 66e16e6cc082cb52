"""Notifications: who followed, liked, reposted, commented, replied or named me, grouped, with read and seen markers.

Owns notifications, notification_people and notification_markers.
Announces NotificationsChanged and NotificationMarkersMoved.
Listens to Followed, Unfollowed, PostLikesChanged, PostRepostsChanged, to what is said in comments, to the names in
captions, and to AccountErased.
"""
