"""The proxies' files in config/, each with its real program in front of the real appliance. Only ports, certificate and
times are changed."""
import contextlib
import functools
import http.client
import json
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import websocket  # websocket-client, which selenium brings along

import tokens
from appliance import ROOT, Appliance, free_ports, wait_until
from secure import make_certificate

CONFIG = ROOT / "config"
# The times in the files after which a silent connection is ended are divided by this, and so are those of workers. What
# is left between them is more than a busy machine needs: polls end after 6 s and heartbeats come after 5 s, the proxies
# give up after 13 s.
SCALE = 5
POLL, HEARTBEAT = 30 / SCALE, 25 / SCALE
CLIENT = "127.0.0.9"
ORIGIN = "https://www.example.com"
# The addresses that the proxies come from; CLIENT is none of them.
PROXIES = "127.0.0.0/29"


def seconds(text):
    return float(text.rstrip("s")) * (1 if text.endswith("s") else 0.001)


def over_each_proxy(test):
    @functools.wraps(test)
    def run(self):
        for name in ("nginx", "haproxy", "hitch"):
            with self.subTest(name), contextlib.closing(self.connect(getattr(self, name))) as connection:
                test(self, name, connection)

    return run


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="megacomet-proxies-")))
        make_certificate(cls.folder)
        (cls.folder / "both.pem").write_text((cls.folder / "privkey.pem").read_text() + (cls.folder / "fullchain.pem").read_text())
        cls.key = tokens.Key("1")
        tokens.write(cls.folder / "keys.json", cls.key)
        cls.appliance = cls.enterClassContext(Appliance(
            workers={"poll_timeout": POLL, "heartbeat": HEARTBEAT, "trusted_proxies": [PROXIES], "origins": [ORIGIN]},
            # Most tests need no token.
            tokens={"keys": [str(cls.folder / "keys.json")], "required": False, "cookie": "__Host-megacomet"},
            # The tests kill workers more often than any machine does. No restart is to be put off for that: a worker that
            # stays away is answered for by the supervisor, with 503.
            supervisor={"restart_delay": 0.1, "restart_delay_max": 0.1, "crashloop_exits": 1000, "crashloop_window": 0.1},
            log={"level": "debug"}))
        cls.nginx, cls.haproxy, cls.hitch = free_ports(3)
        cls.folder.chmod(0o711)  # hitch is another user by the time it opens HAProxy's socket
        inner = "/run/haproxy/hitch.sock"
        # Debian's folders are for root alone.
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f" {kind}_temp_path {cls.folder}/{kind};" for kind in kinds) + " access_log off;"
        cls.programs = [
            cls.start("nginx", "nginx.conf", {"1048576": "4096", "131072": "2000", "listen 443": f"listen {cls.nginx}",
                                              "http {": "http {" + temporary},
                      ["-p", cls.folder, "-g", f"pid {cls.folder}/nginx.pid; error_log stderr; daemon off;"]),
            cls.start("haproxy", "haproxy.cfg", {
                "maxconn 200000": "maxconn 2000", "bind :443": f"bind :{cls.haproxy}",
                inner: f"{cls.folder}/hitch.sock", "# server worker-0-2": "server worker-0-2"}, []),
        ]
        wait_until(lambda: cls.answers(cls.haproxy), 30, "HAProxy")
        cls.programs.append(cls.start(
            "hitch", "hitch.conf", {'port = "443"': f'port = "{cls.hitch}"', inner: f"{cls.folder}/hitch.sock"}, []))
        for name, port in (("nginx", cls.nginx), ("haproxy", cls.haproxy), ("hitch", cls.hitch)):
            try:
                wait_until(lambda: cls.answers(port), 30, f"{name}'s answer")
            except AssertionError as late:
                said = "".join(file.read_text() for file in sorted(cls.folder.glob("*.log")))
                raise AssertionError(f"{late}; the proxies said:\n{said}") from None

    def test_browsers_are_given_http2(self):
        """Over HTTP/1.1 a browser has six connections to a site, and the poll of each tab takes one."""
        for name in ("nginx", "haproxy", "hitch"):
            with self.subTest(name):
                said = subprocess.run(
                    ["curl", "--silent", "--insecure", "--http2", "--max-time", "60", "--write-out", " %{http_version} %{response_code}",
                     f"https://localhost:{getattr(self, name)}/_/health"], capture_output=True, text=True, timeout=90)
                self.assertEqual(said.stdout.split(), ["ok", "2", "200"])

    @classmethod
    def start(cls, program, name, changes, arguments):
        text = (CONFIG / name).read_text()
        for default, ours in changes.items():
            assert text.count(default) == 1, (name, default)
            text = text.replace(default, ours)
        text = text.replace("/etc/ssl/megacomet", str(cls.folder)).replace("/var/log/nginx", str(cls.folder))
        # The lines of workers that the appliance does not have are removed.
        for number in range(8):
            if number < 2:
                text = text.replace(f"127.0.0.1:{8000 + number}", f"127.0.0.1:{cls.appliance.worker_ports[number]}")
            else:
                text = re.sub(rf".*127\.0\.0\.1:{8000 + number}\b.*\n", "", text)
        if program != "hitch":
            scaled = r"\b(proxy_read_timeout |timeout (?:client|server|tunnel) |flush=)(\d+)s\b"
            text = re.sub(scaled, lambda time: f"{time[1]}{int(1000 * int(time[2]) / SCALE)}ms", text)
        file = cls.folder / name
        file.write_text(text)
        flag = {"nginx": "-c", "haproxy": "-f", "hitch": "--config"}[program]
        arguments = [f"{flag}={file}"] if program == "hitch" else [*arguments, flag, file]
        log = cls.enterClassContext(open(cls.folder / (program + ".log"), "wb"))
        process = subprocess.Popen([f"/usr/sbin/{program}", *arguments], stdout=log, stderr=log, cwd=cls.folder)

        def end():
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

        cls.addClassCleanup(end)
        return process

    @classmethod
    def answers(cls, port):
        for process in cls.programs if hasattr(cls, "programs") else []:
            assert process.poll() is None, "\n".join(file.read_text() for file in cls.folder.glob("*.log"))
        try:
            connection = cls.connect(port)
            connection.request("GET", "/_/health")
            return connection.getresponse().status == 200
        except OSError:
            return False

    @classmethod
    def connect(cls, port):
        context = ssl.create_default_context(cafile=cls.folder / "fullchain.pem")
        return http.client.HTTPSConnection("localhost", port, timeout=60, source_address=(CLIENT, 0), context=context)

    def poll(self, connection, client, cursor=0, headers={}):
        connection.request("GET", f"/{client}.json?cursor={cursor}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def poll_for_messages(self, connection, client, cursor=0, headers={}):
        """Polls until there are some. A poll may be over before the test has published."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            status, envelope = self.poll(connection, client, cursor, headers)
            self.assertEqual(status, 200, envelope)
            if envelope["messages"]:
                return [message["data"] for message in envelope["messages"]], envelope["cursor"]
            cursor = envelope["cursor"]
        self.fail("no message came")

    def publish_when_polled(self, client, message):
        """Publishes in the background, when a poll is held."""
        def go():
            wait_until(lambda: self.appliance.is_polling(client), 30, "the poll")
            self.appliance.publish(client, message)

        thread = threading.Thread(target=go)
        thread.start()
        self.addCleanup(thread.join)

    @over_each_proxy
    def test_a_message_passes_to_a_poll_that_is_held(self, name, connection):
        self.publish_when_polled("held-" + name, {"to": name})
        self.assertEqual(self.poll_for_messages(connection, "held-" + name)[0], [{"to": name}])

    @over_each_proxy
    def test_an_empty_poll_is_ended_by_the_worker_and_not_by_the_proxy(self, name, connection):
        began = time.monotonic()
        status, envelope = self.poll(connection, "empty-" + name)
        # The cursor is the newest id up to which nothing waits for this client (docs/protocol.txt, 5).
        self.assertEqual((status, sorted(envelope), envelope["messages"]), (200, ["cursor", "messages"], []))
        self.assertGreater(time.monotonic() - began, POLL - 0.2)

    def test_the_times_in_the_files_fit_the_defaults(self):
        defaults = dict(re.findall(r"^(poll_timeout|heartbeat|idle_timeout) = ([\d.]+)", (CONFIG / "megacomet.toml").read_text(), re.M))
        nginx, haproxy = ((CONFIG / name).read_text() for name in ("nginx.conf", "haproxy.cfg"))
        poll, idle = float(defaults["poll_timeout"]), float(defaults["idle_timeout"])
        heartbeat = float(defaults["heartbeat"])
        for text, pattern in ((nginx, r"proxy_read_timeout (\d+)s"), (haproxy, r"timeout client (\d+)s"), (haproxy, r"timeout server (\d+)s"),
                              (haproxy, r"timeout tunnel (\d+)s")):
            # A page gives up a stream that is silent for 8 s more than a heartbeat.
            self.assertGreater(float(re.search(pattern, text)[1]), max(poll + 5, heartbeat + 8))
        self.assertLess(float(re.search(r"keepalive_timeout (\d+)s; +# below", nginx)[1]), idle)

    @over_each_proxy
    def test_polls_follow_each_other_on_one_connection(self, name, connection):
        cursor, before, workers = 0, self.to_workers(), set()
        for n in range(24):
            self.publish_when_polled("kept-" + name, n)
            messages, cursor = self.poll_for_messages(connection, "kept-" + name, cursor)
            self.assertEqual(messages, [n])
            if n == 0:
                ours = connection.sock.getsockname()
            self.assertEqual(connection.sock.getsockname(), ours, "the browser's connection")
            workers |= self.to_workers() - before
        # HAProxy looks after its workers with others, now and then.
        self.assertLess(len(workers), 12, "one connection, or a few, to each worker, and not one for each of 24 polls")

    def to_workers(self):
        """The ports of the connections to workers, from /proc/net/tcp."""
        lines = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])
        ports = {f"{port:04X}" for port in self.appliance.worker_ports}
        return {local for _, local, remote, state, *_ in lines if remote.split(":")[1] in ports and state == "01"}

    def test_polls_come_to_the_workers_from_several_addresses(self):
        """From one address to another there can be only as many connections as there are ports for clients."""
        for name, count in (("nginx", 5), ("haproxy", 2)):
            with self.subTest(name), contextlib.ExitStack() as stack:
                before = self.to_workers()
                for n in range(60):
                    connection = stack.enter_context(contextlib.closing(self.connect(getattr(self, name))))
                    connection.request("GET", f"/from-{name}-{n}.json?cursor=0")
                clients = [f"from-{name}-{n}" for n in range(60)]
                asked = json.dumps({"clients": clients})
                wait_until(
                    lambda: all(one["connected"] for one in self.appliance.request("POST", "/clients", asked)[1]), 30, "60 polls")
                ours = {bytes.fromhex(local.split(":")[0])[::-1] for local in self.to_workers() - before}
                self.assertLessEqual(len(ours), count)
                self.assertGreater(len(ours), count // 2)

    @over_each_proxy
    def test_the_client_is_in_the_log_and_can_not_lie(self, name, connection):
        address = f"127.0.0.{name.encode()[0]}"  # each proxy's own
        context = connection._context
        connection = http.client.HTTPSConnection(
            "localhost", connection.port, timeout=60, source_address=(address, 0), context=context)
        self.publish_when_polled("who-" + name, 1)
        with contextlib.closing(connection):
            self.poll_for_messages(connection, "who-" + name, headers={"X-Forwarded-For": "6.6.6.6"})
        line = rf"GET /\*\.json from {re.escape(address)} by 127\.0\.0\.[1-5]\b"
        wait_until(lambda: re.search(line, self.appliance.said()), 30, "the line")
        self.assertNotIn("6.6.6.6", self.appliance.said())

    @over_each_proxy
    def test_tokens_pass_and_each_user_is_asked_for_his_own(self, name, connection):
        """The proxies send the requests of many users over one connection to a worker."""
        ann, bob = self.key.token("ann"), self.key.token("bob")

        def ask(client, headers):
            connection.request("GET", f"/{client}.json?cursor=0&hello=1", headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            return body.get("error", {}).get("code", answer.status)

        def bearer(token):
            return {"Authorization": f"Bearer {token}"}

        def cookie(token, origin=ORIGIN):
            return {"Cookie": f"session=1; __Host-megacomet={token}; x=2", "Origin": origin}

        before = self.to_workers()
        for _ in range(8):
            self.assertEqual(ask(f"ann:{name}", bearer(ann)), 200)
            self.assertEqual(ask(f"ann:{name}", bearer(bob)), "token_client")
            self.assertEqual(ask(f"ann:{name}", bearer("x.y.z")), "token_bad")
            self.assertEqual(ask(f"bob:{name}", cookie(bob)), 200)
            self.assertEqual(ask(f"bob:{name}", cookie(ann)), "token_client")
            self.assertEqual(ask(f"bob:{name}", cookie(bob, "https://evil.example")), "origin")
        self.assertLess(len(self.to_workers() - before), 48 // 3, "connections are shared")

    def test_an_address_that_is_not_trusted_is_not_believed(self):
        direct = http.client.HTTPConnection("127.0.0.1", self.appliance.worker_ports[0], timeout=60, source_address=("127.0.0.77", 0))
        direct.request("GET", "/_/health", headers={"X-Forwarded-For": "6.6.6.6"})
        direct.getresponse().read()
        direct.close()
        wait_until(lambda: "from 127.0.0.77" in self.appliance.said(), 30, "the line")
        self.assertNotIn("6.6.6.6", self.appliance.said())

    @over_each_proxy
    def test_a_worker_that_dies_under_a_poll_is_replaced_by_another(self, name, connection):
        client = "under-" + name
        answers = []
        poll = threading.Thread(target=lambda: answers.append(self.poll_for_messages(connection, client)))
        poll.start()
        wait_until(lambda: self.appliance.is_polling(client), 30, "the poll")
        worker = self.appliance.request("GET", "/clients/" + client)[1]["worker"]
        self.appliance.kill(f"worker-{worker}")
        self.appliance.publish(client, "still here")
        poll.join(60)
        self.assertEqual([messages for messages, _ in answers], [["still here"]])

    def events(self, connection, client, query="cursor=0"):
        """Opens an event stream. Returns a function that waits for the next event that is none of `skipped`."""
        connection.request("GET", f"/{client}.events?{query}")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("Content-Type")), (200, "text/event-stream"))
        return lambda *skipped: next_event(answer, skipped)

    def socket(self, port, client, query="cursor=0"):
        """Opens a WebSocket. Returns it, and a function that waits for the next message's data."""
        opened = websocket.create_connection(
            f"wss://localhost:{port}/{client}.ws?{query}", timeout=60, origin=ORIGIN,
            sslopt={"ca_certs": str(self.folder / "fullchain.pem")})
        self.addCleanup(opened.shutdown)
        self.assertEqual(json.loads(opened.recv())["heartbeat"], 1000 * HEARTBEAT)
        return opened

    @staticmethod
    def next_message(opened):
        while True:
            text = opened.recv()
            if not text:
                raise EOFError("the WebSocket has ended")
            if (envelope := json.loads(text))["messages"]:
                return envelope["messages"][0]["data"], envelope["cursor"]

    @over_each_proxy
    def test_events_arrive_while_the_stream_stays_open(self, name, connection):
        event = self.events(connection, "events-" + name)
        self.assertEqual(event()["event"], "hello")
        for n in range(3):
            self.appliance.publish("events-" + name, n)
            self.assertEqual(event("heartbeat")["data"], str(n))

    @over_each_proxy
    def test_websockets_pass_both_ways(self, name, connection):
        client = "socket-" + name
        opened = self.socket(getattr(self, name), client)
        for n in range(3):
            self.appliance.publish(client, n)
            data, cursor = self.next_message(opened)
            self.assertEqual(data, n)
            opened.send(json.dumps({"cursor": cursor}))
        opened.send_close(1000)
        # A heartbeat may have been on its way.
        while (frame := opened.recv_frame()).opcode != websocket.ABNF.OPCODE_CLOSE:
            self.assertIn(frame.opcode, (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_PING))
        wait_until(lambda: not self.appliance.is_connected(client), 30, "the end")

    @over_each_proxy
    def test_acknowledgements_and_farewells_pass(self, name, connection):
        client = "leave-" + name
        event = self.events(connection, client, "cursor=0&page=0a1b2c3d")
        event()
        with contextlib.closing(self.connect(getattr(self, name))) as other:
            for request in ("ack?cursor=0", "leave?cursor=0&page=0a1b2c3d"):
                other.request("POST", f"/{client}.{request}", body="")
                answer = other.getresponse()
                self.assertEqual((answer.status, answer.read()), (204, b""))
        wait_until(lambda: not self.appliance.is_connected(client), 30, "the end of the receiver")
        self.assertIsNone(event("heartbeat"), "the stream has ended")

    def test_streams_that_are_idle_outlive_the_timeouts_of_the_proxies(self):
        """The heartbeats keep them: proxy_read_timeout and the like are shorter than the test."""
        names = ("nginx", "haproxy", "hitch")
        with contextlib.ExitStack() as stack:
            streams = []
            for name in names:
                connection = stack.enter_context(contextlib.closing(self.connect(getattr(self, name))))
                streams.append((name, self.events(connection, "idle-" + name), self.socket(getattr(self, name), "idle-ws-" + name)))
            end = time.monotonic() + 1.3 * 65 / SCALE
            # A ping follows each heartbeat, so every WebSocket is read all the time.
            got = {}

            def read(name, opened):
                got[name] = self.next_message(opened)[0]

            readers = [threading.Thread(target=read, args=(name, opened)) for name, _, opened in streams]
            for reader in readers:
                reader.start()
            while time.monotonic() < end:
                for name, event, _ in streams:
                    with self.subTest(name):
                        self.assertIn(event()["event"], ("hello", "heartbeat"))
            for name, event, _ in streams:
                with self.subTest(name):
                    self.appliance.publish("idle-" + name, 1)
                    self.appliance.publish("idle-ws-" + name, 2)
                    self.assertEqual(event("heartbeat")["data"], "1")
            for reader in readers:
                reader.join(60)
            self.assertEqual(got, dict.fromkeys(names, 2))

    @over_each_proxy
    def test_a_stream_whose_worker_dies_comes_back_to_another_and_loses_nothing(self, name, connection):
        """And no log of a proxy has its query, where a token would be, or its id."""
        port, clients = getattr(self, name), (f"cut-{name}:1", f"cut-{name}:2")
        token = self.key.token("cut-" + name)
        event = self.events(connection, clients[0], f"cursor=0&token={token}")
        event()
        opened = self.socket(port, clients[1], f"cursor=0&token={token}")
        self.appliance.publish(clients[0], "before")
        self.appliance.publish(clients[1], "before")
        last = event("heartbeat")["id"]
        _, cursor = self.next_message(opened)
        for worker in {self.appliance.request("GET", "/clients/" + client)[1]["worker"] for client in clients}:
            self.appliance.kill(f"worker-{worker}")
        for client in clients:
            self.appliance.publish(client, "between")
        self.assertIsNone(event("heartbeat"), "the stream is cut")
        with self.assertRaises((EOFError, OSError, websocket.WebSocketException)):
            self.next_message(opened)
        with contextlib.closing(self.connect(port)) as again:
            event = self.events(again, clients[0], f"cursor={last}&token={token}")
            self.assertEqual(event("hello", "heartbeat")["data"], '"between"')
        with contextlib.closing(self.socket(port, clients[1], f"cursor={cursor}&token={token}")) as opened:
            self.assertEqual(self.next_message(opened)[0], "between")
        # HAProxy logs errors, which the stream's end is; hitch knows no requests.
        log = self.folder / ("megacomet.log" if name == "nginx" else "haproxy.log")
        wait_until(lambda: "GET /*.events HTTP/1.1" in log.read_text(), 30, "a line in the log")
        secrets = (token, *clients)
        for log in self.folder.glob("*.log"):
            self.assertFalse([secret for secret in secrets if secret in log.read_text()], log.name)

    def test_event_streams_over_http2(self):
        for name in ("nginx", "haproxy", "hitch"):
            with self.subTest(name):
                curl = subprocess.Popen(
                    ["curl", "--silent", "--insecure", "--no-buffer", "--http2", "--include", "--max-time", "60",
                     f"https://localhost:{getattr(self, name)}/h2-{name}.events?cursor=0"], stdout=subprocess.PIPE)
                self.addCleanup(curl.stdout.close)
                self.addCleanup(curl.wait)
                self.addCleanup(curl.kill)
                self.assertTrue(curl.stdout.readline().startswith(b"HTTP/2 200"))
                wait_until(lambda: self.appliance.is_polling("h2-" + name), 30, "the stream")
                self.appliance.publish("h2-" + name, "over h2")
                while curl.stdout.readline() != b'data:"over h2"\n':
                    self.assertIsNone(curl.poll())


def next_event(answer, skipped):
    """The fields of the next event with data. `None` if the stream has ended, properly or not."""
    fields = {}
    try:
        while line := answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(":")
            if name:
                fields[name] = value
            elif "data" in fields and fields.get("event") not in skipped:
                return {"event": "message", **fields}
            else:
                fields = {}
    except (OSError, http.client.HTTPException):
        pass
    return None


if __name__ == "__main__":
    unittest.main()
