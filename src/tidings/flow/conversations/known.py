"""The sessions that this process has seen lately."""

from collections import OrderedDict
from typing import Final

from tidings.model.conversations import Session

REMEMBERED: Final = 50_000
"""Sessions that are known without asking the store."""


class Known:
    """The sessions that this process has seen lately, until it hears that they were ended."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._ended = 0
        """How many have ended."""

    @property
    def mark(self) -> int:
        """A mark that is another one as soon as a session has ended: take it before you read."""
        return self._ended

    def get(self, session: str) -> Session | None:
        """Give a session that is remembered."""
        return self._sessions.get(session)

    def keep(self, session: Session, mark: int) -> None:
        """Remember a session as it was read, unless one has ended since."""
        if mark == self._ended:
            self._sessions[session.id] = session
            while len(self._sessions) > REMEMBERED:
                self._sessions.popitem(last=False)

    def happened(self, *_: object) -> None:
        """Nothing follows for sessions."""

    def look(self, *_: object) -> None:
        """Nothing follows for sessions."""

    def ended(self, _workspace: str, session: str) -> None:
        """Forget a session, or all of them."""
        self._ended += 1
        if session:
            self._sessions.pop(session, None)
        else:
            self._sessions.clear()
