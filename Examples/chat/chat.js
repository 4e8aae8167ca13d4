// The page's side of the chat: it joins, shows the messages that MegaComet brings, and sends typed text to the app server.
"use strict";
(function () {
  var byId = function (id) { return document.getElementById(id); };
  var client;

  function post(path, body) {
    return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then(function (answer) {
      if (!answer.ok) throw new Error(path + ": " + answer.status);
      return answer.json();
    });
  }
  function show(text, kind, name) {
    var line = document.createElement("li");
    line.className = kind;
    if (name) line.appendChild(document.createElement("b")).textContent = name;
    line.appendChild(document.createTextNode(text));
    byId("lines").appendChild(line);
    line.scrollIntoView();
  }

  byId("name").value = "guest " + Math.floor(Math.random() * 900 + 100);

  post("join", {}).then(function (joined) {
    client = joined.client;
    var comet = new MegaComet({ client: client, urls: joined.urls });
    comet.onmessage = function (line) { show(line.text, line.from === joined.number ? "mine" : "", line.name); };
    comet.onstate = function (state) { byId("state").textContent = byId("state").dataset.state = state; };
    comet.ongap = function () { show("some messages were lost", "note"); };
    comet.connect();
  }).catch(function (error) { show(String(error), "note"); });

  byId("form").addEventListener("submit", function (event) {
    var text = byId("text").value;
    event.preventDefault();
    byId("text").value = "";
    post("say", { client: client, name: byId("name").value, text: text }).catch(function (error) {
      byId("text").value = text;
      show("not sent: " + error.message, "note");
    });
  });
})();
