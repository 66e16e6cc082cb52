"""Everything that can be configured, read once from the environment, checked before anything starts."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, PositiveInt, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from actors.values import (
    Amounts,
    ClamdUrl,
    HttpUrl,
    Origins,
    Pair,
    PostgresqlUrl,
    RedisUrl,
    Secrets,
    Sender,
    SmtpUrl,
    split_secrets,
)


class SettingsError(Exception):
    """A variable is missing or wrong; the text names each one and says what to set."""


def _variable(name: str, *aliases: str) -> AliasChoices:
    return AliasChoices(name, *aliases)


class Settings(BaseSettings):
    """The configuration of one process. Immutable: what a process runs with is what it started with."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True)

    environment: Literal["development", "test", "production"] = Field(
        "development",
        validation_alias=_variable("VITRINE_ENV"),
        description="development, test or production",
    )
    database_url: PostgresqlUrl = Field(
        validation_alias=_variable("DB_URL", "DATABASE_URL"),
        description="postgresql://user:password@host:port/name",
    )
    database_replica_url: PostgresqlUrl | None = Field(
        None,
        validation_alias=_variable("DB_REPLICA_URL"),
        description="a streaming replica, which answers visitors",
    )
    redis_url: RedisUrl = Field(
        validation_alias=_variable("REDIS_URL"), description="redis://host:port/0, Redis 7 or Valkey 8 and up"
    )
    jwt_secret: Secrets = Field(
        validation_alias=_variable("JWT_SECRET"),
        description="signs access tokens and cursors, at least 32 bytes: `openssl rand -hex 32`; several, joined by "
        "commas, all verify and the first signs: `vitrine keys rotate`",
    )
    s3_endpoint: HttpUrl = Field(
        validation_alias=_variable("S3_ENDPOINT"), description="the address the server reaches S3 at"
    )
    s3_public_endpoint: HttpUrl | None = Field(
        None,
        validation_alias=_variable("S3_PUBLIC_ENDPOINT"),
        description="the address clients reach S3 at, if another",
    )
    storage_keys: Pair = Field(
        validation_alias=_variable("STORAGE_KEYS"), description="access-key:secret-key of the object storage"
    )
    s3_bucket: str = Field(
        "vitrine", validation_alias=_variable("S3_BUCKET"), min_length=3, description="bucket for media"
    )
    s3_region: str = Field("us-east-1", validation_alias=_variable("S3_REGION"), description="region in signatures")
    media_base_url: HttpUrl | None = Field(
        None,
        validation_alias=_variable("MEDIA_BASE_URL"),
        description="public base of image variants, a CDN for instance; default: the bucket itself",
    )
    scanner_url: ClamdUrl | None = Field(
        None,
        validation_alias=_variable("SCANNER_URL"),
        description="clamd://host:port, which looks at every upload before it is shown; default: nobody does",
    )
    stripe_keys: Pair | None = Field(
        None, validation_alias=_variable("STRIPE_KEYS"), description="secret-key:webhook-secret"
    )
    smtp_url: SmtpUrl | None = Field(
        None,
        validation_alias=_variable("SMTP_URL"),
        description="what takes our mail: smtps://user:secret@host:465, or smtp://…:587 with STARTTLS",
    )
    mail_from: Sender | None = Field(
        None,
        max_length=300,
        validation_alias=_variable("MAIL_FROM"),
        description="the sender of our mail, as `Vitrine <noreply@vitrine.example>`",
    )
    mail_spool: Path | None = Field(
        None,
        validation_alias=_variable("MAIL_SPOOL"),
        description="a folder for mail that is not to leave this machine; refused in production",
    )
    public_url: HttpUrl = Field(
        "http://127.0.0.1:8080",
        validation_alias=_variable("PUBLIC_URL"),
        description="the address people reach us at",
    )
    host: str = Field("127.0.0.1", validation_alias=_variable("HOST"), description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, validation_alias=_variable("PORT"), description="port to listen on")
    allowed_origins: Origins = Field(
        (),
        validation_alias=_variable("ALLOWED_ORIGINS"),
        description="other web origins that may call, as https://app.example",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=8,
        validation_alias=_variable("TRUSTED_PROXIES"),
        description="proxies in front, for the client address",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias=_variable("LOG_LEVEL"), description="debug, info, warning or error"
    )
    rate_limits: Literal["on", "off"] = Field(
        "on",
        validation_alias=_variable("RATE_LIMITS"),
        description="off only where a test or a seed needs it",
    )
    rate_limit_amounts: Amounts = Field(
        {},
        validation_alias=_variable("RATE_LIMIT_AMOUNTS"),
        description="other amounts for named buckets, as writes=1200,reads=6000; GET /v1/limits lists them",
    )
    sockets_per_address: PositiveInt = Field(
        200,
        validation_alias=_variable("SOCKETS_PER_ADDRESS"),
        description="live sockets that visitors at one address may have open",
    )
    worker_metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        validation_alias=_variable("WORKER_METRICS_PORT"),
        description="port on HOST where a worker shows its metrics",
    )
    command_connections: int = Field(
        12,
        ge=2,
        le=200,
        validation_alias=_variable("DB_COMMAND_CONNECTIONS"),
        description="connections for commands, a process",
    )
    query_connections: int = Field(
        8,
        ge=2,
        le=200,
        validation_alias=_variable("DB_QUERY_CONNECTIONS"),
        description="connections for queries, a process",
    )
    fault: str | None = Field(
        None,
        validation_alias=_variable("VITRINE_FAULT"),
        description="a named point at which the process kills itself; refused in production",
    )

    @model_validator(mode="after")
    def _is_safe_in_production(self) -> Self:
        if self.environment == "production":
            if self.fault:
                raise ValueError("VITRINE_FAULT must not be set in production")
            if urlsplit(self.public_url).scheme != "https":
                raise ValueError("PUBLIC_URL must start with https:// in production")
        return self

    @model_validator(mode="after")
    def _mail_has_one_way_out(self) -> Self:
        if self.smtp_url is not None and (self.mail_from is None or self.mail_spool is not None):
            raise ValueError("SMTP_URL needs MAIL_FROM beside it, and no MAIL_SPOOL")
        if self.environment == "production" and self.smtp_url is None:
            raise ValueError("SMTP_URL must be set in production: nobody could prove an address or reset a password")
        return self

    @property
    def is_secure(self) -> bool:
        """True where people reach us by https."""
        return urlsplit(self.public_url).scheme == "https"

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies carry `Secure`: always, but for development by plain http on this machine."""
        return self.is_secure or urlsplit(self.public_url).hostname not in {"localhost", "127.0.0.1", "::1"}

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """The secrets of JWT_SECRET: the first signs, what any of them signed is believed."""
        return split_secrets(self.jwt_secret.get_secret_value())

    @property
    def mail_sender(self) -> str:
        """What stands in the From of our mail."""
        return self.mail_from or "Vitrine <noreply@vitrine.invalid>"

    @property
    def storage_pair(self) -> tuple[str, str]:
        """Access key and secret key."""
        access, _, secret = self.storage_keys.get_secret_value().partition(":")
        return access, secret

    @property
    def media_url(self) -> str:
        """The base under which image variants are public, without a slash at its end."""
        base = self.media_base_url or f"{self.s3_public_endpoint or self.s3_endpoint}/{self.s3_bucket}"
        return base.rstrip("/")


def load_settings(**overrides: object) -> Settings:
    """Read the environment. Raises `SettingsError` naming *every* variable that is wrong and what to set."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # overrides are validated like the environment
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    fields = Settings.model_fields
    by_alias = {alias: name for name, field in fields.items() for alias in variable_names(name)}
    lines = ["Vitrine cannot start:"]
    for problem in error.errors(include_input=False, include_url=False):
        where = str(problem["loc"][0]) if problem["loc"] else ""
        name = by_alias.get(where, where)
        variable = variable_names(name)[0] if name in fields else ""
        wrong = "is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        hint = f" ({fields[name].description})" if name in fields else ""
        lines.append(" ".join(part for part in (" ", variable, wrong) if part) + hint)
    return "\n".join(lines)


def variable_names(field: str) -> tuple[str, ...]:
    """The environment variables that set a field, the preferred one first."""
    alias = Settings.model_fields[field].validation_alias
    assert isinstance(alias, AliasChoices)
    return tuple(str(choice) for choice in alias.choices)
