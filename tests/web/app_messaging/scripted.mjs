/** A hub of a few lines for the client's own tests: it keeps conversations in memory, and says what it was asked. */

export const ME = "anon_1";
export const THEM = "TEAM\\Customer_Services";
const STORE = "https://hub.example/apispaces/space";

/** What browsers have and Node has not. */
export function browser() {
  const page = new EventTarget();
  Object.defineProperty(globalThis, "navigator", {
    value: { onLine: true, userAgent: "test" },
    configurable: true,
    writable: true,
  });
  globalThis.addEventListener = page.addEventListener.bind(page);
  return { tell: (name) => page.dispatchEvent(new Event(name)) };
}

export class Storage {
  held = new Map();
  getItem = (name) => this.held.get(name) ?? null;
  setItem = (name, value) => void this.held.set(name, value);
  removeItem = (name) => void this.held.delete(name);
}

export class ScriptedHub {
  asked = [];
  events = [];
  messages = [];
  byKey = new Map();
  sockets = [];
  sessions = 0;
  /** Called with each request; what it gives is answered instead, what it throws is a network that fails. */
  intervene = () => null;

  constructor() {
    globalThis.fetch = (url, options) => this.#answer(url, options);
    const hub = this;
    globalThis.WebSocket = class {
      constructor(url, protocols) {
        this.url = url;
        this.protocols = protocols;
        hub.sockets.push(this);
        queueMicrotask(() => this.onopen?.());
      }
      sent = [];
      send(text) {
        this.sent.push(JSON.parse(text));
      }
      close() {
        this.onclose?.({ code: 1000 });
      }
    };
  }

  requests(method, ending) {
    return this.asked.filter((each) => each.method === method && each.path.endsWith(ending));
  }

  /** Write something down in the conversation, and tell it. */
  happen(name, by, payload, { told = true } = {}) {
    const event = {
      eventId: `e${this.events.length + 1}`,
      name: `conversationMessage.${name}`,
      conversationId: "c",
      payload,
      conversationEventId: this.events.length + 1,
      publishedOn: new Date().toISOString(),
      context: { createdBy: by },
    };
    this.events.push(event);
    if (told) this.tell(event);
    return event;
  }

  say(by, text, options) {
    const id = `m${this.messages.length + 1}`;
    const context = { from: { id: by }, conversationId: "c", sentOn: new Date().toISOString() };
    const said = {
      id,
      metadata: {},
      context,
      parts: typeof text === "string" ? [{ type: "text/plain", data: text }] : text,
    };
    const event = this.happen("sent", by, { ...said, messageId: id }, options);
    this.messages.push({ ...said, sentEventId: event.conversationEventId, statusUpdates: {} });
    return event;
  }

  tell(event) {
    this.sockets.at(-1)?.onmessage?.({ data: JSON.stringify(event) });
  }

  async #answer(url, { method, headers, body }) {
    const path = String(url).slice(STORE.length);
    const request = { method, path, headers, body: typeof body === "string" ? JSON.parse(body) : body };
    this.asked.push(request);
    await null;
    return (await this.intervene(request)) ?? this.#usual(request);
  }

  #usual({ method, path, headers, body }) {
    const [place, query = ""] = path.split("?");
    const asked = new URLSearchParams(query);
    switch (`${method} ${place}`) {
      case "GET /sessions/start":
        return json(200, { authenticationId: "a", nonce: `nonce ${this.sessions}` });
      case "POST /sessions":
        this.sessions++;
        return json(201, {
          token: `token ${this.sessions}`,
          session: { id: "s", profileId: ME, expiresOn: "2999-01-01T00:00:00Z" },
        });
      case "GET /conversations/c":
        return json(200, { id: "c", name: "Help" });
      case "GET /conversations/c/participants":
        return json(200, [
          { id: ME, role: "owner" },
          { id: THEM, role: "member" },
        ]);
      case "GET /conversations/c/messages": {
        const before = Number(asked.get("from") ?? Infinity);
        const page = this.messages.filter((each) => each.sentEventId <= before).slice(-Number(asked.get("limit")));
        return json(200, {
          messages: page,
          earliestEventId: page[0]?.sentEventId ?? 0,
          latestEventId: this.events.length,
        });
      }
      case "GET /conversations/c/events":
        return json(200, this.events.slice(Number(asked.get("from")) - 1).slice(0, Number(asked.get("limit"))));
      case "POST /conversations/c/messages": {
        const key = headers["idempotency-key"];
        if (!this.byKey.has(key)) {
          const event = this.say(ME, body.parts);
          this.byKey.set(key, { id: event.payload.id, eventId: event.conversationEventId });
        }
        return json(201, this.byKey.get(key));
      }
      case "POST /content":
        return json(201, { id: "f", type: "image/png", size: 3, folder: "", url: `${STORE}/content/f` });
      default:
        return method === "POST" || method === "DELETE"
          ? new Response(null, { status: 204 })
          : json(404, { detail: "There is nothing here." });
    }
  }
}

export function json(status, value, headers = {}) {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json", ...headers } });
}

/** Wait until something is so. */
export async function until(isSo) {
  for (let tries = 0; tries < 400; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`It never was so: ${isSo}`);
}
