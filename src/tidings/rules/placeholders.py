"""Placeholders in a text: `{{profile.field}}` stands for a value of the contact's profile."""

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{\{\s*profile\.([^{}\s]+)\s*\}\}")


class UnknownField(KeyError):
    """A text names a field, `name`, that the profile has no value for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def fill(text: str, profile: Mapping[str, str]) -> str:
    """Put the profile's values where the text names them; raises UnknownField.

    Other braces stay as they are, and a value is taken literally even where it looks like a placeholder.
    """
    if "{{" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        try:
            return profile[found[1]]
        except KeyError:
            raise UnknownField(found[1]) from None

    return _PLACEHOLDER.sub(value, text)
