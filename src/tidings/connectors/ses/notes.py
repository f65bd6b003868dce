"""What an operator must know of SES."""

NOTES = (
    (
        "Without a configuration set there are no opens, clicks, rejections or delays. Set one that publishes every"
        " event to an SNS topic, name the topic in `topics`, and subscribe the callback URL to it by HTTPS; the hub"
        " confirms the subscription itself. Raw message delivery must be off: it takes the signature away."
    ),
    (
        "A mail to several people goes out in one call for each, because SES does not say whose an open or a click is."
        " Everybody sees whom else it is for. Whom SES refuses on the way, while it has taken the mail for others, is"
        " told as refused and not tried again."
    ),
    (
        "How many mails an account may send in a second is Amazon's decision, and one in its sandbox may send one. Set"
        " the channel's `limits.ratePerSecond` to what the console shows."
    ),
    (
        "SES puts a Message-ID of its own in the place of ours. Answers find their message by it all the same, and by"
        " `replyTo` with {message} in it."
    ),
    (
        "SES flags no opens and clicks of machines. They are told by their user agents, and by being done within two"
        " seconds of the mail's going out."
    ),
    (
        "A complaint that names several people of one mail is nobody's; it is kept as unknown. SES forgets opens and"
        " clicks after 60 days, and takes at most 40 MB and 50 recipients."
    ),
    (
        "Incoming mails come with the notice up to 150 KB (choose base64), or are got from `inboxBucket`; in a bucket"
        " encrypted by the receipt rule itself they cannot be read."
    ),
)
