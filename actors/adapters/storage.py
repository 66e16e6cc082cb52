"""Objects: where photographs lie. Any S3: MinIO, R2, AWS, or the embedded one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import IO, Any

from aiobotocore.config import AioConfig  # type: ignore[import-untyped]  # the library ships no types
from aiobotocore.session import AioSession, get_session  # type: ignore[import-untyped]  # the library ships no types
from aiohttp import ClientError as TransportError
from botocore.exceptions import (  # type: ignore[import-untyped]  # the library ships no types
    BotoCoreError,
    ClientError,
)

from actors.adapters import Outage, multipart
from actors.settings import Settings

CHUNK_BYTES = 256 * 1024
CONNECTIONS = 32
KEYS_A_DELETION = 1000
HEAD_SECONDS = 2.0
"""How long somebody waits to hear what is at a key: a request does, and those behind it in its lane."""


class StorageUnavailable(Outage):
    """The object storage does not answer, or refuses what we are set up to do."""


class ObjectsKept(StorageUnavailable):
    """The storage would not delete these, and has deleted all others."""

    def __init__(self, keys: frozenset[str], why: str) -> None:
        self.keys = keys
        super().__init__(f"{len(keys)} objects were not deleted: {why}")


class ObjectMissing(Exception):
    """There is no object at this key."""


class ObjectTooLarge(Exception):
    """The object holds more bytes than the reader takes."""


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What the storage knows of an object. `etag` changes with its bytes."""

    size: int
    content_type: str
    etag: str


class Storage:
    """One bucket. Every method that asks the storage raises `StorageUnavailable` when it does not answer."""

    def __init__(self, settings: Settings, client: Any) -> None:
        self._client = client
        self._bucket = settings.s3_bucket
        self._region = settings.s3_region

    async def head(self, key: str) -> ObjectHead | None:
        """What is at `key`, or None. Asked and answered within two seconds, or it counts as away."""
        with _answering():
            try:
                async with asyncio.timeout(HEAD_SECONDS):
                    found = await self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if _is_missing(error):
                    return None
                raise
        return ObjectHead(found["ContentLength"], found["ContentType"], found["ETag"].strip('"'))

    async def read(self, key: str, max_bytes: int) -> bytes:
        """The whole object. Raises `ObjectMissing`; `ObjectTooLarge` without reading on past `max_bytes`."""
        data = bytearray()
        async with aclosing(self._chunks(key, max_bytes)) as chunks:
            async for chunk in chunks:
                data += chunk
        return bytes(data)

    async def read_into(self, file: IO[bytes], key: str, max_bytes: int) -> int:
        """Write the whole object to a file, a piece at a time; returns its size. Raises as `read` does."""
        size = 0
        async with aclosing(self._chunks(key, max_bytes)) as chunks:
            async for chunk in chunks:
                size += await asyncio.to_thread(file.write, chunk)
        return size

    async def _chunks(self, key: str, max_bytes: int) -> AsyncGenerator[bytes, None]:
        with _answering():
            try:
                found = await self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if _is_missing(error):
                    raise ObjectMissing(key) from None
                raise
            left = max_bytes
            async with found["Body"] as body:
                while chunk := await body.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise ObjectTooLarge(key)
                    yield chunk

    async def write(self, key: str, data: bytes, content_type: str, cache_control: str = "no-store") -> None:
        """Put `data` at `key`, in place of what is there."""
        with _answering():
            await self._client.put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType=content_type, CacheControl=cache_control
            )

    async def copy(self, key: str, to: str, content_type: str, cache_control: str) -> None:
        """Put what is at `key` at another one, too. Raises `ObjectMissing`."""
        with _answering():
            try:
                await self._client.copy_object(
                    Bucket=self._bucket,
                    Key=to,
                    CopySource={"Bucket": self._bucket, "Key": key},
                    MetadataDirective="REPLACE",
                    ContentType=content_type,
                    CacheControl=cache_control,
                )
            except ClientError as error:
                if _is_missing(error):
                    raise ObjectMissing(key) from None
                raise

    async def write_file(self, key: str, file: IO[bytes], content_type: str) -> None:
        """Put a file of any size at `key`, for download alone. A process that dies meanwhile leaves no object."""
        about = {"ContentType": content_type, "CacheControl": "private, no-store", "ContentDisposition": "attachment"}
        with _answering():
            await multipart.send(self._client, self._bucket, key, file, **about)

    async def under(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, a thousand at the most."""
        with _answering():
            found = await self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete these objects; those that are missing already are no error. Raises `ObjectsKept`, too."""
        waiting, failed = iter(keys), []
        while some := list(islice(waiting, KEYS_A_DELETION)):
            with _answering():
                done = await self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
                )
            failed += done.get("Errors", ())
        if failed:
            raise ObjectsKept(frozenset(error["Key"] for error in failed), str(failed[0]))

    async def ensure_bucket(self) -> None:
        """Make the bucket if it is missing."""
        where = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
        options = {"CreateBucketConfiguration": where} if where else {}
        with _answering():
            try:
                await self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if not _is_missing(error):
                    raise
                await self._client.create_bucket(Bucket=self._bucket, **options)

    async def is_up(self) -> bool:
        """Whether the storage answers and has our bucket."""
        try:
            with _answering():
                await self._client.head_bucket(Bucket=self._bucket)
        except StorageUnavailable:
            return False
        return True


@asynccontextmanager
async def open_storage(settings: Settings) -> AsyncIterator[Storage]:
    """The storage of these settings, for the length of the block. Connects when it is first used."""
    access, secret = settings.storage_pair
    config = AioConfig(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=2,
        read_timeout=10,
        retries={"max_attempts": 2, "mode": "standard"},
        max_pool_connections=CONNECTIONS,
    )
    async with _vendor().create_client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=config,
    ) as client:
        yield Storage(settings, client)


@cache
def _vendor() -> AioSession:
    """Reading the description of the service takes a fifth of a second: once a process is enough."""
    return get_session()


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, TransportError, TimeoutError, OSError) as error:
        raise StorageUnavailable(str(error)) from error


def _is_missing(error: ClientError) -> bool:
    return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 404)
