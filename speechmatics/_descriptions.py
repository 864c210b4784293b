"""The base of all models, which makes importing them cheap: what is not needed at once is made when it is.

The docstrings below a model's fields are the descriptions of its JSON Schema. Pydantic can read them too
(`use_attribute_docstrings`), but does so at import, which then takes half as long again.
"""

import ast
import inspect
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = ["BuiltByOne", "DescribedModel", "building", "descriptions"]

building = threading.RLock()
"""Held while a model is built: before its version 2.14 Pydantic lets threads disturb each other."""

if hasattr(os, "register_at_fork"):
    # A child has no other thread that could end what it began: no model is half built when it is made.
    os.register_at_fork(before=building.acquire, after_in_parent=building.release, after_in_child=building.release)


if TYPE_CHECKING:
    BuiltLater = type
else:

    class BuiltLater(type(BaseModel)):
        """Makes models that are built at their first use, and say so to nobody.

        Pydantic's `defer_build` does the former, but adapters of types that see it in a model's config wait as well:
        those of FastAPI, which then warn. And the signature of a model that is not built is that of all models.
        """

        def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> type:
            model = super().__new__(mcs, name, bases, namespace, **options, defer_build=True)
            model.model_config = {**model.model_config, "defer_build": False}
            return model

        @property
        def __signature__(cls) -> inspect.Signature:
            if not cls.__pydantic_complete__:
                cls.model_rebuild()
            return cls.__own_signature__

        @__signature__.setter
        def __signature__(cls, signature: object) -> None:
            cls.__own_signature__ = signature


class BuiltByOne:
    """Has a model built, at its first use, by one thread at a time."""

    if not TYPE_CHECKING:

        @classmethod
        def model_rebuild(cls, *, _parent_namespace_depth: int = 2, **options: Any) -> bool | None:
            """As Pydantic's."""
            with building:
                return super().model_rebuild(_parent_namespace_depth=_parent_namespace_depth + 1, **options)


class DescribedModel(BuiltByOne, BaseModel, metaclass=BuiltLater):
    """Base of models that are built when first used, and whose JSON Schema has the docstrings of their fields."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        properties = handler.resolve_ref_schema(json_schema).get("properties", {})
        texts = descriptions(cls)
        for name, field in cls.model_fields.items():
            described = properties.get(field.alias or name)
            if described is not None and name in texts:
                described.setdefault("description", texts[name])
        return json_schema


def descriptions(model: type) -> dict[str, str]:
    """The docstring of each field, its own or inherited, by the field's name; none where there is no source to read."""
    return {
        name: description
        for base in reversed(model.__mro__)
        for name, description in _of_module(base.__module__).get(base.__qualname__, {}).items()
    }


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """The docstrings of the fields of a module's classes, by class and field."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError):
        return {}
    return {node.name: dict(_of_class(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(text.value.value)
