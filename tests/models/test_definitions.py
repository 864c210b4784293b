"""Every definition and property of the API, by hand, and that each is modelled.

The tables were written by hand from the API's specification and the notes on what it leaves out. A line is a property:
its name, its type in JSON, its type in Python, whether it is there, and its limits (a range, a number of items, or the
vocabulary, divided by ` / `; long ones go on in the next lines). Whether it is there is one of

- `required`: the API requires it, and so does the model;
- `filled`: the API requires it, and the model has a default that is sent;
- `tolerated`: the API promises it, yet an answer without it, or with null, is read;
- `optional`: it may be missing or null.

An object without a name in the specification stands under its path there (`TranscriptionConfig.additional_vocab`).
Definitions that are no objects (`JobType`, `Model`, `OperatingPoint`, `JobMode`, `AutoChaptersResult`) or plain maps
(`AudioEventSummary`, `TopicDetectionSummaryOverall`) are types of a property.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from speechmatics import models
from speechmatics.models import ReceivedModel, SentModel
from speechmatics.models._markers import knowledge_of

SENT = """
JobConfig = JobConfig
  type                            string   str                           filled     transcription
  fetch_data                      object   FetchData                     optional
  fetch_text                      object   FetchData                     optional
  transcription_config            object   TranscriptionConfig           optional
  notification_config             array    list[NotificationConfig]      optional   at most 3
  tracking                        object   TrackingData                  optional
  output_config                   object   OutputConfig                  optional
  translation_config              object   TranslationConfig             optional
  language_identification_config  object   LanguageIdentificationConfig  optional
  summarization_config            object   SummarizationConfig           optional
  sentiment_analysis_config       object   SentimentAnalysisConfig       optional
  topic_detection_config          object   TopicDetectionConfig          optional
  auto_chapters_config            object   AutoChaptersConfig            optional
  audio_events_config             object   AudioEventsConfig             optional

DataFetchConfig = FetchData
  url                             string   str                           required
  auth_headers                    array    list[str]                     optional

TrackingData = TrackingData
  title                           string   str                           optional
  reference                       string   str                           optional
  tags                            array    list[str]                     optional
  details                         object   dict[str, Any]                optional

NotificationConfig = NotificationConfig
  url                             string   str                           required
  contents                        array    list[str]                     optional
        jobinfo / transcript / transcript.json-v2 / transcript.txt / transcript.srt / data / text
  method                          string   str                           optional   post / put
  auth_headers                    array    list[str]                     optional

OutputConfig = OutputConfig
  srt_overrides                   object   SRTOverrides                  optional
  generate_lattice                boolean  bool                          optional

OutputConfig.srt_overrides = SRTOverrides
  max_line_length                 integer  int                           optional   from 1
  max_lines                       integer  int                           optional   from 1

TranslationConfig = TranslationConfig
  target_languages                array    list[str]                     required   at most 5

LanguageIdentificationConfig = LanguageIdentificationConfig
  expected_languages              array    list[str]                     optional
  low_confidence_action           string   str                           optional
        allow / reject / use_default_language
  default_language                string   str                           optional

SummarizationConfig = SummarizationConfig
  content_type                    string   str                           optional   auto / informative / conversational
  summary_length                  string   str                           optional   brief / detailed
  summary_type                    string   str                           optional   paragraphs / bullets

SentimentAnalysisConfig = SentimentAnalysisConfig

TopicDetectionConfig = TopicDetectionConfig
  topics                          array    list[str]                     optional

AutoChaptersConfig = AutoChaptersConfig

AudioEventsConfig = AudioEventsConfig
  types                           array    list[str]                     optional

TranscriptionConfig = TranscriptionConfig
  language                        string   str                           required
  domain                          string   str                           optional
  output_locale                   string   str                           optional
  model                         string   str                           optional   standard / enhanced / melia-1 / oak-1
  operating_point               string   str                           optional   standard / enhanced / melia-1 / oak-1
  additional_vocab                array    list[AdditionalVocab]         optional
  punctuation_overrides           object   PunctuationOverrides          optional
  diarization                     string   str                           optional   none / speaker / channel
  channel_diarization_labels      array    list[str]                     optional
  enable_entities                 boolean  bool                          optional
  max_delay_mode                  string   str                           optional   fixed / flexible
  audio_filtering_config          object   AudioFilteringConfig          optional
  transcript_filtering_config     object   TranscriptFilteringConfig     optional
  speaker_diarization_config      object   SpeakerDiarizationConfig      optional
  language_hints                  array    list[str]                     optional
  language_hints_strict           boolean  bool                          optional

TranscriptionConfig.additional_vocab = AdditionalVocab
  content                         string   str                           required
  sounds_like                     array    list[str]                     optional

TranscriptionConfig.punctuation_overrides = PunctuationOverrides
  sensitivity                     number   float                         optional   from 0 to 1
  permitted_marks                 array    list[str]                     optional

TranscriptionConfig.audio_filtering_config = AudioFilteringConfig
  volume_threshold                number   float                         optional   from 0 to 100

TranscriptionConfig.transcript_filtering_config = TranscriptFilteringConfig
  remove_disfluencies             boolean  bool                          optional
  replacements                    array    list[Replacement]             optional

TranscriptionConfig.transcript_filtering_config.replacements = Replacement
  from                            string   str                           required
  to                              string   str                           required

TranscriptionConfig.speaker_diarization_config = SpeakerDiarizationConfig
  prefer_current_speaker          boolean  bool                          optional
  speaker_sensitivity             number   float                         optional   from 0 to 1
  get_speakers                    boolean  bool                          optional
  speakers                        array    list[SpeakersInputItem]       optional

SpeakersInputItem = SpeakersInputItem
  label                           string   str                           required
  speaker_identifiers             array    list[str]                     required

X-SM-Processing-Data = ProcessingData
  parallel_engines                integer  int                           optional   from 1
  user_id                         string   str                           optional

POST /api_keys = TemporaryKeyRequest
  ttl                             integer  int                           required   from 60 to 86400
  client_ref                      string   str                           optional
  region                          string   str                           optional   eu / usa / au
"""

RECEIVED = """
ErrorResponse = ErrorResponse
  code                        integer  int                           tolerated
  error                       string   str                           tolerated
        Bad Request / File Expired / Forbidden / Resource Locked / Format Not Supported / Internal Server Error / Job
        error / Job Expired / Job In Progress / Job is not of type transcription / Job not found / Job rejected / Job
        rejected due to invalid audio / Job rejected due to invalid text / Malformed request / Missing callback /
        Missing data_file / No language selected / Not Implemented / Permission Denied / Requested product not
        available / Transcription not ready / Log file not available / Unprocessable Entity / Max concurrent running
        jobs exceeded
  detail                      string   str                           optional

CreateJobResponse = CreateJobResponse
  id                          string   str                           required
  status                      string   str                           optional   created / done / rejected / deleted
  json-v2                     object   Transcript                    optional
  txt                         string   str                           optional
  srt                         string   str                           optional

RetrieveJobResponse = RetrieveJobResponse
  job                         object   JobDetails                    required

DeleteJobResponse = DeleteJobResponse
  job                         object   JobDetails                    required

RetrieveJobsResponse = RetrieveJobsResponse
  jobs                        array    list[JobDetails]              tolerated
  active_jobs                 array    list[JobDetails]              optional
  max_engines                 integer  int                           optional
  unused_engines              integer  int                           optional

JobDetails = JobDetails
  created_at                  string   datetime                      tolerated
  data_name                   string   str                           tolerated
  text_name                   string   str                           optional
  duration                    number   int | float                   optional
  id                          string   str                           required
  status                      string   JobStatus | str               required
        running / done / rejected / deleted / expired
  config                      object   JobConfig                     optional
  lang                        string   str                           optional
  errors                      array    list[JobDetailError]          optional
  tracking                    object   TrackingData                  optional
  request_id                  string   str                           optional

JobDetailError = JobDetailError
  timestamp                   string   str                           tolerated
  message                     string   str                           tolerated

UsageResponse = UsageReport
  since                       string   datetime                      tolerated
  until                       string   datetime                      tolerated
  summary                     array    list[UsageDetails]            required
  details                     array    list[UsageDetails]            required

UsageDetails = UsageDetails
  mode                        string   str                           tolerated  batch
  type                        string   str                           tolerated  transcription
  language                    string   str                           optional
  model                     string   str                           optional   standard / enhanced / melia-1 / oak-1
  operating_point           string   str                           optional   standard / enhanced / melia-1 / oak-1
  count                       integer  int                           required
  duration_hrs                number   float                         required

POST /api_keys 201 = TemporaryKey
  key_value                   string   str                           required

RetrieveTranscriptResponse = Transcript
  format                      string   str                           tolerated
  job                         object   JobInfo                       tolerated
  metadata                    object   RecognitionMetadata           tolerated
  results                     array    list[RecognitionResult]       required
  language_identification     object   LanguageIdentificationResult  optional
  speakers                    array    list[SpeakersResultItem]      optional
  translations                object   dict[str, list[TranslationSentence]]  optional
  summary                     object   SummarizationResult           optional
  sentiment_analysis          object   SentimentAnalysisResult       optional
  topics                      object   TopicDetectionResult          optional
  chapters                    array    list[Chapter]                 optional
  audio_events                array    list[AudioEventItem]          optional
  audio_event_summary         object   AudioEventSummary             optional

JobInfo = JobInfo
  created_at                  string   datetime                      tolerated
  data_name                   string   str                           tolerated
  text_name                   string   str                           optional
  duration                    number   int | float                   tolerated
  id                          string   str                           tolerated
  tracking                    object   TrackingData                  optional

RecognitionMetadata = RecognitionMetadata
  created_at                  string   datetime                      tolerated
  type                        string   str                           tolerated  transcription
  transcription_config        object   TranscriptionConfig           optional
  translation_config          object   TranslationConfig             optional
  summarization_config        object   SummarizationConfig           optional
  sentiment_analysis_config   object   SentimentAnalysisConfig       optional
  topic_detection_config      object   TopicDetectionConfig          optional
  auto_chapters_config        object   AutoChaptersConfig            optional
  audio_events_config         object   AudioEventsConfig             optional
  language_identification_config  object  LanguageIdentificationConfig  optional
  translation_errors          array    list[FeatureError]            optional
  summarization_errors        array    list[FeatureError]            optional
  sentiment_analysis_errors   array    list[FeatureError]            optional
  topic_detection_errors      array    list[FeatureError]            optional
  auto_chapters_errors        array    list[FeatureError]            optional
  output_config               object   OutputConfig                  optional
  language_pack_info          object   LanguagePackInfo              optional
  language_identification     object   LanguageIdentificationResult  optional
  orchestrator_version        string   str                           optional

TranslationError = FeatureError
  type                        string   str                           optional
        translation_failed / unsupported_translation_pair
  message                     string   str                           optional

SummarizationError = FeatureError
  type                        string   str                           optional
        summarization_failed / unsupported_language
  message                     string   str                           optional

SentimentAnalysisError = FeatureError
  type                        string   str                           optional
        sentiment_analysis_failed / unsupported_language
  message                     string   str                           optional

TopicDetectionError = FeatureError
  type                        string   str                           optional
        topic_detection_failed / unsupported_list_of_topics / unsupported_language
  message                     string   str                           optional

AutoChaptersResultError = FeatureError
  type                        string   str                           optional
        auto_chapters_failed / unsupported_language
  message                     string   str                           optional

LanguagePackInfo = LanguagePackInfo
  language_description        string   str                           optional
  word_delimiter              string   str                           tolerated
  writing_direction           string   str                           optional   left-to-right / right-to-left
  itn                         boolean  bool                          optional
  adapted                     boolean  bool                          optional
  per_language_word_delimiters    object  dict[str, str]             optional
  per_language_writing_direction  object  dict[str, str]             optional   left-to-right / right-to-left

LanguageIdentificationResult = LanguageIdentificationResult
  predicted_language          string   str                           optional
  results                     array    list[LanguageIdentificationItem]  optional
  error                       string   str                           optional
        LOW_CONFIDENCE / UNEXPECTED_LANGUAGE / NO_SPEECH / FILE_UNREADABLE / OTHER
  message                     string   str                           optional

LanguageIdentificationResultItem = LanguageIdentificationItem
  alternatives                array    list[LanguageIdentificationAlternative]  optional
  start_time                  number   float                         optional
  end_time                    number   float                         optional

LanguageIdentificationResultAlternative = LanguageIdentificationAlternative
  language                    string   str                           optional
  confidence                  number   float                         optional

RecognitionResult = RecognitionResult
  channel                     string   str                           optional
  start_time                  number   float                         tolerated
  end_time                    number   float                         tolerated
  volume                      number   float                         optional
  is_eos                      boolean  bool                          optional
  type                        string   str                           required
        word / punctuation / entity / speaker_change
  written_form                array    list[RecognitionForm]         optional
  spoken_form                 array    list[RecognitionForm]         optional
  alternatives                array    list[RecognitionAlternative]  optional
  attaches_to                 string   str                           optional   previous / next / both / none
  entity_class                string   str                           optional
  score                       number   float                         optional

WrittenFormRecognitionResult = RecognitionForm
  alternatives                array    list[RecognitionAlternative]  tolerated
  start_time                  number   float                         tolerated
  end_time                    number   float                         tolerated
  type                        string   str                           tolerated  word

SpokenFormRecognitionResult = RecognitionForm
  alternatives                array    list[RecognitionAlternative]  tolerated
  start_time                  number   float                         tolerated
  end_time                    number   float                         tolerated
  type                        string   str                           tolerated  word / punctuation

RecognitionAlternative = RecognitionAlternative
  content                     string   str                           required
  confidence                  number   float                         tolerated
  language                    string   str                           tolerated
  display                     object   RecognitionDisplay            optional
  speaker                     string   str                           optional
  tags                        array    list[str]                     optional   disfluency / profanity

RecognitionDisplay = RecognitionDisplay
  direction                   string   str                           tolerated  ltr / rtl

SpeakersResultItem = SpeakersResultItem
  label                       string   str                           required
  speaker_identifiers         array    list[str]                     required

TranslationSentence = TranslationSentence
  start_time                  number   float                         optional
  end_time                    number   float                         optional
  content                     string   str                           optional
  speaker                     string   str                           optional
  channel                     string   str                           optional

SummarizationResult = SummarizationResult
  content                     string   str                           optional

SentimentAnalysisResult = SentimentAnalysisResult
  segments                    array    list[SentimentSegment]        optional
  summary                     object   SentimentSummary              optional
  sentiment_analysis          object   SentimentAnalysis             optional

SentimentAnalysisResult.sentiment_analysis = SentimentAnalysis
  segments                    array    list[SentimentSegment]        optional
  summary                     object   SentimentSummary              optional

SentimentSegment = SentimentSegment
  text                        string   str                           optional
  sentiment                   string   str                           optional   positive / neutral / negative
  start_time                  number   float                         optional
  end_time                    number   float                         optional
  speaker                     string   str                           optional
  channel                     string   str                           optional
  confidence                  number   float                         optional

SentimentSummary = SentimentSummary
  overall                     object   SentimentCounts               optional
  speakers                    array    list[SentimentCounts]         optional
  channels                    array    list[SentimentCounts]         optional

SentimentSummaryDetail = SentimentCounts
  positive_count              integer  int                           optional
  negative_count              integer  int                           optional
  neutral_count               integer  int                           optional

SentimentSpeakerSummary = SentimentCounts
  speaker                     string   str                           optional
  positive_count              integer  int                           optional
  negative_count              integer  int                           optional
  neutral_count               integer  int                           optional

SentimentChannelSummary = SentimentCounts
  channel                     string   str                           optional
  positive_count              integer  int                           optional
  negative_count              integer  int                           optional
  neutral_count               integer  int                           optional

TopicDetectionResult = TopicDetectionResult
  segments                    array    list[TopicSegment]            optional
  summary                     object   TopicSummary                  optional

TopicDetectionSegment = TopicSegment
  text                        string   str                           optional
  start_time                  number   float                         optional
  end_time                    number   float                         optional
  topics                      array    list[Topic]                   optional

TopicDetectionSegmentTopic = Topic
  topic                       string   str                           optional

TopicDetectionSummary = TopicSummary
  overall                     object   dict[str, int]                optional

Chapter = Chapter
  title                       string   str                           optional
  summary                     string   str                           optional
  start_time                  number   float                         optional
  end_time                    number   float                         optional

AudioEventItem = AudioEventItem
  type                        string   str                           optional
  start_time                  number   float                         optional
  end_time                    number   float                         optional
  confidence                  number   float                         optional
  channel                     string   str                           optional

RetrieveTranscriptResponse.audio_event_summary = AudioEventSummary
  overall                     object   dict[str, AudioEventSummaryItem]  optional
  channels                    object   dict[str, dict[str, AudioEventSummaryItem]]  optional

AudioEventSummaryItem = AudioEventSummaryItem
  total_duration              number   float                         optional
  count                       number   int | float                   optional
"""


class Row(NamedTuple):
    """A line of the table."""

    definition: str
    model: str
    name: str
    json_type: str
    python_type: str
    presence: str
    limits: str


def lines_of(table: str) -> list[str]:
    """The lines of a table, each whole."""
    whole: list[str] = []
    for line in filter(None, table.splitlines()):
        if line.startswith(" " * 8):
            begun = " / " in whole[-1]
            whole[-1] += (" " if begun else "  ") + line.strip()
        else:
            whole.append(line)
    return whole


def rows(table: str) -> Iterator[Row]:
    """The lines of a table below their headings."""
    definition = model = ""
    for line in lines_of(table):
        if not line.startswith("  "):
            definition, model = line.split(" = ")
        else:
            parts = [*re.split(r" {2,}", line.strip()), ""]
            yield Row(definition, model, *parts[:5])


ROWS = [*rows(SENT), *rows(RECEIVED)]
HEADINGS = re.findall(r"^(\S.*) = (\w+)$", SENT + RECEIVED, re.MULTILINE)


def model_named(name: str) -> type[BaseModel]:
    """A public model."""
    model: object = getattr(models, name)
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model


def field_of(row: Row) -> FieldInfo:
    """The field that stands for a property, found by its name on the wire."""
    by_wire_name = {info.alias or name: info for name, info in model_named(row.model).model_fields.items()}
    assert row.name in by_wire_name, f"{row.model} has no {row.name}"
    return by_wire_name[row.name]


def python_type(annotation: Any) -> str:
    """An annotation without its metadata, None and literals; what remains is the type of a value that is there."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return python_type(args[0])
    if origin in (Union, types.UnionType):
        members = [python_type(arg) for arg in args if arg is not type(None) and get_origin(arg) is not Literal]
        return " | ".join(members)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(python_type(arg) for arg in args)}]"
    return str(getattr(annotation, "__name__", annotation))


@cache
def json_schema(model: str) -> dict[str, Any]:
    """The JSON Schema of a model, its own properties on top."""
    root = model_named(model).model_json_schema()
    return root if "properties" in root else {**root, **root["$defs"][model]}


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The ways a property may be there: its alternatives but null, with references followed."""
    if "$ref" in schema:
        yield from resolved(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    elif "anyOf" in schema:
        for alternative in schema["anyOf"]:
            yield from resolved(alternative, root)
    elif schema.get("type") != "null":
        yield schema


def property_schemas(row: Row) -> list[dict[str, Any]]:
    """The JSON Schemas of a property, one for each way it may be there."""
    root = json_schema(row.model)
    return list(resolved(root["properties"][row.name], root))


def vocabulary(schemas: list[dict[str, Any]]) -> set[str]:
    """The values that a property, its items or its members are known to have."""
    known: set[str] = set()
    for schema in schemas:
        known.update(schema.get("enum", ()), schema.get("examples", ()))
        inner = [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
        known |= vocabulary(inner)
    return known


def described(row: Row) -> str:
    """A readable id."""
    return f"{row.definition}.{row.name}"


def test_the_tables_have_no_duplicates() -> None:
    """No definition and no property stands there twice, and each line is whole."""
    definitions = [definition for definition, _ in HEADINGS]
    assert len(definitions) == len(set(definitions))
    properties = [(row.definition, row.name) for row in ROWS]
    assert len(properties) == len(set(properties))
    assert len(lines_of(SENT + RECEIVED)) == len(HEADINGS) + len(ROWS)
    assert {row.presence for row in ROWS} == {"required", "filled", "tolerated", "optional"}
    assert {row.json_type for row in ROWS} == {"string", "integer", "number", "boolean", "array", "object"}


@pytest.mark.parametrize("row", ROWS, ids=described)
def test_every_property_is_modelled(row: Row) -> None:
    """With its types, with a docstring, and required just where the table says so."""
    field = field_of(row)
    assert python_type(field.annotation) == row.python_type
    types_in_json = {schema["type"] for schema in property_schemas(row)}
    assert types_in_json - {"integer"} == {row.json_type} if row.json_type == "number" else {row.json_type}
    assert json_schema(row.model)["properties"][row.name]["description"][-1] in ".`)", "a docstring is a sentence"
    knowledge = knowledge_of(field)
    assert knowledge.required == (row.presence == "required")
    assert row.presence == "tolerated" or not knowledge.documented
    if not field.is_required():
        assert (field.default is None) == (row.presence != "filled")


@pytest.mark.parametrize("row", [row for row in ROWS if row.presence in ("tolerated", "optional")], ids=described)
def test_what_may_be_missing_may_be_null(row: Row) -> None:
    """The schema of each such property takes null, so a null is no error."""
    root = json_schema(row.model)
    schema = root["properties"][row.name]
    assert {"type": "null"} in schema["anyOf"]
    assert row.name not in root.get("required", ())


@pytest.mark.parametrize("row", [row for row in ROWS if row.limits.startswith(("from", "at most"))], ids=described)
def test_every_limit_is_in_the_schema(row: Row) -> None:
    """Ranges and numbers of items are the table's."""
    numbers = [float(number) for number in re.findall(r"\d+", row.limits)]
    root = json_schema(row.model)
    if row.limits.startswith("at most"):
        assert [root["properties"][row.name]["maxItems"]] == numbers
    else:
        [schema] = property_schemas(row)
        assert [schema[name] for name in ("minimum", "maximum") if name in schema] == numbers


def test_every_vocabulary_is_the_table_s() -> None:
    """The values known of a property are those of all the definitions that its model stands for."""
    expected: dict[tuple[str, str], set[str]] = {}
    for row in ROWS:
        is_vocabulary = row.limits and not row.limits.startswith(("from", "at most"))
        expected.setdefault((row.model, row.name), set()).update(row.limits.split(" / ") if is_vocabulary else ())
    for row in ROWS:
        assert vocabulary(property_schemas(row)) == expected[row.model, row.name], described(row)


def test_no_model_has_a_field_that_the_table_has_not() -> None:
    """Every public model of the wire stands in the table, on its proper side, with each of its fields."""
    own = {"BatchTranscriptionConfig", "Notification", "NotificationPart", "ReceivedModel", "SentModel"}
    own |= {"BatchFeatures", "Features", "LanguageIdFeatures", "TranscriptionFeatures", "TranslationFeatures"}
    in_table = {model for _, model in HEADINGS}
    public = [value for name in models.__all__ if isinstance(value := getattr(models, name), type)]
    wire = {
        kind.__name__: kind for kind in public if issubclass(kind, SentModel | ReceivedModel | models.ProcessingData)
    }
    assert set(wire) - own == in_table
    for name in in_table:
        fields = {info.alias or field for field, info in wire[name].model_fields.items()}
        assert fields == {row.name for row in ROWS if row.model == name}, name
    assert {model for definition, model in HEADINGS if f"\n{definition} = " in SENT} == {
        name for name, kind in wire.items() if issubclass(kind, SentModel | models.ProcessingData) and name not in own
    }
