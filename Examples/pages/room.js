// The page of flask_app.py, django_app.py and rails_app.ru: it shows each line once. The app gives it client, urls and
// cursor. A line that was saved while the page was made is in the page, and comes as a message as well.
var comet = new MegaComet(JSON.parse(document.getElementById("page").textContent));
comet.onmessage = function (line) {
  if (document.getElementById("line" + line.id)) return;
  var item = document.createElement("li");
  item.id = "line" + line.id;
  item.textContent = line.text;
  document.getElementById("lines").appendChild(item);
};
comet.ongap = function () { location.reload(); }; // messages were lost: the database has all
comet.onstate = function (state) { document.title = state; };
comet.connect();
