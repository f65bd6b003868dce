"""The life of a message: what each fact makes of it, whatever order facts come in.

Every fact is a function that takes a `Life` and gives a `Move`: the life after it, the events to tell, and whether a
hop is to be submitted or must not be any more. Stages are joined, never assigned, so that twice, late and out of order
are ordinary. `parts` says how far a hop has come, `story` what that asks of the message; the facts themselves are
`sending`, `reporting` and `waiting`.
"""

from tidings.rules.lifecycle.moves import Move, Tell, advance
from tidings.rules.lifecycle.parts import hop_of, joined
from tidings.rules.lifecycle.reporting import answered, interacted, received
from tidings.rules.lifecycle.sending import arrived, begin, doubted, postponed, refused, submitted
from tidings.rules.lifecycle.waiting import timed

__all__ = [
    "Move",
    "Tell",
    "advance",
    "answered",
    "arrived",
    "begin",
    "doubted",
    "hop_of",
    "interacted",
    "joined",
    "postponed",
    "received",
    "refused",
    "submitted",
    "timed",
]
