"""What stands in mails, for who reads them: the token is made from the mail's own id."""

from actors.accounts.tokens import Purpose, tokens_of
from actors.settings import Settings
from tests.actors.auth.people import fetch, until

_LETTERS = """
SELECT id FROM job_intents WHERE task = 'accounts.send_letter' AND args::jsonb ->> 'letter' = $1 ORDER BY seq DESC
"""


async def reset_token(settings: Settings, *, number: int = 1) -> str:
    """The token in the latest mail that resets a password, once `number` of them are owed."""
    return await _token(settings, "reset_password", Purpose.reset, number)


async def verify_token(settings: Settings) -> str:
    """The token in the latest mail that proves an address."""
    return await _token(settings, "verify_email", Purpose.verify, 1)


async def _token(settings: Settings, letter: str, purpose: Purpose, number: int) -> str:
    async def owed() -> bool:
        return len(await fetch(settings.database_url, _LETTERS, letter)) >= number

    await until(owed, True)
    (latest, *_) = await fetch(settings.database_url, _LETTERS, letter)
    return next(tokens_of(settings, latest["id"], purpose))
