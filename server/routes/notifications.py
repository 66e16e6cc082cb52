"""Notifications: what others did with what is mine, how far I have read, and how I am told."""

from actors.notifications.messages import GetUnread, ListNotifications, MarkRead, MarkSeen
from actors.notifications.preference_messages import GetPreferences, SetPreferences, Unsubscribe
from server.http.routing import get, post, put

ROUTES = (
    get("/v1/notifications", ListNotifications, live=True),
    get("/v1/notifications/unread", GetUnread, live=True),
    put("/v1/notifications/read", MarkRead),
    put("/v1/notifications/seen", MarkSeen),
    get("/v1/notifications/preferences", GetPreferences, live=True),
    put("/v1/notifications/preferences", SetPreferences),
    post("/v1/notifications/unsubscribe/{token}", Unsubscribe, status=204, bucket="auth", reads_body=False),
)
