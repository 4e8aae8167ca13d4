// node publish.mjs CLIENT JSON [SECONDS]        e.g.  node publish.mjs c42 '{"hello":"world"}' 5
// With SECONDS (1 to 60) the answer comes when it is known what became of the message, or when they are over.
const meaning = {
  acknowledged: "the client has it, and has said so",
  delivered: "it went out to a client that never says what it has",
  handed: "it went out to a client that never says what it has",
  expired: "it never came",
  dropped: "it never came",
};
const headers = { "Content-Type": "application/json" };
if (process.env.MEGACOMET_KEY) headers.Authorization = "Bearer " + process.env.MEGACOMET_KEY;
const [client, message, seconds] = process.argv.slice(2);
const url = (process.env.MEGACOMET ?? "http://127.0.0.1:9001") + "/publish" + (seconds ? "?wait=" + seconds : "");
const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ client, message: JSON.parse(message) }) });
const text = await answer.text();
console.log(text);
if (answer.ok && seconds) console.log(meaning[JSON.parse(text).status] ?? "not known yet, it may still come"); // status 202
process.exitCode = answer.ok ? 0 : 1;
