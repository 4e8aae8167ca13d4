// MegaComet in the browser. What it promises: docs/protocol.txt, 12. Workers serve it without comments and spaces that
// only people need (BrowserScript.swift).
var MegaComet = (function (root) {
"use strict";
// Loaded twice: polls call the first by name.
if (root.MegaComet) return root.MegaComet;
var serial = 0, page = root.document || root, navigator = root.navigator, streams = { ws: "WebSocket", events: "EventSource" },
  abs = Math.abs,
  // What a close code of a WebSocket means where no envelope has said it.
  codes = { 4001: "replaced", 4002: "disconnected", 4003: "token_expired", 4008: "slow", 4013: "full" };
function nothing() {}
// For lengths of time: a clock that nobody sets.
function now() { return root.performance ? performance.now() : +new Date(); }
function random() { return Math.random(); }
// Eight hexadecimal digits.
function draw() { return (0x10000000 + random() * 0xefffffff).toString(16).slice(0, 8); }

function request(it, method, url) {
  var xhr = new XMLHttpRequest();
  xhr.open(method, url);
  xhr.withCredentials = it.withCredentials;
  return xhr;
}

// Transports. Each opens a receiver at a url. It calls it.done(envelope, status) at the end, it.take(envelope) for what
// comes before, it.heard() for a part of an answer. It sets it.abandon, which ends the receiver without a word, and
// it.socket, if that can take an acknowledgement.
var by = {
  xhr: function (it, url) {
    var xhr = request(it, "GET", url);
    xhr.onprogress = it.heard;
    xhr.onloadend = function () {
      var envelope;
      try { envelope = JSON.parse(xhr.responseText); } catch (e) {}
      it.done(envelope, xhr.status);
    };
    it.abandon = function () { xhr.onloadend = xhr.onprogress = nothing; xhr.abort(); };
    xhr.send();
  },
  jsonp: function (it, url) {
    var name = "_" + ++serial, script = page.createElement("script"),
      inquiry = { abandon: nothing, heard: nothing, done: function (envelope) { it.done(envelope); } };
    function remove() { if (script.parentNode) page.documentElement.removeChild(script); }
    function over() { remove(); delete MegaComet[name]; }
    MegaComet[name] = it.done;
    script.onload = function () { over(); it.done(); };
    script.onerror = function () {
      over();
      // Only XHR can tell why. Where JSONP is switched off, that is for good.
      if (it.asks) by.xhr(inquiry, script.src + "&hello=1"); else it.done();
    };
    script.referrerPolicy = "no-referrer";
    script.src = url + "&callback=MegaComet." + name;
    page.documentElement.appendChild(script);
    // A script on its way can't be stopped: its callback does nothing.
    it.abandon = function () {
      it.asks = 0;
      inquiry.abandon();
      remove();
      if (MegaComet[name]) MegaComet[name] = nothing;
    };
  },
  events: function (it, url) {
    var source = new EventSource(url, it);
    function got(event) {
      var data = JSON.parse(event.data), type = event.type, id = +event.lastEventId, envelope = { messages: [], cursor: id };
      if (type === "message") data = { id: id, data: data };
      if (/^[mcp]/.test(type)) {
        envelope.messages[0] = data;
        // It is one of an entry, which may go on: what comes after it moves the cursor.
        if (data.of) delete envelope.cursor;
      } else {
        envelope.gap = type === "gap";
        envelope.heartbeat = data.heartbeat;
        envelope.retry = data.retry;
        if (data.code) envelope.error = data;
      }
      it.take(envelope);
    }
    "message channel presence hello heartbeat gap retry replaced disconnected token".split(" ").forEach(function (type) {
      source.addEventListener(type, got);
    });
    // It would come back by itself, with an old url.
    source.onerror = function () { it.done(); };
    it.abandon = function () { source.close(); };
  },
  ws: function (it, url) {
    var socket = new WebSocket(url.replace(/^http/, "ws"));
    socket.onmessage = function (event) { it.take(JSON.parse(event.data)); };
    socket.onclose = function (event) { it.done({}, event.code); };
    it.socket = socket;
    it.abandon = function () { socket.close(); };
  }
};

function MegaComet(options) {
  var id = options.client;
  if (!/^(st|nu)/.test(typeof id) || id === "" || id !== id) throw new TypeError("MegaComet: client is missing");
  var comet = this, client = encodeURIComponent(id), urls = [].concat(options.urls || ""), wish = options.transport || "auto",
    jsonp = wish === "jsonp", auto = wish === "auto", timeout = options.timeout || 48e3, silence = 48e3,
    delay = options.delay || 2000, maxDelay = options.maxDelay || 3e4, nonce, handlers = Object.create(null), last = 0,
    at = random() * urls.length | 0, running, poll, timer, ticker, hurry, failures, misses = 0, retrial = 0, hold, cut = 0,
    token = options.token, asks = typeof token === "function" && token, fresh, blocked = "", me, away, told, kind,
    // Choosing: the streams, the better one first; until when each is not tried; which have worked here; whether a poll
    // is to say first that the server is there; the stream that has just failed.
    order = ["ws", "events"], barred = {}, proven = {}, inquire, suspect,
    // Up to `have` this page has all messages, up to `line` the receiver has brought them, up to `acked` the server knows that they were seen.
    line, acked, unacked = 0, have = options.cursor || 0,
    // With `share`: the other tabs, as [cursor, ticks of silence]; what the line was at the last tick.
    channel, tabs, holder, release, missed, mark, marks;
  Object.defineProperty(comet, "cursor", { get: function () { return have; } });
  comet.state = "closed";
  if (asks) token = null;

  comet.connect = function () {
    var memory;
    if (running) return;
    running = true;
    failures = 0;
    inquire = auto;
    try { memory = /^(ws|events)(\d+)$/.exec(localStorage.megacomet); } catch (e) {}
    if (memory && abs(new Date() - memory[2]) < 864e5) { prefer(memory[1]); inquire = false; }
    listen("addEventListener");
    ticker = setInterval(watch, 5000);
    enter();
  };
  comet.close = function () { if (running) { leave(); stop("closed"); } };
  comet.on = function (channel, f) { handlers[channel] = f; };

  function enter(stayed) {
    away = false;
    me = draw();
    line = have;
    if (stayed) lock();
    else if (options.share && root.BroadcastChannel && navigator.locks) join(); else next(0);
  }
  // The page goes, or stops. A receiver that outlives it (a service worker's) ends.
  function leave(stays) {
    rest();
    away = true;
    if (!channel || holder) try { navigator.sendBeacon(address("leave", seen())); } catch (e) {}
    if (stays) unlock(); else part();
  }
  function stop(state, detail) {
    running = false;
    rest();
    clearInterval(ticker);
    listen("removeEventListener");
    say(state, detail);
    part();
  }
  function rest() {
    var old = poll;
    poll = null;
    clearTimeout(timer);
    if (old) old.abandon();
  }
  function next(ms, mayHurry) {
    rest();
    hurry = mayHurry;
    // A hidden page's timers wait: there is none where there is nothing to wait for.
    if (running) { if (ms > 0) timer = setTimeout(open, ms); else open(); }
  }
  function address(extension, cursor) {
    var url = urls[at].replace(/\/*$/, "/");
    return (/^\/(?!\/)/.test(url) ? root.location.origin : "") + url + client + "." + extension + "?cursor=" + cursor + "&page=" + me +
      (token ? "&token=" + encodeURIComponent(token) : "");
  }

  function remember(text) { try { localStorage.megacomet = text; } catch (e) {} }
  function prefer(stream) { order = stream === "ws" ? ["ws", "events"] : ["events", "ws"]; }
  function choose() {
    if (jsonp) return "jsonp";
    if (inquire || wish === "xhr") return "xhr";
    return wish !== "auto" ? wish : order.filter(function (stream) { return root[streams[stream]] && !(barred[stream] > now()); })[0] || "xhr";
  }
  // A stream did not work, though the server answers. One that did work here has a second chance.
  function bar(stream) {
    if (!proven[stream]) {
      barred[stream] = now() + 6e5;
      remember("");
    }
    proven[stream] = 0;
  }
  function receiver(stream) {
    return poll = { at: +new Date(), began: now(), abandon: nothing, stream: stream, withCredentials: options.withCredentials };
  }
  function open() {
    if (asks && token == null) return ask();
    // Scripts hold up the load event.
    if (jsonp && page.readyState !== "complete") return next(99);
    // Perhaps XHR works by now.
    if (retrial && jsonp && now() > retrial) jsonp = false;
    kind = choose();
    // Until something was heard, the server is asked to answer at once. A stream then proves that nothing holds it back.
    var mine = receiver(!!streams[kind]), hello = mine.hello = mine.stream || inquire || !isConnected();
    if (hello || !nonce) nonce = random();
    if (!isConnected()) say("connecting");
    if (poll !== mine) return;
    mine.asks = wish === "jsonp" && root.XMLHttpRequest;
    mine.ready = !mine.stream;
    mine.done = function (envelope, status) { if (poll === mine) settle(envelope || {}, status); };
    mine.take = function (envelope) { if (poll === mine) take(envelope); };
    mine.heard = function () { mine.at = +new Date(); };
    acked = seen();
    mine.url = address({ xhr: "json", jsonp: "js" }[kind] || kind, line) + (acked < line ? "&ack=" + acked : "") +
      (hello ? "&hello=1" : hold ? "&hold=" + hold : "") + "&c=" + nonce;
    if (mine.stream && wish === "auto") timer = setTimeout(mine.done, 3000);
    try { by[kind](mine, mine.url); } catch (e) { mine.done({}, 0); }
  }
  function ask() {
    var mine = receiver(), given;
    function give(text) {
      if (poll !== mine) return;
      poll = null;
      fresh = true;
      if (typeof (token = text) === "string") open(); else refuse();
    }
    function refuse() { if (running && (!poll || poll === mine)) fail(0, { code: "token", message: "none" }); }
    if (!isConnected()) say("connecting");
    try { given = asks(); if (given && given.then) given.then(give, refuse); else give(given); } catch (e) { refuse(); }
  }

  // A stream has brought something.
  function take(envelope) {
    var it = poll, messages = envelope.messages;
    it.heard();
    if (envelope.error || envelope.retry) return settle(envelope);
    auto = fresh = false;
    if (envelope.heartbeat) silence = envelope.heartbeat + 8000;
    it.first = it.first || now();
    // Two writes came through: the second is a heartbeat, or was written later.
    if (!it.ready && (!messages.length && !envelope.heartbeat && !envelope.gap || now() - it.first > 20)) {
      clearTimeout(timer);
      it.ready = proven[kind] = true;
      failures = 0;
      remember(kind + +new Date());
    }
    if (it.ready || !isConnected()) say("connected");
    bring(envelope);
    unacked += messages.length;
    if (unacked > 31 || isUrgent(messages)) acknowledge();
  }
  // Somebody waits for the acknowledgement.
  function isUrgent(messages) { return messages.some(function (message) { return message.ack; }); }
  // A receiver has ended.
  function settle(envelope, status) {
    var it = poll, took = now() - it.began, hello = it.hello && !it.stream, messages = envelope.messages, error = envelope.error, code, count;
    if (it.stream) rest();
    poll = null;
    if (status > 999) {
      code = codes[status] || (status > 3999 && status < 4100 ? "closed" : 0);
      if (code && !error) error = { code: code };
      if (!error && status > 4199 && status < 4300 && took > 1000) return next(0);
      status = 0;
    }
    if (status === 401 || error && /^token/.test(error.code)) {
      error = error || { code: "http", status: 401 };
      if (!asks || error.code === "token_client") return stop("closed", error);
      token = null;
      // It was not the stream's fault.
      suspect = 0;
      return fresh ? fail(took, error) : next(0);
    }
    if (error && /^(replaced|disconnected|closed|jsonp|bad_)/.test(error.code)) {
      code = error.code === "replaced" ? error.code : "closed";
      // A tab that was frozen may have lost the lock, and not know it yet.
      if (holder && code !== "closed") timer = setTimeout(function () { stop(code, error); }, 1000); else stop(code, error);
      return;
    }
    if (!error && !messages && !hello && it.ready && took > 4000) {
      // Something on the way ends receivers after so long, again: polls become shorter, each page's by its own part.
      if (abs(took - cut) < 2000) {
        if (!it.stream) hold = Math.ceil(took * (.5 + .4 * random()) / 1000);
        else if (took < 1e5) { proven[kind] = 0; bar(kind); }
      }
      cut = took;
    }
    if (it.stream && !error && !envelope.retry && !it.ready) {
      // Why, only a poll can tell.
      inquire = true;
      suspect = kind;
      return next(0);
    }
    if (error || !messages || it.stream && !it.first)
      return fail(took, error || { code: envelope.retry ? "full" : status ? "http" : "network", status: status }, envelope.retry);
    // This transport works. Where it is the worse one, the better is tried again after five minutes.
    retrial = auto && jsonp && (retrial || now() + 3e5);
    auto = auto && jsonp;
    inquire = fresh = false;
    if (suspect) {
      bar(suspect);
      code = suspect;
      suspect = 0;
      if (wish === code) return fail(took, { code: "network" });
    } else if (hello) {
      try { if (/^h[23]/.test(performance.getEntriesByName(it.url)[0].nextHopProtocol)) prefer("events"); } catch (e) {}
    }
    failures = 0;
    // What the server holds a poll for is told in the first answer; a silence of 8 s more is a dead path.
    if (!options.timeout && envelope.poll_timeout) timeout = envelope.poll_timeout + 8000;
    say("connected");
    if (!running) return;
    bring(envelope);
    if (!running) return;
    count = messages.length;
    if (envelope.retry) say("waiting", { code: "retry", delay: envelope.retry });
    // Perhaps out of a cache: the next URL is a new one.
    if (!count && took < 1000) nonce = 0;
    next(envelope.retry || (count || hello ? 0 : 1000 - took));
  }
  // What a receiver has brought is for this tab, and for all others.
  function bring(envelope) {
    var from = line, anew = envelope.cursor < line;
    if (anew) line = 0;
    if (envelope.cursor > line) line = envelope.cursor;
    post({ envelope: envelope, from: from, anew: anew });
    show(envelope, from, anew);
    if (!channel) line = have;
  }
  function show(envelope, from, anew) {
    var messages = envelope.messages, i, message;
    // The ids began anew.
    if (anew) have = 0;
    // A tab that has just come begins here. One that has missed something is told.
    else if (from > have) { if (have) envelope.gap = true; have = from; }
    if (envelope.gap) call(comet.ongap);
    for (i = 0; running && i < messages.length; i++) {
      message = messages[i];
      // Old messages of a channel come as an entry: many with one id. It is behind the cursor when all of it was shown.
      // Until then `of`, which grows within it, tells what was.
      if (message.id > have && !(message.id === last.id && message.of <= last.of)) {
        last = message;
        if (envelope.cursor && (!messages[i + 1] || messages[i + 1].id !== message.id)) have = message.id;
        if (message.presence) call(comet.onpresence, message.presence);
        else call(message.channel && handlers[message.channel] || comet.onmessage,
          message.data, message.id, message.channel, message);
      }
    }
    // Where the page has closed, the rest comes again.
    if (running && envelope.cursor > have) have = envelope.cursor;
  }
  // Up to where the server may forget: what all tabs have, or what this one had at the last tick.
  function seen() { return holder ? Math.max(lowest(), Math.min(mark, have)) : have; }
  // A tab that has just come has 0, and begins with what comes.
  function lowest() {
    var cursor = have, tab;
    for (tab in tabs) if (tabs[tab][0] && (!cursor || tabs[tab][0] < cursor)) cursor = tabs[tab][0];
    return cursor;
  }
  function acknowledge(isAnswer) {
    var cursor = seen(), xhr;
    if (!isAnswer && line > acked) post({ ask: 1 });
    if (!poll || !poll.ready || cursor <= acked) return;
    acked = cursor;
    unacked = 0;
    if (poll.socket) return poll.socket.send('{"cursor":' + cursor + "}");
    xhr = request(poll, "POST", address("ack", cursor));
    xhr.onerror = function () { acked = 0; };
    xhr.send();
  }
  // Full jitter: anywhere in a window that doubles, so that a million don't come back at once.
  function fail(took, detail, after) {
    var offline = !navigator.onLine;
    // It was held.
    if (took > 1e4) failures = 0;
    detail.url = urls[at];
    detail.delay = (after || 0) + random() *
      (page.hidden || offline ? maxDelay : Math.min(maxDelay, delay * Math.pow(2, failures++)));
    suspect = 0;
    // Until something was heard: two tries by one transport, two by the other. An answer that could be read, or an
    // error with a message, is no fault of it.
    if (retrial) { if (!jsonp) { jsonp = true; retrial = now() + 3e5; } }
    else if (auto && !detail.status && !detail.message && ++misses % 2 === 0) jsonp = !jsonp && !!page.head;
    say(offline ? "offline" : "waiting", detail);
    at = (at + 1 + (random() * (urls.length - 1) | 0)) % urls.length;
    next(detail.delay, !after);
  }
  function watch() {
    var tab;
    if (channel && !holder) {
      // A holder that hangs, and says nothing to two questions, is robbed.
      if (++missed > 2) lock(true); else post({ hi: 1 });
      return;
    }
    // A computer that slept sees it by this clock, which may be set back.
    if (poll && abs(new Date() - poll.at) > (poll.stream ? silence : timeout)) return fail(now() - poll.began, { code: "timeout" });
    if (poll && poll.ready && wish === "auto" && kind !== choose() && !page.hidden) return next(0);
    for (tab in tabs) if (++tabs[tab][1] > 4) delete tabs[tab];
    mark = marks;
    marks = line;
    acknowledge();
  }
  function notice(event) {
    var type = event.type;
    if (event.blockedURI) blocked = event.blockedURI.replace(/^ws/, "http");
    // A page that is kept or frozen has no receiver: it could not read. One that is frozen may hear the other tabs.
    else if (/hide|freeze/.test(type)) { if (!away) leave(channel && type === "freeze"); }
    else if (type === "offline") poll && fail(0, { code: "network" });
    else if (event.persisted || type === "resume") { if (away) enter(channel); }
    else if (type === "online" && poll || hurry && !page.hidden) {
      if (type === "online") barred = {};
      failures = 0;
      next(random() * delay);
    }
  }
  function listen(how) {
    "online offline pagehide pageshow freeze resume visibilitychange securitypolicyviolation".split(" ").forEach(function (type) {
      (/^[frv]/.test(type) ? page : root)[how](type, notice);
    });
  }
  function where() { return { url: urls[at], transport: kind }; }
  function isConnected() { return comet.state === "connected"; }
  function say(state, detail) {
    var code = detail && detail.code, status = code && detail.status, url = urls[at], hint = state === "offline" ? state :
      code === "token_expired" ? "expired" :
      /^40[13]$/.test(status) || /^(token|closed|bad_)/.test(code) ? "refused" :
      code !== "network" ? "" :
      blocked && blocked.indexOf(url || root.location.origin) === 0 ? "csp" :
      /^http:\/\/(?!localhost|127\.)/.test(url) && root.location.protocol === "https:" ? "mixed" : "";
    detail = detail || where();
    if (hint) detail.hint = hint;
    if (tell(state, detail)) post({ state: state, detail: detail });
  }
  function tell(state, detail) {
    if (state !== "waiting" && state === comet.state && (state !== "connected" || told === detail.transport)) return;
    told = detail.transport;
    call(comet.onstate, comet.state = state, detail);
    return true;
  }
  function call(f, a, b, c, d) {
    try { if (f) f.call(comet, a, b, c, d); } catch (e) { setTimeout(function () { throw e; }); }
  }

  // The tabs of an origin that share. All hear the channel. Who has the lock has the connection.
  function join() {
    tabs = {};
    missed = mark = marks = 0;
    channel = new BroadcastChannel("megacomet " + client + " " + urls);
    channel.onmessage = function (event) { hear(event.data); };
    say("connecting");
    post({ hi: 1 });
    lock();
    // Until it has had the lock once, a refusal says that the browser gives none here.
    holder = 0;
  }
  function part() {
    if (!channel) return;
    post({ bye: 1 });
    channel.close();
    channel = null;
    unlock();
  }
  function unlock() {
    if (release) release();
    release = holder = null;
  }
  function post(what) {
    if (!channel || (what.envelope || what.state) && !holder) return;
    what.tab = me;
    what.holder = holder;
    what.cursor = have;
    channel.postMessage(what);
  }
  function lock(steals) {
    var mine = channel, asked = now();
    rest();
    unlock();
    missed = 0;
    navigator.locks.request(mine.name, { steal: steals }, function () {
      if (channel !== mine || away) return;
      return new Promise(function (free) {
        release = free;
        holder = true;
        // Who has waited is not the first: the others say how far they are.
        post({ ask: 1 });
        timer = setTimeout(function () {
          line = lowest();
          next(0);
        }, now() - asked > 100 ? 300 : 0);
      });
    }).then(nothing, function () {
      if (channel !== mine) return;
      // It was stolen.
      if (holder) lock();
      else if (holder === 0) { part(); next(0); }
    });
  }
  function hear(what) {
    if (what.bye) return delete tabs[what.tab];
    tabs[what.tab] = [what.cursor, 0];
    if (holder) {
      if (what.hi) post({ state: comet.state, detail: where() });
      if (!what.envelope) return acknowledge(true);
      // A tab that hung may hear who has robbed it before it is told of that.
      lock();
    }
    if (!what.holder) return;
    missed = 0;
    if (what.ask) post({});
    if (what.envelope) {
      show(what.envelope, what.from, what.anew);
      if (isUrgent(what.envelope.messages)) post({});
    }
    if (what.state) {
      if (/^(replaced|closed)$/.test(what.state)) stop(what.state, what.detail); else tell(what.state, what.detail);
    }
  }
}

return root.MegaComet = MegaComet;
})(typeof self === "object" ? self : {});
