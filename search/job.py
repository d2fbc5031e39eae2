"""Job specifications: a method's name and its validated options, from the command line, a notebook or a TOML file."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Protocol, cast

from pydantic import AfterValidator, BaseModel, ValidationError

from constants_lab.constants import constant
from constants_lab.db.records import Finding
from constants_lab.errors import InputError

__all__ = ["ConstantNames", "JobSpec", "Method", "Screened", "Space", "load_method", "method_names"]


class Space(Protocol):
    """What a method searches, as arithmetic: candidates are numbered 0 .. ``size`` - 1.

    One that stores much may have ``stored_bytes``, a rough size of that.
    """

    size: int

    @property
    def expected_seconds(self) -> float:
        """Estimated time on one core."""
        ...

    @property
    def block_size(self) -> int:
        """Candidates that are best screened together; units are multiples of it."""
        ...


@dataclass(frozen=True)
class Screened:
    """Proposals of a unit (each a method's own candidate), and what became of its members (class name -> number)."""

    candidates: list[Any]
    counters: dict[str, int]


def _catalogue_names(names: list[str]) -> list[str]:
    return list(dict.fromkeys(constant(name).name for name in names))


ConstantNames = Annotated[list[str], AfterValidator(_catalogue_names)]
"""Constants in a specification: normalised to their catalogue names, each once; unknown ones are refused."""


class Method(Protocol):
    """A module of :mod:`constants_lab.search.methods`.

    It may have ``reconfirm(space, finding) -> Finding | None``: the coordinator's own version of what a machine that is not
    trusted has found.  Without it only measurements of such machines are taken.
    """

    Spec: type[BaseModel]

    def space(self, spec: Any) -> Space:
        """The space of a specification."""
        ...

    def screen(self, space: Any, start: int, stop: int) -> Screened:
        """Fast proposals among start..stop-1."""
        ...

    def confirm(self, candidate: Any) -> Finding | None:
        """The decision on one proposal."""
        ...

    def describe(self, spec: dict[str, Any]) -> str:
        """A stored specification in one line."""
        ...


@lru_cache(maxsize=1)
def method_names() -> tuple[str, ...]:
    """The search methods that are installed, in alphabetical order."""
    package = importlib.import_module("constants_lab.search.methods")
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def load_method(name: str) -> Method:
    """The method's module; raises :class:`InputError` naming the methods there are."""
    if name not in method_names():
        raise InputError(f"there is no search method {str(name)[:40]!r}: use one of {', '.join(method_names())}")
    return cast(Method, importlib.import_module(f"constants_lab.search.methods.{name}"))


def _sentence(method: str, error: ValidationError, known: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"][:1])
    shown = key.replace("_", "-")
    match first["type"]:
        case "extra_forbidden":
            names = ", ".join(name.replace("_", "-") for name in known)
            return f"a {method} job has no key {shown[:40]!r}: its keys are {names}"
        case "missing":
            return f"the {method} job lacks {shown!r}: add it"
        case "value_error":
            return str(first["ctx"]["error"])
        case _:
            message = first["msg"][0].lower() + first["msg"][1:]
            return f"{shown} = {str(first['input'])[:60]!r} cannot be used: {message}"


@dataclass(frozen=True)
class JobSpec:
    """A search method with its validated specification."""

    method: str
    spec: BaseModel

    @classmethod
    def of(cls, method: str, options: Mapping[str, Any]) -> JobSpec:
        """Validate ``options`` (keys with ``-`` or ``_``); options that are None count as absent.

        Raises :class:`InputError` with one sentence for the first thing that is wrong.
        """
        model = load_method(method).Spec
        given = {str(k).replace("-", "_"): v for k, v in options.items() if v is not None}
        try:
            return cls(method, model.model_validate(given))
        except ValidationError as error:
            raise InputError(_sentence(method, error, model.model_fields)) from None

    @classmethod
    def from_toml(cls, path: Path) -> JobSpec:
        """The job in a TOML file: ``method = "..."`` and the options of that method as keys."""
        try:
            if path.stat().st_size > 1_000_000:
                raise InputError(f"{path} is over 1 MB: a job file is a few lines")
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"cannot read the job file {path}: {error.strerror or error}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"{path} is not valid TOML: {str(error)[:200]}") from None
        method = table.pop("method", None)
        if not isinstance(method, str):
            raise InputError(f'{path} does not say which method to run: add a line such as method = "lookup"')
        return cls.of(method, table)

    def as_json(self) -> dict[str, Any]:
        """The specification as stored with the job."""
        return self.spec.model_dump(mode="json")

    def space(self) -> Space:
        """The space it describes; raises :class:`InputError` when that is empty or too large."""
        return load_method(self.method).space(self.spec)
