"""Vitrine as one Piccolo app: every table of the kernel and the domains, one history of migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

from actors.domains import modules
from actors.kernel import tables as kernel_tables

_MODULES = [kernel_tables, *modules("tables")]

APP_CONFIG = AppConfig(
    app_name="vitrine",
    migrations_folder_path=str(Path(__file__).parent.parent / "piccolo_migrations"),
    # A table that another module imports would be found again, and its new columns added again.
    table_classes=table_finder([module.__name__ for module in _MODULES], exclude_imported=True),
)

RAW: tuple[str, ...] = tuple(statement for module in _MODULES for statement in getattr(module, "RAW", ()))
"""What Piccolo cannot say, in order, to run after its tables are made."""
