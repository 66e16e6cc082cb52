"""What profiles has of somebody."""

from actors.kernel.belongings import Belonging

BELONGINGS = (
    Belonging(
        "profile",
        "SELECT display_name, bio, avatar_photo_id, links, socials, posts, followers, following, likes, updated_at "
        "FROM profiles WHERE user_id = $1",
    ),
)
