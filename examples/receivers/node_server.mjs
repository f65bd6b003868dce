// Receive webhooks with Node 18 or newer, and nothing else.
//
//     WEBHOOK_KEYS="whsec_…" PORT=9200 node node_server.mjs
//
// WEBHOOK_KEYS are the subscriptions' signing keys, with spaces between. What was done is remembered in memory here; a
// unique index in your database, written in the transaction that does the work, remembers it for good.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const LARGEST = 32 * 2 ** 20;
const TOLERANCE = 300; // seconds
const keys = process.env.WEBHOOK_KEYS.split(" ").map((key) => Buffer.from(key.replace(/^whsec_/, ""), "base64"));
const done = new Set();

/** Say what is wrong with a request; nothing where it is signed with one of the keys. */
function wrong(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": given } = headers;
  if (!id || !given || !/^\d{1,15}$/.test(timestamp ?? "")) return "a webhook- header is missing";
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return "webhook-timestamp is too far from now";
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const due = keys.map((key) => Buffer.from("v1," + createHmac("sha256", key).update(signed).digest("base64")));
  const same = (one, other) => one.length === other.length && timingSafeEqual(one, other);
  return given.split(" ").some((each) => due.some((one) => same(one, Buffer.from(each)))) ? "" : "not signed by us";
}

const actOn = (event) => console.log(event.name ?? event.event, event.payload.messageId ?? event.payload.id);

function answer(headers, body) {
  const why = wrong(headers, body);
  if (why) return [401, why];
  let told;
  try {
    told = [JSON.parse(body)].flat();
  } catch {
    return [400, "not JSON"];
  }
  for (const event of told) {
    const id = event.eventId ?? headers["webhook-id"];
    if (done.has(id)) continue;
    actOn(event); // What it throws becomes a 500, and the hub tells the event again.
    done.add(id);
    if (done.size > 100_000) done.delete(done.values().next().value);
  }
  return [204, ""];
}

async function read(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) if ((size += chunk.length) <= LARGEST) chunks.push(chunk);
  return size <= LARGEST ? Buffer.concat(chunks) : null;
}

createServer((request, response) => {
  const finish = ([status, text]) => response.writeHead(status).end(text);
  read(request).then((body) => (body ? answer(request.headers, body) : [413, "too large"])).then(finish, (error) => {
    console.error(error);
    finish([500, ""]);
  });
}).listen(Number(process.env.PORT ?? 9200), "127.0.0.1");
