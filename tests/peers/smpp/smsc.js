// An SMSC of the package `smpp`: it takes what it is sent, reports on it, and delivers what it is told to on its input.
// It writes one line of JSON for everything that it hears.
const smpp = require("smpp");
const readline = require("readline");

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
let last = 0xabc0;
let bound = null;

const server = smpp.createServer((session) => {
  session.on("error", (error) => say({ error: String(error) }));
  session.on("bind_transceiver", (pdu) => {
    if (pdu.system_id !== "hubesme" || pdu.password !== "s3cretpw") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return;
    }
    bound = session;
    session.send(pdu.response({ system_id: "NODE" }));
    say({ bound: pdu.system_id });
  });
  session.on("enquire_link", (pdu) => {
    session.send(pdu.response());
    say({ asked: "enquire_link" });
  });
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    say({ unbound: true });
    session.close();
  });
  session.on("deliver_sm_resp", (pdu) => say({ answered: pdu.command_status }));
  session.on("submit_sm", (pdu) => {
    const id = (last += 1).toString(16);
    const said = pdu.short_message;
    session.send(pdu.response({ message_id: id }));
    say({ id, to: pdu.destination_addr, from: pdu.source_addr, text: said.message, udh: said.udh, coding: pdu.data_coding });
    session.deliver_sm({
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: 4,
      receipted_message_id: id,
      message_state: 2,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2603141508 done date:2603141509 stat:DELIVRD err:000 text:`,
    });
  });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => bound.deliver_sm(JSON.parse(line)));
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
