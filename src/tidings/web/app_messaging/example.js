// @ts-check
/** The page to try things out on: what yours does, but that the hub itself stands for your server. */

import "./widget.js";

const asked = new URL(location.href).searchParams;
const space = asked.get("space") ?? "";
const VISITOR = `tidings-example:${space}`;

/** @param {string} id @param {string} text */
function show(id, text) {
  const place = document.getElementById(id);
  if (place) place.textContent = text;
}

/** What your own server does: say who the visitor is, in a token with this nonce. @param {string} nonce */
async function authenticate(nonce) {
  const answer = await fetch(`example/token?space=${encodeURIComponent(space)}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nonce, visitor: localStorage.getItem(VISITOR) ?? undefined }),
  });
  const said = await answer.json();
  show("trouble", answer.ok ? "" : said.detail);
  if (!answer.ok) throw new Error(said.detail);
  localStorage.setItem(VISITOR, said.visitor);
  return said.token;
}

const chat = /** @type {import("./widget.js").TidingsChat} */ (document.createElement("tidings-chat"));
chat.setAttribute("space", space);
for (const name of ["conversation", "label", "lang", "theme"]) {
  const value = asked.get(name);
  if (value) chat.setAttribute(name, value);
}
if (asked.has("dir")) document.documentElement.dir = asked.get("dir") ?? "";
chat.authenticate = authenticate;
chat.addEventListener("tidings-state", () => {
  show("state", chat.messaging?.state ?? "");
  show("profile", chat.messaging?.profile ?? "");
});
chat.addEventListener("tidings-conversation", () => show("conversation", chat.conversation?.id ?? ""));
show("space", space);
if (space) document.body.append(chat);
else show("trouble", "Which workspace? Add ?space=… to the address.");

document.getElementById("anew")?.addEventListener("click", async () => {
  await chat.end().catch(() => {});
  localStorage.removeItem(VISITOR);
  location.reload();
});
