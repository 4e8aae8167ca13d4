// The page's side of the chat: it joins rooms, shows what MegaComet brings, and sends typed text to the app server.
// The name is in the query, the room behind the #: http://localhost:8080/?name=Ada#lobby
"use strict";
const byId = (id) => document.getElementById(id);
const name = new URLSearchParams(location.search).get("name");
const rooms = {}; // by channel: { name, list, tab, users, unread, delivered: [id], typing: { name: timer } }
let client, comet, here, joined = Promise.resolve(), typed = 0;

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const result = await answer.json();
  if (!answer.ok) throw new Error(result.error.message);
  return result;
}

// The address names a room. The page stays in those where it was before, and counts what is said there.
function enter() {
  const room = decodeURIComponent(location.hash.slice(1)) || "lobby";
  const isNew = !rooms["room:" + room];
  if (isNew) rooms["room:" + room] = open(room);
  here = rooms["room:" + room];
  here.unread = 0;
  for (const each of Object.values(rooms)) each.list.hidden = each !== here;
  draw();
  scroll();
  here.tab.scrollIntoView({ block: "nearest" });
  if (isNew) join(here);
}
function open(room) {
  const list = byId("main").appendChild(document.createElement("ol"));
  let tab = [...byId("rooms").children].find((tab) => tab.hash === "#" + encodeURIComponent(room));
  if (!tab) {
    tab = byId("rooms").appendChild(document.createElement("a"));
    tab.href = "#" + encodeURIComponent(room);
  }
  return { name: room, list, tab, users: [], unread: 0, delivered: [], typing: {} };
}
// One after the other: the first gives the page its client id. To join again does no harm.
function join(room) {
  joined = joined.then(async () => {
    const answer = await post("join", { room: room.name, name, client });
    if (!comet) connect(client = answer.client, answer.urls, answer.needs_token);
  }).catch((error) => note(room, error.message));
}
function connect(client, urls, needsToken) {
  const token = needsToken ? async () => (await post("token", { name })).token : undefined;
  comet = new MegaComet({ client, urls, token });
  comet.onmessage = (data, id, channel, message) => {
    const room = rooms[channel];
    if (data.typing) return isTyping(room, data.typing);
    if (data.delivered) return areDelivered(room, data.delivered);
    stopsTyping(room, data.name);
    show(room, data, message.of || id);
  };
  comet.onpresence = (presence) => {
    rooms[presence.channel].users = presence.users || [presence.connected + " people"];
    draw();
  };
  comet.onstate = (state) => { byId("state").textContent = byId("state").dataset.state = state; };
  comet.ongap = () => Object.values(rooms).forEach(join); // this page was away for long: the rooms bring what it missed
  comet.connect();
}

// Puts a line into its place. A room that is joined again brings lines that are there already.
function show(room, data, id) {
  const lines = [...room.list.children];
  if (lines.some((line) => line.id === String(id))) return;
  const line = document.createElement("li");
  line.id = id;
  line.className = data.name === name ? "mine" : "";
  line.classList.toggle("delivered", data.name === name && room.delivered.includes(id));
  line.appendChild(document.createElement("b")).textContent = data.name;
  line.append(data.text);
  room.list.insertBefore(line, lines.find((line) => line.id > id) || null);
  if (room !== here) room.unread++;
  draw();
  scroll();
}
// All who are in the room have these lines. Their author is shown it.
function areDelivered(room, ids) {
  room.delivered = [...room.delivered, ...ids].slice(-200); // in a cluster there is a list from each machine
  for (const id of ids) {
    const line = document.getElementById(id);
    if (line && line.classList.contains("mine")) line.classList.add("delivered");
  }
}
function note(room, text) {
  const line = room.list.appendChild(document.createElement("li"));
  line.className = "note";
  line.textContent = text;
  scroll();
}
function isTyping(room, who) {
  clearTimeout(room.typing[who]);
  room.typing[who] = setTimeout(stopsTyping, 4000, room, who);
  draw();
}
function stopsTyping(room, who) {
  clearTimeout(room.typing[who]);
  delete room.typing[who];
  draw();
}
function draw() {
  for (const room of Object.values(rooms)) {
    room.tab.className = room === here ? "here" : "";
    room.tab.textContent = room.name + (room.unread ? " (" + room.unread + ")" : "");
  }
  const typing = Object.keys(here.typing).filter((who) => who !== name);
  byId("people").textContent = here.users.join(", ");
  byId("typing").textContent = typing.length ? typing.join(", ") + (typing.length > 1 ? " are" : " is") + " typing ..." : "";
}
function scroll() { byId("main").scrollTop = byId("main").scrollHeight; }

byId("say").addEventListener("submit", (event) => {
  const text = byId("text").value, room = here;
  event.preventDefault();
  byId("text").value = "";
  typed = 0;
  post("say", { room: room.name, client, text }).catch((error) => {
    byId("text").value = text;
    note(room, "not sent: " + error.message);
  });
});
byId("text").addEventListener("input", () => {
  if (Date.now() - typed < 2000) return;
  typed = Date.now();
  post("typing", { room: here.name, client }).catch(() => {}); // the next key tries again
});

if (name) {
  byId("me").textContent = name;
  window.addEventListener("hashchange", enter);
  enter();
} else {
  byId("hello").hidden = false;
  byId("rooms").hidden = byId("say").hidden = true;
}
