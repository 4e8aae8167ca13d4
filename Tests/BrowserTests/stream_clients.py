"""Clients of event streams of other people, behind one interface."""
import contextlib
import http.client
import json
import os
import subprocess
import time

import httpx
import httpx_sse
import sseclient

PATIENCE = 30


class Ended(Exception):
    """The stream has ended."""


class Client:
    """A stream. Each library says how it is opened with a Last-Event-ID, and gives its events as triples of type, id
    and text. Some open it when the first event is asked for. `comes_back` says that a library opens a new one by itself
    when this one ends."""

    comes_back = False

    def __init__(self, url, last_id=None):
        self.is_cut = False
        self.events = self.open(url, {"Last-Event-ID": str(last_id)} if last_id is not None else {})

    def event(self):
        """The next event: its type, its id and the value of its JSON."""
        try:
            kind, id, data = next(self.events)
        except (StopIteration, ConnectionError, http.client.HTTPException, httpx.TransportError):
            raise Ended from None
        return kind, int(id or 0), json.loads(data)

    def next(self, *kinds):
        """The next event of one of these types. Others are skipped."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            event = self.event()
            if event[0] in kinds:
                return event
        raise AssertionError(f"none of {kinds}")

    def messages(self, count):
        """The next messages, as pairs of id and data."""
        return [self.next("message")[1:] for _ in range(count)]

    def cut(self):
        """Ends the stream without a word, if it is still there."""
        if not self.is_cut:
            self.is_cut = True
            self.end()


class Sseclient(Client):
    """sseclient-py, with the bytes of the standard library."""

    def open(self, url, headers):
        address, target = url.removeprefix("http://").split("/", 1)
        self.connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.connection.request("GET", "/" + target, headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.headers["Content-Type"] == "text/event-stream", self.response.headers
        pieces = iter(lambda: self.response.read1(65536), b"")
        # Without an `id` field it says None. The last one stays.
        last = None
        for event in sseclient.SSEClient(pieces).events():
            last = event.id or last
            yield event.event, last, event.data

    def end(self):
        self.response.close()
        self.connection.close()


class HttpxSse(Client):
    def open(self, url, headers):
        self.client = httpx.Client(trust_env=False, timeout=PATIENCE)
        with httpx_sse.connect_sse(self.client, "GET", url, headers=headers) as source:
            for event in source.iter_sse():
                yield event.event, event.id, event.data

    def end(self):
        self.events.close()
        self.client.close()


class Curl(Client):
    """curl, whose output sseclient-py reads."""

    flags = ["--http1.1"]

    def open(self, url, headers):
        flags = [flag for name, value in headers.items() for flag in ("--header", f"{name}: {value}")]
        self.process = subprocess.Popen(
            ["curl", "--silent", "--no-buffer", "--noproxy", "*", "--max-time", "300", *self.flags, *flags, url],
            stdout=subprocess.PIPE)
        pieces = iter(lambda: os.read(self.process.stdout.fileno(), 65536), b"")
        return self.read(pieces)

    def read(self, pieces):
        for event in sseclient.SSEClient(pieces).events():
            yield event.event, event.id, event.data

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Curl10(Curl):
    """HTTP/1.0 has no chunks: the stream is what comes until the connection is closed."""

    flags = ["--http1.0"]


# Prints a line for each event: its type, its id, and its text. It stops when the server wants that.
NODE = """
const source = new EventSource(process.argv[1]);
setInterval(() => {}, 1000); // Node does not wait for its EventSource to come back
for (const type of ["message", "hello", "heartbeat", "gap", "channel", "presence", "retry", "replaced", "disconnected"])
  source.addEventListener(type, (event) => {
    console.log(JSON.stringify([event.type, event.lastEventId, event.data]));
    if (type === "replaced" || type === "disconnected") { source.close(); process.exit(); }
  });
"""


def node_flags():
    """The flags with which Node has EventSource, or None."""
    for flags in ([], ["--experimental-eventsource"]):
        with contextlib.suppress(OSError):
            command = ["node", *flags, "-p", "typeof EventSource"]
            said = subprocess.run(command, capture_output=True, text=True, timeout=60)
            if said.stdout.strip() == "function":
                return flags
    return None


class Node(Client):
    """The EventSource of Node, which comes back by itself, with Last-Event-ID."""

    comes_back = True
    flags = []

    def open(self, url, headers):
        # There is no way to set a header. What the server says then is the same.
        url += f"&lastEventId={headers['Last-Event-ID']}" if headers else ""
        self.process = subprocess.Popen(["node", "--no-warnings", *self.flags, "-e", NODE, url], stdout=subprocess.PIPE)
        return (json.loads(line) for line in self.process.stdout)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


LIBRARIES = {"sseclient-py": Sseclient, "httpx-sse": HttpxSse, "curl": Curl, "curl with HTTP 1.0": Curl10}
if (flags := node_flags()) is not None:
    Node.flags = flags
    LIBRARIES["Node"] = Node
