"""The API's named vocabularies, as the specification lists them.

The API may add to each of them, so a field of such a type accepts any string: what we send is reported as unknown, what
we receive is kept.
"""

from typing import Literal

__all__ = [
    "AttachesTo",
    "CreateJobStatus",
    "Diarization",
    "DisplayDirection",
    "ErrorMessage",
    "FeatureErrorType",
    "FormType",
    "JobMode",
    "JobType",
    "LanguageIdentificationErrorCode",
    "LowConfidenceAction",
    "MaxDelayMode",
    "ModelName",
    "NotificationContent",
    "NotificationMethod",
    "ResultTag",
    "ResultType",
    "Sentiment",
    "SummaryContentType",
    "SummaryLength",
    "SummaryType",
    "WritingDirection",
]

JobType = Literal["transcription"]
"""Kinds of job."""
JobMode = Literal["batch"]
"""Modes of usage."""
ModelName = Literal["standard", "enhanced", "melia-1", "oak-1"]
"""Models of transcription; formerly called operating points."""
Diarization = Literal["none", "speaker", "channel"]
"""Labels in the transcript: none, of speakers by voice, of input channels."""
MaxDelayMode = Literal["fixed", "flexible"]
"""Whether an entity may continue past the end of a segment."""
NotificationContent = Literal[
    "jobinfo", "transcript", "transcript.json-v2", "transcript.txt", "transcript.srt", "data", "text"
]
"""What a callback can deliver."""
NotificationMethod = Literal["post", "put"]
"""HTTP methods of a callback."""
LowConfidenceAction = Literal["allow", "reject", "use_default_language"]
"""What happens when no language is identified with confidence."""
SummaryContentType = Literal["auto", "informative", "conversational"]
"""Kinds of speech that a summary is made for."""
SummaryLength = Literal["brief", "detailed"]
"""Lengths of a summary."""
SummaryType = Literal["paragraphs", "bullets"]
"""Shapes of a summary."""

CreateJobStatus = Literal["created", "done", "rejected", "deleted"]
"""How the wait of a submission ended."""
ErrorMessage = Literal[
    "Bad Request",
    "File Expired",
    "Forbidden",
    "Resource Locked",
    "Format Not Supported",
    "Internal Server Error",
    "Job error",
    "Job Expired",
    "Job In Progress",
    "Job is not of type transcription",
    "Job not found",
    "Job rejected",
    "Job rejected due to invalid audio",
    "Job rejected due to invalid text",
    "Malformed request",
    "Missing callback",
    "Missing data_file",
    "No language selected",
    "Not Implemented",
    "Permission Denied",
    "Requested product not available",
    "Transcription not ready",
    "Log file not available",
    "Unprocessable Entity",
    "Max concurrent running jobs exceeded",
]
"""The words of an error body."""
FeatureErrorType = Literal[
    "translation_failed",
    "unsupported_translation_pair",
    "summarization_failed",
    "sentiment_analysis_failed",
    "topic_detection_failed",
    "unsupported_list_of_topics",
    "auto_chapters_failed",
    "unsupported_language",
]
"""Errors of the stages after recognition; each stage has its own `..._failed`."""
LanguageIdentificationErrorCode = Literal[
    "LOW_CONFIDENCE", "UNEXPECTED_LANGUAGE", "NO_SPEECH", "FILE_UNREADABLE", "OTHER"
]
"""Why no language was identified."""
WritingDirection = Literal["left-to-right", "right-to-left"]
"""Directions of a language's writing."""
DisplayDirection = Literal["ltr", "rtl"]
"""Directions of a word's display."""
ResultType = Literal["word", "punctuation", "entity", "speaker_change"]
"""Types of result; others may appear unasked and can be passed over."""
FormType = Literal["word", "punctuation"]
"""Types of a part of an entity's written or spoken form."""
AttachesTo = Literal["previous", "next", "both", "none"]
"""The side of a punctuation that has no word delimiter."""
ResultTag = Literal["disfluency", "profanity"]
"""What a word may be tagged as."""
Sentiment = Literal["positive", "neutral", "negative"]
"""Sentiments of a segment."""
