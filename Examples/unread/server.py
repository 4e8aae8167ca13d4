#!/usr/bin/env python3
"""How many messages each user has not seen, by MegaComet's events. It needs only Python's standard library.

    python3 server.py PORT APP-PORT WORKER...
    python3 server.py 8080 http://127.0.0.1:9001 http://localhost:8000 http://localhost:8001

The counts and the cursor of the events are in one file (UNREAD_FILE, or unread.json in the folder for temporary files).
It is written whole or not at all, so a count and the events in it always belong together. Kill this server when you
like: the next one goes on where it was, and events that happened meanwhile wait for it.

There is no login here: who says that she is Ada is Ada. Elsewhere the name comes from the session.
"""
import json
import os
import pathlib
import secrets
import signal
import string
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, app, *workers = sys.argv[1:]
FOLDER = pathlib.Path(__file__).parent
FILE = pathlib.Path(os.environ.get("UNREAD_FILE") or pathlib.Path(tempfile.gettempdir(), "unread.json"))
WEEK = 7 * 24 * 3600
ENDS = "acknowledged,handed,expired,dropped,replaced"

# By user: the client that has the messages, those that were not seen, and how many were. `pending` are messages that
# may have been published or not, by the names under which they are published once.
state = json.loads(FILE.read_text()) if FILE.exists() else {"cursor": 0, "users": {}, "pending": {}}
lock = threading.RLock()  # who changes the state, or acts on it, has it


def save():
    new = FILE.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(FILE)


def megacomet(op, fields=None, timeout=5):
    """Asks the manager for something. The result is its answer."""
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(f"{app}/{op}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


def user_named(name):
    if not 0 < len(name) <= 20 or set(name) & set(":/") or not name.isprintable():
        raise ValueError(f"{name!r} is no name")
    # Who knows a client's id can read its messages, so it can't be guessed.
    return state["users"].setdefault(name, {"client": f"{name}:{secrets.token_urlsafe(16)}", "unread": [], "seen": 0})


def send(user, text):
    """First it is written down that the message is to be published, then it is published. So it is counted once, also
    if this server dies in between."""
    with lock:
        user_named(user)
        state["pending"][secrets.token_hex(8)] = {"user": user, "text": text[:2000]}
        save()
        publish_pending()
    return {}


def publish_pending():
    for once, message in list(state["pending"].items()):
        user = user_named(message["user"])
        try:
            sent = megacomet("publish", {
                "client": user["client"], "message": message["text"], "ttl": WEEK, "receipt": True, "once": once})
        except urllib.error.HTTPError as refused:
            if refused.code < 500:  # it would be refused again
                del state["pending"][once]
                save()
            raise
        user["unread"].append(sent["id"])
        del state["pending"][once]
        save()
        tell(message["user"])


def take(answer):
    """Counts what has happened. A message must be in the list before its end is looked at."""
    publish_pending()
    if answer.get("gap"):
        look_anew()
        state["cursor"] = 0
    users = {user["client"]: (name, user) for name, user in state["users"].items()}
    changed = set(state["users"] if answer.get("gap") else [])
    for event in answer["events"]:
        if event["id"] <= state["cursor"] or event.get("client") not in users:
            continue  # it was counted before, or is another app's
        name, user = users[event["client"]]
        if event["message"] in user["unread"]:
            user["unread"].remove(event["message"])
        user["seen"] += event["event"] == "acknowledged"
        changed.add(name)
    state["cursor"] = answer["cursor"]
    save()
    for name in changed:
        tell(name)


def look_anew():
    """Events are lost. MegaComet knows how many messages wait for each client, and those are its newest."""
    for user in state["users"].values():
        waiting = megacomet("clients/" + urllib.parse.quote(user["client"], safe=""))["queued"]
        user["unread"] = user["unread"][max(0, len(user["unread"]) - waiting):]


def tell(name):
    """Pages with the list of counts have the newest of each user, whenever they come."""
    user = state["users"][name]
    count = {"user": name, "unread": len(user["unread"]), "seen": user["seen"]}
    megacomet("publish", {"channel": "unread", "latest": name, "message": count, "ttl": WEEK})


def read_events_for_ever():
    is_new = True  # this server, or the manager after a failure
    while True:
        try:
            answer = megacomet(f"events?cursor={state['cursor']}&wait={0 if is_new else 30}&kinds={ENDS}", timeout=40)
            with lock:
                take(answer)
                if is_new:
                    for name in state["users"]:
                        tell(name)
            is_new = False
        except OSError as error:  # the manager is away, or busy
            print(f"MegaComet: {error}", file=sys.stderr, flush=True)
            is_new = True
            time.sleep(1)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path, _, query = self.path.partition("?")
        try:
            if path == "/":
                client = "list:" + secrets.token_urlsafe(16)
                megacomet("subscribe", {"channel": "unread", "client": client})
                self.page("index.html", client, "")
            elif path == "/inbox":
                name = urllib.parse.parse_qs(query)["user"][0]
                with lock:
                    client = user_named(name)["client"]
                    save()
                self.page("inbox.html", client, name)
            else:
                self.answer(404, "text/plain", "no such page\n")
        except (KeyError, ValueError) as error:
            self.answer(400, "text/plain", f"{error}\n")
        except OSError as error:
            self.answer(503, "text/plain", f"MegaComet: {error}\n")

    def do_POST(self):
        try:
            fields = json.loads(self.rfile.read(min(int(self.headers["Content-Length"]), 20_000)))
            self.answer(200, "application/json", json.dumps({"/send": send}[self.path](**fields)))
        except urllib.error.HTTPError as refused:
            self.answer(refused.code, "text/plain", refused.read().decode())
        except OSError as error:
            self.answer(503, "text/plain", f"MegaComet: {error}\n")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.answer(400, "text/plain", f"{error!r}\n")

    def page(self, file, client, name):
        page = {"client": client, "urls": workers, "user": name}
        text = string.Template((FOLDER / file).read_text())
        self.answer(200, "text/html", text.substitute(worker=workers[0], page=json.dumps(page).replace("<", "\\u003c")))

    def answer(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Thread(target=read_events_for_ever, daemon=True).start()
print(f"unread on http://localhost:{port}/", flush=True)
try:
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
except KeyboardInterrupt:
    pass
