"""Which channel serves the apps of a workspace, and what it lets them do."""

from msgspec import Struct

from tidings.connectors.app_messaging import NAME, AppMessaging
from tidings.connectors.app_messaging.settings import AppSettings
from tidings.flow.world import World
from tidings.model.errors import Misconfigured
from tidings.model.workspaces import Channel


class Setting(Struct, frozen=True):
    """The channel of a workspace's apps."""

    channel: Channel
    settings: AppSettings


def setting_of(world: World, workspace: str) -> Setting | None:
    """Find what a workspace's apps are served by: its oldest channel of in-app messaging; None where it has none."""
    for channel in world.directory.channels_of(workspace):
        if channel.connector == NAME:
            try:
                connector = world.connector(channel)
            except Misconfigured:
                return None
            assert isinstance(connector, AppMessaging)
            return Setting(channel, connector.settings)
    return None
