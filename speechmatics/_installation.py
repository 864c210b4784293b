"""Whether the files of this package are its own: importing this module is the check.

`speechmatics-python` and `speechmatics-voice` install a `speechmatics/__init__.py` too. pip overwrites it without a
word, and takes it away with whichever of them is uninstalled. What only this package has imports this module first, so
that the error says what happened in place of a name that is missing somewhere.
"""

import sys

__all__ = ["describe_damage"]

DISTRIBUTION = "speechmatics-typed"
RIVALS = ("speechmatics-python", "speechmatics-voice")
"""The distributions that own `speechmatics/__init__.py` as this one does: read in their wheels."""


def describe_damage(versions: dict[str, str]) -> str:
    """What happened to the files of this package, and what to type.

    Args:
        versions: The version of each of `RIVALS` that is installed.
    """
    repair = f"pip install --force-reinstall --no-deps PATH, the path of the wheel or of the clone of {DISTRIBUTION}"
    if "speechmatics-python" in versions:
        return (
            f"speechmatics-python {versions['speechmatics-python']} has replaced files of {DISTRIBUTION}: both own "
            "speechmatics/__init__.py, and cannot be installed together. Type: pip uninstall speechmatics-python; "
            f"then, to put the files back: {repair}"
        )
    if "speechmatics-voice" in versions:
        return (
            f"speechmatics-voice {versions['speechmatics-voice']} has replaced speechmatics/__init__.py, which "
            f"{DISTRIBUTION} owns too. Both work where {DISTRIBUTION} is installed last. Type: {repair}"
        )
    return (
        f"speechmatics/__init__.py of {DISTRIBUTION} is missing or is not its own, as after the uninstallation of a "
        f"package that owns that file too ({', '.join(RIVALS)}). To put it back, type: {repair}"
    )


def _installed_rivals() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    versions: dict[str, str] = {}
    for name in RIVALS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


if getattr(sys.modules["speechmatics"], "DISTRIBUTION", None) != DISTRIBUTION:
    raise ImportError(describe_damage(_installed_rivals()))
