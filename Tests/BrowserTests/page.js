"use strict";
// A page without a browser: a clock that the test moves, a network that the test answers, and megacomet.js loaded into it.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const source = fs.readFileSync(process.env.MEGACOMET_SCRIPT || path.join(__dirname, "../../Sources/Browser/megacomet.js"), "utf8");

class Page {
  // random: the values of Math.random, in turn. The last one comes for ever.
  constructor({ random = [0.5], xhr = true, streams = false } = {}) {
    this.now = 1e12;
    this.timers = new Map();
    this.polls = []; // each { url, jsonp, answer(envelope, status), fail(), aborted }
    this.posts = []; // acknowledgements
    this.listeners = {};
    this.scripts = 0;
    this.errors = [];
    const page = this;
    let serial = 0;
    const timer = (every) => (run, ms = 0) => {
      this.timers.set(++serial, { due: this.now + Math.max(ms, 0), run, every: every ? ms : 0, serial });
      return serial;
    };
    const stop = (id) => this.timers.delete(id);
    const on = (type, f) => { (this.listeners[type] = this.listeners[type] || new Set()).add(f); };
    const off = (type, f) => { this.listeners[type].delete(f); };
    // The wall clock may be set. Lengths of time are measured with `now` alone.
    this.wallOffset = 0;
    class Clock extends Date { constructor() { super(page.now + page.wallOffset); } }
    const math = Object.create(Math, { random: { configurable: true, value: () => (random.length > 1 ? random.shift() : random[0]) } });
    this.navigator = { onLine: true };
    this.document = {
      hidden: false, readyState: "complete", head: {}, addEventListener: on, removeEventListener: off,
      createElement: () => ({}),
      documentElement: {
        appendChild: (script) => { script.parentNode = this.document.documentElement; this.scripts++; this.asked(script.src, script); },
        removeChild: (script) => { script.parentNode = null; this.scripts--; },
      },
    };
    const window = {
      location: { origin: "http://page:1", protocol: "http:" }, document: this.document, navigator: this.navigator, Math: math, Date: Clock, performance: { now: () => page.now - 1e12 }, addEventListener: on, removeEventListener: off,
      setTimeout: timer(false), clearTimeout: stop, setInterval: timer(true), clearInterval: stop,
    };
    window.self = window;
    // Streams and sockets that the test opens, feeds and ends.
    this.streams = [];
    class Stream {
      constructor(url) { this.url = url; this.handlers = {}; this.sent = []; page.streams.push(this); }
      addEventListener(type, f) { this.handlers[type] = f; }
      event(type, data, id) { this.handlers[type]({ type, data: JSON.stringify(data), lastEventId: String(id) }); }
      send(text) { this.sent.push(text); }
      close() { this.closed = true; }
    }
    if (streams) { window.EventSource = class extends Stream {}; window.WebSocket = class extends Stream {}; }
    if (xhr) window.XMLHttpRequest = class {
      open(method, url) { this.url = url; if (method === "POST") this.send = () => page.posts.push(this); }
      send() { page.asked(this.url, null, this); }
      abort() { this.poll.aborted = true; }
    };
    this.window = vm.createContext(window);
    vm.runInContext(source, window);
  }
  asked(url, script, xhr) {
    const poll = { url, jsonp: !!script, aborted: false, withCredentials: !!(xhr && xhr.withCredentials) };
    const done = (text, status) => { xhr.responseText = text; xhr.status = status; xhr.onloadend(); };
    poll.answer = (envelope, status = 200) => {
      if (!script) return done(JSON.stringify(envelope), status);
      vm.runInContext(`${/callback=([^&]*)/.exec(url)[1]}(${JSON.stringify(envelope)})`, this.window);
      script.onload();
    };
    poll.progress = () => xhr.onprogress();
    poll.text = (text, status = 200) => done(text, status);
    poll.load = () => script.onload();
    poll.fail = () => (script ? script.onerror() : done("", 0));
    if (xhr) xhr.poll = poll;
    this.polls.push(poll);
  }
  // Moves the clock. Timers that are due run in their order.
  pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.timers.values()].filter((t) => t.due <= end).sort((a, b) => a.due - b.due || a.serial - b.serial)[0];
      if (!due) break;
      this.now = Math.max(this.now, due.due);
      if (due.every) due.due += due.every; else this.timers.delete(due.serial);
      try { due.run(); } catch (e) { this.errors.push(e); }
    }
    this.now = end;
  }
  // The computer sleeps: time goes by, and no timer runs.
  sleep(ms) { this.now += ms; for (const t of this.timers.values()) t.due += ms; }
  setClock(by) { this.wallOffset += by; }
  fire(type, event = {}) { for (const f of [...(this.listeners[type] || [])]) f({ type, ...event }); }
  hide(hidden) { this.document.hidden = hidden; this.fire("visibilitychange"); }
  get last() { return this.polls[this.polls.length - 1]; }

  // A client with its log, connected and past the first turn.
  comet(options = {}) {
    const comet = new this.window.MegaComet({ client: "c42", urls: ["http://a:1", "http://b:2", "http://c:3"], transport: "xhr", ...options });
    comet.got = [];
    comet.states = [];
    comet.gaps = 0;
    comet.onmessage = (data) => comet.got.push(data);
    comet.onstate = (state, detail) => comet.states.push([state, detail]);
    comet.ongap = () => comet.gaps++;
    comet.connect();
    this.pass(0);
    return comet;
  }
}

const envelope = (...ids) => ({ messages: ids.map((id) => ({ id, data: "m" + id })), cursor: ids.length ? ids[ids.length - 1] : 0 });
module.exports = { Page, envelope };
