"""How deep JSON may be nested: what is deeper could be read here and break whoever reads it again elsewhere."""

import re
from itertools import accumulate

DEEPEST = 64
"""Levels; no provider and no client of good will comes near it."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


def is_too_deep(body: bytes) -> bool:
    """Whether a body, if it is JSON, is nested more than `DEEPEST` levels deep.

    Most bodies have too few brackets for that, and are not read.
    """
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    steps = (_STEP.get(token.group(), 0) for token in _TOKEN.finditer(body))
    return max(accumulate(steps), default=0) > DEEPEST
