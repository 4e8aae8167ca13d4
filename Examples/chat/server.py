#!/usr/bin/env python3
"""A chat on MegaComet's channels. It needs only Python's standard library.

    python3 server.py PORT APP-PORT WORKER...
    python3 server.py 8080 http://127.0.0.1:9001 http://localhost:8000 http://localhost:8001

A room is a channel. A tab is a client NAME:RANDOM, so the tabs of one person are clients of one user, and presence
names the user. There is no login here: who says that she is Ada is Ada. Elsewhere the name comes from the session.

If MEGACOMET_KEYS names a file with an HS256 key (megacomet keys new), each page gets tokens. MegaComet tells who is in
a room only if it requires them.

Each line has a receipt: an event says when all who are in the room have it, and the room is told.
"""
import base64
import collections
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import signal
import string
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, app, *workers = sys.argv[1:]
FOLDER = pathlib.Path(__file__).parent
FILES = {"/": ("index.html", "text/html"), "/chat.js": ("chat.js", "text/javascript"), "/chat.css": ("chat.css", "text/css")}
DAY = 24 * 3600
LIST = "delivered " + hashlib.sha256(app.encode()).hexdigest()[:16]  # the same for all servers at one manager
KEYS = os.environ.get("MEGACOMET_KEYS")
KEY = json.loads(pathlib.Path(KEYS).read_text())["keys"][0] if KEYS else None


def megacomet(op, timeout=10, **fields):
    """Asks the manager for something. The result is its answer. In a cluster whose Redis is away that takes 5 s."""
    body = json.dumps(fields).encode() if fields else None
    request = urllib.request.Request(f"{app}/{op}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(name):
    """A token for this user (RFC 7519), for five minutes. A library such as PyJWT makes it in one line."""
    now = int(time.time())
    parts = {"alg": "HS256", "kid": KEY.get("kid", "")}, {"sub": name, "iat": now, "exp": now + 300}
    text = b".".join(base64url(json.dumps(part).encode()) for part in parts)
    secret = base64.urlsafe_b64decode(KEY["k"] + "==")
    return {"token": (text + b"." + base64url(hmac.new(secret, text, hashlib.sha256).digest())).decode()}


def join(room, name, client=None):
    # Who knows a client's id can read its messages, so it can't be guessed.
    client = client or name + ":" + secrets.token_urlsafe(16)
    megacomet("subscribe", channel="room:" + room, client=client, history=50)
    return {"client": client, "urls": workers, "needs_token": KEY is not None}


def say(room, client, text):
    message = {"name": client.split(":")[0], "text": text[:2000]}
    return megacomet("publish", channel="room:" + room, message=message, ttl=DAY, receipt=True)


def typing(room, client):
    message = {"typing": client.split(":")[0]}
    return megacomet("publish", channel="room:" + room, message=message, keep=False, **{"except": client})


def tell_what_is_delivered_for_ever():
    """The rooms' pages have the ids of lines that have come to all. `latest` keeps the newest list for who comes later.
    All events that are kept are read again at the start, so nothing has to be written down here. In a cluster this
    manager tells of the lines alone that were published by it, so each manager's list has a name of its own."""
    cursor, delivered = 0, {}  # by channel, up to 50 ids each: pages that come are sent so many lines
    while True:
        try:
            answer = megacomet(f"events?cursor={cursor}&kinds=done&wait=30", timeout=40)
            changed = set()
            for event in answer["events"]:
                channel = event.get("channel", "")
                if channel.startswith("room:") and not event["expired"] + event["dropped"] + event["replaced"]:
                    ids = delivered.setdefault(channel, collections.deque(maxlen=50))
                    if event["message"] not in ids:
                        ids.append(event["message"])
                    changed.add(channel)
            for channel in changed:
                megacomet("publish", channel=channel, latest=LIST, message={"delivered": list(delivered[channel])}, ttl=DAY)
            while len(delivered) > 10_000:
                del delivered[next(iter(delivered))]
            cursor = answer["cursor"]
        except OSError:
            time.sleep(1)  # the manager is restarted; what was not told is read again


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name, kind = FILES.get(self.path.partition("?")[0], (None, None))
        if not name:
            return self.answer(404, "text/plain", "no such page\n")
        text = (FOLDER / name).read_text()
        self.answer(200, kind, string.Template(text).substitute(worker=workers[0]) if name == "index.html" else text)

    def do_POST(self):
        try:
            fields = json.loads(self.rfile.read(min(int(self.headers["Content-Length"]), 20_000)))
            result = {"/join": join, "/say": say, "/typing": typing, "/token": token}[self.path](**fields)
            self.answer(200, "application/json", json.dumps(result))
        except urllib.error.HTTPError as refused:
            self.answer(refused.code, "application/json", refused.read().decode())
        except OSError as error:
            self.answer(503, "application/json", json.dumps({"error": {"message": f"MegaComet: {error}"}}))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.answer(400, "application/json", json.dumps({"error": {"message": repr(error)}}))

    def answer(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Content-Length", str(len(text.encode())))
        # A page on MegaComet needs two things from the workers: the script, and connections.
        allowed = "'self' " + " ".join(workers)
        sockets = " ".join("ws" + url[4:] for url in workers)
        self.send_header("Content-Security-Policy", f"default-src 'none'; style-src 'self'; img-src data:; script-src {allowed}; connect-src {allowed} {sockets}")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Thread(target=tell_what_is_delivered_for_ever, daemon=True).start()
print(f"chat on http://localhost:{port}/", flush=True)
try:
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
except KeyboardInterrupt:
    pass
