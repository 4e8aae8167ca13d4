"""Event streams with the libraries that apps and devices use."""
import contextlib
import http.client
import json
import unittest
import urllib.parse

from appliance import wait_until
from libraries import HEARTBEAT, MESSAGES, LibrariesTest
from stream_clients import LIBRARIES, Ended

class StreamsTest(LibrariesTest):
    libraries = LIBRARIES

    def connection(self, library, client, last_id=None):
        return library(f"http://127.0.0.1:{self.port}/{urllib.parse.quote(client)}.events?x=1", last_id)

    def acknowledge(self, client, cursor):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", f"/{urllib.parse.quote(client)}.ack?cursor={cursor}")
            self.assertEqual(connection.getresponse().status, 204)

    def test_each_library_gets_every_message_and_comes_back_with_its_last_id(self):
        def scenario(client, connect, ready):
            stream = connect()
            kind, _, hello = stream.event()
            self.assertEqual((kind, hello), ("hello", {"heartbeat": HEARTBEAT * 1000}))
            expected = []
            for message in MESSAGES:
                expected.append(self.publish(client, message))
                self.assertEqual(stream.messages(1), expected[-1:])
            stream.cut()
            expected.append(self.publish(client, '"away"'))
            stream = connect(expected[3][0])
            self.assertEqual(stream.messages(len(expected) - 4), expected[4:])
            stream.cut()
            # What is acknowledged does not come again, whatever the cursor.
            self.acknowledge(client, expected[-2][0])
            self.assertEqual(connect(expected[-4][0]).messages(1), expected[-1:])

        self.with_each_library(scenario)

    def test_channels_have_events_of_their_own_and_silence_has_heartbeats(self):
        def scenario(client, connect, ready):
            stream = connect(0)
            self.assertEqual(stream.event()[0], "hello")
            room = f"room:{client}"
            for path, body in (("/subscribe", {"channel": room, "client": client}),
                               ("/publish", {"channel": room, "message": {"a": [1]}})):
                status, answer = self.appliance.request("POST", path, json.dumps(body))
                self.assertIn(status, (200, 202), answer)
            kind, id, element = stream.next("channel", "message")
            self.assertEqual((kind, element), ("channel", {"id": id, "channel": room, "data": {"a": [1]}}))
            self.assertEqual([stream.event()[0] for _ in range(2)], ["heartbeat"] * 2)

        self.with_each_library(scenario)

    def test_each_library_comes_back_from_a_killed_worker(self):
        def scenario(client, connect, ready):
            stream = connect(0)
            self.assertEqual(stream.event()[0], "hello")
            sent = self.publish(client, '"before"')
            self.assertEqual(stream.messages(1), [sent])
            ready()
            if stream.comes_back:
                wait_until(lambda: back, 60, "the worker's return")
            else:
                with self.assertRaises(Ended):
                    stream.messages(1)
            missed = self.publish(client, '"while it was down"')
            wait_until(lambda: back, 60, "the worker's return")
            if not stream.comes_back:
                stream = connect(sent[0])
            self.assertEqual(stream.messages(1), [missed])

        def kill():
            self.appliance.kill("worker-0")
            back.append(True)

        back = []
        self.with_each_library(scenario, kill)

    def test_each_library_is_told_of_a_drain_and_why_it_is_sent_away(self):
        def scenario(client, connect, ready):
            stream = connect(0)
            sent = self.publish(client, '"before"')
            self.assertEqual(stream.messages(1), [sent])
            ready()
            kind, id, when = stream.next("retry", "message")
            self.assertEqual((kind, id, list(when)), ("retry", sent[0], ["retry"]))
            if not stream.comes_back:
                with self.assertRaises(Ended):
                    stream.event()
                stream = connect(sent[0])
            self.assertEqual(stream.next("hello")[1], sent[0])
            second = connect(sent[0])
            self.assertEqual(second.event()[0], "hello")
            self.assertEqual(stream.next("replaced")[2]["code"], "replaced")
            self.disconnect(client)
            self.assertEqual(second.next("disconnected")[2]["code"], "disconnected")
            for stream in (stream, second):
                with self.assertRaises(Ended):
                    stream.event()
            # An id that can't be read is no error, since an EventSource would stop for good.
            lost = connect("x")
            self.assertEqual([lost.event()[0] for _ in range(2)], ["hello", "gap"])

        self.with_each_library(scenario, self.roll)


if __name__ == "__main__":
    unittest.main()
