/** Conversations of one profile with a Tidings hub, in a browser. The page docs/app-messaging-client.md tells more. */

/** Where messages stand: the first two are this client's own knowledge, the rest is what the hub says. */
export type Standing = "sending" | "failed" | "sent" | "delivered" | "read";

/**
 * How the client fares: `connecting`, `live` (told at once), `waiting` (to try again), `offline` (the browser has no
 * network), `refused` (the hub, or your `authenticate`, turned the profile away), `stopped`.
 */
export type State = "connecting" | "live" | "waiting" | "offline" | "refused" | "stopped";

/** One piece of a message: `data` holds text or JSON, `url` leads to what was uploaded or stands elsewhere. */
export interface Part {
  type: string;
  data?: string;
  url?: string;
  name?: string;
  size?: number;
}

export interface StatusUpdate {
  status: "delivered" | "read";
  on: string;
}

/** A message as it is known here now. */
export interface Message {
  /** The hub's id; empty until the hub has taken it. */
  id: string;
  /** What it is called here from the beginning, and never changes. */
  readonly key: string;
  /** The profile that wrote it. */
  from: string;
  sentOn: string;
  parts: Part[];
  metadata: Record<string, unknown>;
  /** Its number among the conversation's events; 0 until the hub has taken it. */
  sentEventId: number;
  standing: Standing;
  /** Who has got or read it, by profile. */
  statusUpdates: Record<string, StatusUpdate>;
  /** Who reacted, by emoji. */
  reactions: Record<string, string[]>;
  /** Whether its author asked for it to be deleted. */
  deleteRequested: boolean;
  /** Why it failed, where it did. */
  error: Error | null;
}

/** An event of the hub, as it came. */
export interface Happening {
  eventId: string;
  name: string;
  conversationId?: string;
  conversationEventId?: number;
  publishedOn?: string;
  context?: { createdBy?: string };
  payload: any;
}

export interface Participant {
  id: string;
  role: string;
}

/** What is to be sent: a text, files, or parts as they are. */
export interface Draft {
  text?: string;
  files?: Blob[];
  parts?: Part[];
  metadata?: Record<string, unknown>;
}

export interface Options {
  /** Where the hub is, such as `https://hub.example`; by default whence this module was loaded. */
  hub?: string;
  /** The workspace. */
  space: string;
  /** Ask your own server for a JWT with this nonce that names the profile. It is asked anew when a session ends. */
  authenticate: (nonce: string) => Promise<string>;
  /** Where the session and unsent messages are kept; null: nowhere but in memory. By default `localStorage`. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
  /** Tells apart several people who use one browser: what one left is not seen by the next. */
  user?: string;
}

/** Names of what can be listened to, and what a listener is given. */
export interface MessagingEvents {
  state: State;
  /** Anything the hub said. */
  event: Happening;
  /** Something could not be done, and nobody waits to be told so. */
  error: Error;
}

export interface ConversationEvents {
  /** A message came, from anyone; also one's own. Not told for history. */
  message: Message;
  /** Something about a message is different. */
  change: Message;
  /** An unsent message was given up. */
  gone: Message;
  /** Who is typing now, this profile left out. */
  typing: string[];
  participants: Participant[];
}

declare class Emitter<Events> {
  /** Listen; gives a function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: (what: Events[Name]) => void): () => void;
}

/** One conversation that is looked at. */
export class Conversation extends Emitter<ConversationEvents> {
  readonly id: string;
  readonly name: string;
  /** From old to new; unsent ones come last. */
  readonly messages: readonly Message[];
  readonly participants: readonly Participant[];
  /** Number of the last event known. */
  readonly place: number;
  /** Whether there are older messages than those here. */
  readonly hasOlder: boolean;
  /** Messages of others that this profile has not read. */
  readonly unread: number;
  /** Load older messages; gives those that were added. */
  older(): Promise<readonly Message[]>;
  /** Send a message; it is there at once, and goes as soon as there is a network, exactly once. */
  send(draft: Draft): Message;
  /** Try a failed message again. */
  retry(message: Message): void;
  /** Give a failed message up. */
  discard(message: Message): void;
  /** Say that this profile has read these messages. */
  read(...messages: Message[]): void;
  /** Say so once the element was seen: on the screen, in a page that is looked at. Gives a function that ends it. */
  readWhenSeen(message: Message, element: Element): () => void;
  /** Say that this profile is typing; call it at every key, it tells the hub at most every three seconds. */
  typing(): void;
  /** Say that it is not any more. By itself it is said ten seconds after the last key, and when a message is sent. */
  typingOff(): void;
  react(message: Message, emoji: string, on?: boolean): Promise<void>;
  /** Ask for a message to be deleted. */
  requestDelete(message: Message): Promise<void>;
  /** Press a button of a message; what is sent by it is a message. */
  click(message: Message, action: Action): Message;
}

/** A button that a message offers. */
export interface Action {
  kind: "reply" | "link" | "call";
  /** What people read. */
  label: string;
  /** What the business is told. */
  payload?: string;
  /** Where a link leads. */
  url?: string;
  /** Whom to call. */
  phone?: string;
}

/** The client. */
export class Messaging extends Emitter<MessagingEvents> {
  constructor(options: Options);
  readonly state: State;
  /** This profile; empty until there is a session. */
  readonly profile: string;
  /** Whether a session is remembered from before. */
  readonly isRemembered: boolean;
  /** Be live, and stay so. */
  start(): void;
  /** Be live no longer; the session and what is unsent are kept for the next time. */
  stop(): void;
  /** End the session and forget everything: for when people log out. */
  end(): Promise<void>;
  /** The profile's conversations, as the hub describes them. */
  conversations(): Promise<any[]>;
  /** Look at a conversation; the same object is given to whoever asks again. */
  conversation(id: string): Promise<Conversation>;
  /** Make a conversation with others; without any: find, or make, this profile's own one with the business. */
  create(described?: { name?: string; participants?: Participant[] }): Promise<Conversation>;
  /** Upload something; gives the part to be sent. Raises Refusal where it is too large, or of a kind not taken. */
  upload(file: Blob): Promise<Part>;
  /** Get what a part's `url` leads to; raises Refusal. */
  content(url: string): Promise<Blob>;
  /** Ask the hub anything, below the workspace; raises Refusal. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any>;
}

/** The hub said no, or nothing. */
export class Refusal extends Error {
  /** HTTP status; 0 where the hub was not reached. */
  readonly status: number;
  /** What the hub said of it. */
  readonly problem: any;
  /** Seconds to wait, where the hub said so. */
  readonly retryAfter: number | null;
  /** Whether the same may succeed later. */
  readonly isPassing: boolean;
}

/** Milliseconds to wait before a try, after so many that failed: a random share of `min(30 s, 2^tries − 1 s)`. */
export function patience(tries: number, chance?: number): number;

/** The further of two standings: nothing goes back. */
export function further(one: Standing, other: Standing): Standing;

/** Split what an event stream has sent; gives whole events, and what is left. */
export function splitStream(text: string): { events: { id: string; name: string; data: string }[]; rest: string };

/** The buttons that a message offers. */
export function actionsOf(message: Pick<Message, "parts">): Action[];
