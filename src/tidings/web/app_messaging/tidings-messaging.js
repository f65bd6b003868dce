// @ts-check
/**
 * Conversations with a Tidings hub, in a browser: nothing is lost, nothing is told twice.
 *
 * What the hub tells is numbered in each conversation. Whoever was away asks for what came after the last number known;
 * a number that leaves a gap makes the same question, and one that is known already is dropped. What is written here is
 * kept until the hub has it, and goes with a key by which the hub knows it when it comes twice.
 *
 * @typedef {import("./tidings-messaging.d.ts").Message} Message
 * @typedef {import("./tidings-messaging.d.ts").Happening} Happening
 * @typedef {import("./tidings-messaging.d.ts").Part} Part
 * @typedef {import("./tidings-messaging.d.ts").Draft} Draft
 * @typedef {import("./tidings-messaging.d.ts").Participant} Participant
 * @typedef {import("./tidings-messaging.d.ts").Standing} Standing
 * @typedef {import("./tidings-messaging.d.ts").State} State
 * @typedef {import("./tidings-messaging.d.ts").Action} Action
 * @typedef {import("./tidings-messaging.d.ts").Conversation} ConversationShape
 * @typedef {import("./tidings-messaging.d.ts").Messaging} MessagingShape
 * @typedef {{key: string, conversation: string, at: number, parts: Part[], metadata: any, files: Blob[],
 *   error: Error | null}} Unsent
 */

const PAGE = 50;
const EVENTS = 100;
const LONGEST_WAIT = 30_000;
const TYPING_EVERY = 3_000;
const TYPING_ENDS = 10_000;
const BEAT = 60_000;
const BEAT_ANSWERED = 20_000;
const REPORTED_AFTER = 150;
const REPORTED_AGAIN = 5_000;
const MOST_UNSENT = 200;
/** A key is good for a day at the hub: what is older might be sent twice, so a person decides. */
const STALE = 23 * 3600_000;
const SEEN = 0.6;
/** Why the hub closes a socket. */
const UNAUTHORISED = 4401;
const SESSION_ENDED = 4410;
const NO_ROOM = [1013, 4429];
/** Tries after which a wait is long enough for a hub that has no room. */
const MANY_TRIES = 4;
const RANKS = ["failed", "sending", "sent", "delivered", "read"];
const OFFERED = "application/x-hub-actions";
const PRESSED = "application/x-hub-action";

/** @param {number} tries @param {number} chance */
export function patience(tries, chance = Math.random()) {
  return chance * Math.min(LONGEST_WAIT, (2 ** tries - 1) * 1000);
}

/** @param {Standing} one @param {Standing} other @returns {Standing} */
export function further(one, other) {
  return RANKS.indexOf(other) > RANKS.indexOf(one) ? other : one;
}

/** @param {string} text */
export function splitStream(text) {
  const blocks = text.replace(/\r\n?/g, "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const events = blocks.map((block) => {
    const event = { id: "", name: "message", data: "" };
    const data = [];
    for (const line of block.split("\n")) {
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (field === "data") data.push(value);
      else if (field === "event") event.name = value;
      else if (field === "id") event.id = value;
    }
    return { ...event, data: data.join("\n") };
  });
  return { events: events.filter((event) => event.data), rest };
}

/** @param {Pick<Message, "parts">} message @returns {Action[]} */
export function actionsOf({ parts }) {
  const offered = parts.filter((part) => part.type === OFFERED);
  const said = offered.flatMap((part) => attempt(() => JSON.parse(part.data ?? "").actions) ?? []);
  return said.filter((each) => typeof each?.label === "string" && ["reply", "link", "call"].includes(each.kind));
}

export class Refusal extends Error {
  /** @param {number} status @param {any} problem @param {string | null} retryAfter */
  constructor(status, problem, retryAfter = null) {
    super(problem?.detail ?? problem?.message ?? problem?.title ?? `The hub answered ${status}.`);
    this.name = "Refusal";
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  }

  get isPassing() {
    return [0, 408, 425, 429].includes(this.status) || this.status >= 500;
  }
}

class Emitter {
  /** @type {Map<any, Set<Function>>} */
  #listeners = new Map();

  /** @param {any} name @param {(what: any) => void} listener */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** @param {string} name @param {unknown} what */
  tell(name, what) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(what);
      } catch (error) {
        // A listener that breaks is the page's affair: the others hear all the same, and the page's console shows it.
        reportError(error);
      }
    }
  }
}

/** What is kept between visits, and shared by tabs; where the browser keeps nothing, it is kept as long as the page. */
class Memory {
  #storage;
  #prefix;
  /** @type {Map<string, string>} */
  #held = new Map();

  /** @param {any} storage @param {string} prefix */
  constructor(storage, prefix) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  /** @param {string} name */
  get(name) {
    const text = this.#held.get(name) ?? attempt(() => this.#storage?.getItem(this.#prefix + name));
    return text ? attempt(() => JSON.parse(text)) : null;
  }

  /** @param {string} name @param {unknown} value null: forget it */
  set(name, value) {
    const text = JSON.stringify(value);
    this.#held.delete(name);
    try {
      if (value === null) this.#storage?.removeItem(this.#prefix + name);
      else this.#storage.setItem(this.#prefix + name, text);
    } catch {
      if (value !== null) this.#held.set(name, text);
    }
  }
}

/** The hub's REST doors, with a session that is made when it is needed. */
class Doors {
  /** @param {string} base @param {Memory} memory @param {(nonce: string) => Promise<string>} authenticate */
  constructor(base, memory, authenticate) {
    this.base = base;
    this.memory = memory;
    this.authenticate = authenticate;
    this.profile = this.remembered?.profile ?? "";
    /** @type {Promise<any> | null} */
    this.opening = null;
  }

  /** @returns {{token: string, profile: string, id: string, expires: number} | null} */
  get remembered() {
    const session = this.memory.get("session");
    return session && session.expires > Date.now() + 5_000 ? session : null;
  }

  /** The session that is, or a new one. */
  session() {
    // Two tabs that begin at once would end each other's session: they are one device.
    const open = async () => this.remembered ?? this.#open();
    const known = this.remembered;
    this.opening ??= (known ? Promise.resolve(known) : alone(`tidings ${this.base}`, open))
      .then((session) => {
        this.profile = session.profile;
        return session;
      })
      .finally(() => {
        this.opening = null;
      });
    return this.opening;
  }

  /** @param {string} token */
  forget(token) {
    if (this.memory.get("session")?.token === token) this.memory.set("session", null);
  }

  /** @param {string} method @param {string} path @param {any} [body] @param {Record<string, string>} [headers] */
  async ask(method, path, body, headers = {}) {
    return read(await this.reach(method, path, body, headers));
  }

  /**
   * @param {string} method @param {string} path @param {any} [body] @param {any} [headers]
   * @param {AbortSignal} [signal]
   */
  async reach(method, path, body, headers = {}, signal) {
    for (let again = false; ; again = true) {
      const { token } = await this.session();
      const answer = await this.#fetch(method, path, body, { ...headers, authorization: `Bearer ${token}` }, signal);
      if (answer.ok) return answer;
      if (answer.status !== 401 || again) throw await refusal(answer);
      this.forget(token);
    }
  }

  async #open() {
    let device = this.memory.get("device");
    if (!device) this.memory.set("device", (device = unique()));
    const started = await read(await this.#fetch("GET", "/sessions/start"));
    const opened = await read(
      await this.#fetch("POST", "/sessions", {
        authenticationId: started.authenticationId,
        authenticationToken: await this.authenticate(started.nonce),
        deviceId: device,
        platform: "javascript",
        platformVersion: navigator.userAgent.slice(0, 100),
        sdkType: "tidings",
        sdkVersion: "1",
      }),
    );
    const { id, profileId, expiresOn } = opened.session;
    const session = { token: opened.token, id, profile: profileId, expires: Date.parse(expiresOn) };
    this.memory.set("session", session);
    return session;
  }

  /**
   * @param {string} method @param {string} path @param {any} [body] @param {any} [headers]
   * @param {AbortSignal} [signal]
   */
  async #fetch(method, path, body, headers = {}, signal) {
    const isForm = body instanceof FormData;
    if (body !== undefined && !isForm) headers = { ...headers, "content-type": "application/json" };
    const sent = body === undefined || isForm ? body : JSON.stringify(body);
    try {
      const asked = { method, headers, body: sent, signal, credentials: /** @type {const} */ ("omit") };
      return await fetch(this.base + path, asked);
    } catch (error) {
      throw new Refusal(0, { detail: `The hub was not reached: ${error}` });
    }
  }
}

/**
 * One conversation: what the hub has told of it, and what is still to go there.
 * @implements {ConversationShape}
 */
export class Conversation extends Emitter {
  id = "";
  name = "";
  place = 0;
  hasOlder = false;
  /** @type {Message[]} */
  messages = [];
  /** @type {Participant[]} */
  participants = [];
  #messaging;
  #earliest = Infinity;
  /** @type {Map<string, Happening[]>} what was done to messages that are not loaded */
  #early = new Map();
  /** @type {Promise<any>} what is told is taken in turn: a receipt after the message it is about */
  #turn = Promise.resolve();
  /** @type {Map<string, any>} who types, and the timer that takes it back */
  #typists = new Map();
  #typedAt = 0;
  /** @type {any} */
  #typingEnds = 0;

  /** @param {any} messaging @param {string} id */
  constructor(messaging, id) {
    super();
    this.#messaging = messaging;
    this.id = id;
    this.path = `/conversations/${encodeURIComponent(id)}`;
  }

  get unread() {
    return this.messages.filter((each) => this.#isTheirs(each) && this.#mine(each) !== "read").length;
  }

  /** Load what there is; what happens meanwhile waits for its turn. */
  open() {
    return this.#queue(() => this.#open());
  }

  async #open() {
    const [described, participants] = await Promise.all([
      this.#messaging.ask("GET", this.path),
      this.#messaging.ask("GET", `${this.path}/participants`),
    ]);
    this.name = described.name ?? "";
    this.participants = participants;
    await this.#load("");
    for (const unsent of this.#messaging.outbox.of(this.id)) this.#put(this.#drafted(unsent));
    await this.#follow(this.#earliest === Infinity ? 1 : this.#earliest);
  }

  older() {
    return this.#queue(async () => {
      const before = this.#earliest;
      const added = await this.#load(`&from=${before}`);
      // Reactions stand in the record alone: those of that time, then those that were told since.
      await this.#follow(this.#earliest, before);
      for (const message of added) for (const event of this.#early.get(message.id) ?? []) this.#touch(message, event);
      return added;
    });
  }

  /** @param {string} from */
  async #load(from) {
    const page = await this.#messaging.ask("GET", `${this.path}/messages?limit=${PAGE}${from}`);
    const added = [];
    for (const each of page.messages) if (!this.#find(each.id)) added.push(this.#put(this.#shown(each)));
    if (page.messages.length) this.#earliest = page.earliestEventId;
    this.hasOlder = page.messages.length >= PAGE && added.length > 0;
    return added;
  }

  /** Ask for what is missing. @returns {Promise<void>} */
  catchUp() {
    return this.#queue(() => this.#follow());
  }

  /** Take an event that was told live. @param {Happening} event @returns {Promise<void>} */
  take(event) {
    const number = event.conversationEventId;
    if (!number) return Promise.resolve(this.#fleeting(event));
    return this.#queue(async () => {
      if (number > this.place + 1) await this.#follow();
      if (number > this.place) await this.#apply(event);
    });
  }

  /** Take what happened from a number on, up to another. */
  async #follow(from = this.place + 1, until = Infinity) {
    for (let isMore = true; isMore;) {
      const events = await this.#messaging.ask("GET", `${this.path}/events?from=${from}&limit=${EVENTS}`);
      for (const event of events) if (event.conversationEventId < until) await this.#apply(event);
      from = (events.at(-1)?.conversationEventId ?? 0) + 1;
      isMore = events.length === EVENTS && from < until;
    }
  }

  /** @template T @param {() => Promise<T>} step @returns {Promise<T>} */
  #queue(step) {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** @param {Happening} event */
  async #apply(event) {
    const number = event.conversationEventId ?? 0;
    this.place = Math.max(this.place, number);
    const { payload } = event;
    const by = payload.profileId ?? event.context?.createdBy ?? "";
    const message = this.#find(payload.messageId);
    switch (event.name) {
      case "conversationMessage.sent":
        return this.#said(payload, number);
      case "conversationMessage.delivered":
      case "conversationMessage.read":
        if (message)
          this.#mark(
            message,
            by,
            /read$/.test(event.name) ? "read" : "delivered",
            payload.timestamp ?? event.publishedOn,
          );
        break;
      case "conversationMessage.reaction":
      case "conversationMessage.deleteRequested":
        if (message) this.#touch(message, event);
        else this.#early.set(payload.messageId, [...(this.#early.get(payload.messageId) ?? []), event]);
        break;
      case "conversation.participantAdded":
      case "conversation.participantRemoved":
        this.participants = this.participants.filter((each) => each.id !== payload.profileId);
        if (/Added$/.test(event.name))
          this.participants.push({ id: payload.profileId, role: payload.role ?? "member" });
        this.tell("participants", this.participants);
        break;
      case "conversation.update":
        this.name = payload.name ?? this.name;
    }
    if (message) this.tell("change", message);
  }

  /** @param {any} payload @param {number} number */
  async #said(payload, number) {
    const from = payload.context?.from?.id;
    // Our own message may be told before the hub's answer to it has come: only that says which of ours it is.
    if (from === this.#messaging.profile) await this.#messaging.outbox.underWay;
    if (from) this.#untyped(from);
    const known = this.#find(payload.messageId ?? payload.id);
    if (known) {
      known.sentEventId = number;
      this.messages = this.messages.filter((each) => each !== known);
      this.tell("change", this.#put(known));
    } else
      this.tell(
        "message",
        this.#put(this.#shown({ ...payload, id: payload.messageId ?? payload.id, sentEventId: number })),
      );
  }

  /** @param {Happening} event */
  #fleeting(event) {
    const who = event.payload.profileId ?? event.context?.createdBy;
    if (!who || who === this.#messaging.profile) return;
    if (event.name === "conversation.participantTypingOff") return this.#untyped(who);
    if (event.name !== "conversation.participantTyping") return;
    clearTimeout(this.#typists.get(who));
    this.#typists.set(
      who,
      setTimeout(() => this.#untyped(who), TYPING_ENDS),
    );
    this.tell("typing", [...this.#typists.keys()]);
  }

  /** @param {string} who */
  #untyped(who) {
    clearTimeout(this.#typists.get(who));
    if (this.#typists.delete(who)) this.tell("typing", [...this.#typists.keys()]);
  }

  /** @param {Draft} draft @returns {Message} */
  send({ text, files = [], parts = [], metadata = {} }) {
    const said = text ? [{ type: "text/plain", data: text, size: new TextEncoder().encode(text).length }] : [];
    const unsent = this.#messaging.outbox.add(this.id, { parts: [...said, ...parts], metadata, files });
    const message = this.#put(this.#drafted(unsent));
    this.typingOff();
    this.tell("message", message);
    this.#messaging.outbox.drain();
    return message;
  }

  /** @param {Message} message */
  retry(message) {
    if (message.standing !== "failed") return;
    Object.assign(message, { standing: "sending", error: null });
    this.tell("change", message);
    this.#messaging.outbox.revive(message.key);
  }

  /** @param {Message} message */
  discard(message) {
    if (message.id) return;
    this.#messaging.outbox.drop(message.key);
    this.#remove(message);
  }

  /** The hub has it. @param {string} key @param {{id: string, eventId: any}} answer @param {Part[]} parts */
  confirm(key, answer, parts) {
    const message = this.messages.find((each) => each.key === key);
    if (!message) return;
    if (this.#find(answer.id)) return this.#remove(message);
    Object.assign(message, { id: answer.id, standing: "sent", parts, error: null });
    this.tell("change", message);
  }

  /** The hub will not have it. @param {string} key @param {Error} error */
  fail(key, error) {
    const message = this.messages.find((each) => each.key === key);
    if (message) this.tell("change", Object.assign(message, { standing: "failed", error }));
  }

  /** @param {...Message} messages */
  read(...messages) {
    for (const message of messages) this.#report(message, "read");
  }

  /** @param {Message} message @param {Element} element */
  readWhenSeen(message, element) {
    if (!this.#isTheirs(message) || this.#mine(message) === "read") return () => {};
    let isInSight = false;
    const look = () => {
      if (isInSight && document.visibilityState === "visible") (this.read(message), end());
    };
    const observer = new IntersectionObserver(
      ([entry]) => {
        // What is taller than the place it is read in never shows most of itself.
        const tall = entry.rootBounds && entry.intersectionRect.height > entry.rootBounds.height / 2;
        isInSight = entry.intersectionRatio >= SEEN || Boolean(tall);
        look();
      },
      { threshold: [0.1, 0.3, SEEN] },
    );
    const end = () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
    observer.observe(element);
    document.addEventListener("visibilitychange", look);
    return end;
  }

  typing() {
    clearTimeout(this.#typingEnds);
    this.#typingEnds = setTimeout(() => this.typingOff(), TYPING_ENDS);
    if (Date.now() - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = Date.now();
    this.#messaging.hint("POST", `${this.path}/typing`);
  }

  typingOff() {
    clearTimeout(this.#typingEnds);
    if (this.#typedAt) this.#messaging.hint("DELETE", `${this.path}/typing`);
    this.#typedAt = 0;
  }

  /** @param {Message} message @param {string} emoji */
  async react(message, emoji, on = true) {
    const body = { emoji, action: on ? "react" : "unreact" };
    await this.#messaging.ask("POST", `${this.path}/messages/${message.id}/reactions`, body);
    this.tell("change", this.#reacted(message, this.#messaging.profile, body));
  }

  /** @param {Message} message */
  async requestDelete(message) {
    await this.#messaging.ask("POST", `${this.path}/messages/${message.id}/deleterequests`, {});
    this.tell("change", Object.assign(message, { deleteRequested: true }));
  }

  /** @param {Message} message @param {Action} action */
  click(message, { payload, label }) {
    const data = JSON.stringify({ action: payload ?? label, messageId: message.id, label });
    return this.send({ parts: [{ type: PRESSED, data }] });
  }

  /** @param {Message} message */
  #isTheirs(message) {
    return Boolean(message.id) && message.from !== this.#messaging.profile;
  }

  /** @param {Message} message */
  #mine(message) {
    return message.statusUpdates[this.#messaging.profile]?.status;
  }

  /** @param {Message} message @param {"delivered" | "read"} status */
  #report(message, status) {
    const mine = this.#mine(message);
    if (!this.#isTheirs(message) || mine === status || mine === "read") return;
    const on = new Date().toISOString();
    this.#mark(message, this.#messaging.profile, status, on);
    this.#messaging.report(this, message.id, status, on);
    this.tell("change", message);
  }

  /** @param {Message} message @param {string} by @param {"delivered" | "read"} status @param {string} on */
  #mark(message, by, status, on) {
    if (message.statusUpdates[by]?.status !== "read") message.statusUpdates[by] = { status, on };
    if (by !== message.from) message.standing = further(message.standing, status);
  }

  /** @param {Message} message @param {Happening} event */
  #touch(message, { name, payload, context }) {
    if (name.endsWith("deleteRequested")) message.deleteRequested = true;
    else this.#reacted(message, payload.profileId ?? context?.createdBy ?? "", payload);
  }

  /** @param {Message} message @param {string} by @param {{emoji: string, action?: string}} told */
  #reacted(message, by, { emoji, action }) {
    const others = (message.reactions[emoji] ?? []).filter((each) => each !== by);
    message.reactions[emoji] = action === "unreact" ? others : [...others, by];
    if (!message.reactions[emoji].length) delete message.reactions[emoji];
    return message;
  }

  /** @param {string} id */
  #find(id) {
    return id ? this.messages.find((each) => each.id === id) : undefined;
  }

  /** @param {any} told @returns {Message} */
  #shown(told) {
    const { id, context = {}, parts = [], metadata = {}, sentEventId = 0 } = told;
    /** @type {Message} */
    const message = {
      id,
      key: id,
      from: context.from?.id ?? "",
      sentOn: context.sentOn ?? "",
      parts,
      metadata: metadata ?? {},
      sentEventId,
      standing: "sent",
      statusUpdates: {},
      reactions: {},
      deleteRequested: false,
      error: null,
    };
    for (const [by, each] of Object.entries(told.statusUpdates ?? {})) this.#mark(message, by, each.status, each.on);
    return message;
  }

  /** @param {Unsent} unsent @returns {Message} */
  #drafted({ key, at, parts, metadata, files, error }) {
    const shown = files.map((file) => ({
      type: file.type,
      name: nameOf(file),
      size: file.size,
      url: URL.createObjectURL(file),
    }));
    return {
      id: "",
      key,
      from: this.#messaging.profile,
      sentOn: new Date(at).toISOString(),
      parts: [...parts, ...shown],
      metadata,
      sentEventId: 0,
      standing: error ? "failed" : "sending",
      statusUpdates: {},
      reactions: {},
      deleteRequested: false,
      error,
    };
  }

  /** Put a message where it belongs: by its number, and what has none at the end. @param {Message} message */
  #put(message) {
    const number = message.sentEventId || Infinity;
    let index = this.messages.length;
    while (index > 0 && (this.messages[index - 1].sentEventId || Infinity) > number) index--;
    this.messages.splice(index, 0, message);
    this.#report(message, "delivered");
    return message;
  }

  /** @param {Message} message */
  #remove(message) {
    this.messages = this.messages.filter((each) => each !== message);
    this.tell("gone", message);
  }
}

/** What is written and not yet at the hub, in order. It outlives the page, save for files that are not uploaded yet. */
class Outbox {
  /** @type {Unsent[]} */
  #unsent;
  /** @type {Set<string>} keys of whatever was ever unsent in this tab */
  #ours = new Set();
  #messaging;
  #memory;
  #nap = new Nap();
  #isDraining = false;
  /** @type {Promise<any> | null} settled when what goes to the hub just now is there, or is not */
  underWay = null;

  /** @param {any} messaging @param {Memory} memory */
  constructor(messaging, memory) {
    this.#messaging = messaging;
    this.#memory = memory;
    this.#unsent = memory.get("unsent") ?? [];
    for (const each of this.#unsent) {
      this.#ours.add(each.key);
      each.files = [];
      each.error = Date.now() - each.at > STALE ? new Error("It has waited for too long.") : null;
    }
  }

  /** @param {string} conversation */
  of(conversation) {
    return this.#unsent.filter((each) => each.conversation === conversation);
  }

  /** @param {string} conversation @param {{parts: Part[], metadata: any, files: Blob[]}} said @returns {Unsent} */
  add(conversation, said) {
    if (this.#unsent.length >= MOST_UNSENT) throw new Error("Too many messages wait to be sent.");
    const unsent = { key: unique(), conversation, at: Date.now(), error: null, ...said };
    this.#unsent.push(unsent);
    this.#ours.add(unsent.key);
    this.#keep();
    return unsent;
  }

  /** @param {string} key */
  drop(key) {
    this.#unsent = this.#unsent.filter((each) => each.key !== key);
    this.#keep();
  }

  /** @param {string} key */
  revive(key) {
    for (const each of this.#unsent) if (each.key === key) each.error = null;
    this.drain();
  }

  clear() {
    this.#unsent = [];
    this.#memory.set("unsent", null);
  }

  /** Send what there is, one after the other, as long as the hub takes it. */
  async drain() {
    this.#nap.wake();
    if (this.#isDraining) return;
    this.#isDraining = true;
    let tries = 0;
    for (let next; this.#messaging.isOnline && (next = this.#unsent.find((each) => !each.error));) {
      try {
        await this.#send(next);
        tries = 0;
      } catch (error) {
        const status = error instanceof Refusal ? error.status : 0;
        if (status === 401) break;
        if (error instanceof Refusal && !error.isPassing) {
          next.error = error;
          this.#messaging.opened(next.conversation)?.fail(next.key, error);
        } else await this.#nap.rest(Math.max(patience(++tries), 1000 * (Object(error).retryAfter ?? 0)));
      }
    }
    this.#isDraining = false;
  }

  /** @param {Unsent} unsent */
  async #send(unsent) {
    while (unsent.files.length) {
      unsent.parts.push(await this.#messaging.upload(unsent.files[0]));
      unsent.files.shift();
      this.#keep();
    }
    const { key, conversation, parts, metadata } = unsent;
    const path = `/conversations/${encodeURIComponent(conversation)}/messages`;
    const sending = this.#messaging.ask("POST", path, { parts, metadata }, { "idempotency-key": key });
    const settled = sending.then(
      (/** @type {any} */ answer) => {
        this.drop(key);
        this.#messaging.opened(conversation)?.confirm(key, answer, parts);
      },
      () => {},
    );
    this.underWay = settled;
    await settled;
    this.underWay = null;
    await sending;
  }

  /** Write down what is unsent here, and leave what other tabs have written. */
  #keep() {
    const others = (this.#memory.get("unsent") ?? []).filter((/** @type {Unsent} */ each) => !this.#ours.has(each.key));
    const ours = this.#unsent.filter((each) => !each.files.length).map(({ files, error, ...rest }) => rest);
    this.#memory.set("unsent", others.length + ours.length ? [...others, ...ours] : null);
  }
}

/**
 * The client: one session, one live connection, and the conversations that are looked at.
 * @implements {MessagingShape}
 */
export class Messaging extends Emitter {
  /** @type {State} */
  state = "stopped";
  #memory;
  #doors;
  /** @type {Map<string, Conversation>} */
  #opened = new Map();
  /** @type {Map<string, Promise<Conversation>>} */
  #opening = new Map();
  /** @type {Map<Conversation, Map<string, any>>} */
  #reports = new Map();
  /** @type {any} */
  #reporting = null;
  #nap = new Nap();
  /** @type {AbortController | null} */
  #running = null;
  /** @type {() => void} */
  #cut = () => {};
  #tries = 0;

  /** @param {import("./tidings-messaging.d.ts").Options} options */
  constructor({ hub, space, authenticate, storage, user = "" }) {
    super();
    const root = hub ? `${hub.replace(/\/+$/, "")}/` : new URL("..", import.meta.url).href;
    this.base = `${root}apispaces/${encodeURIComponent(space)}`;
    const kept = storage === undefined ? attempt(() => globalThis.localStorage) : storage;
    this.#memory = new Memory(kept, `tidings:${this.base}:${user}:`);
    this.#doors = new Doors(this.base, this.#memory, authenticate);
    this.outbox = new Outbox(this, this.#memory);
  }

  get profile() {
    return this.#doors.profile;
  }

  get isRemembered() {
    return this.#doors.remembered !== null;
  }

  get isOnline() {
    return this.#running !== null && navigator.onLine !== false;
  }

  start() {
    if (this.#running) return;
    const running = (this.#running = new AbortController());
    const { signal } = running;
    addEventListener("online", () => this.#hurry(), { signal });
    addEventListener("offline", () => this.#cut(), { signal });
    addEventListener("pageshow", () => this.#hurry(), { signal });
    this.#tries = 0;
    this.#run(running).catch((error) => this.tell("error", error));
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
    this.#cut();
    this.#nap.wake();
    this.#become("stopped");
  }

  async end() {
    const session = this.#doors.remembered;
    this.stop();
    try {
      if (session) await this.ask("DELETE", `/sessions/${session.id}`);
    } finally {
      this.outbox.clear();
      for (const name of ["session", "device"]) this.#memory.set(name, null);
      this.#opened.clear();
      this.#opening.clear();
      this.#reports.clear();
    }
  }

  async conversations() {
    const found = [];
    for (let after = ""; ;) {
      const page = await this.ask("GET", `/conversations?limit=${PAGE}&from=${encodeURIComponent(after)}`);
      found.push(...page);
      if (page.length < PAGE) return found;
      after = page.at(-1).id;
    }
  }

  /** @param {string} id @returns {Promise<Conversation>} */
  conversation(id) {
    const known = this.#opening.get(id);
    if (known) return known;
    const conversation = new Conversation(this, id);
    const opening = this.#doors
      .session()
      .then(() => {
        this.#opened.set(id, conversation);
        return conversation.open();
      })
      .then(
        () => conversation,
        (error) => {
          this.#opened.delete(id);
          this.#opening.delete(id);
          throw error;
        },
      );
    this.#opening.set(id, opening);
    return opening;
  }

  /** @param {string} id */
  opened(id) {
    return this.#opened.get(id);
  }

  /** @param {any} described */
  async create(described = {}) {
    return this.conversation((await this.ask("POST", "/conversations", described)).id);
  }

  /** @param {Blob} file @returns {Promise<Part>} */
  async upload(file) {
    const form = new FormData();
    form.append("file", file, nameOf(file));
    const { type, size, url } = await this.ask("POST", "/content", form);
    return { type, url, size, name: nameOf(file) };
  }

  /** @param {string} url */
  async content(url) {
    const { href } = new URL(url, `${this.base}/`);
    if (!href.startsWith(`${this.base}/`)) throw new Refusal(0, { detail: "The hub does not keep this." });
    return (await this.#doors.reach("GET", href.slice(this.base.length))).blob();
  }

  /** @param {string} method @param {string} path @param {any} [body] @param {Record<string, string>} [headers] */
  ask(method, path, body, headers) {
    return this.#doors.ask(method, path, body, headers);
  }

  /** Ask for something that matters now or never. @param {string} method @param {string} path */
  hint(method, path) {
    if (this.state === "live") this.ask(method, path).catch(() => {});
  }

  /**
   * Tell the hub what became of a message here; several go together.
   * @param {Conversation} conversation @param {string} id @param {string} status @param {string} timestamp
   */
  report(conversation, id, status, timestamp) {
    const waiting = this.#reports.get(conversation) ?? new Map();
    this.#reports.set(conversation, waiting.set(`${status} ${id}`, { messageIds: [id], status, timestamp }));
    this.#reporting ??= setTimeout(() => this.#flush(), REPORTED_AFTER);
  }

  async #flush() {
    let wait = REPORTED_AFTER;
    for (const [conversation, waiting] of this.#reports) {
      const told = [...waiting].slice(0, EVENTS);
      if (!told.length) continue;
      try {
        await this.ask(
          "POST",
          `${conversation.path}/messages/statusupdates`,
          told.map(([, update]) => update),
        );
      } catch (error) {
        if (!(error instanceof Refusal) || error.isPassing || error.status === 401) {
          wait = REPORTED_AGAIN;
          continue;
        }
      }
      for (const [which] of told) waiting.delete(which);
    }
    const isLeft = [...this.#reports.values()].some((waiting) => waiting.size);
    this.#reporting = isLeft && this.isOnline ? setTimeout(() => this.#flush(), wait) : null;
  }

  /** @param {AbortController} running */
  async #run(running) {
    let wayIn = "socket";
    while (!running.signal.aborted) {
      if (navigator.onLine === false) {
        this.#become("offline");
        await this.#nap.rest(BEAT);
        continue;
      }
      if (this.#tries) {
        this.#become("waiting");
        await this.#nap.rest(patience(this.#tries));
        if (!this.isOnline) continue;
      }
      this.#become("connecting");
      let since = 0;
      const opened = () => {
        since = Date.now();
        this.#become("live");
        this.#resume().catch(() => this.#cut());
      };
      try {
        await (wayIn === "socket" ? this.#socket(opened) : this.#stream(opened));
      } catch (error) {
        if (error instanceof Refusal && !error.isPassing && this.#running === running) {
          this.#running = null;
          running.abort();
          this.#become("refused");
        }
        this.tell("error", error);
      }
      // Where one way does not lead in, the other is tried: some networks let no WebSocket through.
      wayIn = since || wayIn === "stream" ? "socket" : "stream";
      this.#tries = since && Date.now() - since > 10_000 ? 1 : this.#tries + 1;
    }
  }

  /** @param {() => void} opened */
  async #socket(opened) {
    const { token } = await this.#doors.session();
    const socket = new WebSocket(`${this.base.replace(/^http/, "ws")}/socket`, ["tidings", token]);
    /** @type {any} */
    let answered = null;
    const beating = setInterval(() => {
      socket.send(JSON.stringify({ name: "echo", payload: {}, publishedOn: new Date().toISOString() }));
      answered ??= setTimeout(() => this.#cut(), BEAT_ANSWERED);
    }, BEAT);
    const code = await new Promise((resolve) => {
      // A connection that is dead may take minutes to close: nobody waits for that.
      this.#cut = () => resolve(socket.close());
      socket.onopen = opened;
      socket.onclose = ({ code }) => resolve(code);
      socket.onmessage = ({ data }) => {
        clearTimeout(answered);
        answered = null;
        this.#hear(data);
      };
    });
    clearInterval(beating);
    clearTimeout(answered);
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.#cut = () => {};
    if (code === UNAUTHORISED || code === SESSION_ENDED) this.#doors.forget(token);
    // Whoever ended it here has begun another, or wants none.
    if (code === SESSION_ENDED && !this.isRemembered) throw new Refusal(401, { detail: "The session was ended." });
    if (NO_ROOM.includes(code)) this.#tries = Math.max(this.#tries, MANY_TRIES);
  }

  /** @param {() => void} opened */
  async #stream(opened) {
    const ending = new AbortController();
    this.#cut = () => ending.abort();
    const headers = { accept: "text/event-stream" };
    const answer = await this.#doors.reach("GET", "/stream", undefined, headers, ending.signal);
    opened();
    const reader = /** @type {ReadableStream<any>} */ (answer.body).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    try {
      for (;;) {
        // The hub says something every few seconds, if only that it is there.
        const silence = setTimeout(this.#cut, BEAT);
        const { done, value } = await reader.read().finally(() => clearTimeout(silence));
        if (done) return;
        const { events, rest } = splitStream(text + value);
        text = rest;
        for (const { data } of events) this.#hear(data);
      }
    } catch {
      // It was cut, here or there: the loop that keeps us live goes on.
    } finally {
      this.#cut = () => {};
    }
  }

  /** @param {string} text */
  #hear(text) {
    const event = attempt(() => JSON.parse(text));
    if (!event?.name) return;
    this.tell("event", event);
    this.#opened
      .get(event.conversationId)
      ?.take(event)
      .catch(() => this.#cut());
  }

  /** Make good what was missed, and tell what the hub has missed. */
  async #resume() {
    this.outbox.drain();
    clearTimeout(this.#reporting);
    this.#reporting = setTimeout(() => this.#flush());
    for (const [id, conversation] of this.#opened) {
      await conversation.catchUp().catch((error) => {
        if (!(error instanceof Refusal) || error.isPassing) throw error;
        // It is not ours any more.
        this.#opened.delete(id);
        this.#opening.delete(id);
        this.tell("error", error);
      });
    }
  }

  #hurry() {
    this.#tries = 0;
    this.#nap.wake();
    this.outbox.drain();
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.tell("state", state);
  }
}

/** A rest that can be cut short. */
class Nap {
  wake = () => {};

  /** @param {number} time milliseconds */
  rest(time) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}

/** @param {Response} answer */
async function read(answer) {
  if (!answer.ok) throw await refusal(answer);
  return answer.status === 204 ? null : answer.json();
}

/** @param {Response} answer */
async function refusal(answer) {
  return new Refusal(answer.status, await answer.json().catch(() => null), answer.headers.get("retry-after"));
}

/** @template T @param {() => T} step @returns {T | null} */
function attempt(step) {
  try {
    return step();
  } catch {
    return null;
  }
}

/**
 * Do something while no other tab does it.
 * @param {string} name @param {() => Promise<any>} step @returns {Promise<any>}
 */
function alone(name, step) {
  return navigator.locks ? navigator.locks.request(name, step) : step();
}

function unique() {
  // randomUUID is for secure contexts alone.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16).padStart(2, "0")).join("");
}

/** @param {Blob} file @returns {string} */
function nameOf(file) {
  return file instanceof File ? file.name : "file";
}
