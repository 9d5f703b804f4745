"""The descriptions of fields: the docstrings that stand below them in the models."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache

from pydantic import BaseModel

from straightway.api.model import Untranslated


@cache
def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return YAML name → description, for all fields of a model."""
    docs: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            docs |= _docs_in(each)
    return {
        field.alias or name: _description(docs.get(name, ""), field.metadata)
        for name, field in model.model_fields.items()
    }


def model_doc(model: type[BaseModel]) -> str:
    """Return the first paragraph of a model's docstring."""
    return _one_line(inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0])


def _description(doc: str, metadata: list[object]) -> str:
    untranslated = next((each for each in metadata if isinstance(each, Untranslated)), None)
    if untranslated is not None:
        return f"Valid in Istio, and not translated yet: {untranslated.instead}."
    return doc


@cache
def _docs_in(model: type[BaseModel]) -> dict[str, str]:
    """Return field → docstring for what a class itself defines."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    docs = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            docs[field.target.id] = _one_line(after.value.value)
    return docs


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())
