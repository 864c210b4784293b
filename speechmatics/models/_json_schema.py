"""JSON Schemas of answers: they hold configurations, which the rules for what a user may send do not concern."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

__all__ = ["without_rules"]

_RULES = frozenset(
    ["enum", "pattern", "minLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems", "not", "if", "then"]
)
"""Keywords that say more than the type."""


def without_rules(json_schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema of an answer with the rules of the objects it refers to taken away; their types stay."""
    definitions = json_schema.get("$defs", {})
    for definition in definitions.values():
        if definition.get("type") == "object":
            _loosen(definition)
    # One without a language is read too.
    definitions.get("TranscriptionConfig", {}).pop("required", None)
    return json_schema


def _loosen(json_schema: JsonSchemaValue) -> None:
    for rule in _RULES & json_schema.keys():
        del json_schema[rule]
    inner = [*json_schema.get("properties", {}).values(), *json_schema.get("anyOf", ())]
    if "items" in json_schema:
        inner.append(json_schema["items"])
    for part in inner:
        _loosen(part)
