#!/usr/bin/env python3
"""A live dashboard on MegaComet: 20 updates a second, to one channel, for any number of viewers.

    python3 server.py PORT APP-PORT WORKER...
    python3 server.py 8080 http://127.0.0.1:9001 http://localhost:8000 http://localhost:8001

An update is published once, however many look. `latest` keeps only the newest of each metric. So a viewer who comes
has all values at once, and one who is slow gets the newest, not the backlog.
"""
import itertools
import json
import pathlib
import random
import secrets
import signal
import string
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, app, *workers = sys.argv[1:]
PAGE = string.Template((pathlib.Path(__file__).parent / "index.html").read_text())
METRICS = {"orders a minute": 420, "visitors": 1800, "latency, ms": 35, "errors, %": 0.4, "queue": 60, "revenue, EUR": 9000}


def megacomet(op, **fields):
    """Asks the manager for something."""
    request = urllib.request.Request(f"{app}/{op}", json.dumps(fields).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


def update_for_ever():
    values = dict(METRICS)
    for name in itertools.cycle(METRICS):
        values[name] = max(0, values[name] + (METRICS[name] - values[name]) * 0.02 + random.gauss(0, METRICS[name] * 0.03))
        try:
            megacomet("publish", channel="dashboard", latest=name, message={"name": name, "value": float(f"{values[name]:.3g}")})
        except OSError:
            pass  # the manager is restarted; the next value says more than this one
        time.sleep(1 / 20 - time.time() % (1 / 20))  # until the next twentieth of a second


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        """The page, for a client that subscribes before the page is sent: so nothing is missed between the two."""
        if self.path != "/":
            return self.send_error(404)
        client = secrets.token_urlsafe(16)
        try:
            megacomet("subscribe", channel="dashboard", client=client)
        except OSError as error:
            return self.send_error(503, f"MegaComet: {error}")
        page = PAGE.substitute(worker=workers[0], client=json.dumps(client), urls=json.dumps(workers)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")  # a client id is for one page
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Thread(target=update_for_ever, daemon=True).start()
print(f"dashboard on http://localhost:{port}/", flush=True)
try:
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
except KeyboardInterrupt:
    pass
