"""Another address: it counts once it proves itself, and the address until then is told."""

import pytest
from pydantic import SecretStr

from actors.accounts.messages import AskPasswordReset, ChangeEmail, InvalidMailToken, ResetPassword, VerifyEmail
from actors.auth.credentials import WrongPassword
from actors.auth.messages import SignedIn
from actors.kernel.system import System
from tests.actors.accounts.mailroom import Mailroom, text_of, token_in
from tests.actors.auth.people import PASSWORD, fetch, join

EMAIL = "SELECT email FROM users WHERE id = $1"


async def change(system: System, who: SignedIn, email: str, password: str = PASSWORD) -> None:
    """Ask for another address."""
    await system.ask(ChangeEmail(caller=who.caller, email=email, password=SecretStr(password)))


async def test_an_address_changes_when_the_new_one_proves_itself(system: System, mailroom: Mailroom) -> None:
    ana = await join(system, "ana")
    await system.ask(VerifyEmail(token=SecretStr(await mailroom.token("Confirm", "ana@example.org"))))
    await system.ask(AskPasswordReset(email="ana@example.org"))
    to_the_old = await mailroom.token("Choose", "ana@example.org")
    with pytest.raises(WrongPassword):
        await change(system, ana, "new@example.org", "wrong")
    await change(system, ana, "New@Example.org")
    link = await mailroom.token("Confirm your new", "new@example.org")
    notice = next(mail for mail in await mailroom.all() if "about to change" in mail["Subject"])
    assert notice["To"] == "ana@example.org"
    assert "new@example.org" in text_of(notice)
    assert await mailroom.value(EMAIL, ana.user.id) == "ana@example.org", "nothing has changed yet"
    await system.ask(VerifyEmail(token=SecretStr(link)))
    ((email, is_verified),) = await fetch(
        mailroom.database_url, "SELECT email, email_verified_at IS NOT NULL FROM users WHERE id = $1", ana.user.id
    )
    assert (email, is_verified) == ("new@example.org", True)
    with pytest.raises(InvalidMailToken):
        await system.ask(ResetPassword(token=SecretStr(to_the_old), password=SecretStr("a phrase for the old mailbox")))


async def test_a_notice_that_is_late_still_goes_to_the_former_address(system: System, mailroom: Mailroom) -> None:
    ana = await join(system, "ana")
    await mailroom.send()
    await change(system, ana, "new@example.org")
    await mailroom.heard()
    link, notice = await mailroom.owed()
    await mailroom.attempt(link)
    await system.ask(VerifyEmail(token=SecretStr(token_in((await mailroom.all())[0]))))
    assert await mailroom.value(EMAIL, ana.user.id) == "new@example.org"
    await mailroom.attempt(notice)
    (told,) = [mail for mail in await mailroom.all() if "about to change" in mail["Subject"]]
    assert told["To"] == "ana@example.org"


async def test_an_address_somebody_proved_is_not_offered_and_no_hint_is_given(
    system: System, mailroom: Mailroom
) -> None:
    owner, ana = await join(system, "olga"), await join(system, "ana")
    await system.ask(VerifyEmail(token=SecretStr(await mailroom.token("Confirm", "olga@example.org"))))
    sent = len(await mailroom.send())
    free = await system.ask(ChangeEmail(caller=ana.caller, email="free@example.org", password=SecretStr(PASSWORD)))
    taken = await system.ask(ChangeEmail(caller=ana.caller, email="olga@example.org", password=SecretStr(PASSWORD)))
    assert free == taken
    mails = (await mailroom.send())[: -sent or None]
    assert sorted((mail["To"], mail["Subject"]) for mail in mails) == [
        ("ana@example.org", "Your e-mail address is about to change"),
        ("free@example.org", "Confirm your new e-mail address"),
        ("olga@example.org", "Somebody used your e-mail address"),
    ]
    await change(system, owner, "olga@example.org")
    assert len(await mailroom.send()) == len(mails) + sent, "one's own proven address needs no proof"
