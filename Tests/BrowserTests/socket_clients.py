"""WebSocket clients of other people, behind one interface, and one that may send anything."""
import asyncio
import contextlib
import json
import os
import socket
import struct
import time
import urllib.parse

import aiohttp
import websocket
import websockets.exceptions
import websockets.sync.client
import wsproto
import wsproto.events

PATIENCE = 30
PROTOCOL = "megacomet.1"


class Closed(Exception):
    """The connection is closed. `code` is the server's, or None if there was no close frame or it had none."""

    def __init__(self, code=None):
        super().__init__(code)
        self.code = code


class Client:
    """A connection. Each library says how it receives a text, sends one, in pieces if it can, pings, and closes."""

    sends_pieces = False
    is_cut = False

    def __init__(self, port, target):
        self.open(f"ws://127.0.0.1:{port}/{target}")
        assert self.protocol() == PROTOCOL, self.protocol()

    def envelope(self):
        return json.loads(self.text())

    def messages(self, count):
        """The next messages, as pairs of id and data. Heartbeats between them are skipped."""
        got, end = [], time.monotonic() + PATIENCE
        while len(got) < count:
            assert time.monotonic() < end, f"only {got}"
            got += [(message["id"], message["data"]) for message in self.envelope()["messages"]]
        assert len(got) == count, got
        return got

    def last_words(self):
        """Reads until the connection is closed: the last envelope, or None, and the code."""
        last, end = None, time.monotonic() + 2 * PATIENCE
        while time.monotonic() < end:
            try:
                last = self.envelope()
            except Closed as closed:
                return last, closed.code
        raise AssertionError(f"not closed after {last}")

    def acknowledge(self, cursor, pieces=1):
        text = json.dumps({"cursor": cursor})
        size = -(-len(text) // pieces)
        self.send([text[at : at + size] for at in range(0, len(text), size)])

    def cut(self):
        """Ends the connection without a word, if it is still there."""
        if not self.is_cut:
            self.is_cut = True
            self.end()

    def is_answered(self, payload):
        """Sends a ping, and tells whether the pong has its payload."""
        raise NotImplementedError


class Websockets(Client):
    sends_pieces = True

    def open(self, url):
        self.context = contextlib.ExitStack()
        self.connection = self.context.enter_context(
            websockets.sync.client.connect(url, subprotocols=["other", PROTOCOL], proxy=None, ping_interval=None))

    def protocol(self):
        return self.connection.subprotocol

    def text(self):
        try:
            return self.connection.recv(PATIENCE)
        except websockets.exceptions.ConnectionClosed as closed:
            raise Closed(closed.rcvd and closed.rcvd.code) from None

    def send(self, pieces):
        self.connection.send(pieces if len(pieces) > 1 else pieces[0])

    def is_answered(self, payload):
        return self.connection.ping(payload).wait(PATIENCE)

    def close(self):
        self.connection.close(1000)
        return self.connection.close_code

    def end(self):
        with contextlib.suppress(OSError):
            self.connection.socket.shutdown(socket.SHUT_RDWR)
        self.context.close()


class WebsocketClient(Client):
    sends_pieces = True

    def open(self, url):
        self.connection = websocket.create_connection(
            url, PATIENCE, subprotocols=[PROTOCOL], http_no_proxy=["127.0.0.1"])

    def protocol(self):
        return self.connection.getsubprotocol()

    def text(self):
        try:
            opcode, frame = self.connection.recv_data_frame()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            raise Closed from None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise Closed(struct.unpack("!H", frame.data[:2])[0] if frame.data else None)
        return frame.data.decode()

    def send(self, pieces):
        for at, piece in enumerate(pieces):
            opcode = websocket.ABNF.OPCODE_CONT if at else websocket.ABNF.OPCODE_TEXT
            self.connection.send_frame(websocket.ABNF.create_frame(piece, opcode, int(at == len(pieces) - 1)))

    def is_answered(self, payload):
        self.connection.ping(payload)
        while True:
            opcode, frame = self.connection.recv_data_frame(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_PONG:
                return frame.data == payload

    def close(self):
        self.connection.send_close(1000)
        return self.last_words()[1]

    def end(self):
        self.connection.shutdown()


class Aiohttp(Client):
    def open(self, url):
        self.loop = asyncio.new_event_loop()

        async def connect():
            self.session = aiohttp.ClientSession()
            self.connection = await self.session.ws_connect(url, protocols=[PROTOCOL], autoping=False, compress=15)

        self.loop.run_until_complete(connect())

    def protocol(self):
        return self.connection.protocol

    def receive(self):
        """The next message of any kind. Pings are answered."""
        while True:
            message = self.loop.run_until_complete(asyncio.wait_for(self.connection.receive(), PATIENCE))
            if message.type != aiohttp.WSMsgType.PING:
                return message
            self.loop.run_until_complete(self.connection.pong(message.data))

    def text(self):
        while True:
            message = self.receive()
            if message.type == aiohttp.WSMsgType.TEXT:
                return message.data
            if message.type != aiohttp.WSMsgType.PONG:
                raise Closed(message.data if message.type == aiohttp.WSMsgType.CLOSE else None)

    def send(self, pieces):
        self.loop.run_until_complete(self.connection.send_str("".join(pieces)))

    def is_answered(self, payload):
        self.loop.run_until_complete(self.connection.ping(payload))
        while (message := self.receive()).type != aiohttp.WSMsgType.PONG:
            pass
        return message.data == payload

    def close(self):
        self.loop.run_until_complete(self.connection.close(code=1000))
        code = self.connection.close_code
        self.cut()
        return code

    def end(self):
        async def close():
            transport = self.connection.get_extra_info("socket")
            with contextlib.suppress(OSError):
                transport and transport._sock.shutdown(socket.SHUT_RDWR)
            await self.session.close()

        self.loop.run_until_complete(close())
        self.loop.close()


class Wsproto(Client):
    """A machine without I/O; the socket is ours."""

    sends_pieces = True

    def open(self, url):
        parts = urllib.parse.urlsplit(url)
        self.connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self.socket = socket.create_connection((parts.hostname, parts.port), PATIENCE)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.tell(wsproto.events.Request(host=parts.netloc, target=target, subprotocols=[PROTOCOL]))
        self.events, self.parts = self.received(), []
        self.accepted = next(self.events)

    def tell(self, event):
        self.socket.sendall(self.connection.send(event))

    def received(self):
        while True:
            yield from self.connection.events()
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                raise Closed
            self.connection.receive_data(data)

    def protocol(self):
        return self.accepted.subprotocol

    def event(self):
        event = next(self.events)
        if isinstance(event, wsproto.events.Ping):
            self.tell(event.response())
        if isinstance(event, wsproto.events.CloseConnection):
            if self.connection.state == wsproto.connection.ConnectionState.REMOTE_CLOSING:
                self.tell(event.response())
            raise Closed(event.code)
        return event

    def text(self):
        text = ""
        while True:
            event = self.event()
            if isinstance(event, wsproto.events.TextMessage):
                text += event.data
                if event.message_finished:
                    return text

    def send(self, pieces):
        for at, piece in enumerate(pieces):
            self.tell(wsproto.events.TextMessage(data=piece, message_finished=at == len(pieces) - 1))

    def is_answered(self, payload):
        self.tell(wsproto.events.Ping(payload=payload))
        while not isinstance(event := self.event(), wsproto.events.Pong):
            pass
        return bytes(event.payload) == payload

    def close(self):
        self.tell(wsproto.events.CloseConnection(code=1000))
        return self.last_words()[1]

    def end(self):
        self.socket.close()


LIBRARIES = {"websockets": Websockets, "websocket-client": WebsocketClient, "aiohttp": Aiohttp, "wsproto": Wsproto}

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def handshake(target, *lines, first="GET /{} HTTP/1.1", without=()):
    """The head of a request for a WebSocket. `lines` take the place of those with the same names."""
    fields = {"Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
              "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY.decode()}
    fields.update(line.split(": ", 1) for line in lines)
    head = [first.format(target)] + [f"{name}: {value}" for name, value in fields.items() if name not in without]
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def frame(first, payload=b"", is_masked=True, length=None):
    """A client's frame. `length` is its bytes, if they are not the shortest form."""
    key = os.urandom(4) if is_masked else b""
    count = len(payload)
    if length is None:
        length = bytes([count]) if count < 126 else struct.pack("!BH", 126, count)
    length = bytes([length[0] | (0x80 if is_masked else 0)]) + length[1:]
    if is_masked:
        payload = bytes(byte ^ key[at & 3] for at, byte in enumerate(payload))
    return bytes([first]) + length + key + payload


class Raw:
    """A socket that sends whatever it is told to."""

    def __init__(self, port, target=None, *lines, head=None):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(head or handshake(target, *lines))
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, value = line.decode().split(": ", 1)
            self.headers[name.lower()] = value

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def body(self):
        return json.loads(self.file.read(int(self.headers["content-length"])))

    def frame(self):
        """The next frame: opcode and payload."""
        try:
            head = self.file.read(2)
        except ConnectionError:
            head = b""
        if len(head) < 2:
            raise Closed
        assert head[0] & 0xF0 == 0x80 and head[1] < 0x80, head  # whole, without extensions, not masked
        count = head[1]
        if count > 125:
            count = int.from_bytes(self.file.read(2 if count == 126 else 8))
            assert count > (125 if head[1] == 126 else 65535), "not the shortest form"
        return head[0] & 15, self.file.read(count)

    def last_words(self):
        """Reads until the server has closed: the last envelope, or None, and the code. A close frame is answered."""
        last = code = None
        while True:
            try:
                opcode, payload = self.frame()
            except Closed:
                return last, code
            if opcode == 1:
                last = json.loads(payload)
            elif opcode == 8:
                code = struct.unpack("!H", payload)[0] if payload else "none"
                with contextlib.suppress(OSError):
                    self.send(frame(0x88, payload))
            elif opcode != 10:
                assert opcode == 9, opcode

    def cut(self):
        self.file.close()
        self.socket.close()
