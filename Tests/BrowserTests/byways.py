"""Proxies between a browser and a worker that do to streams what some on the way do: real sockets, a few lines each."""
import contextlib
import re
import socket
import threading
import time


class Byway:
    """Passes bytes to `port` and back. `kind` says what becomes of event streams and WebSockets; polls pass.

    swallows    nothing of a stream comes through, as where a proxy wants the whole answer first
    late        of a stream each write is held until the next comes
    no upgrade  the header Upgrade is taken out
    cuts        every connection ends after `seconds`
    """

    def __init__(self, port, kind, seconds=2.5):
        self.target, self.kind, self.seconds = port, kind, seconds
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://localhost:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.server.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.target))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                state = {"stream": False}
                threading.Thread(target=self.up, args=(near, far, state), daemon=True).start()
                threading.Thread(target=self.down, args=(far, near, state), daemon=True).start()
                if self.kind == "cuts":
                    threading.Timer(self.seconds, self.end, (near, far)).start()

    @staticmethod
    def end(*ends):
        # They are closed when nobody has them any more: a thread that still reads would have another's descriptor.
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def up(self, near, far, state):
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if re.match(rb"GET [^ ]*\.(events|ws)\?", data):
                    state["stream"] = True
                if self.kind == "no upgrade":
                    data = re.sub(rb"\r\n(Upgrade|Connection):[^\r]*", b"", data, flags=re.I)
                far.sendall(data)
        self.end(near, far)

    def down(self, far, near, state):
        held = b""
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if state["stream"] and self.kind == "swallows":
                    continue
                if state["stream"] and self.kind == "late":
                    held, data = data, held
                near.sendall(data)
        self.end(near, far)
