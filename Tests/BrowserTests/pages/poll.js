// Loads megacomet.js from the first worker, polls as ?options= says, and keeps the messages for the test.
"use strict";
var options = JSON.parse(new URLSearchParams(location.search).get("options"));
var got = [], ids = [], states = [], gaps = 0, comet, globals;
// A browser that can't share.
if (options.alone) { delete window.BroadcastChannel; Object.defineProperty(navigator, "locks", {value: undefined}); }
// A page that never acknowledges what nobody waits for.
if (options.withoutTicks) window.setInterval = function () {};
// The app gives a token to who is logged in.
if (options.tokenUrl) options.token = function () {
  return fetch(options.tokenUrl).then(function (answer) { return answer.ok ? answer.text() : Promise.reject(); });
};
var script = document.createElement("script");
script.src = (options.script || options.urls[0]) + "/_/megacomet.js";
script.onload = function () {
  globals = Object.keys(window);
  comet = new MegaComet(options);
  comet.onmessage = function (data, id) { got.push(data); ids.push(id); };
  comet.onstate = function (state, detail) { states.push([state, detail]); };
  comet.ongap = function () { gaps++; };
  comet.connect();
};
document.head.appendChild(script);
