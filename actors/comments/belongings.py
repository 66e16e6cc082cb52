"""What comments has of somebody."""

from actors.kernel.belongings import Belonging

BELONGINGS = (
    Belonging(
        "comments",
        "SELECT id, post_id, parent_id, body, created_at, edited_at, deleted_at FROM comments "
        "WHERE author_id = $1 ORDER BY id",
    ),
)
