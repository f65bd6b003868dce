"""What an operator must know of SendGrid."""

NOTES = (
    (
        "Turn the signed event webhook on and give its verification key as `publicKey`; unsigned events are refused."
        " Send every event to the callback URL. OAuth may be on too, but is not asked for."
    ),
    (
        "Let the Inbound Parse post to the callback URL followed by `/inbound`, with a name and a password in it"
        " (https://user:password@…) that stand in `inboundLogin`, or with its own signature, whose key may be"
        " `secondPublicKey`. Raw mails are read more faithfully; both ways are taken."
    ),
    (
        "SendGrid flags the opens of Apple's proxies. Clicks of scanners are told by their user agents, by coming"
        " within two seconds of the delivery, and by following three links within five seconds, as far as they come in"
        " one post."
    ),
    (
        "No request counts once only: where the answer is lost, nothing is sent again, and the events tell what"
        " happened. In the sandbox (`testMode`) nothing is sent or told, so such a message stays sent."
    ),
    "At most 1000 recipients, 30 MB, 10 categories; delivery may be put off by 72 hours at most.",
)
