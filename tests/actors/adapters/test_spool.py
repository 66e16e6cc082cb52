"""The spool: mails as files, whole or not at all, each once."""

from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from actors.adapters import spool
from actors.adapters.spool import Spool
from tests.actors.adapters.test_mail import mail


async def test_a_mail_is_a_file_by_its_id_and_there_once(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "mail"
    kept, mail_id = Spool(folder), uuid7()
    assert await kept.newest(10) == []
    for _ in range(2):
        await kept.send(mail(mail_id=mail_id))
    (file,) = folder.iterdir()
    assert file.name == f"{mail_id}.eml"
    assert file.stat().st_mode & 0o777 == 0o600, "links in it open accounts"
    assert file.read_bytes() == mail(mail_id=mail_id).as_bytes()
    found = await kept.read(mail_id)
    assert found is not None
    assert found["To"] == "ana@example.org"
    assert await kept.read(uuid7()) is None


async def test_the_newest_come_first_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "KEPT", 3)
    kept, others = Spool(tmp_path), tmp_path / "somebody-elses.eml"
    others.write_text("hands off")
    ids = [uuid7() for _ in range(5)]
    for mail_id in ids:
        await kept.send(mail(mail_id=mail_id))
    assert [mail_id for mail_id, _ in await kept.newest(10)] == ids[:1:-1]
    assert [mail_id for mail_id, _ in await kept.newest(2)] == ids[:2:-1]
    assert others.exists()
