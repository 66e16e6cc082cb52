"""PostgreSQL, Valkey and MinIO in containers, for a machine with Docker that no embedded server fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.wait_strategies import HttpWaitStrategy


@contextmanager
def containers() -> Iterator[dict[str, str]]:
    """The variables of the three. Raises Docker's error when its engine does not answer."""
    DockerClient().client.ping()
    ready = HttpWaitStrategy(9000, "/minio/health/live")
    storage = DockerContainer("minio/minio", _wait_strategy=ready).with_exposed_ports(9000)
    with (
        PostgresContainer("postgres:18-alpine", driver=None) as postgres,
        RedisContainer("valkey/valkey:8-alpine") as redis,
        storage.with_command("server /data") as storage,
    ):
        yield {
            "DB_URL": postgres.get_connection_url(),
            "REDIS_URL": f"redis://{redis.get_container_host_ip()}:{redis.get_exposed_port(6379)}/0",
            "S3_ENDPOINT": f"http://{storage.get_container_host_ip()}:{storage.get_exposed_port(9000)}",
            "STORAGE_KEYS": "minioadmin:minioadmin",
            "JWT_SECRET": uuid4().hex,
        }
