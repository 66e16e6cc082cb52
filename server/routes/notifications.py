"""Notifications: what others did with what is mine, and how far I have read."""

from actors.notifications.messages import GetUnread, ListNotifications, MarkRead, MarkSeen
from server.http.routing import get, put

ROUTES = (
    get("/v1/notifications", ListNotifications, live=True),
    get("/v1/notifications/unread", GetUnread, live=True),
    put("/v1/notifications/read", MarkRead),
    put("/v1/notifications/seen", MarkSeen),
)
