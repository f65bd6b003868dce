"""The forms that Mailgun posts: events of before 2018, and inbound routes."""

from collections.abc import Sequence
from functools import cached_property

from tidings.connectors.mail.files import File
from tidings.connectors.mail.forms import read_fields
from tidings.connectors.mail.words import as_json
from tidings.model.exchange import Callback

PROOF = ("timestamp", "token", "signature")
"""The fields of which the last counts where a name is repeated; of all others the first does."""


class Form:
    """A form as it was posted."""

    def __init__(self, pairs: Sequence[tuple[str, str]], files: Sequence[tuple[str, File]] = ()) -> None:
        self.pairs = pairs
        self.files = files

    @cached_property
    def fields(self) -> dict[str, str]:
        """One value for each field."""
        first = dict(reversed(self.pairs))
        return {name: first[name] for name in dict(self.pairs)} | {
            name: value for name, value in self.pairs if name in PROOF
        }

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of the mail it is about (`message-headers`): the first of each name, by lower-case name."""
        found: dict[str, str] = {}
        for entry in as_json(self.get("message-headers"), list):
            match entry:
                case [str(name), str(value)] | [str(name), [str(value), *_]]:
                    found.setdefault(name.lower(), value)
        return found

    def get(self, *names: str) -> str:
        """Give the first of these fields that says something; empty where none does."""
        return next((self.fields[name] for name in names if self.fields.get(name)), "")


def read_form(callback: Callback) -> Form:
    """Read a callback's form; raises Unreadable."""
    given = read_fields(callback, "Mailgun")
    return Form([(name, value.decode("utf-8", "replace")) for name, value in given.pairs], given.files)
