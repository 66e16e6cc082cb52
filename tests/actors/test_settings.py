"""What is wrong in the environment is named, all of it, with what to set."""

import pytest

from actors.settings import SettingsError, load_settings

GOOD = {
    "DB_URL": "postgresql://vitrine@127.0.0.1/vitrine",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "JWT_SECRET": "x" * 32,
    "S3_ENDPOINT": "http://127.0.0.1:9000",
    "STORAGE_KEYS": "access:secret",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*GOOD, "DATABASE_URL", "STRIPE_KEYS", "PUBLIC_URL", "SMTP_URL", "MAIL_FROM", "MAIL_SPOOL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_every_missing_variable_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        environment.delenv(name)
    assert all(f"{name} is not set" in refusal() for name in GOOD)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DB_URL", "mysql://localhost", "must start with postgresql://"),
        ("DB_URL", "postgresql://me:short-secret@db.example:port/vitrine", "no host and port that can be"),
        ("DB_URL", "postgresql://me:short-secret#1@db.example/vitrine", "# @ as %3A %2F %3F %23 %40"),
        ("DB_URL", "postgresql://me:5432#short-secret@db.example/vitrine", "must not hold #"),
        ("DB_URL", "postgresql://one.example:5432,two.example:99999/vitrine", "no host and port that can be"),
        ("DB_URL", "postgresql://[::1/vitrine", "no host and port that can be"),
        ("REDIS_URL", "redis://:short-secret@redis.example:port/0", "no host and port that can be"),
        ("REDIS_URL", "redis://redis.example:6379/live", "names its database by a number"),
        ("S3_ENDPOINT", "http://127.0.0.1:99999", "no host and port that can be"),
        ("S3_ENDPOINT", "http://:9000", "name a host"),
        ("SCANNER_URL", "clamd://scanner.example:port", "no host and port that can be"),
        ("SMTP_URL", "smtp://user:short-secret@mail.example:port", "no host and port that can be"),
        ("REDIS_URL", "localhost", "must start with redis://"),
        ("JWT_SECRET", "short-secret", "at least 32 bytes"),
        ("JWT_SECRET", f"{'x' * 32},short-secret", "each of its secrets must hold at least 32 bytes"),
        ("JWT_SECRET", f"{'x' * 32},{'x' * 32}", "each once"),
        ("JWT_SECRET", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----", "no key"),
        ("JWT_SECRET", f"{'x' * 32},ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", "no key"),
        ("PUBLIC_URL", "vitrine.example", "must start with http://"),
        ("ALLOWED_ORIGINS", "*", "'*' is no origin"),
        ("ALLOWED_ORIGINS", "https://app.example,app.example", "'app.example' is no origin"),
        ("ALLOWED_ORIGINS", "https://*.example", "without path or wildcard"),
        ("ALLOWED_ORIGINS", "https://app.example/path", "without path or wildcard"),
        ("ALLOWED_ORIGINS", "https://me@app.example", "without path or wildcard"),
        ("ALLOWED_ORIGINS", "https://app.example:port", "without path or wildcard"),
        ("ALLOWED_ORIGINS", "http://[::1", "without path or wildcard"),
        ("ALLOWED_ORIGINS", "null", "without path or wildcard"),
        ("S3_ENDPOINT", "127.0.0.1:9000", "must start with http://"),
        ("STORAGE_KEYS", "only-one", "two values joined by a colon"),
        ("SMTP_URL", "mail.example:587", "must start with smtp://"),
        ("SMTP_URL", "smtp://", "name a host"),
        ("SMTP_URL", "smtp://user:short-secret@mail.example", "SMTP_URL needs MAIL_FROM beside it"),
        ("MAIL_FROM", "nobody", "must be one address"),
        ("MAIL_FROM", "a@vitrine.example, b@vitrine.example", "must be one address"),
        ("MAIL_FROM", "a@vitrine.example\r\nBcc: eve@example.net", "must be one address"),
        ("PORT", "eighty", "valid integer"),
        ("RATE_LIMITS", "maybe", "'on' or 'off'"),
        ("RATE_LIMIT_AMOUNTS", "writes", "pairs as"),
        ("RATE_LIMIT_AMOUNTS", "writes=0", "greater than 0"),
    ],
)
def test_a_wrong_variable_is_named_with_what_to_set(
    environment: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    environment.setenv(name, value)
    told = refusal()
    assert name in told
    assert says in told
    assert "short-secret" not in told


def test_origins_are_kept_as_browsers_send_them(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOWED_ORIGINS", "https://App.Example:443/, http://app.example:80, http://[::1]:3000 ,")
    assert load_settings().allowed_origins == ("https://app.example", "http://app.example", "http://[::1]:3000")


@pytest.mark.parametrize(
    ("address", "is_secure"),
    [
        ("https://vitrine.example", True),
        ("http://vitrine.example", True),
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("http://[::1]:8080", False),
        ("https://localhost", True),
        ("http://localhost.evil.example", True),
    ],
)
def test_only_plain_http_on_this_machine_takes_cookies_without_secure(
    environment: pytest.MonkeyPatch, address: str, is_secure: bool
) -> None:
    environment.setenv("PUBLIC_URL", address)
    assert load_settings().secure_cookies is is_secure


def test_production_refuses_plain_http_and_fault_points(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VITRINE_ENV", "production")
    assert "PUBLIC_URL must start with https://" in refusal()
    environment.setenv("PUBLIC_URL", "https://vitrine.example")
    environment.setenv("VITRINE_FAULT", "committed:SetLike")
    assert "VITRINE_FAULT" in refusal()


def test_mail_leaves_production_by_smtp_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VITRINE_ENV", "production")
    environment.setenv("PUBLIC_URL", "https://vitrine.example")
    assert "SMTP_URL must be set in production" in refusal()
    environment.setenv("MAIL_SPOOL", "/var/mail/vitrine")
    assert "SMTP_URL must be set in production" in refusal()
    environment.setenv("SMTP_URL", "smtps://user:short-secret@mail.example")
    environment.setenv("MAIL_FROM", "Vitrine <noreply@vitrine.example>")
    assert "no MAIL_SPOOL" in refusal()
    environment.delenv("MAIL_SPOOL")
    settings = load_settings()
    assert settings.mail_sender == "Vitrine <noreply@vitrine.example>"
    assert "short-secret" not in repr(settings)


def test_the_other_name_of_the_database_works_and_secrets_do_not_show(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DB_URL")
    environment.setenv("DATABASE_URL", GOOD["DB_URL"])
    settings = load_settings()
    assert settings.database_url == GOOD["DB_URL"]
    assert "x" * 32 not in repr(settings)


def test_a_database_is_taken_at_several_hosts_by_number_or_socket(environment: pytest.MonkeyPatch) -> None:
    for url in (
        "postgresql://me:a%23b%3Ac%2Fd@one.example:5432,two.example/vitrine?target_session_attrs=any",
        "postgresql://[::1]:5433/vitrine",
        "postgresql:///vitrine?host=/run/postgresql",
    ):
        environment.setenv("DB_URL", url)
        assert load_settings().database_url == url
