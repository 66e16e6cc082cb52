"""What the feed has of somebody."""

from actors.kernel.belongings import Belonging

BELONGINGS = (
    Belonging("feedback", "SELECT signal, post_id, at FROM feed_feedback WHERE user_id = $1 ORDER BY at"),
    Belonging("preferences", "SELECT show_sensitive FROM feed_preferences WHERE user_id = $1"),
)
