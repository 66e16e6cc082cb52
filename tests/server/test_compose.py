"""docker-compose.yml says what Compose accepts, and settings that exist."""

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # the library ships no types

from actors.settings import Settings, variable_names

ROOT = Path(__file__).parents[2]


class Strict(yaml.SafeLoader):  # type: ignore[misc]  # as above
    """YAML as Compose reads it: no key twice in one mapping."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        assert len(keys) == len(set(keys)), f"a key stands twice among {keys}"
        return super().construct_mapping(node, deep)


def described() -> Any:
    """The file, read."""
    return yaml.load((ROOT / "docker-compose.yml").read_text(), Strict)


def test_compose_can_start_every_service() -> None:
    services = described()["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        assert "image" in service, name
    published = [port.rpartition(":")[0] for service in services.values() for port in service.get("ports", ())]
    assert len(published) == len(set(published)), "two services publish one port"


def test_compose_sets_only_what_is_a_setting() -> None:
    known = {name for field in Settings.model_fields for name in variable_names(field)}
    assert set(described()["x-vitrine"]["environment"]) <= known
