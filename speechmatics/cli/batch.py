"""`speechmatics batch`: the commands of the older package, with its options and its output, for scripts that have them.

They are read by argparse, as there: options such as `--additional-vocab` take any number of values.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speechmatics.cli.output import read_text

if TYPE_CHECKING:
    from speechmatics import BatchClient, JsonObject, TranscriptFormat
    from speechmatics.settings import ConnectionSettings

__all__ = ["run_batch"]

_FORMATS = ["txt", "json", "json-v2", "srt"]


def run_batch(arguments: list[str]) -> int:
    """Runs a command, and gives its exit code: 0, or 1 after an error, which is said as there.

    Raises:
        SystemExit: The command line is wrong (2), or help was asked for (0).
    """
    options = _parser().parse_args(arguments)
    from speechmatics import BatchClient, SpeechmaticsError

    try:
        with BatchClient(_settings(options)) as client:
            _run(client, options)
    except (SpeechmaticsError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _run(client: BatchClient[JsonObject, JsonObject, JsonObject], options: argparse.Namespace) -> None:
    match options.command:
        case "transcribe":
            _transcribe(client, options)
        case "submit":
            config = _config(options)
            for file in options.files:
                print(f"Submitted {file} successfully, job ID: {client.submit_job(file, config)}", flush=True)
        case "list-jobs":
            print(client.list_jobs())
        case "job-status":
            print(client.check_job_status(options.job_id))
        case "get-results":
            text_format: TranscriptFormat = options.output_format
            _print_result(client.get_job_result(options.job_id, text_format))
        case _:
            deleted = client.delete_job(options.job_id, options.force)
            print(f"Job {options.job_id} deleted" if deleted else f"Job {options.job_id} is still running")


def _transcribe(client: BatchClient[JsonObject, JsonObject, JsonObject], options: argparse.Namespace) -> None:
    config = _config(options)
    text_format: TranscriptFormat = options.output_format
    for file in options.files:
        print(f"Processing {file}\n==========")
        job_id = client.submit_job(file, config)
        print(f"Job submission successful. ID: {job_id} . Waiting for completion", flush=True)
        _print_result(client.wait_for_completion(job_id, text_format))
        print(f"==========\n{file} completed!\n==========", flush=True)


def _print_result(result: JsonObject | str | bool) -> None:
    if result is False:
        print("The job is still running", file=sys.stderr)
    else:
        print(result if isinstance(result, str) else json.dumps(result))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="speechmatics batch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, title="Commands")
    for name, what in [
        ("transcribe", "Transcribe files, and wait for the results."),
        ("submit", "Submit files, and do not wait."),
        ("list-jobs", "List the last 100 jobs."),
        ("job-status", "Show the status of a job."),
        ("get-results", "Print the transcript of a job."),
        ("delete", "Delete a job."),
    ]:
        command = commands.add_parser(name, help=what, description=what)
        _add_connection(command)
        if name in ("transcribe", "submit"):
            _add_configuration(command)
            command.add_argument("files", metavar="FILEPATHS", nargs="+", help="files to process")
        elif name != "list-jobs":
            command.add_argument("--job-id", required=True, help="id of the job")
        if name not in ("list-jobs", "job-status"):
            command.add_argument("--output-format", choices=_FORMATS, default="txt", help="format of the transcript")
        if name == "delete":
            command.add_argument("--force", action="store_true", help="a job that is still running, too")
    return parser


def _add_connection(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", help="URL of the service")
    command.add_argument("--auth-token", help="key; better in SPEECHMATICS_API_KEY, as others can read command lines")
    command.add_argument("--ssl-mode", choices=["regular", "insecure", "none"], default="regular")
    command.add_argument("--generate-temp-token", action="store_true", default=None, help="send temporary keys")
    command.add_argument("--profile", help="profile of the configuration file")


def _add_configuration(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--config-file", type=Path, help="configuration of the job; the other options are put over it")
    add("--lang", "--language", dest="language", help="language, as en")
    add("--operating-point", choices=["standard", "enhanced"])
    add("--domain")
    add("--output-locale")
    add("--enable-entities", action="store_true")
    add("--additional-vocab", nargs="*", metavar="WORD[:SOUND,SOUND]", help="words to expect, and how they sound")
    add("--additional-vocab-file", type=Path)
    add("--replacement-words", nargs="*", metavar="FROM:TO", help="from:to, or /regex/:to")
    add("--replacement-words-file", type=Path)
    add("--remove-disfluencies", action="store_true")
    add("--punctuation-permitted-marks", help="marks with spaces between")
    add("--volume-threshold", type=float, help="quieter audio is left out, 0 to 100")
    add("--diarization", choices=["none", "speaker", "channel"])
    add("--speaker-diarization-sensitivity", type=float)
    add("--speaker-diarization-prefer-current-speaker", action="store_true")
    add("--channel-diarization-labels", nargs="+")
    add("--multichannel", metavar="CHANNELS", help="labels of channels, with commas")
    add("--translation-langs", "--translation-languages", help="languages, with commas")
    add("--langid-langs", "--langid-languages", help="languages to identify among, with commas")
    add("--summarize", action="store_true")
    add("--summary-content-type", choices=["informative", "conversational", "auto"])
    add("--summary-length", choices=["brief", "detailed"])
    add("--summary-type", choices=["paragraphs", "bullets"])
    add("--sentiment-analysis", action="store_true")
    add("--detect-topics", action="store_true")
    add("--topics", help="topics, with commas")
    add("--detect-chapters", action="store_true")
    add("--audio-events", action="store_true")
    add("--event-types", help="kinds of events, with commas")
    add("--end-of-utterance-silence-trigger", type=float, help=argparse.SUPPRESS)  # of real time


def _settings(options: argparse.Namespace) -> ConnectionSettings:
    from speechmatics.settings import ConnectionSettings

    names = {"url": options.url, "auth_token": options.auth_token, "profile": options.profile}
    given: dict[str, Any] = {name: value for name, value in names.items() if value is not None}
    if options.generate_temp_token:
        given["generate_temp_token"] = True
    if options.ssl_mode == "insecure":
        given["verify"] = False
    if options.ssl_mode == "none" and options.url and options.url.startswith("https://"):
        given["url"] = "http://" + options.url.removeprefix("https://")
    return ConnectionSettings(**given)


def _config(options: argparse.Namespace) -> dict[str, Any]:
    from speechmatics.models import JobConfig
    from speechmatics.runner.planning import merge_json

    config: dict[str, Any] = {"type": "transcription", "transcription_config": {"language": "en"}}
    if options.config_file is not None:
        config = JobConfig.from_file(options.config_file).to_dict()
    parts = {
        "transcription_config": _transcription(options, config.get("transcription_config", {})),
        "translation_config": _listed("target_languages", options.translation_langs),
        "language_identification_config": _listed("expected_languages", options.langid_langs),
        "summarization_config": _summary(options),
        "sentiment_analysis_config": {} if options.sentiment_analysis else None,
        "topic_detection_config": (_listed("topics", options.topics) or {}) if options.detect_topics else None,
        "auto_chapters_config": {} if options.detect_chapters else None,
        "audio_events_config": (_listed("types", options.event_types) or {}) if options.audio_events else None,
    }
    return merge_json(config, {name: value for name, value in parts.items() if value is not None})


def _transcription(options: argparse.Namespace, config: dict[str, Any]) -> dict[str, Any]:
    """What the options change in the configuration of a file; lists of words are added to what it has."""
    labels = options.multichannel.split(",") if options.multichannel else options.channel_diarization_labels
    marks = options.punctuation_permitted_marks
    threshold = options.volume_threshold
    values = {
        "language": options.language,
        "operating_point": options.operating_point,
        "domain": options.domain,
        "output_locale": options.output_locale,
        "enable_entities": options.enable_entities or None,
        "diarization": "channel" if options.multichannel else options.diarization,
        "channel_diarization_labels": labels,
        "additional_vocab": _vocabulary(options, config.get("additional_vocab", [])),
        "punctuation_overrides": None if marks is None else {"permitted_marks": marks.split()},
        "audio_filtering_config": None if threshold is None else {"volume_threshold": threshold},
        "transcript_filtering_config": _filtering(options, config.get("transcript_filtering_config", {})),
        "speaker_diarization_config": _speakers(options, config),
    }
    return {name: value for name, value in values.items() if value is not None}


def _vocabulary(options: argparse.Namespace, known: list[Any]) -> list[Any] | None:
    words = _read_list(options.additional_vocab_file) if options.additional_vocab_file else [*known]
    for word in options.additional_vocab or ():
        content, colon, sounds = word.partition(":")
        words.append({"content": content, "sounds_like": sounds.split(",")} if colon else content)
    return words or None


def _read_list(file: Path) -> list[Any]:
    from speechmatics.exceptions import InvalidInputError

    try:
        listed = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"{file} is no JSON: {error}") from None
    if not isinstance(listed, list):
        raise InvalidInputError(f"{file} must hold a list")
    return [*listed]


def _filtering(options: argparse.Namespace, known: dict[str, Any]) -> dict[str, Any] | None:
    from speechmatics.exceptions import InvalidInputError

    file = options.replacement_words_file
    replacements = _read_list(file) if file else [*known.get("replacements", [])]
    for pair in options.replacement_words or ():
        before, colon, after = pair.rpartition(":")
        if not colon:
            raise InvalidInputError(f"--replacement-words takes from:to, not {pair!r}")
        replacements.append({"from": before, "to": after})
    filtering: dict[str, Any] = {"remove_disfluencies": True} if options.remove_disfluencies else {}
    if replacements:
        filtering["replacements"] = replacements
    return filtering or None


def _speakers(options: argparse.Namespace, config: dict[str, Any]) -> dict[str, Any] | None:
    if options.diarization != "speaker" and "speaker_diarization_config" not in config:
        return None
    values = {
        "speaker_sensitivity": options.speaker_diarization_sensitivity,
        "prefer_current_speaker": options.speaker_diarization_prefer_current_speaker or None,
    }
    return {name: value for name, value in values.items() if value is not None} or None


def _summary(options: argparse.Namespace) -> dict[str, str] | None:
    if not options.summarize:
        return None
    values = {
        "content_type": options.summary_content_type,
        "summary_length": options.summary_length,
        "summary_type": options.summary_type,
    }
    return {name: value for name, value in values.items() if value is not None}


def _listed(name: str, text: str | None) -> dict[str, list[str]] | None:
    return {name: [part.strip() for part in text.split(",")]} if text else None
