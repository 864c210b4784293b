"""`speechmatics evaluate`: word and character error rates, of one transcript or of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmatics.cli.output import print_json, print_result

if TYPE_CHECKING:
    from speechmatics.evaluation import Evaluation

__all__ = ["evaluate"]


def evaluate(
    hypothesis: Annotated[Path, typer.Argument(help="json-v2 or text, or the output folder of a run.")],
    reference: Annotated[Path, typer.Argument(help="Text of what was said, or the run's manifest with references.")],
    alignment: Annotated[bool, typer.Option("--alignment", help="Show both texts, with the errors marked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each.")] = False,
) -> None:
    """Compare what was heard with what was said: word and character error rates (extra evaluate).

    Of a run, each file of its manifest that has a reference is compared with its .json or .txt in the output folder.

    Examples:
    speechmatics evaluate call.json call.txt --alignment

    speechmatics evaluate out/ calls.jsonl
    """
    from speechmatics.evaluation import NORMALIZATION

    total: Evaluation | None = None
    pairs = _of_run(hypothesis, reference) if hypothesis.is_dir() else [(hypothesis, reference.read_text("utf-8"))]
    for file, said in pairs:
        one = _compare(file, said)
        total = one if total is None else total + one
        _print(str(file), one, as_json=as_json)
        if alignment and not as_json:
            print_result(one.alignment)
    if total is not None and len(pairs) > 1:
        _print("all", total, as_json=as_json)
    if not as_json:
        print_result(f"normalization: {NORMALIZATION}")


def _of_run(folder: Path, manifest: Path) -> list[tuple[Path, str]]:
    from speechmatics.exceptions import InvalidInputError
    from speechmatics.runner.sources import find_sources

    pairs: list[tuple[Path, str]] = []
    for source in find_sources(manifest):
        if source.reference is None:
            continue
        files = [folder / f"{source.output}.{suffix}" for suffix in ("json", "txt")]
        found = next((file for file in files if file.exists()), None)
        if found is None:
            raise InvalidInputError(f"{source.name} has no .json or .txt in {folder}")
        pairs.append((found, source.reference))
    if not pairs:
        raise InvalidInputError(f"{manifest} has no line with a reference")
    return pairs


def _compare(file: Path, said: str) -> Evaluation:
    from speechmatics.evaluation import evaluate as compare
    from speechmatics.models.transcript import Transcript

    return compare(Transcript.from_file(file) if file.suffix == ".json" else file.read_text("utf-8"), said)


def _print(name: str, found: Evaluation, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": name, **found.to_dict()})
        return
    errors = f"{found.substitutions} substituted, {found.deletions} deleted, {found.insertions} inserted"
    print_result(f"{name}: WER {found.wer:.4f}, CER {found.cer:.4f} ({found.words} words: {errors})")
