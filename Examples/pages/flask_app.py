"""Flask: a page that begins with what the database has, and goes on with what is published.

    pip install flask && python3 flask_app.py 8080          # then http://localhost:8080/rooms/7
    curl -d text=hello http://localhost:8080/rooms/7

Cursor first, then the database: the client subscribes before the lines are read, so what is saved between the two
waits for it. A line is saved first, then published. So nothing is missed, and room.js drops what comes twice.
"""
import json
import os
import secrets
import sqlite3
import sys
import urllib.request

from flask import Flask, render_template_string, request, send_file

app = Flask(__name__)
WORKERS = os.environ.get("MEGACOMET_WORKERS", "http://localhost:8000 http://localhost:8001").split()


def megacomet(op, **fields):
    url = os.environ.get("MEGACOMET", "http://127.0.0.1:9001") + "/" + op
    body = urllib.request.Request(url, json.dumps(fields).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(body, timeout=5) as answer:
        return json.load(answer)


@app.get("/rooms/<int:room>")
def show(room):
    client = "guest:" + secrets.token_urlsafe(16)  # with a login: the id of the user, a colon, and something random
    cursor = megacomet("subscribe", channel=f"room:{room}", client=client)["cursor"]
    lines = database().execute("SELECT id, text FROM lines WHERE room = ? ORDER BY id", [room]).fetchall()
    page = {"client": client, "urls": WORKERS, "cursor": cursor}
    return render_template_string(PAGE, lines=lines, page=page), {"Cache-Control": "no-store"}  # an id is for one page


@app.post("/rooms/<int:room>")
def say(room):
    text = request.form["text"]
    with database() as transaction:
        line = transaction.execute("INSERT INTO lines (room, text) VALUES (?, ?)", [room, text]).lastrowid
    return megacomet("publish", channel=f"room:{room}", message={"id": line, "text": text})


@app.get("/room.js")
def script():
    return send_file("room.js")


def database():
    database = sqlite3.connect(os.environ.get("DATABASE", "/tmp/megacomet-flask.sqlite"))
    database.execute("CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, room INTEGER, text TEXT)")
    return database


PAGE = """<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,">
<ul id="lines">{% for id, text in lines %}<li id="line{{ id }}">{{ text }}</li>{% endfor %}</ul>
<script type="application/json" id="page">{{ page|tojson }}</script>
<script src="{{ page.urls[0] }}/_/megacomet.js"></script>
<script src="/room.js"></script>
"""

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
