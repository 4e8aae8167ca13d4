"""WebSockets with the libraries that apps and devices use, and with a client that breaks every rule."""
import concurrent.futures
import json
import subprocess
import time
import unittest

from appliance import Appliance, wait_until
from libraries import HEARTBEAT, MESSAGES, LibrariesTest
from socket_clients import LIBRARIES, Raw, frame, handshake

class SocketsTest(LibrariesTest):
    libraries = LIBRARIES

    def connection(self, library, client, query=""):
        return library(self.port, f"{client}.ws{query}")

    # Libraries.

    def test_each_library_gets_every_message_and_comes_back_with_its_cursor(self):
        def scenario(client, connect, ready):
            connection = connect()
            first = connection.envelope()
            self.assertEqual((first["messages"], first["heartbeat"]), ([], HEARTBEAT * 1000))
            expected = []
            for message in MESSAGES:
                expected.append(self.publish(client, message))
                self.assertEqual(connection.messages(1), expected[-1:])
            self.assertEqual([id for id, _ in expected], sorted({id for id, _ in expected}))
            # What is not acknowledged comes again, and what comes meanwhile.
            connection.cut()
            expected.append(self.publish(client, '"away"'))
            connection = connect(f"?cursor={expected[3][0]}")
            self.assertEqual(connection.messages(len(expected) - 4), expected[4:])
            self.assertTrue(connection.is_answered(b"ping"))
            self.assertTrue(connection.is_answered(b"\xff" * 125))
            self.assertEqual(connection.close(), 1000)

        self.with_each_library(scenario)

    def test_what_a_library_acknowledges_does_not_come_again(self):
        def scenario(client, connect, ready):
            connection = connect("?cursor=0")
            expected = [self.publish(client, str(number)) for number in range(3)]
            self.assertEqual(connection.messages(3), expected)
            connection.acknowledge(expected[0][0])
            connection.acknowledge(expected[1][0], pieces=4 if connection.sends_pieces else 1)
            self.assertTrue(connection.is_answered(b"then"))
            connection.cut()
            # The cursor is older than what was acknowledged.
            self.assertEqual(connect("?cursor=0").messages(1), expected[2:])

        self.with_each_library(scenario)

    def test_each_library_stays_while_it_answers_pings_and_comes_back_from_a_killed_worker(self):
        silent = Raw(self.port, "silent.ws?cursor=0")
        began = time.monotonic()

        def scenario(client, connect, ready):
            connection = connect("?cursor=0")
            beats = [connection.envelope() for _ in range(5)]
            self.assertEqual([beat["messages"] for beat in beats], [[]] * 5)
            self.assertGreater(time.monotonic() - began, 3.5 * HEARTBEAT)
            sent = self.publish(client, '"before"')
            self.assertEqual(connection.messages(1), [sent])
            ready()
            # It answers pings while it reads.
            self.assertIsNone(connection.last_words()[1])
            sent = [sent, self.publish(client, '"while it was down"')]
            wait_until(lambda: back, 60, "the worker's return")
            self.assertEqual(connect(f"?cursor={sent[0][0]}").messages(1), sent[1:])

        def kill():
            self.appliance.kill("worker-0")
            back.append(True)

        back = []
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            last = pool.submit(silent.last_words)
            self.with_each_library(scenario, kill)
            # One that does not answer its ping is given up.
            self.assertEqual(last.result()[1], 4201)

    def test_each_library_is_told_of_a_drain_and_comes_back(self):
        def scenario(client, connect, ready):
            connection = connect("?cursor=0")
            sent = self.publish(client, '"before"')
            self.assertEqual(connection.messages(1), [sent])
            ready()
            last, code = connection.last_words()
            self.assertEqual((last["messages"], last["cursor"], code), ([], sent[0], 1001))
            self.assertGreaterEqual(last["retry"], 0)
            missed = self.publish(client, '"between"')
            self.assertEqual(connect(f"?cursor={sent[0]}").messages(1), [missed])

        self.with_each_library(scenario, self.roll)

    def test_each_library_is_told_why_it_is_sent_away(self):
        def scenario(client, connect, ready):
            # The handshake is answered before the manager knows of the socket, the first envelope after it.
            first = connect("?cursor=0")
            self.assertIn("heartbeat", first.envelope())
            second = connect("?cursor=0")
            self.assertIn("heartbeat", second.envelope())
            last, code = first.last_words()
            self.assertEqual((last["error"]["code"], code), ("replaced", 4001))
            self.disconnect(client)
            last, code = second.last_words()
            self.assertEqual((last["error"]["code"], code), ("disconnected", 4002))
            last, code = connect("?cursor=x").last_words()
            self.assertEqual((last["error"]["code"], code), ("bad_cursor", 4004))

        self.with_each_library(scenario)

    # A client that breaks the rules.

    def test_each_mistake_has_its_code(self):
        message = b'{"cursor":1}'
        mistakes = {
            "reserved bit": (frame(0xC1, message), 1002), "reserved opcode": (frame(0x83, message), 1002),
            "reserved control": (frame(0x8B), 1002), "not masked": (frame(0x81, message, is_masked=False), 1002),
            "length in 16 bits": (frame(0x81, message, length=b"\x7e\0\x0c"), 1002),
            "length in 64 bits": (frame(0x81, message, length=b"\x7f" + bytes(7) + b"\x0c"), 1002),
            "length over 2^63": (frame(0x81, length=b"\x7f" + b"\xff" * 8), 1002),
            "continuation of nothing": (frame(0x80, message), 1002),
            "a message in a message": (frame(0x01, message) + frame(0x81, message), 1002),
            "ping in pieces": (frame(0x09), 1002), "long ping": (frame(0x89, b"x" * 126), 1002),
            "close with one byte": (frame(0x88, b"\x03"), 1002), "close with 1005": (frame(0x88, b"\x03\xed"), 1002),
            "close with 65535": (frame(0x88, b"\xff\xff"), 1002),
            "binary": (frame(0x82, message), 1003), "binary in pieces": (frame(0x02, message), 1003),
            "no UTF-8": (frame(0x81, b"\xc0\xaf"), 1007), "half a character": (frame(0x81, b"\xe2\x82"), 1007),
            "no UTF-8 in a reason": (frame(0x88, b"\x03\xe8\xff"), 1007),
            "no acknowledgement": (frame(0x81, b"{}"), 1008), "empty": (frame(0x81), 1008),
            "two in one": (frame(0x81, message * 2), 1008), "a subscription": (frame(0x81, b'{"subscribe":"a"}'), 1008),
            "too long": (frame(0x81, b" " * 4097), 1009),
            "announced too long": (frame(0x81, length=b"\x7e\x10\x01"), 1009),
            "too long in pieces": (frame(0x01, b" " * 4096) + frame(0x80, b" "), 1009),
        }
        # These end as a close should.
        mistakes |= {
            "close": (frame(0x88), "none"), "close with 1000": (frame(0x88, b"\x03\xe8"), 1000),
            "close with 4999 and why": (frame(0x88, b"\x13\x87bye \xe2\x82\xac"), 4999),
            "close behind an acknowledgement": (frame(0x81, message) + frame(0x88, b"\x03\xe9"), 1001),
            "close in a message": (frame(0x01, message) + frame(0x88), "none"),
        }
        for number, (what, (wrong, code)) in enumerate(mistakes.items()):
            with self.subTest(what):
                connection = Raw(self.port, f"mistake-{number}.ws?cursor=0")
                self.addCleanup(connection.cut)
                # A socket that errs before the manager knows of it is closed without an envelope.
                opcode, payload = connection.frame()
                self.assertEqual((opcode, json.loads(payload)["messages"]), (1, []))
                connection.send(wrong, frame(0x81, message))
                last, got = connection.last_words()
                self.assertEqual(got, code)
                # Nothing but a heartbeat may have come meanwhile.
                self.assertIn(last and sorted(last), (None, ["cursor", "messages"]))

    def test_frames_may_come_byte_by_byte_and_many_at_once(self):
        slow = Raw(self.port, "slow.ws?cursor=0")
        self.addCleanup(slow.cut)
        id, _ = self.publish("slow", "1")
        acknowledgement = b'{"cursor":%d}' % id
        both = frame(0x01, acknowledgement[:5]) + frame(0x89, b"in between") + frame(0x80, acknowledgement[5:])
        for byte in both:
            slow.send(bytes([byte]))
        while slow.frame() != (10, b"in between"):
            pass
        slow.send(frame(0x89, b"a") + frame(0x8A, b"unasked") + frame(0x81, acknowledgement) * 100 + frame(0x89, b"b"))
        pongs = []
        while pongs[-1:] != [b"b"]:
            opcode, payload = slow.frame()
            if opcode == 10:
                pongs.append(payload)
        # Of pings that come at once the last is answered (RFC 6455, 5.5.3).
        self.assertIn(pongs, ([b"b"], [b"a", b"b"]))

    def test_what_is_no_handshake_is_refused(self):
        for what, (request, status, header) in {
            "HTTP/1.0": (handshake("a.ws", first="GET /{} HTTP/1.0"), 426, ("upgrade", "websocket")),
            "POST": (handshake("a.ws", first="POST /{} HTTP/1.1"), 405, None),
            "no Upgrade": (handshake("a.ws", without=["Upgrade"]), 426, ("upgrade", "websocket")),
            "no Connection": (handshake("a.ws", "Connection: keep-alive"), 426, ("upgrade", "websocket")),
            "version 8": (handshake("a.ws", "Sec-WebSocket-Version: 8"), 426, ("sec-websocket-version", "13")),
            "no key": (handshake("a.ws", without=["Sec-WebSocket-Key"]), 400, None),
            "a short key": (handshake("a.ws", "Sec-WebSocket-Key: c2hvcnQ="), 400, None),
        }.items():
            with self.subTest(what):
                refused = Raw(self.port, head=request)
                self.addCleanup(refused.cut)
                self.assertEqual(refused.status, status)
                self.assertTrue(refused.body()["error"]["code"])
                if header:
                    self.assertEqual(refused.headers.get(header[0]), header[1])

    def test_nothing_is_accepted_that_was_not_offered(self):
        plain = Raw(self.port, "plain.ws", "Sec-WebSocket-Protocol: soap, wamp",
                    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x")
        self.addCleanup(plain.cut)
        self.assertEqual((plain.status, plain.headers["sec-websocket-accept"]), (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        self.assertEqual({name for name in plain.headers if name.startswith("sec-")}, {"sec-websocket-accept"})

    def test_curl_gets_the_handshake_and_the_first_frame(self):
        lines = handshake("curl.ws").decode().split("\r\n")[2:-2]  # without the first line and Host
        curl = subprocess.Popen(
            ["curl", "--silent", "--include", "--no-buffer", "--noproxy", "*", "--http1.1", "--max-time", "60",
             *(flag for line in lines for flag in ("--header", line)),
             f"http://127.0.0.1:{self.port}/curl.ws?cursor=0"],
            stdout=subprocess.PIPE)
        with curl:
            self.assertEqual(curl.stdout.readline(), b"HTTP/1.1 101 Switching Protocols\r\n")
            while curl.stdout.readline() != b"\r\n":
                pass
            first, length = curl.stdout.read(2)
            self.assertEqual((first, json.loads(curl.stdout.read(length))["messages"]), (0x81, []))
            curl.terminate()

    def test_a_full_worker_and_a_foreign_origin(self):
        settings = {"max_connections": 1, "origins": ["https://a.example"]}
        with Appliance(1, workers=settings) as appliance:
            port = appliance.worker_ports[0]
            foreign = Raw(port, "a.ws", "Origin: https://b.example")
            self.assertEqual((foreign.status, foreign.body()["error"]["code"]), (403, "origin"))
            foreign.cut()
            own = wait_until(
                lambda: self.accepted(port, "a.ws", "Origin: https://a.example"), 30, "the own origin's turn")
            self.assertEqual(own.status, 101)
            last, code = Raw(port, "b.ws?cursor=0", "Origin: https://a.example").last_words()
            self.assertEqual((last["error"]["code"], code), ("full", 4013))
            self.assertGreater(last["retry"], 0)
            own.cut()

    def accepted(self, port, *request):
        """A connection to a worker that takes only one, if it is taken."""
        connection = Raw(port, *request)
        opcode, payload = connection.frame()
        if opcode == 1 and "error" not in json.loads(payload):
            return connection
        connection.cut()


if __name__ == "__main__":
    unittest.main()
