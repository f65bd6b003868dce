"""What an operator must know of LinkedIn: mostly what it does not give."""

NOTES = (
    (
        "Experimental. LinkedIn has no open messaging API: every driver needs a contract with LinkedIn, and what the"
        " contracts' documents say has been seen by few. Scrapers that call themselves an API break its terms."
    ),
    "LinkedIn tells of no delivery, no reading, no click and no reaction to a message: sent is the last word.",
    (
        "Messages go from a member to first-degree connections only, as plain text, and each by a person's own action."
        " So a message must say so, by the option `origin: agent` or the tag `origin:agent`, unless the setting"
        " `agentsOnly` is turned off. Campaigns do not belong here."
    ),
    (
        "Direct messages come by compliance_poll only, which is open to archiving partners of regulated members, once"
        " in `pollEverySeconds`. No webhook of direct messages is published, nor is the inbox of company pages, so"
        " there is no driver for it."
    ),
    (
        "An answer goes into its thread where the message that it answers was received here; name that message in"
        " `replyTo`, or the thread in the option `thread`."
    ),
    (
        "org_social_webhook hears of public posts only. A comment is answered by nobody here: its author may be written"
        " to if they are a connection. Subscribe the page by PUT /rest/eventSubscriptions; the subscription dies"
        " silently with the member's grant or their role, and LinkedIn's own backfill of 60 days is not asked for."
    ),
    (
        "A like counts as a reaction to a message only if the post's URN is the reference of one of ours; other likes"
        " find no message and are forgotten after a day."
    ),
    (
        "Quotas are per day and unpublished; once used up, everything waits until midnight UTC. Access tokens end after"
        " 60 days: with `refreshToken` they are renewed, else somebody must."
    ),
    (
        "How files are uploaded for messages is not published; `attachments` of a native body takes URNs of files that"
        " are there. Files that people send are named, but cannot be fetched unless the event says where they are."
    ),
)
