"""Notifications: who followed, liked or reposted what of mine, grouped, with read and seen markers.

Owns notifications, notification_people and notification_markers.
Announces NotificationsChanged and NotificationMarkersMoved.
Listens to Followed, Unfollowed, PostLikesChanged and PostRepostsChanged.
"""
