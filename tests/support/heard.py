"""What a subscriber has heard, message by message, and whether it makes a story."""

from collections import defaultdict

from support.receiver import Receiver

RANKS = {"message.sent": 30, "message.expired": 35, "message.failed": 36, "message.delivered": 40, "message.read": 50}


class Heard:
    """What came to a receiver, whatever it answered."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._read = 0
        self._by_message: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        self._inbounds: dict[str, set[str]] = defaultdict(set)

    def _catch_up(self) -> None:
        new = self._receiver.got[self._read :]
        self._read += len(new)
        for got in new:
            for event in got.json if isinstance(got.json, list) else [got.json]:
                payload = event["payload"]
                if event["name"] == "message.inbound":
                    self._inbounds[payload["body"]].add(payload["id"])
                else:
                    self._by_message[payload["id"]].append((event["revision"], event["name"], event["eventId"]))

    def names(self, message: str) -> list[str]:
        return [name for _, name, _ in self._by_message[message]]

    def is_final(self, message: str) -> bool:
        self._catch_up()
        return any(RANKS[name] > 30 for name in self.names(message))

    def inbounds(self) -> set[str]:
        self._catch_up()
        return set(self._inbounds)

    def inbound_ids(self) -> list[str]:
        return [text for text, ids in self._inbounds.items() for _ in ids]

    def check_order(self, message: str) -> None:
        """First hearings come in the order of revisions, and so do last ones; a revision is always the same event."""
        self._catch_up()
        heard = self._by_message[message]
        for sequence in (heard, heard[::-1]):
            first = list(dict.fromkeys(revision for revision, _, _ in sequence))
            assert first == sorted(first, reverse=sequence is not heard), f"{message}: {heard}"
        assert len({(revision, id_) for revision, _, id_ in heard}) == len({revision for revision, _, _ in heard})
        ranks = [RANKS[name] for _, name, _ in sorted(heard)]
        good = [rank for rank in ranks if rank not in (35, 36)]
        assert good == sorted(good), f"{message} went backwards: {heard}"
