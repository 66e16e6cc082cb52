"""What is shown of sessions and standings."""

from datetime import datetime
from uuid import UUID

from actors.auth import families, queries
from actors.auth.devices import area_of, device_of
from actors.auth.sessions import ListSessions, SessionsOf, SessionView
from actors.auth.standing import RevocationsFound, RevokedSession, Standing
from actors.kernel.paging import Page, id_of_key
from actors.kernel.transaction import Reads


async def sessions_page(
    db: Reads, user_id: UUID, asked: ListSessions | SessionsOf, *, current: UUID | None = None
) -> Page[SessionView]:
    """A page of somebody's open sessions. Raises `Malformed` for another list's cursor."""
    rows = await families.open_of(db, user_id, asked.limit + 1, id_of_key(asked.after))
    shown = rows[: asked.limit]
    items = tuple(
        SessionView(
            id=row["id"],
            device=device_of(row["user_agent"]),
            area=area_of(row["address"]),
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            current=row["id"] == current,
        )
        for row in shown
    )
    return Page(items=items, next=(str(shown[-1]["id"]),) if len(rows) > len(shown) else None)


async def revocations(db: Reads, since: datetime | None) -> RevocationsFound:
    """What access tokens that are still alive may be wrong about."""
    first, *rows = await queries.recent_revocations(db, since)
    ended = [row for row in rows if row["session_id"] is not None]
    changed = [row for row in rows if row["session_id"] is None]
    return RevocationsFound(
        as_of=first["as_of"],
        sessions=tuple(RevokedSession(session_id=row["session_id"], user_id=row["user_id"]) for row in ended),
        standings=tuple(Standing(**{field: row[field] for field in Standing.model_fields}) for row in changed),
    )
