/** What somebody does who uses the client in TypeScript. */

import { Messaging, Refusal, type Conversation, type Message } from "./client/tidings-messaging.js";

const messaging = new Messaging({ space: "s", authenticate: async (nonce: string) => `signed ${nonce}` });
const end: () => void = messaging.on("state", (state) => console.log(state === "live"));

export async function talk(): Promise<Message> {
  messaging.start();
  const conversation: Conversation = await messaging.create();
  conversation.on("message", (message) => conversation.read(message));
  conversation.on("typing", (who: string[]) => console.log(who.length));
  const sent = conversation.send({ text: "Hello", files: [new File([], "a.txt")] });
  await conversation.react(sent, "👍").catch((error: Refusal) => console.log(error.status, error.isPassing));
  const older: readonly Message[] = await conversation.older();
  end();
  return older[0] ?? sent;
}
