"""Words by which a person stops, starts, or asks about messages: the whole body, in any case."""

STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}) | frozenset(
    {"arret", "arrêt", "stopp", "baja", "alto"}
)
"""Twilio's defaults, and the French, German and Spanish words."""
START = frozenset({"start", "yes", "unstop"})
OPT_IN = START - {"yes"}
"""Words that ask for messages and are no answer to anything else."""
HELP = frozenset({"help", "info"})

_TRAILING = " \t\r\n\u00a0.,;:!?…。！？؟'\")]’”»"
"""What may follow the word without changing it."""


def is_stop(text: str) -> bool:
    """Whether a person wants no more messages."""
    return _word(text) in STOP


def is_start(text: str) -> bool:
    """Whether a person wants messages again."""
    return _word(text) in START


def is_opt_in(text: str) -> bool:
    """Whether a person asks for messages in words that mean nothing else."""
    return _word(text) in OPT_IN


def is_help(text: str) -> bool:
    """Whether a person asks what this is."""
    return _word(text) in HELP


def _word(text: str) -> str:
    return text.strip().rstrip(_TRAILING).casefold()
