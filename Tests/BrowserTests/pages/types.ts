// The promises of megacomet.d.ts to programs in TypeScript. This is compiled, not run. A line after @ts-expect-error must be refused.
import type { MegaCometOptions } from "../../../Sources/Browser/megacomet";
import Module from "../../../Sources/Browser/megacomet";

interface Chat {
  from: string;
  text: string;
}

const comet = new MegaComet<Chat>({ client: "c42", urls: ["http://localhost:8000"], transport: "auto", cursor: 7291, delay: 2000 });
comet.onmessage = function (data, id) {
  const line: string = data.from + ": " + data.text + " (" + id.toFixed() + ")";
  document.title = line;
};
comet.ongap = () => location.reload();
comet.onstate = (state, detail) => {
  if (state === "waiting" && detail.delay !== undefined) document.title = detail.code + " " + detail.delay / 1000;
};
comet.onmessage = (data, id, channel, message) => {
  const key: number = message.of || id;
  document.title = channel === undefined ? message.user || "mine" : channel.slice(5) + key + data.text;
};
comet.on("room:7", (data, id, channel) => { document.title = channel.slice(5) + id.toFixed() + data.from; });
comet.on<number>("price", (price) => { document.title = price.toFixed(2); });
comet.on("price", null);
comet.onpresence = ({ channel, users, connected, came = [] }) => {
  document.title = channel + ": " + (users ? users.join() : connected.toFixed()) + came.length;
};
comet.connect();
const seen: number = comet.cursor;
comet.close();
new MegaComet({ client: "c" + seen }).onmessage = (data) => data.anything;

const options: MegaCometOptions = { client: "c", transport: "events", share: true, token: async () => "t" };
const other: Module<Chat> = new Module<Chat>({ ...options, token: "t" });
other.onstate = (state, detail) => { document.title = (detail.transport === "ws" ? state : "") + (detail.hint === "csp" ? detail.url : ""); };

// @ts-expect-error a token is text
new Module({ client: "c", token: 7 });
// @ts-expect-error no such hint
other.onstate = (state, detail) => detail.hint === "weather";
// @ts-expect-error a client is needed
new MegaComet({});
// @ts-expect-error no such transport
new MegaComet({ client: "c", transport: "websocket" });
// @ts-expect-error the cursor is the script's own
comet.cursor = 1;
// @ts-expect-error no such state
if (comet.state === "open") comet.close();
// @ts-expect-error a message of the client's own has no channel
comet.onmessage = (data, id, channel) => channel.length;
// @ts-expect-error a large channel has no names
comet.onpresence = (presence) => presence.users.length;
// @ts-expect-error a channel is named
comet.on(() => 1);
// @ts-expect-error a Chat has no such field
comet.onmessage = (data) => data.subject;
