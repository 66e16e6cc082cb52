"""Large objects, sent to S3 in parts: never more than one part in memory."""

import asyncio
from typing import IO, Any

PART_BYTES = 8 * 2**20
"""S3 takes ten thousand parts of five MiB or more."""


async def send(client: Any, bucket: str, key: str, file: IO[bytes], **about: str) -> None:
    """Put the file's bytes from its beginning at `key`, all or nothing. `about` is what put_object takes."""
    await asyncio.to_thread(file.seek, 0)
    first = await asyncio.to_thread(file.read, PART_BYTES)
    if len(first) < PART_BYTES:
        await client.put_object(Bucket=bucket, Key=key, Body=first, **about)
        return
    where = {"Bucket": bucket, "Key": key}
    upload = (await client.create_multipart_upload(**where, **about))["UploadId"]
    try:
        parts: list[dict[str, Any]] = []
        data = first
        while data:
            number = len(parts) + 1
            sent = await client.upload_part(**where, UploadId=upload, PartNumber=number, Body=data)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            data = await asyncio.to_thread(file.read, PART_BYTES)
        await client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException:
        await client.abort_multipart_upload(**where, UploadId=upload)
        raise
