#!/usr/bin/env python3
"""A chat on MegaComet: it serves the page, and publishes what one person says to all. It needs only Python's standard library.

    python3 server.py --port 8080 --workers http://localhost:8000,http://localhost:8001 --app http://127.0.0.1:9001
"""
import argparse
import itertools
import json
import pathlib
import secrets
import signal
import string
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = pathlib.Path(__file__).parent
FILES = {"/": ("index.html", "text/html"), "/chat.js": ("chat.js", "text/javascript"), "/chat.css": ("chat.css", "text/css")}
FORGET_AFTER = 60  # seconds: a person who took no message for so long has left

parser = argparse.ArgumentParser(description="A chat on MegaComet")
parser.add_argument("--port", type=int, default=8080)
parser.add_argument("--workers", default="http://localhost:8000,http://localhost:8001", help="where browsers find the workers")
parser.add_argument("--app", default="http://127.0.0.1:9001", help="the manager's port for apps")
options = parser.parse_args()
workers = options.workers.split(",")

people = {}  # client id -> (number, time when it was last seen)
numbers = itertools.count(1)


def publish(messages):
    """Publishes all messages in one request. Each gets its own result: sent, queued or an error."""
    request = urllib.request.Request(options.app + "/publish", json.dumps(messages).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def join():
    # Anyone who knows a client id can read its messages, so it can't be guessed. Others know only the number.
    client, number = secrets.token_urlsafe(16), next(numbers)
    people[client] = (number, time.monotonic())
    return {"client": client, "number": number, "urls": workers}


def say(line):
    number, _ = people[line["client"]]
    message = {"from": number, "name": str(line["name"])[:40], "text": str(line["text"])[:2000]}
    everyone = list(people)
    results = publish([{"client": client, "message": message} for client in everyone])
    now = time.monotonic()
    for client, result in zip(everyone, results):
        number, seen = people[client]
        if result.get("status") == "sent":
            people[client] = (number, now)
        elif now - seen > FORGET_AFTER:
            people.pop(client, None)
    return {"to": len(everyone)}


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # A page on MegaComet needs two things from the workers: the script, and polls.
        allowed = "'self' " + " ".join(workers)
        self.send_header("Content-Security-Policy", f"default-src 'none'; style-src 'self'; img-src data:; script-src {allowed}; connect-src {allowed}")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path not in FILES:
            return self.answer(404, "text/plain", b"no such page\n")
        name, kind = FILES[self.path]
        text = (FOLDER / name).read_text()
        if name == "index.html":
            text = string.Template(text).substitute(worker=workers[0])
        self.answer(200, kind, text.encode())

    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(min(int(self.headers["Content-Length"]), 20_000)))
            result = {"/join": lambda: join(), "/say": lambda: say(body)}[self.path]()
        except (KeyError, TypeError, ValueError) as error:
            return self.answer(400, "application/json", json.dumps({"error": repr(error)}).encode())
        except OSError as error:
            return self.answer(503, "application/json", json.dumps({"error": f"MegaComet: {error}"}).encode())
        self.answer(200, "application/json", json.dumps(result).encode())

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print(f"chat on http://localhost:{options.port}/", flush=True)
try:
    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
except KeyboardInterrupt:
    pass
