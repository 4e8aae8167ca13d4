// node publish.mjs CLIENT JSON        e.g.  node publish.mjs c42 '{"hello":"world"}'
const headers = { "Content-Type": "application/json" };
if (process.env.MEGACOMET_KEY) headers.Authorization = "Bearer " + process.env.MEGACOMET_KEY;
const [client, message] = process.argv.slice(2);
const answer = await fetch((process.env.MEGACOMET ?? "http://127.0.0.1:9001") + "/publish", {
  method: "POST", headers, body: JSON.stringify({ client, message: JSON.parse(message) }),
});
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
