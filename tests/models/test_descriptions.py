"""Docstrings below fields are the descriptions of JSON Schemas."""

from __future__ import annotations

from pydantic import Field

from speechmatics._descriptions import DescribedModel, descriptions
from speechmatics.models import JobConfig, RecognitionResult, Replacement


class Own(RecognitionResult):
    """A model of a user's own."""

    mood: str | None = Field(default=None, alias="m")
    """How it was said."""
    said: str | None = Field(default=None, description="Another way to say it.")
    """Not this."""
    plain: str | None = None


def test_a_field_is_described_by_its_docstring() -> None:
    """Its own or an inherited one; a description given to the field wins, and a field may have none."""
    properties = Own.model_json_schema()["properties"]
    assert properties["m"]["description"] == "How it was said."
    assert properties["said"]["description"] == "Another way to say it."
    assert "description" not in properties["plain"]
    assert properties["is_eos"]["description"] == "Whether the punctuation ends a sentence."


def test_fields_named_otherwise_on_the_wire_and_parts_are_described() -> None:
    """By the wire's name, and where the schema refers to a part by its name."""
    assert Replacement.model_json_schema()["properties"]["from"]["description"]
    schema = JobConfig.model_json_schema()
    assert schema["properties"]["fetch_data"]["description"]
    assert schema["$defs"]["FetchData"]["properties"]["url"]["description"]


def test_a_model_without_source_has_no_descriptions() -> None:
    """One made at run time has a schema all the same."""
    made = type("Made", (DescribedModel,), {"__annotations__": {"one": int}, "__module__": "nowhere"})
    assert issubclass(made, DescribedModel)
    assert made.model_json_schema()["properties"] == {"one": {"title": "One", "type": "integer"}}
    assert descriptions(int) == {}
