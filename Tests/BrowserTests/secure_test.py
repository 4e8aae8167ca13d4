"""TLS 1.2 and 1.3 with the clients that people have: a poll is held and answered, and streams and WebSockets are served."""
import asyncio
import concurrent.futures
import contextlib
import json
import os
import re
import selectors
import socket
import ssl
import subprocess
import time
import unittest

import aiohttp
import httpx
import httpx_sse
import sseclient
import websocket
import websockets.sync.client

import stream_clients
from appliance import wait_until
from libraries import HEARTBEAT
from secure import PATIENCE, SecureAppliance
from socket_clients import PROTOCOL

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Output:
    """What a program writes, read with a deadline."""

    def __init__(self, stream):
        self.stream, self.text = stream, b""
        self.selector = selectors.DefaultSelector()
        self.selector.register(stream, selectors.EVENT_READ)

    def wait_for(self, pattern):
        """Reads until a pattern matches all that was read, and returns the match."""
        end = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.text, re.S)):
            if not self.selector.select(max(0, end - time.monotonic())):
                raise AssertionError(f"no {pattern} in {self.text}")
            more = os.read(self.stream.fileno(), 65536)
            assert more, f"it ended without {pattern}: {self.text}"
            self.text += more
        return match


class SecureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appliance = cls.enterClassContext(SecureAppliance(workers={"heartbeat": HEARTBEAT, "poll_timeout": 120.0}))
        cls.port = cls.appliance.secure_ports[0]

    def with_each_version(self, scenario):
        """Runs a scenario with each version, a client's id, and what closes things at its end."""
        for version in VERSIONS:
            with self.subTest(version), contextlib.ExitStack() as ends:
                scenario(version, f"{self._testMethodName}-{version}", ends)

    def context(self, version):
        context = ssl.create_default_context(cafile=self.appliance.certificate)
        context.minimum_version = context.maximum_version = VERSIONS[version]
        return context

    def request(self, client):
        return f"GET /{client}.json?cursor=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def hold(self, client, version):
        """Waits for a poll that is held, and answers it. A connection of TLS 1.3 is parked meanwhile, and no other."""
        wait_until(lambda: self.appliance.is_polling(client), PATIENCE, "the poll")
        parked, whole = (1, 0) if version == "1.3" else (0, 1)
        wait_until(
            lambda: (self.appliance.metric("tls_parked"), self.appliance.metric("tls_whole")) == (parked, whole),
            PATIENCE, f"{parked} parked connections and {whole} whole ones")
        self.appliance.publish(client, "held \u20ac")

    def is_answer(self, body):
        self.assertEqual([message["data"] for message in json.loads(body)["messages"]], ["held \u20ac"])

    def test_python(self):
        def scenario(version, client, ends):
            plain = ends.enter_context(socket.create_connection(("localhost", self.port), timeout=PATIENCE))
            secure = ends.enter_context(self.context(version).wrap_socket(plain, server_hostname="localhost"))
            self.assertEqual(secure.version(), f"TLSv{version}")
            for _ in range(2):
                secure.sendall(self.request(client))
                self.hold(client, version)
                answer = b""
                while not (whole := re.search(rb"Content-Length: +(\d+).*?\r\n\r\n(.*)", answer, re.S)) or len(whole[2]) < int(whole[1]):
                    answer += secure.recv(65536)
                self.is_answer(whole[2])
                client += "-again"
            # It says close_notify, and waits for the worker's.
            self.assertEqual(secure.unwrap().recv(1), b"")

        self.with_each_version(scenario)

    def test_curl(self):
        def scenario(version, client, ends):
            versions = ["--tlsv1.2", "--tls-max", "1.2"] if version == "1.2" else ["--tlsv1.3"]
            curl = subprocess.Popen(
                ["curl", "-sS", "-v", "--noproxy", "*", "--max-time", str(PATIENCE), "--cacert", self.appliance.certificate,
                 *versions, f"https://localhost:{self.port}/{client}.json?cursor=0"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            ends.callback(curl.kill)
            self.hold(client, version)
            body, said = curl.communicate(timeout=PATIENCE)
            self.assertEqual(curl.returncode, 0, said)
            self.is_answer(body)
            self.assertIn(f"SSL connection using TLSv{version} /", said.decode())
            # curl offers HTTP/2, too.
            self.assertIn("server accepted http/1.1", said.decode())

        self.with_each_version(scenario)

    def s_client(self, version, ends, *more):
        """OpenSSL's own client."""
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"localhost:{self.port}", "-servername", "localhost", "-CAfile",
             self.appliance.certificate, "-verify_return_error", "-tls" + version.replace(".", "_"), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for stream in (client.stdin, client.stdout, client.stderr):
            ends.enter_context(stream)
        ends.callback(client.wait)
        ends.callback(client.kill)
        return client, Output(client.stdout)

    def test_openssl(self):
        def scenario(version, client, ends):
            process, output = self.s_client(version, ends, "-crlf", "-ign_eof")
            output.wait_for(rf"New, TLSv{version}, Cipher is.*Verify return code: 0".encode())
            process.stdin.write(self.request(client).replace(b"\r\n", b"\n"))
            process.stdin.flush()
            self.hold(client, version)
            self.is_answer(output.wait_for(rb"\r\n\r\n(\{[^\n]*\})")[1])

        self.with_each_version(scenario)

    def test_openssl_turns_to_new_keys(self):
        """RFC 8446, 4.6.3."""
        with contextlib.ExitStack() as ends:
            process, output = self.s_client("1.3", ends, "-crlf")
            output.wait_for(rb"Verify return code: 0")
            # k: a new key of its own. K: one of both.
            for letter, made in ((b"k\n", 1), (b"K\n", 2), (b"K\n", 2)):
                before = self.appliance.metric("tls_key_updates_total")
                process.stdin.write(letter)
                process.stdin.flush()
                wait_until(lambda: self.appliance.metric("tls_key_updates_total") == before + made, PATIENCE, f"{made} new keys")
            process.stdin.write(self.request("turned").replace(b"\r\n", b"\n"))
            process.stdin.flush()
            self.hold("turned", "1.3")
            self.is_answer(output.wait_for(rb"\r\n\r\n(\{[^\n]*\})")[1])

    def test_event_streams(self):
        def httpx_events(client, version):
            with httpx.Client(trust_env=False, timeout=PATIENCE, verify=self.context(version)) as http:
                with httpx_sse.connect_sse(http, "GET", f"https://localhost:{self.port}/{client}.events?cursor=0") as source:
                    for event in source.iter_sse():
                        yield event.event, event.data

        def node_events(client, version):
            flags = [*stream_clients.Node.flags, f"--tls-min-v{version}", f"--tls-max-v{version}"]
            node = subprocess.Popen(
                ["node", "--no-warnings", *flags, "-e", stream_clients.NODE, f"https://localhost:{self.port}/{client}.events?cursor=0"],
                stdout=subprocess.PIPE, env={**os.environ, "NODE_EXTRA_CA_CERTS": self.appliance.certificate})
            try:
                for line in node.stdout:
                    kind, _, data = json.loads(line)
                    yield kind, data
            finally:
                node.kill()
                node.wait()
                node.stdout.close()

        def curl_events(client, version):
            versions = ["--tlsv1.2", "--tls-max", "1.2"] if version == "1.2" else ["--tlsv1.3"]
            curl = subprocess.Popen(
                ["curl", "-sSN", "--noproxy", "*", "--max-time", "300", "--cacert", self.appliance.certificate, *versions,
                 f"https://localhost:{self.port}/{client}.events?cursor=0"], stdout=subprocess.PIPE)
            try:
                for event in sseclient.SSEClient(iter(lambda: os.read(curl.stdout.fileno(), 65536), b"")).events():
                    yield event.event, event.data
            finally:
                curl.kill()
                curl.wait()
                curl.stdout.close()

        libraries = {"httpx": httpx_events, "curl": curl_events}
        if "Node" in stream_clients.LIBRARIES:
            libraries["Node"] = node_events

        def scenario(version, client, ends):
            def listen(name):
                with contextlib.closing(libraries[name](f"{client}-{name}", version)) as events:
                    self.assertEqual(next(events)[0], "hello")
                    for text in ("first", "x" * 40000, "last"):
                        self.appliance.publish(f"{client}-{name}", text)
                        kind, data = next(event for event in events if event[0] != "heartbeat")
                        self.assertEqual((kind, json.loads(data)), ("message", text))
                    self.assertEqual(next(events)[0], "heartbeat")

            with concurrent.futures.ThreadPoolExecutor() as pool:
                runs = {name: pool.submit(listen, name) for name in libraries}
            for name, run in runs.items():
                with self.subTest(name):
                    run.result()

        self.with_each_version(scenario)

    def test_websockets(self):
        """Each library opens one, and gives what receives a text, what sends one, and what closes it."""
        def with_websockets(url, context):
            connection = websockets.sync.client.connect(url, ssl=context, subprotocols=[PROTOCOL], proxy=None)
            return lambda: connection.recv(PATIENCE), connection.send, connection.close

        def with_websocket_client(url, context):
            connection = websocket.create_connection(
                url, PATIENCE, subprotocols=[PROTOCOL], http_no_proxy=["localhost"], sslopt={"context": context})
            return connection.recv, connection.send, connection.close

        def with_aiohttp(url, context):
            loop = asyncio.new_event_loop()
            session, connection = None, None

            async def connect():
                nonlocal session, connection
                session = aiohttp.ClientSession()
                connection = await session.ws_connect(url, protocols=[PROTOCOL], ssl=context)

            def close():
                loop.run_until_complete(connection.close())
                loop.run_until_complete(session.close())
                loop.close()

            loop.run_until_complete(connect())
            return (lambda: loop.run_until_complete(connection.receive_str(timeout=PATIENCE)),
                    lambda text: loop.run_until_complete(connection.send_str(text)), close)

        def messages(receive):
            """Those of the next envelope that has any. The others are greetings and heartbeats."""
            while not (messages := json.loads(receive())["messages"]):
                pass
            return messages

        def scenario(version, client, ends):
            for open_socket in (with_websockets, with_websocket_client, with_aiohttp):
                with self.subTest(open_socket.__name__):
                    name = f"{client}-{open_socket.__name__}"
                    receive, send, close = open_socket(f"wss://localhost:{self.port}/{name}.ws?cursor=0", self.context(version))
                    self.assertEqual(json.loads(receive())["messages"], [])
                    for text in ("first", "x" * 40000, "last"):
                        self.appliance.publish(name, text)
                        received, = messages(receive)
                        self.assertEqual(received["data"], text)
                        send(json.dumps({"cursor": received["id"]}))
                    close()
                    wait_until(lambda: not self.appliance.is_connected(name), PATIENCE, "its end")
                    # What was acknowledged over TLS does not come again.
                    self.appliance.publish(name, "after")
                    receive, send, close = open_socket(f"wss://localhost:{self.port}/{name}.ws?cursor=0", self.context(version))
                    self.assertEqual([message["data"] for message in messages(receive)], ["after"])
                    close()

        self.with_each_version(scenario)


if __name__ == "__main__":
    unittest.main()
