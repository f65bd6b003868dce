"""What is asked of whoever wants to be told live, by a socket or a stream alike."""

from urllib.parse import urlsplit

from tidings.flow.conversations.setting import Setting
from tidings.flow.world import World
from tidings.model.errors import Refused
from tidings.web.errors import Turned


def check_origin(world: World, setting: Setting, origin: str | None) -> None:
    """Return if pages may come from there, or it is no page that comes; raises Refused (403).

    Pages of the hub's own may: a browser says from where it comes there too.
    """
    if origin is None or origin in setting.settings.origins:
        return
    own = urlsplit(world.settings.public_url)
    if origin != f"{own.scheme}://{own.netloc}":
        raise Refused("Pages of this origin are not let in here.", status=403, kind="origin")


def no_room() -> Refused:
    """This process has as many devices connected as it takes."""
    return Turned("There is no room for more devices here now.", status=503, headers=(("retry-after", "5"),))


def too_many() -> Refused:
    """The profile has as many devices connected as it may."""
    return Turned("The profile has as many devices connected as it may.", status=429, headers=(("retry-after", "30"),))
