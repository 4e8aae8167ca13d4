// The promises of megacomet.d.ts to programs in TypeScript. This is compiled, not run. A line after @ts-expect-error must be refused.
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
comet.connect();
const seen: number = comet.cursor;
comet.close();
new MegaComet({ client: "c" + seen }).onmessage = (data) => data.anything;

// @ts-expect-error a client is needed
new MegaComet({});
// @ts-expect-error no such transport
new MegaComet({ client: "c", transport: "websocket" });
// @ts-expect-error the cursor is the script's own
comet.cursor = 1;
// @ts-expect-error no such state
if (comet.state === "open") comet.close();
// @ts-expect-error a Chat has no such field
comet.onmessage = (data) => data.subject;
