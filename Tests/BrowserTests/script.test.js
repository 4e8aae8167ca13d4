"use strict";
// The logic of megacomet.js: run it with `node --test`. The behaviour of a browser is tested in browser_test.py.
const test = require("node:test");
const assert = require("node:assert");
const { Page, envelope } = require("./page.js");

const host = (poll) => new URL(poll.url).host;
const cursor = (poll) => Number(new URL(poll.url).searchParams.get("cursor"));
const last = (comet) => comet.states[comet.states.length - 1];

// A poll that is refused at once, and the wait after it.
const failAndWait = (page, comet) => { page.last.fail(); page.pass(last(comet)[1].delay); };

test("the first worker is any of them", () => {
  const hosts = [0, 0.34, 0.99].map((random) => { const page = new Page({ random: [random] }); page.comet(); return host(page.last); });
  assert.deepEqual(hosts, ["a:1", "b:2", "c:3"]);
});

test("a failure goes to another worker, never to the same", () => {
  for (const random of [0, 0.3, 0.6, 0.99]) {
    const page = new Page({ random: [random] });
    page.comet();
    for (let i = 0; i < 6; i++) {
      const before = host(page.last);
      page.last.fail();
      page.pass(30000);
      assert.notEqual(host(page.last), before);
    }
  }
});

test("an answer keeps the worker", () => {
  const page = new Page({ random: [0.34, 0.9] });
  page.comet();
  for (let i = 1; i < 5; i++) { page.last.answer(envelope(i)); page.pass(0); assert.equal(host(page.last), "b:2"); }
});

test("one url, given as a string with a slash", () => {
  const page = new Page();
  page.comet({ urls: "http://only:9/", client: "a b/ü" });
  assert.equal(page.last.url.split("?")[0], "http://only:9/a%20b%2F%C3%BC.json");
  page.last.fail();
  page.pass(30000);
  assert.equal(host(page.last), "only:9");
});

test("the cursor acknowledges, and what comes twice is shown once", () => {
  const page = new Page();
  const comet = page.comet();
  assert.equal(cursor(page.last), 0);
  page.last.answer(envelope(3, 5));
  page.pass(0);
  assert.equal(cursor(page.last), 5);
  page.last.fail();
  page.pass(30000);
  page.last.answer(envelope(5, 6));
  page.pass(0);
  assert.equal(cursor(page.last), 6);
  assert.deepEqual(comet.got, ["m3", "m5", "m6"]);
});

test("a cursor of an earlier page is gone on from", () => {
  const page = new Page();
  const comet = page.comet({ cursor: 70 });
  assert.equal(cursor(page.last), 70);
  page.last.answer(envelope(70, 71));
  assert.deepEqual([comet.got, comet.cursor], [["m71"], 71]);
});

// An answer with messages of channels and users. `of` makes an element one of an entry: all of these have the entry's id.
const answer = (...messages) => ({ messages, cursor: messages.length ? messages[messages.length - 1].id : 0 });
const old = (id, of) => ({ id, channel: "room:7", of, data: "m" + of });

test("all elements of an entry are shown, though they have one id, and once if the answer comes twice", () => {
  for (const transport of ["xhr", "jsonp"]) {
    const page = new Page();
    const comet = page.comet({ transport });
    const entry = answer({ id: 50, data: "own" }, old(60, 31), old(60, 32), old(60, 33), { id: 61, channel: "room:7", data: "new" });
    page.last.answer(entry);
    page.pass(0);
    assert.equal(cursor(page.last), 61);
    page.last.answer(entry);
    page.pass(1000);
    page.last.answer(answer(old(60, 33), old(62, 20), old(62, 33)));
    assert.deepEqual(comet.got, ["own", "m31", "m32", "m33", "new", "m20", "m33"]);
    assert.equal(comet.cursor, 62);
  }
});

test("close in the middle of an entry: the rest of it comes at the next connect, and nothing twice", () => {
  const page = new Page();
  const comet = page.comet();
  const cursors = [];
  comet.onmessage = (data) => {
    comet.got.push(data);
    cursors.push(comet.cursor);
    if (data === "m32") comet.close();
  };
  page.last.answer(answer({ id: 50, data: "own" }, old(60, 31), old(60, 32), old(60, 33)));
  assert.deepEqual([comet.got, comet.cursor], [["own", "m31", "m32"], 50]);
  comet.connect();
  page.pass(0);
  assert.equal(cursor(page.last), 50, "an entry of which something is missing is not acknowledged");
  page.last.answer(answer(old(60, 31), old(60, 32), old(60, 33), { id: 61, data: "own 2" }));
  page.pass(0);
  assert.deepEqual([comet.got, cursors], [["own", "m31", "m32", "m33", "own 2"], [50, 50, 50, 60, 61]]);
  assert.equal(cursor(page.last), 61);
});

test("close in the middle of an entry that is over by the next connect", () => {
  const page = new Page();
  const comet = page.comet();
  comet.onmessage = (data) => { comet.got.push(data); if (data === "m32") comet.close(); };
  page.last.answer(answer(old(60, 31), old(60, 32), old(60, 33)));
  comet.connect();
  page.pass(0);
  page.last.answer(answer(old(63, 20), old(63, 32)));
  assert.deepEqual([comet.got, comet.cursor], [["m31", "m32", "m20", "m32"], 63]);
});

test("onmessage is told the channel, and has the whole element", () => {
  const page = new Page();
  const comet = page.comet();
  const calls = [];
  comet.onmessage = (...arguments_) => calls.push(arguments_);
  const messages = [{ id: 1, data: "own" }, { id: 2, user: "42", data: "user" }, { id: 3, channel: "room:7", data: "room" }, { id: 4, channel: "room:7", of: 2, data: null }];
  page.last.answer(answer(...messages));
  const plain = JSON.parse(JSON.stringify(calls.map(([data, id, channel, message]) => [data, id, channel === undefined ? "none" : channel, message])));
  assert.deepEqual(plain, [["own", 1, "none", messages[0]], ["user", 2, "none", messages[1]], ["room", 3, "room:7", messages[2]], [null, 4, "room:7", messages[3]]]);
});

test("on gives a channel's messages to a function of its own, until it is taken back", () => {
  const page = new Page();
  const comet = page.comet();
  const room = [];
  const say = (id, channel) => page.last.answer(answer({ id, channel, data: id })) || page.pass(0);
  comet.on("room:7", function (data, id, channel, message) { assert.equal(this, comet); room.push([data, id, channel, message.id]); });
  comet.on("undefined", () => assert.fail("a message without a channel is of none"));
  comet.on("__proto__", (data) => room.push(data));
  say(1, "room:7");
  say(2, "room:8");
  say(3, undefined);
  say(4, "constructor");
  page.last.text('{"messages":[{"id":5,"channel":"__proto__","data":5}],"cursor":5}');
  page.pass(0);
  comet.on("room:7", null);
  say(6, "room:7");
  assert.deepEqual([room, comet.got], [[[1, 1, "room:7", 1], 5], [2, 3, 4, 6]]);
  comet.on("room:8", () => { throw new Error("the app's"); });
  say(7, "room:8");
  say(8, "room:9");
  assert.deepEqual([page.errors.map((e) => e.message), comet.got], [["the app's"], [2, 3, 4, 6, 8]]);
});

test("presence is for onpresence alone, and moves the cursor", () => {
  const page = new Page();
  const comet = page.comet();
  const presence = { channel: "room:7", all: true, users: ["ann"], connected: 3, came: ["ann"] };
  const told = [];
  page.last.answer(answer({ id: 8, presence }));
  page.pass(0);
  assert.equal(cursor(page.last), 8, "also where nobody listens");
  comet.onpresence = function (news) { assert.equal(this, comet); told.push(news); };
  page.last.answer(answer({ id: 8, presence }, { id: 9, of: 4, presence }, old(9, 5)));
  assert.deepEqual([JSON.parse(JSON.stringify(told)), comet.got, page.errors], [[presence], ["m5"], []]);
});

test("ids that began anew are taken, not thrown away", () => {
  const page = new Page();
  const comet = page.comet({ cursor: 7000 });
  page.last.answer({ ...envelope(1, 2), gap: true });
  assert.deepEqual([comet.got, comet.gaps, comet.cursor], [["m1", "m2"], 1, 2]);
});

test("a gap is told before what follows it", () => {
  const page = new Page();
  const comet = page.comet();
  const order = [];
  comet.ongap = () => order.push("gap");
  comet.onmessage = (data) => order.push(data);
  page.last.answer({ ...envelope(9), gap: true });
  assert.deepEqual(order, ["gap", "m9"]);
});

test("windows double to the widest, and the jitter is over all of each", () => {
  for (const random of [0, 0.5, 0.999]) {
    const page = new Page({ random: [random] });
    const comet = page.comet();
    for (let i = 0; i < 8; i++) failAndWait(page, comet);
    const waits = comet.states.filter(([state]) => state === "waiting").map(([, detail]) => Math.round(detail.delay));
    assert.deepEqual(waits, [2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000].map((w) => Math.round(w * random)));
  }
});

test("10,000 clients whose worker dies come back spread over the window", () => {
  const window = 2000;
  const slots = new Array(20).fill(0);
  const page = new Page();
  Object.defineProperty(page.window.Math, "random", { value: Math.random });
  for (let i = 0; i < 10000; i++) {
    const comet = page.comet();
    page.last.fail();
    slots[Math.floor(last(comet)[1].delay / (window / slots.length))]++;
    comet.close();
  }
  // Each has 500 with a standard deviation of 22. Six times that never happens by chance.
  for (const count of slots) assert.ok(count > 368 && count < 632, slots.join(" "));
});

test("an answer forgets the failures", () => {
  const page = new Page({ random: [0.5] });
  const comet = page.comet();
  for (let i = 0; i < 3; i++) failAndWait(page, comet);
  page.last.answer(envelope(1));
  page.pass(0);
  page.last.fail();
  assert.equal(last(comet)[1].delay, 1000);
});

test("a poll that was held for long and cut does not count as a refusal", () => {
  const page = new Page({ random: [0.5] });
  const comet = page.comet();
  for (let i = 0; i < 3; i++) failAndWait(page, comet);
  page.pass(11000);
  page.last.fail();
  assert.equal(last(comet)[1].delay, 1000);
});

test("retry is obeyed, on the same worker", () => {
  const page = new Page({ random: [0.34, 0.9] });
  const comet = page.comet();
  page.last.answer({ ...envelope(1), retry: 5000 });
  assert.deepEqual(last(comet), ["waiting", { code: "retry", delay: 5000 }]);
  page.pass(4999);
  assert.equal(page.polls.length, 1);
  page.hide(true);
  page.hide(false);
  page.fire("online");
  page.pass(0);
  assert.equal(page.polls.length, 1, "nothing hurries a pause that the server asked for");
  page.pass(1);
  assert.equal(page.polls.length, 2);
  assert.equal(host(page.last), "b:2");
});

test("a full worker: what it asks for, and jitter on top, at another", () => {
  const page = new Page({ random: [0.5] });
  const comet = page.comet();
  const before = host(page.last);
  page.last.answer({ error: { code: "full", message: "this worker is full" }, retry: 3000 }, 503);
  assert.equal(last(comet)[0], "waiting");
  assert.equal(last(comet)[1].code, "full");
  assert.equal(last(comet)[1].delay, 4000);
  page.pass(4000);
  assert.notEqual(host(page.last), before);
});

test("an answer that is none: a portal's page, a proxy's error, the wrong JSON", () => {
  for (const [text, status] of [["<html>Please log in", 200], ["upstream is down", 502], ["[]", 200], ["null", 200], ["", 200]]) {
    const page = new Page();
    const comet = page.comet();
    page.last.text(text, status);
    assert.deepEqual([last(comet)[0], last(comet)[1].code, last(comet)[1].status], ["waiting", "http", status]);
    page.pass(2000);
    assert.equal(page.polls.length, 2);
  }
});

test("replaced stops, and says so", () => {
  for (const transport of ["xhr", "jsonp"]) {
    const page = new Page();
    const comet = page.comet({ transport });
    page.last.answer({ messages: [], cursor: 0, error: { code: "replaced", message: "another" } }, 409);
    page.pass(200000);
    page.fire("online");
    page.pass(10000);
    assert.deepEqual([last(comet)[0], comet.state, last(comet)[1].code, page.polls.length], ["replaced", "replaced", "replaced", 1]);
    assert.equal(page.timers.size, 0);
    comet.connect();
    page.pass(0);
    assert.equal(page.polls.length, 2, "the user may take it back");
  }
});

test("a client id that the server refuses is not asked for again", () => {
  const page = new Page();
  const comet = page.comet({ client: "a.b" });
  page.last.answer({ error: { code: "bad_client", message: "no" } }, 400);
  page.pass(100000);
  assert.deepEqual([comet.state, last(comet)[1].code, page.polls.length], ["closed", "bad_client", 1]);
});

test("a client that the app disconnects stops, until connect() is called", () => {
  for (const transport of ["xhr", "jsonp"]) {
    const page = new Page();
    const comet = page.comet({ transport });
    page.last.answer({ messages: [], cursor: 0, poll_timeout: 40000 });
    page.last.answer({ messages: [], cursor: 0, error: { code: "disconnected", message: "by the app" } }, 403);
    page.pass(200000);
    page.fire("online");
    page.pass(10000);
    assert.deepEqual([last(comet)[0], comet.state, last(comet)[1].code, page.polls.length], ["closed", "closed", "disconnected", 2]);
    assert.equal(page.timers.size, 0);
    comet.connect();
    page.pass(0);
    assert.equal(page.polls.length, 3);
  }
});

test("states of a life: connecting, connected when answered, waiting, connecting", () => {
  const page = new Page();
  const comet = page.comet();
  page.pass(999);
  assert.deepEqual(comet.states.map(([s]) => s), ["connecting"]);
  page.pass(1);
  page.last.answer(envelope(1));
  page.pass(0);
  page.last.answer(envelope(2));
  page.pass(0);
  page.last.fail();
  page.pass(1000);
  assert.deepEqual(comet.states.map(([s]) => s), ["connecting", "connected", "waiting", "connecting"]);
  assert.deepEqual({ ...comet.states[1][1] }, { url: "http://b:2", transport: "xhr" });
});

test("close ends all: the poll, the timers, the listeners", () => {
  for (const transport of ["xhr", "jsonp"]) {
    const page = new Page();
    const comet = page.comet({ transport });
    comet.close();
    comet.close();
    assert.equal(page.timers.size, 0);
    page.pass(1000);
    assert.equal(page.timers.size, 0);
    assert.equal(page.scripts, 0);
    assert.ok(Object.values(page.listeners).every((set) => set.size === 0));
    assert.deepEqual(comet.states.map(([s]) => s), ["connecting", "closed"]);
    if (transport === "xhr") assert.ok(page.last.aborted);
  }
});

test("close in the middle of an answer keeps the rest for later", () => {
  const page = new Page();
  const comet = page.comet();
  comet.onmessage = (data) => { comet.got.push(data); if (data === "m2") comet.close(); };
  page.last.answer(envelope(1, 2, 3));
  assert.deepEqual([comet.got, comet.cursor], [["m1", "m2"], 2]);
  comet.connect();
  page.pass(0);
  assert.equal(cursor(page.last), 2);
});

test("close and connect in the middle of an answer leaves one poll", () => {
  const page = new Page();
  const comet = page.comet();
  comet.onmessage = (data) => { comet.got.push(data); if (data === "m1") { comet.close(); comet.connect(); } };
  page.last.answer(envelope(1, 2));
  page.pass(0);
  assert.deepEqual(comet.got, ["m1", "m2"]);
  assert.equal(page.polls.filter((p) => !p.aborted).length, 2); // the answered poll, and the next
});

test("connect twice is once", () => {
  const page = new Page();
  const comet = page.comet();
  comet.connect();
  page.pass(0);
  assert.equal(page.polls.length, 1);
});

test("what the app throws is reported, and the next message comes all the same", () => {
  const page = new Page();
  const comet = page.comet();
  comet.onmessage = (data) => { comet.got.push(data); throw new Error("the app's " + data); };
  page.last.answer(envelope(1, 2));
  page.pass(0);
  assert.deepEqual(comet.got, ["m1", "m2"]);
  assert.deepEqual(page.errors.map((e) => e.message), ["the app's m1", "the app's m2"]);
  assert.equal(page.polls.length, 2);
});

test("no handlers at all is no error", () => {
  const page = new Page();
  const comet = page.comet();
  comet.onmessage = comet.onstate = comet.ongap = null;
  page.last.answer({ ...envelope(1), gap: true });
  page.pass(0);
  assert.deepEqual([comet.cursor, page.errors.length], [1, 0]);
});

test("a poll without an answer is given up above the poll time", () => {
  for (const transport of ["xhr", "jsonp"]) {
    const page = new Page();
    const comet = page.comet({ transport });
    page.pass(47999);
    assert.equal(page.polls.length, 1);
    page.pass(7001);
    assert.equal(page.polls.length, 2);
    assert.ok(comet.states.some(([state, detail]) => state === "waiting" && detail.code === "timeout"));
    assert.equal(page.scripts, transport === "xhr" ? 0 : 1);
  }
});

test("connected is said when the server was heard, not before", () => {
  const page = new Page();
  const comet = page.comet();
  page.pass(40000);
  assert.deepEqual(comet.states.map(([state]) => state), ["connecting"]);
  assert.match(page.last.url, /&hello=1&/);
  page.last.answer({ messages: [], cursor: 0, poll_timeout: 20000 });
  assert.equal(comet.state, "connected");
  assert.equal(page.polls.length, 2, "and polls at once, with no timer between");
  assert.doesNotMatch(page.last.url, /hello/);
  page.last.fail();
  page.pass(30000);
  assert.match(page.last.url, /&hello=1&/, "a server that was lost is asked anew");
});

test("the server's own poll time is what a page is patient for", () => {
  const page = new Page();
  const comet = page.comet();
  page.last.answer({ messages: [], cursor: 0, poll_timeout: 20000 });
  page.pass(27999);
  assert.equal(comet.state, "connected");
  page.pass(6000);
  assert.ok(comet.states.some(([state, detail]) => state === "waiting" && detail.code === "timeout"));
});

test("an answer that is still coming is not given up", () => {
  const page = new Page();
  page.comet();
  for (let i = 0; i < 5; i++) { page.pass(30000); page.last.progress(); }
  assert.equal(page.polls.length, 1);
  page.last.answer(envelope(1));
  assert.equal(page.last.url.includes("cursor=1"), true);
});

test("a clock that is set back while a poll is held delays nothing", () => {
  const page = new Page();
  page.comet();
  page.last.answer(envelope(1));
  page.pass(5000);
  page.setClock(-3600000);
  page.last.answer(envelope());
  assert.equal(page.polls.length, 3, "it was held for 5 s: the next is made at once");
});

test("a page that forgets its client is told so, before any request", () => {
  const page = new Page();
  for (const client of [undefined, null, "", NaN, {}]) {
    assert.throws(() => new page.window.MegaComet({ client }), /client is missing/);
  }
  new page.window.MegaComet({ client: 42 });
  assert.equal(page.polls.length, 0);
});

test("after sleep the poll is made again within seconds", () => {
  const page = new Page();
  page.comet();
  page.sleep(8 * 3600 * 1000);
  page.pass(7000);
  assert.equal(page.polls.length, 2);
  assert.ok(page.polls[0].aborted);
});

test("a clock that is set back does not stop the watchdog", () => {
  const page = new Page();
  page.comet();
  page.setClock(-3600 * 1000);
  for (const timer of page.timers.values()) timer.due -= 3600 * 1000;
  page.pass(7000);
  assert.equal(page.polls.length, 2);
});

test("offline says so, and online polls at once, within the first window", () => {
  const page = new Page({ random: [0.5] });
  const comet = page.comet();
  page.navigator.onLine = false;
  page.last.fail();
  assert.deepEqual([last(comet)[0], last(comet)[1].delay], ["offline", 15000]);
  page.navigator.onLine = true;
  page.fire("online");
  page.pass(1000);
  assert.equal(page.polls.length, 2);
});

test("going offline is noticed at once, and the poll of the lost network given up", () => {
  const page = new Page({ random: [0.5] });
  const comet = page.comet();
  page.pass(3000);
  page.navigator.onLine = false;
  page.fire("offline");
  assert.deepEqual([last(comet)[0], last(comet)[1].delay, page.last.aborted], ["offline", 15000, true]);
  page.navigator.onLine = true;
  page.fire("online");
  page.pass(1000);
  assert.equal(page.polls.length, 2);
});

test("another network: the poll of the old one is given up", () => {
  const page = new Page();
  page.comet();
  page.pass(3000);
  page.fire("online");
  assert.ok(page.last.aborted);
  page.pass(1000);
  assert.equal(page.polls.length, 2);
});

test("hidden pages poll on, and come back from failures without hurry", () => {
  const page = new Page({ random: [0.5] });
  const comet = page.comet();
  page.hide(true);
  page.last.answer(envelope(1));
  page.pass(0);
  assert.equal(page.polls.length, 2);
  page.last.fail();
  assert.equal(last(comet)[1].delay, 15000, "the widest window at once");
  page.hide(false);
  page.pass(1000);
  assert.equal(page.polls.length, 3, "and who looks again does not wait for it");
});

test("a page in the back-forward cache holds no poll", () => {
  const page = new Page();
  page.comet();
  page.fire("pagehide", { persisted: true });
  assert.ok(page.last.aborted);
  page.pass(100000);
  assert.equal(page.polls.length, 1);
  page.fire("pageshow", { persisted: true });
  page.pass(0);
  assert.equal(page.polls.length, 2);
});

test("answers that are empty at once are no tight loop", () => {
  const page = new Page();
  page.comet();
  page.last.answer(envelope(1)); // a poll with hello is answered at once
  page.pass(0);
  for (let i = 0; i < 4; i++) { page.last.answer(envelope()); page.pass(1000); }
  assert.equal(page.polls.length, 6);
  page.last.answer(envelope());
  page.pass(999);
  assert.equal(page.polls.length, 6);
});

test("auto tries the other transport until one was heard, and stays with that", () => {
  const page = new Page();
  page.comet({ transport: "auto" });
  const seen = [];
  for (let i = 0; i < 6; i++) { seen.push(page.last.jsonp); page.last.fail(); page.pass(30000); }
  assert.deepEqual(seen, [false, false, true, true, false, false]);
  assert.ok(page.last.jsonp);
  page.last.answer(envelope(1));
  page.pass(0);
  for (let i = 0; i < 4; i++) { page.last.fail(); page.pass(30000); assert.ok(page.last.jsonp); }
});

test("an error that the server tells is no fault of the transport", () => {
  const page = new Page();
  page.comet({ transport: "auto" });
  for (let i = 0; i < 6; i++) {
    page.last.text('{"error":{"code":"full","message":"this worker is full"}}', 503);
    page.pass(30000);
  }
  assert.ok(page.polls.every((poll) => !poll.jsonp));
});

test("auto that came to JSONP tries XHR again after five minutes", () => {
  const page = new Page();
  const comet = page.comet({ transport: "auto" });
  page.last.fail(); page.pass(30000);
  page.last.fail(); page.pass(30000);
  assert.ok(page.last.jsonp);
  let id = 0;
  // Answers polls for so many seconds. Returns whether another transport was tried by then.
  const serve = (seconds) => {
    for (let i = 0; i < seconds / 20; i++) { page.last.answer(envelope(++id)); page.pass(20000); }
    return !page.last.jsonp;
  };
  assert.ok(!serve(280));
  assert.ok(serve(60), "one trial");
  page.last.fail(); page.pass(30000);
  assert.ok(page.last.jsonp, "that did not work");
  assert.ok(!serve(240));
  assert.ok(serve(100), "another trial, which works: it is kept");
  serve(400);
  page.last.fail(); page.pass(30000);
  assert.ok(!page.last.jsonp);
  assert.equal(comet.got.length, id);
});

test("a proxy that ends polls after 30 s does not spoil the transport", () => {
  const page = new Page();
  page.comet({ transport: "auto" });
  for (let i = 0; i < 6; i++) { page.pass(30000); page.last.text("<html>", 504); page.pass(2000); }
  assert.ok(page.polls.every((poll) => !poll.jsonp));
});

test("a proxy that ends polls early, again and again, is met by shorter polls", () => {
  for (const status of [504, 0]) {
    const page = new Page({ random: [0.5] });
    const comet = page.comet({ transport: "auto" });
    const hold = () => new URL(page.last.url).searchParams.get("hold");
    // A page until a held poll is cut after so many ms: a hello, and the poll.
    const cutAfter = (ms) => {
      if (/&hello=1/.test(page.last.url)) page.last.answer({ messages: [], cursor: 0, poll_timeout: 40000 });
      assert.equal(comet.state, "connected");
      page.pass(ms);
      if (status) page.last.text("<html>", status); else page.last.fail();
      page.pass(2000);
      page.last.answer({ messages: [], cursor: 0, poll_timeout: 40000 });
    };
    cutAfter(30000);
    assert.equal(hold(), null, "once is chance");
    cutAfter(12000);
    assert.equal(hold(), null, "at another time, too");
    cutAfter(30000);
    assert.equal(hold(), null);
    cutAfter(30500);
    assert.equal(hold(), "22");
    page.pass(21000);
    page.last.answer(envelope());
    page.pass(0);
    assert.equal(hold(), "22", "kept, as it works");
    cutAfter(15000);
    cutAfter(15000);
    assert.equal(hold(), "11", "and again, where that is still too long");
    assert.ok(page.polls.every((poll) => !poll.jsonp), "the transport is not to blame");
  }
});

test("a server that refuses at once is not asked for shorter polls", () => {
  const page = new Page({ random: [0.5] });
  page.comet();
  page.last.answer({ messages: [], cursor: 0 });
  for (let i = 0; i < 6; i++) { page.last.text("<html>", 502); page.pass(30000); }
  assert.ok(page.polls.every((poll) => !/hold=/.test(poll.url)));
});

test("a refusal for want of a login ends the polls", () => {
  const page = new Page();
  const comet = page.comet();
  page.last.text("<html>login", 401);
  page.pass(100000);
  assert.deepEqual([comet.state, last(comet)[1].status, page.polls.length], ["closed", 401, 1]);
});

test("a login page in place of an answer is polled with backoff", () => {
  const page = new Page({ random: [0.99] });
  page.comet();
  const end = page.now + 600000;
  while (page.now < end) { if (page.last !== page.seen) { page.seen = page.last; page.last.text("<html>login"); } page.pass(100); }
  assert.ok(page.polls.length < 30, `${page.polls.length} polls in ten minutes`);
});

test("auto without XHR comes to JSONP", () => {
  const page = new Page({ xhr: false });
  page.comet({ transport: "auto" });
  page.pass(6000);
  assert.ok(page.last.jsonp);
});

test("auto where there is no page, as in a worker thread, stays with XHR", () => {
  const page = new Page();
  delete page.document.head;
  page.comet({ transport: "auto" });
  for (let i = 0; i < 5; i++) { assert.equal(page.last.jsonp, false); page.last.fail(); page.pass(30000); }
});

test("JSONP waits for the page's load event, which a held script would hold up", () => {
  const page = new Page();
  page.document.readyState = "interactive";
  page.comet({ transport: "jsonp" });
  page.pass(1000);
  assert.equal(page.polls.length, 0);
  page.document.readyState = "complete";
  page.pass(100);
  assert.equal(page.polls.length, 1);
});

test("JSONP removes its tags and callbacks", () => {
  const page = new Page();
  const before = Object.keys(page.window).length;
  const comet = page.comet({ transport: "jsonp" });
  for (let i = 1; i <= 1000; i++) { page.last.answer(envelope(i)); page.pass(0); }
  assert.equal(comet.got.length, 1000);
  assert.equal(page.scripts, 1);
  assert.equal(Object.keys(page.window.MegaComet).length, 1);
  assert.equal(Object.keys(page.window).length, before);
});

test("a callback that comes late is harmless, and leaves nothing", () => {
  const page = new Page();
  const comet = page.comet({ transport: "jsonp" });
  const late = page.last;
  page.pass(72000);
  assert.notEqual(page.last, late);
  late.answer(envelope(1, 2));
  assert.deepEqual(comet.got, []);
  assert.equal(comet.cursor, 0);
  assert.equal(Object.keys(page.window.MegaComet).length, 1);
});

test("a script that can not be loaded is a failure; XHR asks why", () => {
  const page = new Page();
  const comet = page.comet({ transport: "jsonp" });
  page.last.fail();
  assert.ok(!page.last.jsonp && /callback=.*&hello=1$/.test(page.last.url), page.last.url);
  page.last.text("/**/MegaComet._1({});");
  assert.deepEqual([last(comet)[0], last(comet)[1].code, page.scripts], ["waiting", "network", 0]);
  page.pass(30000);
  page.last.fail();
  page.last.fail();
  assert.deepEqual([last(comet)[0], last(comet)[1].code, page.scripts], ["waiting", "network", 0]);
});

test("a script that loads and calls nothing is a failure", () => {
  const page = new Page();
  const comet = page.comet({ transport: "jsonp" });
  page.last.load();
  assert.deepEqual([last(comet)[0], last(comet)[1].code], ["waiting", "network"]);
  assert.deepEqual([page.scripts, page.polls.length], [0, 1]);
});

test("JSONP that is switched off is told, and not asked for again", () => {
  const page = new Page();
  const comet = page.comet({ transport: "jsonp" });
  page.last.fail();
  page.last.answer({ error: { code: "jsonp", message: "off" } }, 403);
  assert.deepEqual([comet.state, last(comet)[1].code], ["closed", "jsonp"]);
  page.pass(600000);
  assert.deepEqual([page.polls.length, page.timers.size, page.scripts], [2, 0, 0]);
  assert.equal(Object.keys(page.window.MegaComet).length, 0);
});

test("close() ends the question why a script could not be loaded", () => {
  const page = new Page();
  const comet = page.comet({ transport: "jsonp" });
  page.last.fail();
  comet.close();
  assert.ok(page.last.aborted);
  assert.equal(Object.keys(page.window.MegaComet).length, 0);
});

test("a poll's url is new after a failure, and where the answer may be a cache's; else a preflight is kept", () => {
  const page = new Page({ random: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13] });
  page.comet({ urls: "http://a:1" });
  const c = () => /&c=([^&]*)/.exec(page.last.url)[1];
  page.last.answer(envelope());
  const first = c();
  page.pass(40000);
  page.last.answer(envelope());
  assert.equal(c(), first, "an answer that was held");
  page.pass(40000);
  page.last.answer(envelope(1));
  assert.equal(c(), first, "another cursor is another url");
  page.last.answer(envelope());
  page.pass(1000);
  const second = c();
  assert.notEqual(second, first, "an empty answer at once");
  page.last.fail();
  page.pass(30000);
  assert.notEqual(c(), second);
});

test("loaded twice is loaded once", () => {
  const page = new Page();
  const first = page.window.MegaComet;
  const comet = page.comet({ transport: "jsonp" });
  require("vm").runInContext(require("fs").readFileSync(require.resolve("../../Sources/Browser/megacomet.js"), "utf8"), page.window);
  assert.equal(page.window.MegaComet, first);
  page.last.answer(envelope(1));
  assert.deepEqual(comet.got, ["m1"]);
});

// A page with transports of its own, and the life of a stream in it.

const token = (poll) => new URL(poll.url).searchParams.get("token");
const refuse = (page, code) => page.last.answer({ error: { code, message: "no" } }, 401);
const stream = (page) => page.streams[page.streams.length - 1];
// A hello, and the proof.
const prove = (stream, id) => { stream.event("hello", { heartbeat: 25000 }, id); stream.event("heartbeat", {}, id); };

test("a token is text, or asked for, and asked for again when it has expired", () => {
  const page = new Page();
  let comet = page.comet({ token: "a b&c" });
  assert.equal(token(page.last), "a b&c");
  refuse(page, "token_expired");
  assert.deepEqual([comet.state, last(comet)[1].hint, page.polls.length], ["closed", "expired", 1], "there is no other");
  let count = 0, give;
  comet = page.comet({ token: () => (++count === 3 ? { then: (f) => { give = f; } } : "t" + count) });
  assert.equal(token(page.last), "t1");
  page.last.answer(envelope(1));
  refuse(page, "token_expired");
  assert.equal(token(page.last), "t2", "at once");
  refuse(page, "token_bad");
  assert.equal(comet.state, "waiting", "a token that was new is no better at once");
  page.pass(2000);
  assert.equal(page.polls.length, 4, "a promise");
  give("t3");
  assert.equal(token(page.last), "t3");
  page.last.answer(envelope(2));
  page.last.text("<html>login", 401);
  assert.equal(token(page.last), "t4");
  refuse(page, "token_client");
  assert.deepEqual([comet.state, last(comet)[1].hint], ["closed", "refused"]);
});

test("a stream that was refused for its token is not barred, and cookies go along if they may", () => {
  const page = new Page({ streams: true });
  let count = 0;
  page.comet({ transport: "auto", token: () => "t" + ++count, withCredentials: true });
  page.last.answer({ ...envelope(), poll_timeout: 40000 });
  page.pass(0);
  assert.match(stream(page).url, /^ws:.*token=t1/);
  stream(page).onclose({ code: 1006 });
  page.pass(0);
  refuse(page, "token_expired");
  assert.match(page.last.url, /json.*token=t2/);
  assert.equal(page.last.withCredentials, true);
  page.last.answer(envelope());
  page.pass(0);
  assert.match(stream(page).url, /^ws:.*token=t2/, "the same transport, with the new token");
});

test("an empty token is not sent, and is asked for anew where a cookie has expired", () => {
  const page = new Page();
  let count = 0;
  page.comet({ token: () => { count++; return ""; } });
  assert.equal(token(page.last), null);
  refuse(page, "token_expired");
  page.pass(0);
  assert.deepEqual([count, page.polls.length], [1, 1]);
  page.pass(5000);
  assert.deepEqual([count, token(page.last), page.last.withCredentials], [2, null, false]);
});

test("a token that can't be had is asked for later", () => {
  for (const none of [() => { throw new Error(); }, () => undefined, () => ({ then: (f, g) => g() })]) {
    const page = new Page();
    const comet = page.comet({ token: none });
    assert.deepEqual([comet.state, last(comet)[1].code, page.polls.length], ["waiting", "token", 0]);
    page.pass(100000);
    assert.equal(comet.state, "waiting");
    comet.close();
    assert.equal(page.timers.size, 0);
  }
});

test("hints: mixed content, a policy, a refusal, no network", () => {
  const page = new Page();
  page.window.location.protocol = "https:";
  const hint = (options, before) => {
    const comet = page.comet(options);
    if (before) before();
    page.last.fail();
    const found = last(comet)[1].hint;
    comet.close();
    return found;
  };
  assert.equal(hint({}), "mixed");
  assert.equal(hint({ urls: "https://a" }), undefined);
  assert.equal(hint({ urls: "https://a" }, () => page.fire("securitypolicyviolation", { blockedURI: "https://a/c42.json" })), "csp");
  page.navigator.onLine = false;
  assert.equal(hint({ urls: "https://a" }), "offline");
});

test("a stream that fails before its first event: a poll asks why, and then another is tried", () => {
  const page = new Page({ streams: true });
  const comet = page.comet({ transport: "auto", urls: "http://a:1" });
  page.last.answer({ messages: [], cursor: 0, poll_timeout: 40000 });
  assert.match(stream(page).url, /^ws:\/\/a:1\/c42\.ws\?cursor=0&page=[0-9a-f]{8}&hello=1&c=/);
  stream(page).onclose({ code: 1006 });
  assert.match(page.last.url, /\.json\?.*&hello=1/);
  page.last.fail();
  page.pass(2000);
  page.last.answer({ messages: [], cursor: 0 });
  assert.match(stream(page).url, /ws$|\.ws\?/, "nobody answered, so it is not to blame");
  stream(page).onclose({ code: 1006 });
  page.last.answer({ messages: [], cursor: 0 });
  assert.match(stream(page).url, /\.events\?/);
  prove(stream(page), 7);
  assert.equal(comet.state, "connected");
  assert.equal(last(comet)[1].transport, "events");
  page.pass(590000);
  assert.equal(page.streams.filter((it) => /\.ws/.test(it.url)).length, 2);
});

test("a stream: what it brings, what is acknowledged and when, and what it is told as it ends", () => {
  const page = new Page({ streams: true });
  const comet = page.comet({ transport: "events", urls: "http://a:1" });
  prove(stream(page), 5);
  stream(page).event("message", "m6", 6);
  stream(page).event("channel", { id: 7, channel: "room:7", data: "m7" }, 7);
  stream(page).event("channel", { id: 9, channel: "room:7", of: 1, data: "old" }, 9);
  assert.deepEqual([comet.got, comet.cursor], [["m6", "m7", "old"], 7], "the entry may go on");
  page.pass(5000);
  assert.match(page.posts[0].url, /\.ack\?cursor=7&page=/);
  stream(page).event("channel", { id: 10, ack: true, data: "urgent" }, 10);
  assert.match(page.posts[1].url, /\.ack\?cursor=10&/);
  for (let id = 11; id < 43; id++) stream(page).event("message", id, id);
  assert.match(page.posts[2].url, /\.ack\?cursor=42&/);
  stream(page).event("gap", {}, 42);
  assert.equal(comet.gaps, 1);
  stream(page).event("retry", { retry: 3000 }, 44);
  assert.deepEqual([last(comet)[0], last(comet)[1].delay, stream(page).closed, comet.cursor], ["waiting", 3000, true, 44]);
  page.pass(3000);
  assert.match(stream(page).url, /cursor=44&/);
  prove(stream(page), 44);
  stream(page).onerror();
  assert.equal(comet.state, "waiting", "the browser would come back by itself");
  page.pass(2000);
  prove(stream(page), 44);
  const silent = stream(page);
  page.pass(39000);
  assert.equal(silent.closed, true, "25 s and 8 s of silence");
  page.pass(2000);
  stream(page).event("replaced", { code: "replaced", message: "another" }, 44);
  assert.deepEqual([comet.state, page.timers.size], ["replaced", 0]);
});

test("the close codes of a WebSocket, also those that are not known", () => {
  const after = (code) => {
    const page = new Page({ streams: true });
    const comet = page.comet({ transport: "ws", urls: "http://a:1" });
    const socket = stream(page);
    socket.onmessage({ data: '{"messages":[],"cursor":5,"heartbeat":25000}' });
    socket.onmessage({ data: '{"messages":[],"cursor":5}' });
    page.pass(2000);
    socket.onclose({ code });
    return comet.state + page.streams.length;
  };
  assert.deepEqual(
    [1006, 4001, 4002, 4003, 4004, 4008, 4013, 4050, 4150, 4201, 4250].map(after),
    ["waiting1", "replaced1", "closed1", "closed1", "closed1", "waiting1", "waiting1", "closed1", "waiting1", "connected2", "connected2"]);
});

test("the script is ES5", () => {
  const source = require("fs").readFileSync(require.resolve("../../Sources/Browser/megacomet.js"), "utf8");
  assert.equal(Buffer.byteLength(source), source.length, "plain ASCII, whatever charset a page has");
  const code = source.replace(/\/\/.*$/gm, "").replace(/"[^"]*"/g, '""');
  assert.doesNotMatch(code, /=>|`|(?<!\.)\b(let|const|class|async|await|import|export|of|yield)\b|\.\.\.|\?\?|\?\.|\beval\b|new Function/);
});
