"""What may go wrong with the models, each one line for a person."""

from __future__ import annotations

from collections.abc import Iterable

from companion.errors import CompanionError


class CatalogError(CompanionError):
    """Base of the errors of this room."""


class ModelMissing(CatalogError):  # noqa: N818 - the name says what happened
    """A role that a conversation cannot do without has no installed model."""


class StoreBusyError(CatalogError):
    """Another process changes the models."""


class StorageError(CatalogError):
    """The models' folder cannot be written: no space, no permission."""


class SourceError(CatalogError):
    """One source did not give the model; the next one may."""


class PullError(CatalogError):
    """No source gave the model; `reasons` has one line for each."""

    def __init__(self, model_id: str, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"{model_id} cannot be had: {'; '.join(self.reasons)}")
