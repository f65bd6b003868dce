// @ts-check
/**
 * How one message looks. Nothing that people wrote is ever read as HTML: it becomes text, or a property.
 *
 * @typedef {import("./tidings-messaging.js").Message} Message
 * @typedef {import("./tidings-messaging.js").Part} Part
 * @typedef {import("./tidings-messaging.js").Action} Action
 * @typedef {import("./widget-texts.js").Texts} Texts
 * @typedef {import("./widget.js").Chat} Chat
 */

import { actionsOf } from "./tidings-messaging.js";
import { fill } from "./widget-texts.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/** Pictures a browser draws without running anything in them. */
const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/;
const PRESSED = "application/x-hub-action";
const OFFERED = "application/x-hub-actions";
const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'])/;
const SVG = "http://www.w3.org/2000/svg";
/** Outlines of 24 units. */
const OUTLINES = {
  chat: "M4 5h16v11H9l-5 4z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12L20 4l-5 16-3-7z",
  attach: "M20 11l-8 8a5 5 0 0 1-7-7l8-8a3.3 3.3 0 0 1 5 5l-8 8a1.7 1.7 0 0 1-2.4-2.4l7-7",
  smile: "M12 3a9 9 0 1 0 .01 0M8.5 14a4 4 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  sending: "M12 4a8 8 0 1 0 .01 0M12 8v4l3 2",
  failed: "M12 4a8 8 0 1 0 .01 0M12 8v5M12 16v.01",
  sent: "M6 12l4 4 8-9",
  delivered: "M2 12l4 4 8-9M11 15l1.5 1.5 8-9",
  read: "M2 12l4 4 8-9M11 15l1.5 1.5 8-9",
};

/**
 * Make an element. Attributes that are functions listen; those that are false are left out.
 * @param {string} name @param {Record<string, any>} attributes @param {...(Node | string)} children @returns {any}
 */
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** @param {keyof typeof OUTLINES} name @param {string} [label] what it says; decoration without */
export function icon(name, label) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("viewBox", "0 0 24 24");
  drawn.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", OUTLINES[name]);
  drawn.append(path);
  if (label) (drawn.setAttribute("role", "img"), drawn.setAttribute("aria-label", label));
  else drawn.setAttribute("aria-hidden", "true");
  return drawn;
}

/**
 * Who a profile is to people: `TEAM\Customer_Services` is Customer Services, and nobody knows `anon_…`.
 * @param {string} id
 */
export function nameOf(id) {
  return id.startsWith("anon_") ? "" : id.replace(/^TEAM\\/, "").replaceAll("_", " ");
}

/** @param {string} url */
export function isWeb(url) {
  return /^https?:\/\//i.test(url);
}

/** @param {Part} part @returns {string | null} */
function textOf(part) {
  if (part.type.startsWith("text/plain")) return part.data ?? "";
  if (part.type !== PRESSED) return null;
  try {
    const { label, action } = JSON.parse(part.data ?? "");
    return String(label ?? action);
  } catch {
    return "";
  }
}

/**
 * Make what is there like what is to be there, and leave alone what is so already: whoever listens to the page hears
 * only what is new, the focus stays, and pictures do not blink.
 * @param {Element} old @param {Element} next
 */
function renew(old, next) {
  const key = next.getAttribute("data-key");
  if (old.isEqualNode(next) || (key && old.getAttribute("data-key") === key)) return;
  const isSame = old.tagName === "DIV" && next.tagName === "DIV" && old.classList[0] === next.classList[0];
  if (!isSame || old.matches(".actions, .failure, .reactions, .more")) return void old.replaceWith(next);
  const [was, is] = [[...old.children], [...next.children]];
  if (!old.childElementCount || !next.childElementCount) return void old.replaceWith(next);
  is.forEach((child, index) => (was[index] ? renew(was[index], child) : old.append(child)));
  was.slice(is.length).forEach((child) => child.remove());
}

/** Draw a message anew into its element. @param {HTMLElement} into @param {Message} message @param {Chat} chat */
export function draw(into, message, chat) {
  const isMine = message.from === chat.profile;
  const { words } = chat;
  const who = isMine ? words.you : nameOf(message.from) || words.us;
  const time = new Intl.DateTimeFormat(chat.language, { hour: "numeric", minute: "2-digit" }).format(
    new Date(message.sentOn),
  );
  into.className = `message ${isMine ? "mine" : "theirs"} ${message.standing}`;
  into.setAttribute("role", "article");
  into.setAttribute("aria-label", `${who}, ${time}`);
  const bubble = make("div", { class: "bubble", part: "bubble" });
  if (chat.isGroup && !isMine) bubble.append(make("div", { class: "author" }, who));
  for (const part of message.parts) bubble.append(...drawPart(part, chat));
  if (!bubble.childElementCount) bubble.append(make("p", { class: "note" }, words.unknown));
  if (message.deleteRequested) bubble.append(make("p", { class: "note" }, words.deleteAsked));
  const foot = make("div", { class: "foot", "aria-live": "off" }, make("time", { datetime: message.sentOn }, time));
  if (isMine) foot.append(icon(message.standing, words[message.standing]));
  bubble.append(foot);
  const around = make("div", { class: "around" }, bubble);
  if (message.id) around.append(drawMore(message, chat, isMine));
  const parts = [around, drawReactions(message, chat), drawActions(message, chat), drawFailure(message, chat)];
  renew(into.firstElementChild ?? into.appendChild(make("div")), make("div", { class: "whole" }, ...parts));
}

/** @param {Part} part @param {Chat} chat @returns {Node[]} */
function drawPart(part, chat) {
  const text = textOf(part);
  if (text !== null) return text ? [make("p", { dir: "auto", class: "text" }, ...linked(text))] : [];
  if (part.type === OFFERED || !(part.url || part.data)) return [];
  return [PICTURES.test(part.type) ? drawPicture(part, chat) : drawFile(part, chat)];
}

/** @param {string} text @returns {(Node | string)[]} */
function linked(text) {
  return text
    .split(LINK)
    .map((piece, index) =>
      index % 2 ? make("a", { href: piece, target: "_blank", rel: "noopener noreferrer nofollow" }, piece) : piece,
    );
}

/** @param {Part} part @param {Chat} chat */
function drawPicture(part, chat) {
  const picture = make("img", {
    class: "picture",
    alt: part.name || chat.words.file,
    "data-key": keyOf(part),
    referrerpolicy: "no-referrer",
    decoding: "async",
  });
  // A picture that cannot be had is a file that may be.
  const giveUp = () => picture.replaceWith(drawFile(part, chat));
  picture.addEventListener("error", giveUp);
  sourceOf(part, chat).then((source) => {
    picture.src = source;
  }, giveUp);
  return picture;
}

/** @param {Part} part @param {Chat} chat */
function drawFile(part, chat) {
  const name = part.name || chat.words.file;
  const size = part.size ? ` · ${sizeIn(part.size, chat.language)}` : "";
  const save = async () => {
    const source = await sourceOf(part, chat).catch(() => "");
    // It is saved, never shown in a tab: a page out of a blob would have this page's rights.
    if (source.startsWith("blob:")) make("a", { href: source, download: name }).click();
    else if (isWeb(source)) open(source, "_blank", "noopener,noreferrer");
  };
  const label = fill(chat.words.download, { name });
  return make(
    "button",
    { type: "button", class: "file", "aria-label": label, click: save },
    icon("file"),
    make("span", {}, name, size),
  );
}

/** @type {Map<string, Promise<string>>} what was loaded once is not loaded again when a message is drawn anew */
const LOADED = new Map();

/** @param {Part} part */
function keyOf({ type, url, data }) {
  return url ?? `${type} ${data}`;
}

/** Where the page has a part's file. @param {Part} part @param {Chat} chat @returns {Promise<string>} */
function sourceOf(part, chat) {
  const key = keyOf(part);
  const known = LOADED.get(key);
  if (known) return known;
  const loading = load(part, chat);
  LOADED.set(key, loading);
  loading.catch(() => LOADED.delete(key));
  return loading;
}

/** @param {Part} part @param {Chat} chat */
async function load({ type, url, data = "" }, chat) {
  if (url?.startsWith("blob:")) return url;
  if (!url)
    return URL.createObjectURL(new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], { type }));
  try {
    return URL.createObjectURL(await chat.content(url));
  } catch (error) {
    // What stands elsewhere is shown from there, where the page's own policy lets it.
    if (isWeb(url) && Object(error).status === 0) return url;
    throw error;
  }
}

/** @param {number} octets @param {string} language */
function sizeIn(octets, language) {
  const [unit, share] = octets < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, /** @type {any} */ (style)).format(octets / Number(share));
}

/** @param {Message} message @param {Chat} chat */
function drawReactions(message, chat) {
  const drawn = Object.entries(message.reactions).map(([emoji, by]) => {
    const isMine = by.includes(chat.profile);
    const react = () => chat.conversation?.react(message, emoji, !isMine).catch(chat.failed);
    return make("button", { type: "button", "aria-pressed": String(isMine), click: react }, `${emoji} ${by.length}`);
  });
  return make("div", { class: "reactions", "aria-live": "off" }, ...drawn);
}

/** @param {Message} message @param {Chat} chat */
function drawActions(message, chat) {
  const drawn = actionsOf(message).map((action) => {
    const click = () => chat.conversation?.click(message, action);
    const leads =
      action.kind === "link" && isWeb(action.url ?? "")
        ? action.url
        : action.kind === "call" && /^\+?[\d ()-]+$/.test(action.phone ?? "")
          ? `tel:${action.phone}`
          : "";
    if (leads) return make("a", { href: leads, target: "_blank", rel: "noopener noreferrer", click }, action.label);
    return make("button", { type: "button", click }, action.label);
  });
  return make("div", { class: "actions" }, ...drawn);
}

/** @param {Message} message @param {Chat} chat */
function drawFailure(message, chat) {
  if (message.standing !== "failed") return make("div", { class: "failure" });
  const { words } = chat;
  return make(
    "div",
    { class: "failure" },
    make("span", { title: message.error?.message ?? "" }, words.failed),
    make("button", { type: "button", click: () => chat.conversation?.retry(message) }, words.retry),
    make("button", { type: "button", click: () => chat.conversation?.discard(message) }, words.discard),
  );
}

/** @param {Message} message @param {Chat} chat @param {boolean} isMine */
function drawMore(message, chat, isMine) {
  const { words } = chat;
  const choices = make("div", { class: "choices", role: "group", "aria-label": words.more, hidden: true });
  const opener = make(
    "button",
    { type: "button", class: "opener", "aria-label": words.more, "aria-expanded": "false" },
    icon("smile"),
  );
  const show = (/** @type {boolean} */ is) => {
    choices.hidden = !is;
    opener.setAttribute("aria-expanded", String(is));
    if (is) choices.querySelector("button")?.focus();
  };
  opener.addEventListener("click", () => show(choices.hidden));
  const around = make("div", { class: "more" }, opener, choices);
  around.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || choices.hidden) return;
    event.stopPropagation();
    show(false);
    opener.focus();
  });
  around.addEventListener("focusout", (/** @type {FocusEvent} */ event) => {
    if (!around.contains(event.relatedTarget)) show(false);
  });
  for (const emoji of EMOJI) {
    const isOn = message.reactions[emoji]?.includes(chat.profile) ?? false;
    const react = () => chat.conversation?.react(message, emoji, !isOn).catch(chat.failed);
    const label = fill(words.react, { emoji });
    choices.append(
      make("button", { type: "button", "aria-label": label, "aria-pressed": String(isOn), click: react }, emoji),
    );
  }
  if (isMine && !message.deleteRequested) {
    choices.append(
      make(
        "button",
        { type: "button", class: "wide", click: () => chat.conversation?.requestDelete(message).catch(chat.failed) },
        words.askDelete,
      ),
    );
  }
  return around;
}
