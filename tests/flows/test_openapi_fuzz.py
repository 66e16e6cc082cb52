"""What the description promises is kept, whatever is sent: schemathesis on every operation, for a short while."""

import re
import sys
from pathlib import Path

from load.processes import Part
from tests.flows.people import Person
from tests.flows.stack import Stack

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
SKIPPED = "^/v1/realtime$|^/v1/auth/logout$"
"""An upgrade, and the end of the very session that is used."""
MODULE = (
    "import os, sys; os.chdir(sys.argv.pop(1)); from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
)
"""In a folder of its own: it leaves its cases for a replay there."""


async def fuzz(url: str, person: Person | None, log: Path, known: Path, *, examples: int) -> str:
    """Run schemathesis with the parameters in `known`.

    Returns what it said of operations that broke a promise, nothing when none did.
    """
    arguments = [
        "--config-file",
        str(known),
        "run",
        f"{url}/v1/openapi.json",
        "--url",
        url,
        "--max-examples",
        str(examples),
        "--seed",
        "7",
    ]
    arguments += ["--checks", ",".join(CHECKS), "--phases", "examples,fuzzing", "--mode", "all"]
    arguments += ["--exclude-path-regex", SKIPPED, "--no-color", "--continue-on-failure"]
    arguments += ["--no-shrink", "--suppress-health-check", "all", "--generation-database", "none"]
    arguments += ["--header", f"Authorization: Bearer {person.token}"] if person else []
    part = Part(["-c", MODULE, str(log.parent), *arguments], {"PATH": str(Path(sys.executable).parent)}, log)
    try:
        code = await part.ended(120)
    finally:
        part.kill()
    said = part.words()
    assert re.search(r"Operations:\s+\d+ selected", said), said[-2000:]
    return "" if code == 0 else said


async def test_every_operation_keeps_what_its_description_promises(stack: Stack, tmp_path: Path) -> None:
    author, person = await stack.people(2)
    (post,) = await stack.posts(author)
    known = tmp_path / "schemathesis.toml"
    known.write_text(f'[parameters]\n"path.post_id" = "{post}"\n"path.username" = "{author.username}"\n')
    served = await stack.serve()
    for who, examples in ((person, 4), (None, 2)):
        said = await fuzz(served.url, who, tmp_path / f"fuzz-{who is None}.log", known, examples=examples)
        assert not said, said[-6000:]
    assert served.returncode is None
