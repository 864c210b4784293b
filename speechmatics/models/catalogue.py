"""What today's service offers, as documented: languages, domains, locales, translations, and what each model lacks.

The service grows: what is not in here is passed on with a warning. `get_features` of a client asks a server itself.
"""

from speechmatics._names import did_you_mean

__all__ = [
    "DOMAINS",
    "LANGUAGES",
    "LOCALES",
    "NEVER_IDENTIFIED",
    "PACKS",
    "TRANSLATED",
    "language_meant",
    "translates",
]

LANGUAGES = {
    "ar": "Arabic",
    "ba": "Bashkir",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cmn": "Mandarin",
    "cs": "Czech",
    "cy": "Welsh",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "eo": "Esperanto",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "ga": "Irish",
    "gl": "Galician",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "ia": "Interlingua",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mn": "Mongolian",
    "mr": "Marathi",
    "ms": "Malay",
    "mt": "Maltese",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovakian",
    "sl": "Slovenian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "ug": "Uyghur",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yue": "Cantonese",
}
"""ISO codes of the languages that are transcribed, with their names."""
PACKS = frozenset({"auto", "multi", "cmn_en", "cmn_en_ms_ta", "en_ms", "en_ta", "ar_en"})
"""What `language` may be beside an ISO code: identification, multilingual models, packs of several languages."""
DOMAINS = {
    "finance": frozenset({"en"}),
    "medical": frozenset({"ar_en", "da", "nl", "en", "fi", "fr", "de", "no", "es", "sv"}),
    "bilingual-en": frozenset({"es"}),
}
"""The languages of each domain."""
LOCALES = {"en-GB": "en", "en-US": "en", "en-AU": "en", "cmn-Hans": "cmn", "cmn-Hant": "cmn"}
"""The language of each output locale."""
NEVER_IDENTIFIED = frozenset({"bn", "yue", "eo", "ia", "ga", "mt", "tl", "ur", "ug", "sw"})
"""Languages that identification does not know."""
TRANSLATED = frozenset(
    [
        *("bg", "ca", "cmn", "cs", "da", "de", "el", "es", "et", "fi", "fr", "gl", "hi", "hr", "hu", "id", "it", "ja"),
        *("ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "vi"),
    ]
)
"""Languages that English is translated into, and that are translated into English."""


def translates(language: str, target: str) -> bool:
    """Whether there is a translation from one language into another."""
    return (
        (language == "en" and target in TRANSLATED)
        or (target == "en" and language in TRANSLATED)
        or (language, target) == ("no", "nn")
    )


def language_meant(text: str) -> str:
    """What a message about an unknown language adds: a code in other letters, a locale, a name, or a near code."""
    lowered = text.strip().lower()
    base, _, region = lowered.replace("_", "-").partition("-")
    locale = next((locale for locale in LOCALES if locale.lower() == f"{base}-{region}"), None)
    if locale is not None:
        return f'; did you mean {LOCALES[locale]}, with output_locale="{locale}"?'
    code = lowered.replace("-", "_")
    if code in LANGUAGES or code in PACKS:
        return f"; did you mean {code}?"
    if region and base in LANGUAGES:
        return f"; did you mean {base}?"
    names = {name.lower(): code for code, name in LANGUAGES.items()}
    near = did_you_mean(lowered, tuple(names))
    if near:
        code = names[near.removeprefix("; did you mean ").removesuffix("?")]
        return f"; did you mean {code} ({LANGUAGES[code]})?"
    return did_you_mean(lowered, (*LANGUAGES, *PACKS))
