"""What is sealed is told to nobody who only has the database, and survives a change of keys."""

from actors.auth.sealing import Seal

OLD, NEW = "o" * 32, "n" * 32


def test_a_sealed_secret_is_opened_by_its_key_for_its_owner_alone() -> None:
    seal = Seal([OLD], "totp")
    sealed = seal.close(b"secret", b"ana")
    assert b"secret" not in sealed.box
    assert seal.open(sealed, b"ana") == b"secret"
    assert seal.open(sealed, b"bea") is None
    assert Seal([OLD], "mail").open(sealed, b"ana") is None
    assert seal.open(sealed._replace(box=sealed.box[:-1] + bytes([sealed.box[-1] ^ 1])), b"ana") is None
    assert seal.close(b"secret", b"ana") != sealed


def test_an_older_key_still_opens_and_the_newest_closes() -> None:
    sealed = Seal([OLD], "totp").close(b"secret", b"ana")
    turned = Seal([NEW, OLD], "totp")
    assert turned.open(sealed, b"ana") == b"secret"
    assert turned.close(b"secret", b"ana").key_id == turned.key_id != sealed.key_id
    assert Seal([NEW], "totp").open(sealed, b"ana") is None
