"""The models: what exists, which one to take, what is installed, how to get it.

`models/catalog.toml` is the one list. A model is used only if every file of it had the right SHA256 when it was
installed; an installed model is a folder of its own, and comes into being in one rename.
"""

from companion.catalog.choosing import OPTIONAL_ROLES, ROLES, Catalog, describe, load
from companion.catalog.entries import Model, ModelFile, Role
from companion.catalog.errors import CatalogError, ModelMissing, PullError, StorageError, StoreBusyError
from companion.catalog.store import Choice, ModelStore, Progress, Pulled

__all__ = [
    "OPTIONAL_ROLES",
    "ROLES",
    "Catalog",
    "CatalogError",
    "Choice",
    "Model",
    "ModelFile",
    "ModelMissing",
    "ModelStore",
    "Progress",
    "PullError",
    "Pulled",
    "Role",
    "StorageError",
    "StoreBusyError",
    "describe",
    "load",
]
