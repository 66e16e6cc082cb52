"""The house's own rules, which no linter knows, and proof that the import contracts bite."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.domains import DOMAINS, modules

ROOT = Path(__file__).parent.parent
OUTSIDE = {
    *("cache", "storage", "redis", "queue", "mail", "payments", "scanner"),
    *("ask", "have_done", "timelines", "_timelines", "_snapshots"),
}
"""What must not be awaited while row locks are held."""


def transactions(tree: ast.AST) -> Iterator[ast.AsyncWith]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith) and any(
            isinstance(item.context_expr, ast.Call)
            and isinstance(item.context_expr.func, ast.Attribute)
            and item.context_expr.func.attr == "transaction"
            for item in node.items
        ):
            yield node


def reaches_outside(block: ast.AsyncWith) -> list[str]:
    return [
        f"line {node.lineno}: .{node.attr}"
        for statement in block.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and node.attr in OUTSIDE
    ]


def test_nothing_outside_is_awaited_inside_a_transaction() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / "actors").rglob("*.py"))
        for block in transactions(ast.parse(path.read_text()))
        if (lines := reaches_outside(block))
    }
    assert found == {}


def test_that_rule_finds_an_offender() -> None:
    source = "async def f(self):\n async with self.transaction():\n  await self.ask(x)\n  await self.cache.redis.get(k)"
    (block,) = transactions(ast.parse(source))
    assert reaches_outside(block) == ["line 3: .ask", "line 4: .redis", "line 4: .cache"]


def test_the_wait_that_swallows_a_cancellation_is_banned() -> None:
    source = "import asyncio\n\nasyncio.wait_for(None, 1)\n"
    done = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--no-cache", "--stdin-filename", "actors/x.py", "-"],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TID251" in done.stdout


def test_every_rule_of_the_kernel_has_a_test() -> None:
    rules = [line for line in (ROOT / "docs" / "kernel.md").read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(line.split("|")[1]) for line in rules] == list(range(1, 31))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for line in rules:
        names = re.findall(r"`(test_\w+)`", line)
        assert names, line
        assert [name for name in names if f"def {name}(" not in tests] == []


EDGE = ("http", "routes", "realtime", "app.py", "keys.py", "serve.py")
SAID_TO_ALL = {"auth.people", "auth.standing", "auth.sessions", "auth.credentials", "posts.text"}
"""Messages and values of a domain in modules of other names. `domains` is where the process is put together."""


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def beyond_messages(tree: ast.AST) -> list[str]:
    """What the edge imports of domains and must not."""
    modules = (name.removeprefix("actors.").split(".") for name in imported(tree) if name.startswith("actors."))
    return sorted(
        {
            ".".join(parts[:2])
            for parts in modules
            if parts[0] in DOMAINS
            and len(parts) > 1
            and not parts[1].endswith("messages")
            and ".".join(parts[:2]) not in SAID_TO_ALL
        }
    )


def test_the_edge_imports_messages_of_a_domain_and_nothing_else() -> None:
    files = [path for part in EDGE for path in [ROOT / "server" / part, *(ROOT / "server" / part).rglob("*.py")]]
    found = {
        str(path.relative_to(ROOT)): names
        for path in files
        if path.is_file() and (names := beyond_messages(ast.parse(path.read_text())))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    ["from actors.posts import changes", "import actors.posts.lists", "from actors.feed.timeline_queries import x"],
)
def test_that_rule_finds_an_offender_too(line: str) -> None:
    assert len(beyond_messages(ast.parse(line))) == 1
    assert beyond_messages(ast.parse("from actors.posts.edit_messages import EditPost")) == []


def test_every_domain_has_the_files_its_noun_promises() -> None:
    for domain in DOMAINS:
        folder = ROOT / "actors" / domain
        assert (folder / "messages.py").exists()
        assert (folder / "actor.py").exists()
        assert (ROOT / "server" / "routes" / f"{domain}.py").exists()
        introduction = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
        assert len(introduction) > 80, f"actors/{domain} does not introduce itself"


def test_every_actor_is_of_its_domain_and_documented() -> None:
    for domain, module in zip(DOMAINS, modules("actor"), strict=True):
        assert module.ACTOR.domain == domain
        assert module.ACTOR.__doc__


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [
        ("Imports point down", "actors/posts/messages.py", "import actors.feed.messages"),
        ("The edge knows only a domain's messages", "server/routes/posts.py", "import actors.posts.queries"),
        ("Domains know nothing of HTTP", "actors/posts/queries.py", "import aiohttp"),
        ("Inside a domain, imports point down", "actors/posts/queries.py", "import actors.posts.actor"),
    ],
)
def test_each_import_contract_breaks_when_it_is_broken(tmp_path: Path, contract: str, file: str, line: str) -> None:
    for package in ("actors", "server"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "web"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())
