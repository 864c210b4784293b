"""Whether a regular expression of ECMAScript can be one, without an engine for it.

Only what is wrong in every dialect is found: brackets that do not match, and repetitions of nothing. Python's own
expressions differ too much to be asked.
"""

__all__ = ["malformed"]


def malformed(expression: str) -> str | None:
    """What is wrong with an expression; None where nothing is known to be."""
    groups = 0
    in_class = False
    can_repeat = False
    characters = iter(expression)
    for character in characters:
        if character == "\\":
            if next(characters, None) is None:
                return "it ends with a backslash"
            can_repeat = True
        elif in_class:
            in_class = character != "]"
            can_repeat = True
        elif character == "[":
            in_class = True
        elif character == "(":
            groups += 1
            can_repeat = False
        elif character == ")":
            groups -= 1
            if groups < 0:
                return "a group is closed that was not opened"
            can_repeat = True
        elif character in "*+?":
            # After an opening parenthesis a question mark says what kind of group it is.
            if not can_repeat and not (character == "?" and groups):
                return f"{character} repeats nothing"
        else:
            can_repeat = character not in "|^"
    if in_class:
        return "a class is not closed"
    return "a group is not closed" if groups else None
