/** The client by itself: what it asks, what it shows, and that nothing is sent or shown twice. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { LANGUAGES, fill, textsIn } from "../../../src/tidings/web/app_messaging/widget-texts.js";
import {
  Messaging,
  Refusal,
  actionsOf,
  further,
  patience,
  splitStream,
} from "../../../src/tidings/web/app_messaging/tidings-messaging.js";
import { ME, ScriptedHub, Storage, THEM, browser, json, until } from "./scripted.mjs";

let page, hub, storage, messaging;

function client(more = {}) {
  const made = new Messaging({
    hub: "https://hub.example",
    space: "space",
    authenticate: async (nonce) => `signed ${nonce}`,
    storage,
    ...more,
  });
  made.on("error", () => {});
  return made;
}

const texts = (conversation) => conversation.messages.map((each) => each.parts[0].data);

beforeEach(() => {
  page = browser();
  hub = new ScriptedHub();
  storage = new Storage();
  messaging = client();
});
afterEach(() => messaging.stop());

async function talking() {
  messaging.start();
  const conversation = await messaging.conversation("c");
  await until(() => messaging.state === "live");
  return conversation;
}

test("the wait before a try is a share of what doubles, and never more than half a minute", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 5, 20].map((tries) => patience(tries, 1)),
    [0, 1000, 3000, 7000, 30_000, 30_000],
  );
  assert.equal(patience(3, 0.5), 3500);
  assert.equal(patience(9, 0), 0);
});

test("nothing goes back", () => {
  assert.equal(further("read", "delivered"), "read");
  assert.equal(further("sent", "delivered"), "delivered");
  assert.equal(further("sending", "sent"), "sent");
});

test("a stream is split into whole events, however it is cut, and comments are none", () => {
  const sent = ': hello\n\nid: 7\nevent: a\ndata: {"x":\ndata: 1}\n\r\ndata:two\r\n\r\nda';
  const first = splitStream(sent);
  assert.deepEqual(first.events, [
    { id: "7", name: "a", data: '{"x":\n1}' },
    { id: "", name: "message", data: "two" },
  ]);
  assert.deepEqual(
    splitStream(`${first.rest}ta: three\n\n`).events.map((each) => each.data),
    ["three"],
  );
});

test("buttons are read from what the business sent, and nothing else is one", () => {
  const offered = (data) => actionsOf({ parts: [{ type: "application/x-hub-actions", data }] });
  const good = { label: "Yes", kind: "reply", payload: "y" };
  assert.deepEqual(
    offered(JSON.stringify({ actions: [good, { label: 5, kind: "reply" }, null, { label: "x", kind: "script" }] })),
    [good],
  );
  for (const bad of ["{", "null", "[]", '{"actions": 5}', '{"actions": {"length": 1}}', ""])
    assert.deepEqual(offered(bad), []);
});

test("every language says everything, with the same gaps to fill", () => {
  const gaps = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  const english = textsIn("en");
  for (const language of LANGUAGES) {
    const words = textsIn(language);
    for (const [name, text] of Object.entries(english)) {
      assert.deepEqual(gaps(words[name]), gaps(text), `${language}.${name}`);
      if (language !== "en" && name !== "open") assert.notEqual(words[name], text, `${language}.${name}`);
    }
  }
  assert.deepEqual(textsIn("xx"), english);
  assert.equal(textsIn("nl-BE").send, textsIn("nl").send);
  assert.equal(fill("{n} of {m}", { n: 0 }), "0 of ");
});

test("a session is begun with a nonce, and the token opens the socket", async () => {
  await talking();
  assert.equal(hub.requests("POST", "/sessions")[0].body.authenticationToken, "signed nonce 0");
  assert.deepEqual(hub.sockets[0].protocols, ["tidings", "token 1"]);
  assert.equal(hub.sockets[0].url, "wss://hub.example/apispaces/space/socket");
  assert.equal(messaging.profile, ME);
});

test("a session that has ended is begun anew once, however many ask", async () => {
  await messaging.ask("GET", "/conversations/c");
  hub.intervene = ({ headers }) =>
    headers.authorization === "Bearer token 1" ? json(401, { detail: "It has expired." }) : null;
  await Promise.all([1, 2, 3].map(() => messaging.ask("GET", "/conversations/c")));
  assert.equal(hub.sessions, 2);
});

test("who is turned away twice is told so", async () => {
  hub.intervene = ({ headers }) => (headers.authorization ? json(401, { detail: "No." }) : null);
  await assert.rejects(
    messaging.ask("GET", "/conversations/c"),
    (error) => error instanceof Refusal && error.status === 401 && error.message === "No.",
  );
  assert.equal(hub.sessions, 2);
});

test("where the integrator's server turns somebody away, the client stops", async () => {
  hub.intervene = ({ path }) => (path === "/sessions" ? json(401, { detail: "It proves nothing." }) : null);
  messaging.start();
  await until(() => messaging.state === "refused");
  assert.equal(hub.sockets.length, 0);
});

test("what is known already is not shown again, and a gap is asked about", async () => {
  const conversation = await talking();
  const first = hub.say(THEM, "one");
  await until(() => conversation.messages.length === 1);
  hub.tell(first);
  hub.say(THEM, "two", { told: false });
  hub.say(THEM, "three", { told: false });
  assert.deepEqual(texts(conversation), ["one"]);
  hub.say(THEM, "four");
  await until(() => conversation.messages.length === 4);
  assert.deepEqual(texts(conversation), ["one", "two", "three", "four"]);
  assert.equal(hub.asked.filter((each) => each.path.startsWith("/conversations/c/events?from=2&")).length, 1);
});

test("a connection that broke is made again, and what was missed is caught up with in pages", async () => {
  const conversation = await talking();
  hub.sockets[0].onclose({ code: 1006 });
  for (let number = 1; number <= 230; number++) hub.say(THEM, String(number), { told: false });
  await until(() => conversation.messages.length === 230);
  assert.deepEqual(
    texts(conversation),
    Array.from({ length: 230 }, (_, index) => String(index + 1)),
  );
  await until(() => hub.sockets.length === 2);
});

test("where no WebSocket gets through, a stream is followed instead", async () => {
  globalThis.WebSocket = class {
    constructor() {
      queueMicrotask(() => this.onclose({ code: 1006 }));
    }
    close() {}
  };
  let stream;
  hub.intervene = ({ path, headers }) => {
    if (path !== "/stream") return null;
    assert.equal(headers.authorization, "Bearer token 1");
    return new Response(
      new ReadableStream({
        start(controller) {
          stream = controller;
        },
      }),
    );
  };
  const conversation = await talking();
  const event = hub.say(THEM, "by stream");
  stream.enqueue(new TextEncoder().encode(`event: ${event.name}\ndata: ${JSON.stringify(event)}\n\n`));
  await until(() => conversation.messages.length === 1);
  stream.close();
});

test("a message whose answer was lost is sent again with the same key, and stands there once", async () => {
  const conversation = await talking();
  let isFirst = true;
  hub.intervene = ({ method, path, headers, body }) => {
    if (method !== "POST" || !path.endsWith("/messages") || !isFirst) return null;
    isFirst = false;
    const { payload, conversationEventId } = hub.say(ME, body.parts);
    hub.byKey.set(headers["idempotency-key"], { id: payload.id, eventId: conversationEventId });
    throw new TypeError("the network is gone");
  };
  const message = conversation.send({ text: "Hello" });
  assert.equal(message.standing, "sending");
  await until(() => hub.requests("POST", "/messages").length === 2);
  await until(() => conversation.messages.length === 1 && conversation.messages[0].standing === "sent");
  const keys = hub.requests("POST", "/messages").map((each) => each.headers["idempotency-key"]);
  assert.equal(keys[0], keys[1]);
  assert.equal(hub.messages.length, 1);
});

test("our own message that is told before the answer comes is the one that is there", async () => {
  const conversation = await talking();
  const gone = [];
  conversation.on("gone", (message) => gone.push(message));
  const message = conversation.send({ text: "Hello" });
  await until(() => message.sentEventId === 1);
  assert.deepEqual([message.id, message.standing, conversation.messages.length, gone.length], ["m1", "sent", 1, 0]);
});

test("a receipt that comes with the message it is about is not lost", async () => {
  const conversation = await talking();
  hub.intervene = ({ method, path, body }) => {
    if (method !== "POST" || !path.endsWith("/messages")) return null;
    const { payload } = hub.say(ME, body.parts);
    hub.happen("read", THEM, { messageId: payload.id, profileId: THEM, timestamp: "2025-10-09T08:53:21.730Z" });
    return json(201, { id: payload.id, eventId: 1 });
  };
  const message = conversation.send({ text: "Hello" });
  await until(() => message.standing === "read");
  assert.deepEqual(message.statusUpdates[THEM], { status: "read", on: "2025-10-09T08:53:21.730Z" });
});

test("what the hub refuses fails and holds up nobody; a person may try again or give it up", async () => {
  const conversation = await talking();
  hub.intervene = ({ body }) => (body?.parts?.[0].data === "bad" ? json(413, { detail: "Too large." }) : null);
  const bad = conversation.send({ text: "bad" });
  const good = conversation.send({ text: "good" });
  await until(() => good.standing === "sent");
  assert.deepEqual([bad.standing, bad.error.message], ["failed", "Too large."]);
  hub.intervene = () => null;
  conversation.retry(bad);
  await until(() => bad.standing === "sent");
  hub.intervene = ({ path }) => (path.endsWith("/messages") ? json(400, {}) : null);
  const worse = conversation.send({ text: "worse" });
  await until(() => worse.standing === "failed");
  conversation.discard(worse);
  assert.deepEqual(texts(conversation), ["good", "bad"]);
});

test("what is written without a network goes when there is one, in order, also from the next page", async () => {
  let conversation = await talking();
  navigator.onLine = false;
  page.tell("offline");
  await until(() => messaging.state === "offline");
  for (const text of ["one", "two"]) conversation.send({ text });
  assert.equal(hub.requests("POST", "/messages").length, 0);
  messaging.stop();
  navigator.onLine = true;
  messaging = client();
  conversation = await messaging.conversation("c");
  assert.deepEqual(
    conversation.messages.map((each) => each.standing),
    ["sending", "sending"],
  );
  messaging.start();
  await until(() => conversation.messages.every((each) => each.sentEventId));
  assert.deepEqual(
    hub.messages.map((each) => each.parts[0].data),
    ["one", "two"],
  );
  assert.equal(client().outbox.of("c").length, 0);
});

test("what has waited for longer than a key is good for is not sent by itself", async () => {
  const kept = [
    {
      key: "k",
      conversation: "c",
      at: Date.now() - 24 * 3600_000,
      parts: [{ type: "text/plain", data: "old" }],
      metadata: {},
    },
  ];
  storage.setItem("tidings:https://hub.example/apispaces/space::unsent", JSON.stringify(kept));
  messaging = client();
  const conversation = await talking();
  assert.equal(conversation.messages[0].standing, "failed");
  assert.equal(hub.requests("POST", "/messages").length, 0);
  conversation.retry(conversation.messages[0]);
  await until(() => conversation.messages[0].standing === "sent");
});

test("what one tab has not sent is kept, whatever another sends, and two that send it say it once", async () => {
  const conversation = await talking();
  const other = client();
  const theirs = await other.conversation("c");
  theirs.send({ text: "from the other tab" });
  conversation.send({ text: "from this one" });
  await until(() => conversation.messages.every((each) => each.standing === "sent"));
  const third = client();
  assert.equal(third.outbox.of("c").length, 1);
  other.start();
  third.start();
  await until(() => third.outbox.of("c").length + other.outbox.of("c").length === 0);
  assert.deepEqual(hub.messages.map((each) => each.parts[0].data).sort(), ["from the other tab", "from this one"]);
  assert.equal(client().outbox.of("c").length, 0);
  other.stop();
  third.stop();
});

test("files are uploaded first, and go as parts", async () => {
  const conversation = await talking();
  const message = conversation.send({ text: "Look", files: [new File(["abc"], "a.png", { type: "image/png" })] });
  assert.deepEqual(
    message.parts.map((each) => each.type),
    ["text/plain", "image/png"],
  );
  await until(() => message.standing === "sent");
  assert.deepEqual(hub.messages[0].parts[1], {
    type: "image/png",
    url: "https://hub.example/apispaces/space/content/f",
    size: 3,
    name: "a.png",
  });
});

test("what comes is told as delivered by itself, several together, and read only when it was seen", async () => {
  hub.say(THEM, "before");
  const conversation = await talking();
  hub.say(THEM, "after");
  const told = () => hub.requests("POST", "/statusupdates").flatMap((each) => each.body);
  await until(() => told().length === 2);
  assert.deepEqual(
    told().map(({ messageIds, status }) => [messageIds, status]),
    [
      [["m1"], "delivered"],
      [["m2"], "delivered"],
    ],
  );
  assert.equal(conversation.unread, 2);
  conversation.read(...conversation.messages);
  conversation.read(...conversation.messages);
  await until(() => told().length === 4);
  assert.deepEqual(
    told()
      .slice(2)
      .map((each) => each.status),
    ["read", "read"],
  );
  assert.equal(conversation.unread, 0);
});

test("receipts that did not get through are told when the hub is there again", async () => {
  hub.intervene = ({ path }) => (path.endsWith("/statusupdates") ? json(503, {}) : null);
  const conversation = await talking();
  hub.say(THEM, "one");
  await until(() => hub.requests("POST", "/statusupdates").length === 1);
  conversation.read(conversation.messages[0]);
  hub.intervene = () => null;
  hub.sockets.at(-1).onclose({ code: 1006 });
  await until(() => hub.requests("POST", "/statusupdates").length >= 2);
  assert.deepEqual(
    hub
      .requests("POST", "/statusupdates")
      .at(-1)
      .body.map((each) => each.status),
    ["delivered", "read"],
  );
});

test("what was read on another device is read here", async () => {
  const conversation = await talking();
  hub.say(THEM, "one");
  await until(() => conversation.unread === 1);
  hub.happen("read", ME, { messageId: "m1", profileId: ME, timestamp: "2025-10-09T08:53:21.730Z" });
  await until(() => conversation.unread === 0);
});

test("typing is told at most every three seconds, and taken back by sending", async () => {
  const conversation = await talking();
  for (let key = 0; key < 20; key++) conversation.typing();
  await until(() => hub.requests("POST", "/typing").length === 1);
  conversation.send({ text: "Done" });
  await until(() => hub.requests("DELETE", "/typing").length === 1);
  assert.equal(hub.requests("POST", "/typing").length, 1);
});

test("who types is shown until they stop, or say something", async () => {
  const conversation = await talking();
  const seen = [];
  conversation.on("typing", (who) => seen.push(who));
  const typing = (name, by) =>
    hub.tell({ name: `conversation.${name}`, conversationId: "c", payload: { profileId: by } });
  typing("participantTyping", THEM);
  typing("participantTyping", ME);
  typing("participantTypingOff", THEM);
  typing("participantTyping", THEM);
  hub.say(THEM, "There");
  await until(() => conversation.messages.length === 1);
  assert.deepEqual(seen, [[THEM], [], [THEM], []]);
});

test("reactions and requests to delete are shown, and go to the hub", async () => {
  const conversation = await talking();
  hub.say(THEM, "one");
  await until(() => conversation.messages.length === 1);
  const [message] = conversation.messages;
  await conversation.react(message, "👍");
  assert.deepEqual(message.reactions, { "👍": [ME] });
  const first = hub.happen("reaction", THEM, { messageId: "m1", profileId: THEM, emoji: "👍", action: "react" });
  await until(() => message.reactions["👍"].length === 2);
  await conversation.react(message, "👍", false);
  hub.happen("reaction", THEM, { messageId: "m1", profileId: THEM, emoji: "👍", action: "unreact" });
  await until(() => !message.reactions["👍"]);
  // What is told again changes nothing.
  hub.tell(first);
  hub.say(THEM, "two");
  await until(() => conversation.messages.length === 2);
  assert.deepEqual(message.reactions, {});
  await conversation.requestDelete(message);
  assert.equal(message.deleteRequested, true);
  const ways = hub.asked.filter((each) => each.path.includes("/m1/")).map((each) => [each.path, each.body]);
  assert.deepEqual(ways, [
    ["/conversations/c/messages/m1/reactions", { emoji: "👍", action: "react" }],
    ["/conversations/c/messages/m1/reactions", { emoji: "👍", action: "unreact" }],
    ["/conversations/c/messages/m1/deleterequests", {}],
  ]);
});

test("reactions are there again after a reload, also those to older messages", async () => {
  for (let number = 1; number <= 60; number++) hub.say(THEM, String(number), { told: false });
  const react = (id, emoji, action) =>
    hub.happen("reaction", THEM, { messageId: id, profileId: THEM, emoji, action }, { told: false });
  react("m60", "👍", "react");
  react("m1", "😢", "react");
  react("m1", "😢", "unreact");
  react("m1", "🙏", "react");
  hub.happen("deleteRequested", THEM, { messageId: "m2", profileId: THEM }, { told: false });
  const conversation = await talking();
  assert.deepEqual(conversation.messages.at(-1).reactions, { "👍": [THEM] });
  await conversation.older();
  assert.deepEqual(conversation.messages[0].reactions, { "🙏": [THEM] });
  assert.equal(conversation.messages[1].deleteRequested, true);
});

test("a button that is pressed is a message that says so", async () => {
  const conversation = await talking();
  const data = JSON.stringify({ actions: [{ label: "Yes", kind: "reply", payload: "y" }] });
  hub.say(THEM, [{ type: "application/x-hub-actions", data }]);
  await until(() => conversation.messages.length === 1);
  const [message] = conversation.messages;
  const pressed = conversation.click(message, actionsOf(message)[0]);
  await until(() => pressed.standing === "sent");
  const [part] = hub.messages[1].parts;
  assert.deepEqual(
    [part.type, JSON.parse(part.data)],
    ["application/x-hub-action", { action: "y", messageId: "m1", label: "Yes" }],
  );
});

test("older messages are loaded in pages, each once", async () => {
  for (let number = 1; number <= 120; number++) hub.say(THEM, String(number), { told: false });
  const conversation = await talking();
  const seen = [conversation.messages.length];
  while (conversation.hasOlder) {
    await conversation.older();
    seen.push(conversation.messages.length);
  }
  assert.deepEqual(
    texts(conversation),
    Array.from({ length: 120 }, (_, index) => String(index + 1)),
  );
  assert.equal(seen[0], 50);
});

test("to log out leaves nothing behind", async () => {
  const conversation = await talking();
  navigator.onLine = false;
  conversation.send({ text: "never" });
  navigator.onLine = true;
  await messaging.end();
  assert.equal(hub.requests("DELETE", "/sessions/s").length, 1);
  assert.equal(storage.held.size, 0);
  assert.equal(messaging.state, "stopped");
});

test("where nothing may be kept, it works as long as the page", async () => {
  messaging = client({
    storage: {
      getItem() {
        throw new Error("denied");
      },
      setItem() {
        throw new Error("denied");
      },
      removeItem() {},
    },
  });
  const conversation = await talking();
  const message = conversation.send({ text: "Hello" });
  await until(() => message.standing === "sent");
  assert.equal(messaging.isRemembered, true);
});

test("a listener that breaks stops no other", async () => {
  const broken = [];
  globalThis.reportError = (error) => broken.push(error.message);
  const heard = [];
  messaging.on("state", () => {
    throw new Error("mine");
  });
  const end = messaging.on("state", (state) => heard.push(state));
  messaging.start();
  await until(() => messaging.state === "live");
  end();
  messaging.stop();
  assert.deepEqual(heard, ["connecting", "live"]);
  assert.deepEqual(broken, ["mine", "mine", "mine"]);
});
