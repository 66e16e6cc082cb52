"""Exports at work."""

import secrets
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.accounts.events import AccountErased
from actors.exports import queries
from actors.exports.events import ExportAsked, ExportReady
from actors.exports.messages import AskExport, ExportState, ExportView, GetExport, NoExport
from actors.kernel.actor import Actor, on

URL_SECONDS = 900


class ExportsActor(Actor, domain="exports", lanes=1):
    """Has archives made, and shows where they are."""

    @on(AskExport)
    async def begin(self, wish: AskExport) -> ExportView:
        export_id = uuid7()
        # Unguessable beside being signed: a folder that is listed by mistake gives nothing away.
        object_key = f"exports/{export_id}/{secrets.token_urlsafe(18)}.zip"
        async with self.transaction() as tx:
            standing, former = await queries.begin(tx, export_id, wish.caller.id, object_key)
            if standing["id"] == export_id:
                tx.emit(ExportAsked(export_id=export_id, user_id=wish.caller.id, former_key=former))
            return tx.answer(self._view(standing, wish.caller.username))

    @on(GetExport)
    async def get(self, question: GetExport) -> ExportView:
        latest = await queries.latest(self.read, question.caller.id)
        if latest is None:
            raise NoExport
        return self._view(latest, question.caller.username)

    @on(ExportAsked)
    async def asked(self, event: ExportAsked) -> None:
        async with self.transaction() as tx:
            tx.enqueue("exports.make", export_id=str(event.export_id))
            if event.former_key is not None:
                tx.enqueue("exports.remove", object_key=event.former_key)

    @on(ExportReady)
    async def ready(self, event: ExportReady) -> None:
        async with self.transaction() as tx:
            tx.enqueue(
                "accounts.send_letter",
                letter="export_ready",
                user_id=str(event.user_id),
                object_key=event.object_key,
            )

    @on(AccountErased)
    async def erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            left = await queries.take(tx, event.user_id)
            if left is not None:
                tx.enqueue("exports.remove", object_key=left)

    def _view(self, row: Record, username: str) -> ExportView:
        state, export_id = ExportState(row["state"]), UUID(str(row["id"]))
        name = f"vitrine-{username}-{row['asked_at']:%Y-%m-%d}.zip"
        signed = state is ExportState.ready
        return ExportView(
            id=export_id,
            state=state,
            asked_at=row["asked_at"],
            bytes=row["bytes"],
            expires_at=row["expires_at"],
            url=self.adapters.addresses.sign_get(row["object_key"], URL_SECONDS, name) if signed else None,
        )


ACTOR = ExportsActor
