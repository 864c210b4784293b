"""A Pydantic-modelled, fully typed SDK for the Speechmatics Batch v2 API."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
