"""Makes `docs/settings.md` from the fields of `ConnectionSettings`.

With `--check` nothing is written: it fails where the page is not what would be made.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from speechmatics import ConnectionSettings
from speechmatics._descriptions import descriptions
from speechmatics._sources import OTHERS_NAMES, PREFIX, SECOND_NAMES

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

BEFORE = """# Settings

Made from the fields of `ConnectionSettings` by `.ci/make_settings_page.py`.

A value comes from the first of: the argument; the environment; a file that `SPEECHMATICS_AUTH_TOKEN_FILE` or
`SPEECHMATICS_API_KEY_FILE` names (the key alone); an env file; a secrets directory, with a file for each setting; a
profile of the configuration file; the default. `settings.origins()` says which it was.

| what | argument | variable |
|---|---|---|
| the env file | `env_file` | `SPEECHMATICS_ENV_FILE` |
| the secrets directory | `secrets_dir` | `SPEECHMATICS_SECRETS_DIR` |
| the configuration file (TOML) | `config_file` | `SPEECHMATICS_CONFIG_FILE` |
| its table | `profile` | `SPEECHMATICS_PROFILE` |

A secret file is named like its variable, in any case: `speechmatics_auth_token`. A profile has the names of the
settings without a prefix. A subclass with `SettingsConfigDict(env_prefix="US_")` reads `US_API_KEY` and its like in
their place.
`SPEECHMATICS_HOLD_COLLECTOR=false` is read beside: it leaves Python's garbage collector alone while answers are read.
Seconds may be `inf`, and where there may be none, `none`.

| setting | variables | values | default |
|---|---|---|---|
"""


def page() -> str:
    """The page."""
    schema = ConnectionSettings.model_json_schema()
    return BEFORE + "".join(
        _row(name, schema["properties"][name], schema.get("$defs", {}))
        for name in ConnectionSettings.model_fields
        if name not in ("ssl_context", "profile", "config_file")
    )


def _row(name: str, schema: dict[str, Any], parts: dict[str, Any]) -> str:
    variables = [PREFIX + other.upper() for other in (name, SECOND_NAMES.get(name)) if other]
    variables += [OTHERS_NAMES[name].upper()] if name in OTHERS_NAMES else []
    shown = ", ".join(f"`{variable}`" for variable in variables)
    text = re.sub(r"\s+", " ", descriptions(ConnectionSettings)[name]).replace("|", "\\|")
    default = schema.get("default")
    written = "none" if default is None else json.dumps(default).strip('"')
    return f"| `{name}`: {text} | {shown} | {_values(schema, parts)} | `{written}` |\n"


def _values(schema: dict[str, Any], parts: dict[str, Any]) -> str:
    if "$ref" in schema:
        return "JSON object"
    several = [_values(part, parts) for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    if several:
        return " or ".join(dict.fromkeys(several))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "object": "JSON object"}
    return kinds.get(schema.get("type", ""), "text")


def main() -> None:
    """Writes the page, or compares it."""
    made = page()
    if "--check" not in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != made:
        raise SystemExit(f"{PAGE} is not what {Path(__file__).name} makes; run it")


if __name__ == "__main__":
    main()
