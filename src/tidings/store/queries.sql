-- get_setting: a value kept under a name.
SELECT value FROM setting WHERE name = :name;

-- put_setting: keep a value under a name.
INSERT INTO setting (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- take_positions: the last of so many new positions in the log; the row stays locked until the batch is committed.
UPDATE head SET position = position + :count WHERE name = 'log' RETURNING position;

-- last_position: the position of the newest event.
SELECT position FROM head WHERE name = 'log';

-- start_head: a row that numbers are taken from.
INSERT INTO head (name, position) VALUES (:name, 0) ON CONFLICT (name) DO NOTHING;

-- take_lease: hold a name until a time, if nobody else does.
INSERT INTO lease (name, holder, until) VALUES (:name, :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until <= :now
RETURNING holder;

-- keep_lease: hold a name until a later time, if nobody else has taken it meanwhile.
UPDATE lease SET until = :until WHERE name = :name AND holder = :holder RETURNING name;

-- drop_leases: let go of everything a holder held.
DELETE FROM lease WHERE holder = :holder;

-- all_workspaces: every tenant.
SELECT body FROM workspace;

-- put_workspace: a tenant, new or changed.
INSERT INTO workspace (id, body) VALUES (:id, :body) ON CONFLICT (id) DO UPDATE SET body = excluded.body;

-- drop_workspace: a tenant no more.
DELETE FROM workspace WHERE id = :id;

-- all_keys: every access key.
SELECT hash, body FROM access_key;

-- put_key: a new access key.
INSERT INTO access_key (id, workspace, hash, body) VALUES (:id, :workspace, :hash, :body);

-- drop_key: an access key no more.
DELETE FROM access_key WHERE workspace = :workspace AND id = :id;

-- drop_keys_of: no key of a tenant's any more.
DELETE FROM access_key WHERE workspace = :workspace;

-- all_channels: every channel.
SELECT body, sealed FROM channel;

-- put_channel: a channel, new or changed.
INSERT INTO channel (id, workspace, body, sealed) VALUES (:id, :workspace, :body, :sealed)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, sealed = excluded.sealed;

-- drop_channel: a channel no more.
DELETE FROM channel WHERE workspace = :workspace AND id = :id;

-- drop_channels_of: no channel of a tenant's any more.
DELETE FROM channel WHERE workspace = :workspace;

-- sealed_channels: the secrets of every channel, to be sealed again.
SELECT id, sealed FROM channel ORDER BY id;

-- sealed_channels@postgres: the same, so that nobody changes them meanwhile.
SELECT id, sealed FROM channel ORDER BY id FOR UPDATE;

-- reseal_channel: a channel's secrets, sealed with another key.
UPDATE channel SET sealed = :sealed WHERE id = :id;

-- sealed_subscriptions: the secrets of every subscription, to be sealed again.
SELECT id, sealed FROM subscription ORDER BY id;

-- sealed_subscriptions@postgres: the same, so that nobody changes them meanwhile.
SELECT id, sealed FROM subscription ORDER BY id FOR UPDATE;

-- reseal_subscription: a subscription's secrets, sealed with another key.
UPDATE subscription SET sealed = :sealed WHERE id = :id;

-- all_subscriptions: every subscription.
SELECT body, sealed FROM subscription;

-- subscription_to_change: one subscription, as it is now.
SELECT body, sealed FROM subscription WHERE id = :id;

-- subscription_to_change@postgres: the same, so that nobody changes it meanwhile.
SELECT body, sealed FROM subscription WHERE id = :id FOR UPDATE;

-- get_cursor: the place a reader has come to.
SELECT position, epoch, rewound_at, state FROM cursor WHERE subscription = :subscription;

-- set_cursor: another place for a reader, which is a new one from then on.
UPDATE cursor SET position = :position, epoch = :epoch, rewound_at = :now, state = :nothing
WHERE subscription = :subscription;

-- next_serial: the small number of a new subscription.
UPDATE head SET position = position + 1 WHERE name = 'subscription' RETURNING position;

-- last_serial: the number of the newest subscription.
SELECT position FROM head WHERE name = 'subscription';

-- put_subscription: a subscription, new or changed.
INSERT INTO subscription (id, serial, workspace, body, sealed) VALUES (:id, :serial, :workspace, :body, :sealed)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, sealed = excluded.sealed;

-- drop_subscription: a subscription no more.
DELETE FROM subscription WHERE workspace = :workspace AND id = :id;

-- drop_subscriptions_of: no subscription of a tenant's any more.
DELETE FROM subscription WHERE workspace = :workspace;

-- start_cursor: the place in the log a new subscription starts from.
INSERT INTO cursor (subscription, position, state) VALUES (:subscription, :position, :nothing);

-- move_cursor: the place a reader has come to, unless it was set to another one meanwhile.
UPDATE cursor SET position = :position, state = :state WHERE subscription = :subscription AND epoch = :epoch;

-- drop_cursor: a reader's place no more.
DELETE FROM cursor WHERE subscription = :subscription;

-- get_contact: a person.
SELECT workspace, key, value, created_at FROM contact WHERE id = :id;

-- put_contact: a person, on first use.
INSERT INTO contact (id, workspace, key, value, created_at) VALUES (:id, :workspace, :key, :value, :created_at)
ON CONFLICT (id) DO NOTHING;

-- put_party: somebody else a message is for.
INSERT INTO party (contact, message) VALUES (:contact, :message) ON CONFLICT (contact, message) DO NOTHING;

-- put_message: a message, as it was taken or received.
INSERT INTO message (id, workspace, incoming, contact, body) VALUES (:id, :workspace, :incoming, :contact, :body);

-- rewrite_message: a message emptied by redaction.
UPDATE message SET body = :body WHERE id = :id;

-- put_life: where a message stands, for the first time.
INSERT INTO life (message, due_at, state) VALUES (:message, :due_at, :state);

-- move_life: where a message stands now.
UPDATE life SET due_at = :due_at, state = :state WHERE message = :message;

-- lives_of: where messages stand, to be changed.
SELECT message, state FROM life WHERE message = ANY(:messages);

-- lives_of@postgres: the same, locked in one order so that two batches never wait for each other in a ring.
SELECT message, state FROM life WHERE message = ANY(:messages) ORDER BY message FOR UPDATE;

-- messages_of: messages by their ids.
SELECT id, body FROM message WHERE id = ANY(:messages);

-- message_with_life: one message of a tenant, and where it stands.
SELECT m.body, l.state FROM message m JOIN life l ON l.message = m.id WHERE m.id = :message AND m.workspace = :workspace;

-- with_lives: messages by their ids, and where they stand.
SELECT m.id, m.body, l.state FROM message m JOIN life l ON l.message = m.id WHERE m.id = ANY(:messages);

-- messages_in: a tenant's messages up to one, newest first.
SELECT m.body, l.state FROM message m JOIN life l ON l.message = m.id
WHERE m.workspace = :workspace AND m.incoming = ANY(:incoming) AND m.id <= :until
ORDER BY m.id DESC LIMIT :limit;

-- messages_with: a tenant's messages with one contact, newest first.
SELECT m.body, l.state FROM message m JOIN life l ON l.message = m.id
WHERE m.workspace = :workspace AND m.contact = :contact AND m.incoming = ANY(:incoming) AND m.id <= :until
ORDER BY m.id DESC LIMIT :limit;

-- messages_by: the messages of one channel, newest first: those that went, came or failed by it, or wait for it.
WITH found AS (
    SELECT message FROM (
        SELECT message FROM reach WHERE channel = :channel AND incoming = ANY(:incoming) AND message <= :until
        ORDER BY message DESC LIMIT :limit
    ) AS reached
    UNION
    SELECT message FROM (
        SELECT message FROM due WHERE channel = :channel AND FALSE = ANY(:incoming) AND message <= :until
        ORDER BY message DESC LIMIT :limit
    ) AS waiting
)
SELECT m.body, l.state FROM found f JOIN message m ON m.id = f.message JOIN life l ON l.message = m.id
ORDER BY m.id DESC LIMIT :limit;

-- messages_by_address: the messages of one channel with one address, whose contact waits for what is not yet sent.
WITH found AS (
    SELECT message FROM (
        SELECT message FROM reach WHERE channel = :channel AND address = :address AND message <= :until
        ORDER BY message DESC LIMIT :limit
    ) AS reached
    UNION
    SELECT message FROM (
        SELECT d.message FROM due d JOIN message w ON w.id = d.message
        WHERE d.channel = :channel AND w.contact = :contact AND d.message <= :until
        ORDER BY d.message DESC LIMIT :limit
    ) AS waiting
)
SELECT m.body, l.state FROM found f JOIN message m ON m.id = f.message JOIN life l ON l.message = m.id
ORDER BY m.id DESC LIMIT :limit;

-- messages_with_by: a tenant's messages with one contact by one channel, newest first.
SELECT m.body, l.state FROM message m JOIN life l ON l.message = m.id
WHERE m.workspace = :workspace AND m.contact = :contact AND m.incoming = ANY(:incoming) AND m.id <= :until
AND (EXISTS (SELECT 1 FROM reach r WHERE r.channel = :channel AND r.message = m.id)
    OR EXISTS (SELECT 1 FROM due d WHERE d.channel = :channel AND d.message = m.id))
ORDER BY m.id DESC LIMIT :limit;

-- lives_due: messages that a timer is due for.
SELECT message FROM life WHERE due_at IS NOT NULL AND due_at <= :now ORDER BY due_at LIMIT :limit;

-- next_life_due: when the next timer of any message is due.
SELECT min(due_at) FROM life WHERE due_at IS NOT NULL;

-- put_history: a fact that told nothing new.
INSERT INTO history (message, id, at, body) VALUES (:message, :id, :at, :body);

-- history_of: the facts about a message that told nothing new.
SELECT at, body FROM history WHERE message = :message ORDER BY id;

-- drop_history: a message's untold facts no more.
DELETE FROM history WHERE message = :message;

-- put_reach: a message went to, or came from, an address by a channel; or never went (then `at` is before all time).
INSERT INTO reach (channel, message, address, incoming, at) VALUES (:channel, :message, :address, :incoming, :at)
ON CONFLICT (channel, message) DO UPDATE SET at = excluded.at WHERE reach.at < 0;

-- reached_until: messages that went to an address by a channel up to a time (a watermark).
SELECT message FROM reach WHERE channel = :channel AND address = :address AND incoming = :incoming
AND at <= :until AND at > :since;

-- put_went: a message went to an address by a channel at a time that is better known now.
INSERT INTO reach (channel, message, address, incoming, at) VALUES (:channel, :message, :address, :incoming, :at)
ON CONFLICT (channel, message) DO UPDATE SET at = excluded.at;

-- went_at: when a message went by a channel.
SELECT at FROM reach WHERE channel = :channel AND message = :message;

-- lock_conversation: nobody else writes meanwhile.
SELECT :channel, :address;

-- lock_conversation@postgres: wait until no other batch is busy with the watermarks of an address.
SELECT pg_advisory_xact_lock(hashtextextended(:channel::text || ' ' || :address::text, 0));

-- watermarks_of: how far an address has come with what went to it by a channel, as the provider told last.
SELECT stage, until, body FROM watermark WHERE channel = :channel AND address = :address;

-- put_watermark: an address has come further than before.
INSERT INTO watermark (channel, address, stage, until, at, body)
VALUES (:channel, :address, :stage, :until, :at, :body)
ON CONFLICT (channel, address, stage) DO UPDATE
SET until = excluded.until, at = excluded.at, body = excluded.body WHERE watermark.until < excluded.until;

-- forget_watermarks: some of the watermarks of conversations that rest.
DELETE FROM watermark WHERE (channel, address, stage) IN (
    SELECT channel, address, stage FROM watermark WHERE at < :before ORDER BY at LIMIT :limit
) RETURNING at;

-- last_reached: the newest message that went to an address by a channel since a time.
SELECT message FROM reach WHERE channel = :channel AND address = :address AND incoming = :incoming AND at > :since
ORDER BY message DESC LIMIT 1;

-- last_heard: when a person last wrote by a channel.
SELECT max(at) FROM reach WHERE channel = :channel AND address = :address AND incoming = :incoming;

-- sent_since: how many messages went to an address by a channel since a time.
SELECT count(*) FROM reach WHERE channel = :channel AND address = :address AND incoming = :incoming AND at > :since;

-- put_piece: a provider's id of a part of a message.
INSERT INTO piece (channel, reference, message) VALUES (:channel, :reference, :message)
ON CONFLICT (channel, reference, message) DO NOTHING;

-- pieces_of: whose the provider's ids are; where it has used one again, the newest message last.
SELECT reference, message FROM piece WHERE channel = :channel AND reference = ANY(:references)
ORDER BY reference, message;

-- put_due: a hop to be submitted.
INSERT INTO due (message, hop, channel, due_at, taken_at, tries) VALUES (:message, :hop, :channel, :due_at, NULL, 0)
ON CONFLICT (message, hop) DO NOTHING;

-- put_off: a hop to be submitted later.
UPDATE due SET due_at = :due_at, taken_at = NULL, tries = tries + 1 WHERE message = :message AND hop = :hop;

-- drop_due: a hop that need not be submitted any more.
DELETE FROM due WHERE message = :message AND hop = :hop;

-- due_hops: hops of one channel that are due and that nobody has taken.
SELECT message, hop, tries FROM due WHERE channel = :channel AND due_at <= :now AND taken_at IS NULL
ORDER BY due_at LIMIT :limit;

-- next_due: when the next hop of one channel is due, after a time.
SELECT min(due_at) FROM due WHERE channel = :channel AND due_at > :after AND taken_at IS NULL;

-- take_due: say that the provider is about to be called.
UPDATE due SET taken_at = :now WHERE message = :message AND hop = :hop AND taken_at IS NULL RETURNING tries;

-- left_taken: hops of one channel that somebody took before a time and said nothing more of.
SELECT message, hop FROM due WHERE channel = :channel AND taken_at IS NOT NULL AND taken_at < :before;

-- hand_out: a hop that was handed out is due again later.
UPDATE due SET due_at = :due_at WHERE message = :message AND hop = :hop;

-- waiting_by_channel: since when the hop that waits the longest has been due, and how many wait.
SELECT channel, min(due_at), count(*) FROM due GROUP BY channel;

-- put_event: a fact.
INSERT INTO event (position, workspace, message, kind, body) VALUES (:position, :workspace, :message, :kind, :body);

-- events_after: a tenant's facts after a position.
SELECT position, body FROM event WHERE workspace = :workspace AND position > :after ORDER BY position LIMIT :limit;

-- events_at: facts by their positions.
SELECT position, body FROM event WHERE position = ANY(:positions);

-- events_of: the facts of one message.
SELECT position, body FROM event WHERE message = :message ORDER BY position;

-- events_like: the facts of some kinds about one message after a position.
SELECT position, body FROM event WHERE message = :message AND kind = ANY(:kinds) AND position > :after
ORDER BY position LIMIT :limit;

-- rewrite_event: a fact emptied by redaction.
UPDATE event SET body = :body WHERE position = :position;

-- put_attempt: one try to tell an event to a subscription.
INSERT INTO attempt (subscription, position, number, at, took_ms, status, verdict, error, response, headers)
VALUES (:subscription, :position, :number, :at, :took_ms, :status, :verdict, :error, :response, :headers)
ON CONFLICT (subscription, position, number) DO NOTHING;

-- attempts_after: what became of the events after a position, for one subscription.
SELECT position, number, verdict FROM attempt
WHERE subscription = :subscription AND position > :after AND at > :since;

-- attempts_made: how often events were told to a subscription.
SELECT position, max(number) FROM attempt WHERE subscription = :subscription AND position = ANY(:positions)
GROUP BY position;

-- attempts_of: a subscription's attempts before one, those of the newest events first, each with its event.
SELECT a.position, a.number, a.at, a.took_ms, a.status, a.verdict, a.error, a.response, a.headers, e.body
FROM attempt a JOIN event e ON e.position = a.position
WHERE a.subscription = :subscription AND (a.position, a.number) < (:position, :number)
ORDER BY a.position DESC, a.number DESC LIMIT :limit;

-- attempts_newest: a subscription's attempts of a stretch of time that pass a filter, newest first.
SELECT subscription, position, number, at, took_ms, status, verdict, error FROM attempt
WHERE subscription = :subscription AND (at, position, number) < (:at, :position, :number) AND at >= :since
AND verdict = ANY(:verdicts) AND status >= :lowest AND status <= :highest AND (:any_error OR error = :error)
ORDER BY at DESC, position DESC, number DESC LIMIT :limit;

-- attempts_failed: the same where only failures can pass, which have an index of their own.
SELECT subscription, position, number, at, took_ms, status, verdict, error FROM attempt
WHERE subscription = :subscription AND (at, position, number) < (:at, :position, :number) AND at >= :since
AND verdict <> 'done'
AND verdict = ANY(:verdicts) AND status >= :lowest AND status <= :highest AND (:any_error OR error = :error)
ORDER BY at DESC, position DESC, number DESC LIMIT :limit;

-- attempts_end: when the attempt was made at which a look at so many of them ends.
SELECT at FROM attempt
WHERE subscription = :subscription AND (at, position, number) < (:at, :position, :number) AND at >= :since
ORDER BY at DESC LIMIT 1 OFFSET :count;

-- attempts_failed_end: the same of failures.
SELECT at FROM attempt
WHERE subscription = :subscription AND (at, position, number) < (:at, :position, :number) AND at >= :since
AND verdict <> 'done'
ORDER BY at DESC LIMIT 1 OFFSET :count;

-- answers_to: what endpoints answered to some events.
SELECT subscription, position, number, response, headers FROM attempt
WHERE subscription = ANY(:subscriptions) AND position = ANY(:positions);

-- attempts_at: every try of some events.
SELECT subscription, position, number, at, took_ms, status, verdict, error FROM attempt
WHERE subscription = ANY(:subscriptions) AND position = ANY(:positions) ORDER BY position, number;

-- redact_attempts: answers to attempts of redacted events, emptied.
UPDATE attempt SET response = :nothing, headers = :nothing
WHERE subscription = ANY(:subscriptions) AND position = ANY(:positions);

-- put_held: an event set aside for a subscription, or its next try.
INSERT INTO held (subscription, position, message, tries, first_at, due_at, dead, number)
VALUES (:subscription, :position, :message, :tries, :first_at, :due_at, :dead, :number)
ON CONFLICT (subscription, position) DO UPDATE
SET tries = excluded.tries, due_at = excluded.due_at, dead = excluded.dead, number = excluded.number;

-- drop_held: an event that is no longer set aside.
DELETE FROM held WHERE subscription = :subscription AND position = :position;

-- held_by: the events set aside for a subscription and not yet given up.
SELECT position, message, tries, first_at, due_at, dead, number FROM held
WHERE subscription = :subscription AND dead = :dead ORDER BY position LIMIT :limit;

-- held_with: what of one message is set aside or given up for a subscription.
SELECT position, message, tries, first_at, due_at, dead, number FROM held
WHERE subscription = :subscription AND message = :message ORDER BY position;

-- held_between: a stretch of the events given up for a subscription.
SELECT position FROM held
WHERE subscription = :subscription AND dead = :dead AND position > :after AND position <= :until
ORDER BY position LIMIT :limit;

-- dead_before: a subscription's dead-letter list before a position, newest first.
SELECT position, message, tries, first_at, due_at, dead, number FROM held
WHERE subscription = :subscription AND dead = :dead AND position < :before ORDER BY position DESC LIMIT :limit;

-- drop_waiting_of: nothing of a subscription's set aside any more; what was given up stays so.
DELETE FROM held WHERE subscription = :subscription AND dead = :dead;

-- drop_helds_after: nothing after a position set aside for a subscription any more.
DELETE FROM held WHERE subscription = :subscription AND position > :after;

-- dead_after: the events after a position that were given up for a subscription.
SELECT position FROM held WHERE subscription = :subscription AND position > :after AND dead = :dead;

-- put_replay: what a subscription is to be told again.
INSERT INTO replay (id, subscription, body, place, told, set_aside, fate, ended_at)
VALUES (:id, :subscription, :body, :place, 0, 0, '', NULL);

-- replays_under_way: what a subscription is being told again.
SELECT id, body, place, told, set_aside, fate, ended_at FROM replay
WHERE subscription = :subscription AND fate = '' ORDER BY id;

-- replays_of: what a subscription was told again, newest first.
SELECT id, body, place, told, set_aside, fate, ended_at FROM replay
WHERE subscription = :subscription AND id < :before ORDER BY id DESC LIMIT :limit;

-- get_replay: one of them.
SELECT id, body, place, told, set_aside, fate, ended_at FROM replay WHERE subscription = :subscription AND id = :id;

-- move_replay: how far one has come, unless it was called off meanwhile.
UPDATE replay SET place = :place, told = :told, set_aside = :set_aside, fate = :fate, ended_at = :ended_at
WHERE id = :id AND fate = '';

-- end_replay: one is called off.
UPDATE replay SET fate = :fate, ended_at = :ended_at WHERE subscription = :subscription AND id = :id AND fate = ''
RETURNING id;

-- drop_replays_of: nothing for a subscription to be told again any more.
DELETE FROM replay WHERE subscription = :subscription;

-- event_from: the first fact at or after a position.
SELECT position, body FROM event WHERE position >= :position ORDER BY position LIMIT 1;

-- events_between: a tenant's facts of a stretch of the log.
SELECT position, body FROM event
WHERE workspace = :workspace AND position > :after AND position <= :until ORDER BY position LIMIT :limit;

-- count_held: how many events are set aside, and how many of them are given up.
SELECT dead, count(*) FROM held GROUP BY dead;

-- count_held_of: how many events are set aside for a subscription, or given up, and since when.
SELECT dead, count(*), min(first_at) FROM held WHERE subscription = :subscription GROUP BY dead;

-- drop_helds_of: nothing set aside for a subscription any more.
DELETE FROM held WHERE subscription = :subscription;

-- put_parked: a report that found no message, or could not be read.
INSERT INTO parked (id, workspace, channel, reference, why, at, body)
VALUES (:id, :workspace, :channel, :reference, :why, :at, :body);

-- parked_for: reports that wait for references.
SELECT id, reference, body FROM parked WHERE channel = :channel AND reference = ANY(:references) ORDER BY id;

-- parked_found: reports parked since a time whose message has appeared.
SELECT p.id, p.channel, p.body FROM parked p
WHERE p.at >= :since AND p.reference <> '' AND EXISTS (
    SELECT 1 FROM piece x JOIN life l ON l.message = x.message
    WHERE x.channel = p.channel AND x.reference = p.reference
)
ORDER BY p.id LIMIT :limit;

-- fragments: parts of texts that wait for the others.
SELECT id, channel, reference, body, at FROM parked WHERE why = 'fragment' AND id > :after ORDER BY id LIMIT :limit;

-- parked_in: a tenant's parked reports, newest first.
SELECT id, channel, reference, why, at, body FROM parked WHERE workspace = :workspace AND id < :before
ORDER BY id DESC LIMIT :limit;

-- get_parked: one parked report.
SELECT channel, reference, why, at, body FROM parked WHERE workspace = :workspace AND id = :id;

-- drop_parked: a report that is no longer parked.
DELETE FROM parked WHERE id = :id;

-- count_parked: how many reports are parked, by why.
SELECT why, count(*) FROM parked GROUP BY why;

-- seen_of: which keys of reports were taken before.
SELECT key FROM seen WHERE channel = :channel AND key = ANY(:keys);

-- put_seen: a report was taken; it breaks where another process has just taken the same one.
INSERT INTO seen (channel, key, at) VALUES (:channel, :key, :at);

-- answered_before: the answer that was given to a key.
SELECT fingerprint, status, body FROM idempotency WHERE workspace = :workspace AND key = :key;

-- put_answered: an answer to be given again to the same key; it breaks where another process has just given one.
INSERT INTO idempotency (workspace, key, fingerprint, status, body, at)
VALUES (:workspace, :key, :fingerprint, :status, :body, :at);

-- redact_answered: answers about a message that were given to keys around a time, emptied.
UPDATE idempotency SET body = :nothing
WHERE workspace = :workspace AND at >= :since AND at <= :until AND instr(body, :message) > 0;

-- redact_answered@postgres: the same.
UPDATE idempotency SET body = :nothing
WHERE workspace = :workspace AND at >= :since AND at <= :until AND position(:message::bytea IN body) > 0;

-- parked_before: reports whose message never came.
SELECT id FROM parked WHERE at < :before AND why = 'no message' ORDER BY at LIMIT :limit;

-- forget_unread: some of the unknown reports and unreadable callbacks that nobody came for.
DELETE FROM parked WHERE id IN (SELECT id FROM parked WHERE at < :before ORDER BY at LIMIT :limit) RETURNING at;

-- forget_seen: some of the keys that will hardly come again.
DELETE FROM seen WHERE (channel, key) IN (
    SELECT channel, key FROM seen WHERE at < :before ORDER BY at LIMIT :limit
) RETURNING at;

-- forget_answered: some of the answers that will hardly be asked for again.
DELETE FROM idempotency WHERE (workspace, key) IN (
    SELECT workspace, key FROM idempotency WHERE at < :before ORDER BY at LIMIT :limit
) RETURNING at;

-- forget_leases: some of those that nobody has renewed for long.
DELETE FROM lease WHERE name IN (SELECT name FROM lease WHERE until < :before LIMIT :limit) RETURNING until;

-- forget_replays: some of those that ended long ago.
DELETE FROM replay WHERE id IN (SELECT id FROM replay WHERE ended_at < :before LIMIT :limit) RETURNING ended_at;

-- forget_attempts: some of a subscription's attempts of a stretch of time, up to a position.
DELETE FROM attempt WHERE (subscription, position, number) IN (
    SELECT subscription, position, number FROM attempt
    WHERE subscription = :subscription AND at >= :since AND at < :before AND position <= :until
    ORDER BY at LIMIT :limit
) RETURNING at;

-- forget_held: some of what was set aside for a subscription before a position.
DELETE FROM held WHERE (subscription, position) IN (
    SELECT subscription, position FROM held WHERE subscription = :subscription AND position < :before
    ORDER BY position LIMIT :limit
) RETURNING position;

-- next_tried: the first subscription after a number that has attempts.
SELECT min(subscription) FROM attempt WHERE subscription > :after;

-- next_held_for: the first subscription after a number that has something set aside.
SELECT min(subscription) FROM held WHERE subscription > :after;

-- place_of: where the reader of a subscription stands that is still there.
SELECT c.position FROM subscription s JOIN cursor c ON c.subscription = s.serial WHERE s.serial = :serial;

-- first_position: the position of the oldest fact.
SELECT min(position) FROM event;

-- drop_lost_cursors: places of subscriptions that are no more.
DELETE FROM cursor WHERE NOT EXISTS (SELECT 1 FROM subscription s WHERE s.serial = cursor.subscription);

-- drop_lost_replays: what subscriptions that are no more were to be told again.
DELETE FROM replay WHERE NOT EXISTS (SELECT 1 FROM subscription s WHERE s.serial = replay.subscription);

-- messages_after: messages after one, the oldest first, and where they stand.
SELECT m.id, m.body, l.state FROM message m JOIN life l ON l.message = m.id WHERE m.id > :after
ORDER BY m.id LIMIT :limit;

-- facts_after: facts of all tenants after a position.
SELECT position, body FROM event WHERE position > :after ORDER BY position LIMIT :limit;

-- positions_of: where the facts of messages stand in the log.
SELECT message, position FROM event WHERE message = ANY(:messages);

-- due_of: which messages have a hop to be submitted.
SELECT message FROM due WHERE message = ANY(:messages);

-- serials_in: the numbers of some tenants' subscriptions.
SELECT serial FROM subscription WHERE workspace = ANY(:workspaces);

-- held_since: whose events were set aside since a time, of some events.
SELECT message FROM held
WHERE subscription = ANY(:subscriptions) AND position = ANY(:positions) AND dead = :dead AND first_at >= :since;

-- drop_attempts_at: every try of some events no more.
DELETE FROM attempt WHERE subscription = ANY(:subscriptions) AND position = ANY(:positions);

-- drop_held_at: some events set aside for nobody any more.
DELETE FROM held WHERE subscription = ANY(:subscriptions) AND position = ANY(:positions);

-- drop_reach: a message that went over a channel no more.
DELETE FROM reach WHERE channel = :channel AND message = :message;

-- drop_piece: a provider's id of a part no more.
DELETE FROM piece WHERE channel = :channel AND reference = :reference AND message = :message;

-- drop_events_at: some facts no more.
DELETE FROM event WHERE position = ANY(:positions);

-- drop_party: a message is no longer for somebody.
DELETE FROM party WHERE contact = :contact AND message = :message;

-- drop_due_of: no hop of messages to be submitted any more.
DELETE FROM due WHERE message = ANY(:messages);

-- drop_histories: the untold facts of messages no more.
DELETE FROM history WHERE message = ANY(:messages);

-- drop_lives: where messages stood no more.
DELETE FROM life WHERE message = ANY(:messages);

-- drop_messages: messages no more.
DELETE FROM message WHERE id = ANY(:messages);

-- drop_contacts: people whom no message is for or from any more.
DELETE FROM contact WHERE id = ANY(:contacts)
AND NOT EXISTS (SELECT 1 FROM message m WHERE m.workspace = contact.workspace AND m.contact = contact.id)
AND NOT EXISTS (SELECT 1 FROM party p WHERE p.contact = contact.id);

-- put_link: what a short address stands for.
INSERT INTO link (slug, message, expires_at, body) VALUES (:slug, :message, :expires_at, :body);

-- link_of: what a short address stands for, if it does.
SELECT body FROM link WHERE slug = :slug;

-- drop_links: what the short addresses of messages stood for no more.
DELETE FROM link WHERE message = ANY(:messages);

-- forget_links: some of the short addresses that have expired.
DELETE FROM link WHERE slug IN (SELECT slug FROM link WHERE expires_at < :before ORDER BY expires_at LIMIT :limit)
RETURNING expires_at;

-- add_tally: so many more of a deed with a message; a link that would be one too many counts with the others.
INSERT INTO tally (message, deed, prefetched, link, count, first_at, last_at, stands_for)
VALUES (
    :message, :deed, :prefetched,
    CASE WHEN :link = '' OR EXISTS (
        SELECT 1 FROM tally WHERE message = :message AND deed = :deed AND prefetched = :prefetched AND link = :link
    ) OR (
        SELECT count(*) FROM tally
        WHERE message = :message AND deed = :deed AND prefetched = :prefetched AND link NOT IN ('', '*')
    ) < :most THEN :link ELSE '*' END,
    :count, :first_at, :last_at, :stands_for
)
ON CONFLICT (message, deed, prefetched, link) DO UPDATE
SET count = tally.count + excluded.count,
    first_at = CASE WHEN excluded.first_at < tally.first_at THEN excluded.first_at ELSE tally.first_at END,
    last_at = CASE WHEN excluded.last_at > tally.last_at THEN excluded.last_at ELSE tally.last_at END;

-- tallies_of: what was counted of messages.
SELECT message, deed, prefetched, link, count, first_at, last_at, stands_for FROM tally WHERE message = ANY(:messages);

-- drop_tallies: nothing counted of messages any more.
DELETE FROM tally WHERE message = ANY(:messages);

-- newest_like: the newest facts of some kinds about one message, newest first.
SELECT position, body FROM event WHERE message = :message AND kind = ANY(:kinds)
ORDER BY position DESC LIMIT :limit;

-- conversations_to_change: conversations as they stand, to be changed.
SELECT id, state FROM conversation WHERE id = ANY(:conversations);

-- conversations_to_change@postgres: the same, locked in one order so that two batches never wait in a ring.
SELECT id, state FROM conversation WHERE id = ANY(:conversations) ORDER BY id FOR UPDATE;

-- conversations_by_id: conversations as they stand.
SELECT id, state FROM conversation WHERE id = ANY(:conversations);

-- conversations_of: the conversations of a tenant after one, in the order of their ids.
SELECT state FROM conversation WHERE workspace = :workspace AND id > :after ORDER BY id LIMIT :limit;

-- conversations_with: the conversations that a profile takes part in after one, in the order of their ids.
SELECT c.state FROM participant p JOIN conversation c ON c.id = p.conversation
WHERE p.workspace = :workspace AND p.profile = :profile AND p.conversation > :after
ORDER BY p.conversation LIMIT :limit;

-- put_conversation: a conversation that is new.
INSERT INTO conversation (id, workspace, updated_at, state) VALUES (:id, :workspace, :updated_at, :state);

-- move_conversation: a conversation as it stands now.
UPDATE conversation SET updated_at = :updated_at, state = :state WHERE id = :id;

-- participants_among: who of some profiles takes part in some conversations.
SELECT conversation, profile, role, delivered_to, read_to FROM participant
WHERE conversation = ANY(:conversations) AND profile = ANY(:profiles);

-- participants_of: everybody who takes part in a conversation.
SELECT profile, role, delivered_to, read_to FROM participant WHERE conversation = :conversation ORDER BY profile;

-- put_participant: a participant, new or changed.
INSERT INTO participant (conversation, profile, workspace, role, delivered_to, read_to)
VALUES (:conversation, :profile, :workspace, :role, :delivered_to, :read_to)
ON CONFLICT (conversation, profile) DO UPDATE
SET role = excluded.role, delivered_to = excluded.delivered_to, read_to = excluded.read_to;

-- drop_participant: a participant no more.
DELETE FROM participant WHERE conversation = :conversation AND profile = :profile;

-- put_happening: something that happened in a conversation.
INSERT INTO happening (conversation, number, until, body, position)
VALUES (:conversation, :number, :until, :body, :position);

-- next_happenings: take positions for what happened; another process waits here until our batch is on disk.
UPDATE head SET position = position + :count WHERE name = 'conversation' RETURNING position;

-- last_happening: the last position in all conversations.
SELECT position FROM head WHERE name = 'conversation';

-- happenings_since: what happened in all conversations after a position.
SELECT position, body FROM happening WHERE position > :after ORDER BY position LIMIT :limit;

-- happenings_with: what happened in a stretch of positions, in conversations that a profile takes part in.
SELECT h.position, h.body FROM participant p CROSS JOIN happening h
WHERE p.workspace = :workspace AND p.profile = :profile
AND h.conversation = p.conversation AND h.position > :after AND h.position <= :until
ORDER BY h.position LIMIT :limit;

-- happenings_after: what happened in a conversation after a number.
SELECT body FROM happening WHERE conversation = :conversation AND number > :after ORDER BY number LIMIT :limit;

-- rewrite_happening: something that happened, emptied by redaction.
UPDATE happening SET body = :body WHERE conversation = :conversation AND number = :number;

-- put_said: a message of a conversation.
INSERT INTO said (id, conversation, number, until, body) VALUES (:id, :conversation, :number, :until, :body);

-- move_said: how far a message of a conversation has come now.
UPDATE said SET body = :body WHERE id = :id;

-- said_of: messages of conversations by their ids.
SELECT id, body FROM said WHERE id = ANY(:messages);

-- said_between: messages of a conversation after a number up to another one, the oldest first.
SELECT id, body FROM said WHERE conversation = :conversation AND number > :after AND number <= :until
ORDER BY number LIMIT :limit;

-- said_before: messages of a conversation before a number, the newest first.
SELECT id, body FROM said WHERE conversation = :conversation AND number < :before ORDER BY number DESC LIMIT :limit;

-- put_untold: something that is still to be told.
INSERT INTO untold (id, workspace, at, body) VALUES (:id, :workspace, :at, :body);

-- untold_before: what is still to be told since before a time, the oldest first.
SELECT id, workspace, body FROM untold WHERE at < :before ORDER BY at, id LIMIT :limit;

-- drop_untold: it is told.
DELETE FROM untold WHERE id = :id;

-- profiles_by_id: people of a tenant's apps.
SELECT id, body FROM profile WHERE workspace = :workspace AND id = ANY(:profiles);

-- profile_to_change: one of them, as they are known now.
SELECT id, body FROM profile WHERE workspace = :workspace AND id = :profile;

-- profile_to_change@postgres: the same, so that nobody changes it meanwhile.
SELECT id, body FROM profile WHERE workspace = :workspace AND id = :profile FOR UPDATE;

-- put_profile: somebody, as they are known now.
INSERT INTO profile (workspace, id, at, body) VALUES (:workspace, :id, :at, :body)
ON CONFLICT (workspace, id) DO UPDATE SET at = excluded.at, body = excluded.body;

-- meet_profile: somebody who comes for the first time.
INSERT INTO profile (workspace, id, at, body) VALUES (:workspace, :id, :at, :body)
ON CONFLICT (workspace, id) DO NOTHING;

-- use_nonce: a nonce is used; nothing comes back where it was used before.
INSERT INTO nonce (nonce, until) VALUES (:nonce, :until) ON CONFLICT (nonce) DO NOTHING RETURNING nonce;

-- put_session: a session, new or changed.
INSERT INTO app_session (id, workspace, profile, expires_at, body)
VALUES (:id, :workspace, :profile, :expires_at, :body)
ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at, body = excluded.body;

-- session_by_id: a session.
SELECT body FROM app_session WHERE id = :id;

-- session_to_change: a session as it stands.
SELECT body FROM app_session WHERE id = :id;

-- session_to_change@postgres: the same, so that nobody changes it meanwhile.
SELECT body FROM app_session WHERE id = :id FOR UPDATE;

-- sessions_of: the sessions of a profile, the oldest first.
SELECT body FROM app_session WHERE workspace = :workspace AND profile = :profile ORDER BY id;

-- put_upload: a file.
INSERT INTO upload (id, workspace, until, head, data) VALUES (:id, :workspace, :until, :head, :data);

-- upload_by_id: a file of a tenant's.
SELECT head, data FROM upload WHERE id = :id AND workspace = :workspace;

-- forget_happenings: some of what happened in conversations and was kept long enough.
DELETE FROM happening WHERE (conversation, number) IN (
    SELECT conversation, number FROM happening WHERE until < :before ORDER BY until LIMIT :limit
) RETURNING until;

-- forget_said: some of the messages of conversations that were kept long enough.
DELETE FROM said WHERE id IN (SELECT id FROM said WHERE until < :before ORDER BY until LIMIT :limit) RETURNING until;

-- forget_uploads: some of the files that were kept long enough.
DELETE FROM upload WHERE id IN (SELECT id FROM upload WHERE until < :before ORDER BY until LIMIT :limit)
RETURNING until;

-- forget_nonces: some of the nonces that nobody could use any more.
DELETE FROM nonce WHERE nonce IN (SELECT nonce FROM nonce WHERE until < :before ORDER BY until LIMIT :limit)
RETURNING until;

-- forget_app_sessions: some of the sessions that ended by themselves.
DELETE FROM app_session WHERE id IN (
    SELECT id FROM app_session WHERE expires_at < :before ORDER BY expires_at LIMIT :limit
) RETURNING expires_at;

-- keep_setting: keep a value under a name, unless there is one.
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;

-- put_click: a click, before anybody is told.
INSERT INTO click (id, message, due_at, body) VALUES (:id, :message, :due_at, :body);

-- clicks_due: clicks that are to be told by now, the oldest first.
SELECT id, message, body FROM click WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit;

-- clicks_on: clicks on some messages, whether they are to be told by now or not.
SELECT id, message, body FROM click WHERE message = ANY(:messages) ORDER BY id LIMIT :limit;

-- next_click_due: when the next click is to be told.
SELECT min(due_at) FROM click;

-- standing_of: where messages stand, to be looked at only.
SELECT message, state FROM life WHERE message = ANY(:messages);

-- drop_click: a click no more; everybody was told.
DELETE FROM click WHERE id = :id;

-- put_suppression: what is known of an address, unless a later word is known.
INSERT INTO suppression (workspace, id, platform, channel, address, ground, stands, at, body)
VALUES (:workspace, :id, :platform, :channel, :address, :ground, :stands, :at, :body)
ON CONFLICT (workspace, id) DO UPDATE SET stands = excluded.stands, at = excluded.at, body = excluded.body
WHERE (excluded.at, excluded.stands, excluded.body) > (suppression.at, suppression.stands, suppression.body);

-- add_suppression: somebody adds one; it is the latest word, unless it stands already.
INSERT INTO suppression (workspace, id, platform, channel, address, ground, stands, at, body)
VALUES (:workspace, :id, :platform, :channel, :address, :ground, :stands, :at, :body)
ON CONFLICT (workspace, id) DO UPDATE SET stands = excluded.stands, body = excluded.body,
at = CASE WHEN suppression.at >= excluded.at THEN suppression.at + 1 ELSE excluded.at END
WHERE suppression.stands <> excluded.stands;

-- lift_suppressions: some of a tenant's stand no longer, which is the latest word of them.
UPDATE suppression SET stands = FALSE, at = CASE WHEN at >= :at THEN at + 1 ELSE :at END, body = :body
WHERE workspace = :workspace AND id = ANY(:suppressions) AND stands RETURNING id;

-- suppressions_of: what is known of some addresses of a tenant.
SELECT workspace, platform, channel, address, ground, stands, at, body FROM suppression
WHERE workspace = :workspace AND address = ANY(:addresses) AND stands = :stands;

-- suppressions_by_id: some of a tenant's.
SELECT workspace, platform, channel, address, ground, stands, at, body FROM suppression
WHERE workspace = :workspace AND id = ANY(:suppressions) AND stands = :stands;

-- suppressions_in: those of a tenant's after one that pass a filter, by address.
SELECT workspace, platform, channel, address, ground, stands, at, body FROM suppression
WHERE workspace = :workspace AND (address, id) > (:address, :id) AND address >= :prefix AND address < :beyond
AND stands = :stands AND ground = ANY(:grounds)
AND (:any_platform OR platform = :platform) AND (:any_channel OR channel = :channel)
ORDER BY address, id LIMIT :limit;

-- forget_lifted: some of what stands no longer, and is too old to be contradicted by a report that comes late.
DELETE FROM suppression WHERE (workspace, id) IN (
    SELECT workspace, id FROM suppression WHERE NOT stands AND at < :before ORDER BY at LIMIT :limit
) RETURNING at;

-- drop_suppressions_in: nothing known of a tenant's addresses any more.
DELETE FROM suppression WHERE workspace = :workspace;
