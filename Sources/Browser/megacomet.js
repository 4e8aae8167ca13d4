// MegaComet in the browser. What it promises: docs/protocol.txt, 12.
(function (root) {
"use strict";
if (root.MegaComet) return; // loaded twice: polls call the first by name
var serial = 0, page = root.document || root;
function nothing() {}
// For lengths of time: a clock that nobody sets.
function now() { return root.performance && performance.now ? performance.now() : +new Date(); }

// Each takes done(envelope, status) and gives a function that abandons the poll. A part of an answer calls heard().
function byXHR(url, done, heard) {
  var xhr = new XMLHttpRequest();
  xhr.open("GET", url);
  xhr.onprogress = heard;
  xhr.onloadend = function () {
    var envelope;
    try { envelope = JSON.parse(xhr.responseText); } catch (e) {}
    done(envelope, xhr.status);
  };
  xhr.send();
  return function () { xhr.onloadend = xhr.onprogress = nothing; xhr.abort(); };
}
function byScript(url, done, heard, ask) {
  var name = "_" + ++serial, script = page.createElement("script"), inquiry = nothing;
  function remove() { if (script.parentNode) page.documentElement.removeChild(script); }
  MegaComet[name] = function (envelope) { done(envelope); };
  script.onload = function () { remove(); delete MegaComet[name]; done(); };
  script.onerror = function () {
    remove();
    delete MegaComet[name];
    // Only XHR can tell why. Where JSONP is switched off, that is for good.
    if (ask) inquiry = byXHR(script.src + "&hello=1", function (envelope) { done(envelope); }); else done();
  };
  script.referrerPolicy = "no-referrer";
  script.src = url + "&callback=MegaComet." + name;
  page.documentElement.appendChild(script);
  // A script on its way can't be stopped: its callback does nothing.
  return function () {
    ask = false;
    inquiry();
    remove();
    if (MegaComet[name]) MegaComet[name] = nothing;
  };
}

function MegaComet(options) {
  var id = options.client;
  if ((typeof id !== "string" && typeof id !== "number") || id === "" || id !== id) throw new TypeError("MegaComet: client is missing");
  var self = this, client = encodeURIComponent(id), urls = [].concat(options.urls || ""),
    jsonp = options.transport === "jsonp", auto = !jsonp && options.transport !== "xhr",
    timeout = options.timeout || 48000, delay = options.delay || 2000, maxDelay = options.maxDelay || 30000,
    ask = jsonp && root.XMLHttpRequest, nonce, handlers = Object.create(null), last = 0,
    at = Math.floor(Math.random() * urls.length), running, poll, timer, ticker, hurry, failures,
     misses = 0, retrial = 0, hold, cut = 0;
  self.cursor = options.cursor || 0;
  self.state = "closed";

  self.connect = function () {
    if (running) return;
    running = true;
    failures = 0;
    listen("addEventListener");
    ticker = setInterval(watch, 5000);
    next(0);
  };
  self.close = function () { if (running) stop("closed"); };
  self.on = function (channel, f) { handlers[channel] = f; };

  function stop(state, detail) {
    running = false;
    rest();
    clearInterval(ticker);
    listen("removeEventListener");
    say(state, detail);
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
  function open() {
    if (jsonp && page.readyState !== "complete") return next(99); // scripts hold up the load event
    // Until something was heard, the server is asked to answer at once.
    var hello = self.state !== "connected", mine = poll = { at: +new Date(), began: now(), hello: hello, abandon: nothing };
    if (retrial && jsonp && now() > retrial) jsonp = false; // perhaps XHR works by now
    if (hello || !nonce) nonce = Math.random();
    if (self.state !== "connected") say("connecting");
    if (poll !== mine) return;
    try {
      mine.abandon = (jsonp ? byScript : byXHR)(
        urls[at].replace(/\/*$/, "/") + client + (jsonp ? ".js?cursor=" : ".json?cursor=") +
        self.cursor + (hello ? "&hello=1" : hold ? "&hold=" + hold : "") + "&c=" + nonce,
        function (envelope, status) { if (poll === mine) settle(envelope || {}, status); },
        function () { mine.at = +new Date(); }, ask);
    } catch (e) { settle({}, 0); }
  }
  function settle(envelope, status) {
    var took = now() - poll.began, hello = poll.hello, messages = envelope.messages, error = envelope.error, i, message;
    poll = null;
    if (error && /^(replaced$|disconnected$|bad_|jsonp$)/.test(error.code))
      return stop(error.code === "replaced" ? "replaced" : "closed", error);
    if (status === 401) return stop("closed", error || { code: "http", status: status });
    if (!error && !messages && !hello && took > 4000) {
      // Something on the way ends polls after so long, again: they become shorter, each page's by its own part.
      if (Math.abs(took - cut) < 2000) hold = Math.ceil(took * (0.5 + 0.4 * Math.random()) / 1000);
      cut = took;
    }
    if (error || !messages) return fail(took, error || { code: status ? "http" : "network", status: status }, envelope.retry);
    // This transport works. Where it is the worse one, the better is tried again after five minutes.
    retrial = auto && jsonp && (retrial || now() + 300000);
    auto = auto && jsonp;
    failures = 0;
    // What the server holds a poll for is told in the first answer; a silence of 8 s more is a dead path.
    if (!options.timeout && envelope.poll_timeout) timeout = envelope.poll_timeout + 8000;
    say("connected");
    if (!running) return;
    if (envelope.cursor < self.cursor) self.cursor = 0; // the ids began anew
    if (envelope.gap) call(self.ongap);
    for (i = 0; running && i < messages.length; i++) {
      message = messages[i];
      // Old messages of a channel come as an entry: many with one id. It is behind the cursor when all of it was shown.
      // Until then `of`, which grows within it, tells what was.
      if (message.id > self.cursor && !(message.id === last.id && message.of <= last.of)) {
        last = message;
        if (!messages[i + 1] || messages[i + 1].id !== message.id) self.cursor = message.id;
        if (message.presence) call(self.onpresence, message.presence);
        else call(message.channel && handlers[message.channel] || self.onmessage,
          message.data, message.id, message.channel, message);
      }
    }
    if (!running) return; // the rest comes again
    self.cursor = Math.max(self.cursor, envelope.cursor);
    if (envelope.retry) say("waiting", { code: "retry", delay: envelope.retry });
    if (!i && took < 1000) nonce = 0; // perhaps out of a cache: the next URL is a new one
    next(envelope.retry || (i || hello ? 0 : 1000 - took));
  }
  // Full jitter: anywhere in a window that doubles, so that a million don't come back at once.
  function fail(took, detail, after) {
    var offline = !navigator.onLine;
    if (took > 10000) failures = 0; // it was held
    detail.url = urls[at];
    detail.delay = (after || 0) + Math.random() *
      (page.hidden || offline ? maxDelay : Math.min(maxDelay, delay * Math.pow(2, failures++)));
    at = (at + 1 + Math.floor(Math.random() * (urls.length - 1))) % urls.length;
    // Until something was heard: two tries by one transport, two by the other. An answer that could be read, or an error with a message, is no fault of it.
    if (retrial) { if (!jsonp) { jsonp = true; retrial = now() + 300000; } }
    else if (auto && !detail.status && !detail.message && ++misses % 2 === 0) jsonp = !jsonp && !!page.head;
    say(offline ? "offline" : "waiting", detail);
    next(detail.delay, !after);
  }
  function watch() {
    var took = poll && Math.abs(new Date() - poll.at); // a computer that slept sees it by this clock, which may be set back
    if (took > timeout) fail(took, { code: "timeout" });
  }
  function notice(event) {
    if (event.type === "pagehide") rest(); // a page that is kept holds no poll
    else if (event.type === "offline") poll && fail(0, { code: "network" });
    else if (event.persisted) next(0);
    else if (event.type === "online" && poll || hurry && !page.hidden) {
      failures = 0;
      next(Math.random() * delay);
    }
  }
  function listen(how) {
    ["online", "offline", "pagehide", "pageshow", "visibilitychange"].forEach(function (type) {
      (type > "v" ? page : root)[how](type, notice);
    });
  }
  function say(state, detail) {
    if (state === self.state && state !== "waiting") return;
    call(self.onstate, self.state = state, detail || { url: urls[at], transport: jsonp ? "jsonp" : "xhr" });
  }
  function call(f, a, b, c, d) {
    try { if (f) f.call(self, a, b, c, d); } catch (e) { setTimeout(function () { throw e; }); }
  }
}

root.MegaComet = MegaComet;
})(self);
