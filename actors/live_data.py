"""What live events say, by their type: the model of each one's data, for those who describe or check it."""

from collections.abc import Mapping

from actors.auth.events import SessionEnded
from actors.comments.events import CommentCreatedFrame, CommentDeletedFrame, CommentFrame
from actors.exports.events import ExportDone
from actors.feed.events import FeedNewFrame
from actors.graph.messages import MineChanged
from actors.kernel.message import View
from actors.media.events import UploadReady, UploadRejected
from actors.notifications.events import NotificationChangedFrame
from actors.notifications.messages import Markers
from actors.notifications.preference_messages import PreferencesView
from actors.posts.events import PostDeletedFrame, PostFrame, PostRepostedFrame
from actors.profiles.events import ProfileShown

DATA: Mapping[str, type[View]] = {
    "comment.created": CommentCreatedFrame,
    "comment.deleted": CommentDeletedFrame,
    "comment.updated": CommentFrame,
    "export.done": ExportDone,
    "feed.new": FeedNewFrame,
    "marker.changed": Markers,
    "mine.changed": MineChanged,
    "notification.changed": NotificationChangedFrame,
    "post.deleted": PostDeletedFrame,
    "post.published": PostFrame,
    "post.reposted": PostRepostedFrame,
    "post.updated": PostFrame,
    "preferences.changed": PreferencesView,
    "profile.updated": ProfileShown,
    "session.revoked": SessionEnded,
    "upload.ready": UploadReady,
    "upload.rejected": UploadRejected,
}
