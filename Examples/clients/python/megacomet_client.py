#!/usr/bin/env python3
"""A client of MegaComet in one file. It needs Python 3.8 or later, and nothing else.

    from megacomet_client import MegaComet

    for message in MegaComet("c42", ["http://localhost:8000", "http://localhost:8001"]):
        print(message.data)

Without a program of yours it prints what comes: python3 megacomet_client.py c42 http://localhost:8000

The loop goes on for ever. When a worker dies, is restarted or says nothing, the client takes another one and goes on
where it was. The loop ends by `break`, by `close()` from another thread, or by `Stopped`: another program receives with
the same id, the app has disconnected this client, the id can't be one, or the token is another user's.

If the server wants tokens, give a function that asks your app for one: MegaComet("42:phone", urls, token=ask). It is
called before the first connection, and again when the server does not take the token any more (it is over, or was
revoked). Then the client goes on where it was. While the function raises an error, or the new token is refused, it is
called again after growing pauses. If it raises Stopped, the loop ends with that. It may be called from another thread,
but never twice at a time. With a plain text as token the loop ends when the token does.

What it promises. Messages come in the order of their ids, and none comes twice while this object lives. A message is
handled when the loop asks for the next one. Only then it is acknowledged: after 32 messages, after 5 s, at once if an
app waits for it (a publish with ?wait), and when the loop ends. So each message comes at least once: a program that is
killed gets again what it had not acknowledged. If it must not do a thing twice, it keeps `comet.cursor` together with
what it did, and begins with it: MegaComet(client, urls, cursor=kept). Messages can be lost all the same: their time to
live ends, or a program hangs while over 64 of them are on their way to it. Then `on_gap` is called, before the messages
that follow: load the state anew.

The protocol is in docs/protocol.txt, section 3.
"""
from __future__ import annotations

import dataclasses
import http.client
import json
import logging
import random
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import urllib.request
from typing import Any, Callable, Dict, Iterator, Optional, Sequence, Tuple, Union

log = logging.getLogger("megacomet")


@dataclasses.dataclass(frozen=True)
class Message:
    id: int
    data: Any = None
    channel: Optional[str] = None  # the channel or the user that it was published to; none: this client, or everyone
    user: Optional[str] = None
    of: Optional[int] = None  # an old message of a channel, which came with a subscription: its own id
    ack: Optional[bool] = None  # an app waits until this client has handled it
    presence: Optional[dict] = None  # only messages for `on_presence` have it


class Stopped(Exception):
    """The client must not come back. `code` is replaced, disconnected, or begins with bad_ or token_."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code


class MegaComet:
    def __init__(
        self, client: str, urls: Union[str, Sequence[str]], cursor: int = 0,
        on_gap: Optional[Callable[[], Any]] = None, on_presence: Optional[Callable[[dict], Any]] = None,
        context: Optional[ssl.SSLContext] = None, token: Union[None, str, Callable[[], str]] = None,
    ):
        self.client, self.urls = client, [urls] if isinstance(urls, str) else list(urls)
        self.cursor = cursor  # all messages up to this id are handled
        self.on_gap = on_gap or (lambda: log.warning("messages were lost"))
        self.on_presence = on_presence or (lambda presence: None)
        self.context = context  # whom https trusts
        self.token = token
        self._bearer = token if isinstance(token, str) else None  # the token that is shown
        self._taken = False  # the server has taken it
        self._asking = threading.Lock()
        self._at = random.randrange(len(self.urls))
        self._acknowledged, self._unacknowledged = cursor, 0
        self._timer: Optional[threading.Timer] = None
        self._ended = threading.Event()
        self._socket: Optional[socket.socket] = None

    def __iter__(self) -> Iterator[Message]:
        shown = (0, 0)  # id and `of` of the last message; the old messages of a subscription have one id
        try:
            for kind, number, data in self._events():
                if kind in ("hello", "heartbeat", "gap"):
                    if kind == "gap":
                        self.on_gap()
                    if number is not None:  # up to this id nothing waits
                        if number < self.cursor:
                            shown = (0, 0)  # the ids began anew
                        self.cursor = number
                elif kind in ("message", "channel", "presence"):
                    message = self._message(kind, number, data)
                    place = (message.id, message.of or 0)
                    if message.id <= self.cursor or place <= shown:
                        continue  # it came before
                    self.cursor = max(self.cursor, shown[0])  # of the id before nothing more will come
                    if kind == "presence":
                        self.on_presence(message.presence or {})
                    else:
                        yield message
                    shown = place
                    if not message.of:
                        self.cursor = message.id
                    self._handled(message)
                elif kind in ("replaced", "disconnected", "token"):
                    raise Stopped(json.loads(data)["code"], json.loads(data)["message"])
        finally:
            self.close()
            self.acknowledge()

    def close(self) -> None:
        """Ends the loop, also from another thread."""
        self._ended.set()
        try:
            if self._socket:
                self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already

    def acknowledge(self) -> None:
        """Tells the server what is handled. If that fails, the next acknowledgement or the next connection tells it."""
        timer, self._timer = self._timer, None
        if timer:
            timer.cancel()
        self._unacknowledged, cursor = 0, self.cursor
        # Any worker takes it, and a token that is over is changed once.
        for turn in range(len(self.urls) + 1 if cursor != self._acknowledged else 0):
            connection, path = self._connect((self._at + turn) % len(self.urls))
            try:
                headers = self._headers()
                connection.request("POST", f"{path}.ack?cursor={cursor}", headers=headers)
                status = connection.getresponse().status
                if status == 204:
                    self._acknowledged = cursor
                    return
                if status == 401:
                    self._forget(headers)
            except Exception as error:  # also one of the function for tokens
                log.debug("not acknowledged: %r", error)
            finally:
                connection.close()

    def _handled(self, message: Message) -> None:
        self._unacknowledged += 1
        if self._unacknowledged >= 32 or message.ack:
            self.acknowledge()
        elif not self._timer:
            self._timer = threading.Timer(5, self.acknowledge)
            self._timer.daemon = True
            self._timer.start()

    def _message(self, kind: str, number: Optional[int], data: str) -> Message:
        value = json.loads(data)
        given = {"id": number, "data": value} if kind == "message" else value
        return Message(**{field.name: given.get(field.name) for field in dataclasses.fields(Message)})

    def _connect(self, at: int) -> Tuple[http.client.HTTPConnection, str]:
        url = urllib.parse.urlsplit(self.urls[at])
        path = f"{url.path.rstrip('/')}/{urllib.parse.quote(self.client, safe='')}"
        if url.scheme == "https":
            return http.client.HTTPSConnection(url.netloc, timeout=10, context=self.context), path
        return http.client.HTTPConnection(url.netloc, timeout=10), path

    def _headers(self) -> Dict[str, str]:
        """The header with the token. The function is asked if there is none that may be good."""
        with self._asking:
            if self._bearer is None and callable(self.token):
                self._bearer, self._taken = self.token(), False
            return {"Authorization": f"Bearer {self._bearer}"} if self._bearer else {}

    def _forget(self, headers: Dict[str, str]) -> bool:
        """The server has refused this token. Says whether another one may be asked for."""
        with self._asking:
            if callable(self.token) and headers.get("Authorization", "Bearer ") == f"Bearer {self._bearer or ''}":
                self._bearer = None
            return callable(self.token)

    def _events(self) -> Iterator[Tuple[str, Optional[int], str]]:
        """The events of one stream after the other: kind, id and data. Only the network's errors end here."""
        failures = 0
        while not self._ended.is_set():
            began, pause, problem = time.monotonic(), None, "the stream ended"
            connection, path = self._connect(self._at)
            refused, headers = False, {}
            try:
                try:
                    headers = self._headers()
                except Stopped:
                    raise
                except Exception as error:
                    raise OSError(f"no token: {error!r}")
                connection.connect()
                self._socket = connection.sock  # its time-out is that of each read
                accept = {"Accept": "text/event-stream"}
                connection.request("GET", f"{path}.events?cursor={self.cursor}", headers={**headers, **accept})
                response = connection.getresponse()
                if response.status != 200:
                    pause, problem = self._refused(response, headers), f"status {response.status}"
                    refused = response.status == 401
                else:
                    for kind, number, data in self._parse(response):
                        if kind == "token" and self._forget(headers):
                            refused, problem = True, "the token is not taken any more"
                            break
                        if kind == "hello":
                            self._taken = True
                            self._socket.settimeout(json.loads(data)["heartbeat"] / 1000 + 8)
                            self._acknowledged = max(self._acknowledged, self.cursor)
                        elif kind == "retry":
                            pause, problem = json.loads(data)["retry"] / 1000, "the worker asks to come back"
                            break
                        yield kind, number, data
            except (OSError, http.client.HTTPException) as error:  # silence is a TimeoutError, which is an OSError
                problem = str(error) or repr(error)
            finally:
                connection.close()
            if self._ended.is_set():
                return
            if refused and self._taken:
                self._taken = False
                continue  # another token, and on at once
            failures = 1 if time.monotonic() - began > 10 else failures + 1
            if pause is None:
                pause = random.random() * min(30, 2 ** failures)  # anywhere in 2, 4, 8, 16, 30 s: clients come spread
            log.info("%s: %s; again in %.1f s", self.urls[self._at], problem, pause)
            self._at = (self._at + random.randrange(1, max(2, len(self.urls)))) % len(self.urls)
            self._ended.wait(pause)

    def _refused(self, response: http.client.HTTPResponse, headers: Dict[str, str]) -> Optional[float]:
        try:
            error = json.loads(response.read(65536))["error"]
        except (ValueError, KeyError, TypeError):
            error = {"code": "", "message": ""}
        stopped = error["code"] in ("replaced", "disconnected", "token_client") or error["code"].startswith("bad_")
        if stopped or response.status == 401 and not self._forget(headers):
            raise Stopped(error["code"], error["message"])
        after = response.headers.get("Retry-After", "")
        return int(after) + random.random() if after.isdigit() else None

    def _parse(self, response: http.client.HTTPResponse) -> Iterator[Tuple[str, Optional[int], str]]:
        kind, number, data = "message", None, []
        for line in response:
            if not line.endswith(b"\n"):
                return  # the end of the stream is no end of an event
            name, _, value = line.decode().rstrip("\r\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "event":
                kind = value
            elif name == "id":
                number = int(value)
            elif name == "data":
                data.append(value)
            elif not name and not value and data:
                yield kind, number, "\n".join(data)
                kind, number, data = "message", None, []


def main() -> None:
    arguments, token = sys.argv[1:], None
    if arguments[:1] == ["--token-url"] and len(arguments) > 1:
        source, arguments = arguments[1], arguments[2:]

        def token() -> str:
            with urllib.request.urlopen(source, timeout=10) as answer:
                return answer.read().decode().strip()

    if len(arguments) < 2:
        sys.exit("usage: megacomet_client.py [--token-url URL] CLIENT URL...")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        for message in MegaComet(arguments[0], arguments[1:], token=token):
            print(json.dumps(message.data), flush=True)
    except Stopped as stopped:
        sys.exit(str(stopped))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
