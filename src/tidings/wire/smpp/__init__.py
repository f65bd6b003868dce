"""SMPP going out: standing binds to SMSCs, over which submissions go and deliveries come."""

from tidings.wire.smpp.bind import Bind, Peer
from tidings.wire.smpp.dialling import Dial

__all__ = ["Bind", "Dial", "Peer"]
