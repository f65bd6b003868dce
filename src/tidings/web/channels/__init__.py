"""The doors of the channels vocabulary, under `/workspaces/{workspace}`.

The subscriptions stand under `/organizations/{organization}` too. An organization is an account: its id is the
`accountId` of its workspaces, and a key of one of these opens it for its own workspace. The root key has no workspace
of its own, so it names one: `/organizations/{organization}/workspaces/{workspace}`.

Lists are `{results, nextPageToken}`. Wherever there is more, `nextPageToken` is what `pageToken` takes next.
"""

from tidings.web.channels import deliveries, messages, subscriptions

__all__ = ["deliveries", "messages", "subscriptions"]
