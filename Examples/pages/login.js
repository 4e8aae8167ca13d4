// The page of flask_login.py, django_login.py and rails_login.ru. The app gives it client, urls and withCredentials. A
// token lives for minutes, and megacomet.js asks for the next one by itself.
var options = JSON.parse(document.getElementById("page").textContent);
options.token = function () {
  return fetch("/megacomet-token").then(function (answer) {
    if (answer.status === 401) location.href = "/"; // somebody logged out, perhaps in another tab
    return answer.ok ? answer.text() : Promise.reject();
  });
};
var comet = new MegaComet(options);
comet.onmessage = function (data) {
  var item = document.createElement("li");
  item.textContent = data;
  document.getElementById("messages").appendChild(item);
};
comet.onstate = function (state) { document.title = state; };
comet.connect();
