"""The worker's own records of TLS 1.3 (RFC 8446), against the TLS of another implementation: tlslite-ng."""
import json
import socket
import unittest

from tlslite.constants import AlertDescription
from tlslite.errors import TLSRemoteAlert

from appliance import wait_until
from secure import PATIENCE, SUITES, Client, SecureAppliance


class RecordsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appliance = cls.enterClassContext(SecureAppliance())
        cls.port = cls.appliance.secure_ports[0]

    def setUp(self):
        self.refused, self.before = 0, self.appliance.metric("tls_bad_records_total")

    def tearDown(self):
        """The worker has counted each record that ended a connection, and no other."""
        def counted():
            return self.appliance.metric("tls_bad_records_total") - self.before

        wait_until(lambda: counted() >= self.refused, PATIENCE, f"the count of {self.refused} records")
        self.assertEqual(counted(), self.refused)

    def connect(self, suite=None):
        client = Client(self.port, suite)
        self.addCleanup(client.socket.close)
        if suite:
            self.assertEqual(client.tls.getCipherName(), {"chacha20-poly1305": suite}.get(suite, suite))
        return client

    def request(self, message, client=None):
        """A poll that a message waits for, and so is answered at once."""
        client = client or self._testMethodName
        self.appliance.publish(client, message)
        return f"GET /{client}.json?cursor=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def is_answered(self, client, message):
        status, body = client.read_answer()
        self.assertEqual((status, json.loads(body)["messages"][-1]["data"]), (200, message))

    def is_served(self, client, message="served"):
        client.send(client.record(self.request(message)))
        self.is_answered(client, message)

    def with_each_suite(self, scenario):
        """Runs a scenario with a connection by each suite, and a name of its own."""
        for suite in SUITES:
            with self.subTest(suite):
                scenario(self.connect(suite), f"{self._testMethodName}-{suite}")

    def is_refused(self, expected, make, suites=SUITES):
        """The records that `make` gives are answered with this alert, and nothing more: after an error there is not even
        close_notify (RFC 8446, 6.1)."""
        for suite in suites:
            with self.subTest(suite):
                client = self.connect(suite)
                self.is_served(client)
                client.send(*make(client))
                alert = client.read_alert()
                self.assertEqual((AlertDescription.toStr(alert), client.read_end()), (AlertDescription.toStr(expected), b""))
                self.refused += 1

    # What a client may do.

    def test_each_suite_takes_a_request_in_pieces_and_many_in_one_record(self):
        """RFC 8446, 5.1: the text of applications may be cut anywhere, and records of it may be empty."""
        def scenario(client, name):
            request = self.request("pieces", name)
            client.send(*(client.record(request[at:at + 7]) for at in range(0, len(request), 7)))
            self.is_answered(client, "pieces")
            request = self.request("bytes", name)
            client.send(*(client.record([byte]) for byte in request))
            self.is_answered(client, "bytes")
            for byte in self.request("bytes by themselves", name):
                client.send(client.record([byte]))
            self.is_answered(client, "bytes by themselves")
            requests = [self.request(number, f"{name}-{number}") for number in range(8)]
            client.send(client.record(b"".join(requests)))
            for number in range(8):
                self.is_answered(client, number)
            request = self.request("empty", name)
            empty = [client.record(b"") for _ in range(100)]
            client.send(*empty, client.record(request[:20]), client.record(b""), client.record(request[20:]), client.record(b""))
            self.is_answered(client, "empty")
            # The bytes of records may be cut anywhere, too.
            for byte in client.record(self.request("cut", name)) + client.record(b""):
                client.send(bytes([byte]))
            self.is_answered(client, "cut")

        self.with_each_suite(scenario)

    def test_each_suite_takes_records_with_padding(self):
        """RFC 8446, 5.4: any number of zeros may follow the type, up to the largest record."""
        def scenario(client, name):
            for zeros in (1, 15, 16, 255, 16000):
                client.send(client.record(b"", zeros=zeros), client.record(self.request(zeros), zeros=zeros))
                self.is_answered(client, zeros)
            request = self.request("full")
            client.send(client.record(request, zeros=2 ** 14 - len(request)))
            self.is_answered(client, "full")

        self.with_each_suite(scenario)

    def test_each_suite_turns_to_new_keys(self):
        """RFC 8446, 4.6.3: a client may turn to a new key, and ask for the server's."""
        def scenario(client, name):
            before = self.appliance.metric("tls_key_updates_total")
            client.send(client.key_update(0), client.record(self.request("one side")))
            key = client.server_secret
            self.is_answered(client, "one side")
            self.assertEqual(client.server_secret, key, "the server was not asked")
            client.send(client.key_update(1), client.record(self.request("both sides")))
            self.is_answered(client, "both sides")
            self.assertNotEqual(client.server_secret, key, "the server was asked")
            client.send(client.key_update(1), client.key_update(0), client.key_update(1), client.record(self.request("again")))
            self.is_answered(client, "again")
            # The client turned to five, and the worker to three.
            wait_until(lambda: self.appliance.metric("tls_key_updates_total") - before == 8, PATIENCE, "the count")

        self.with_each_suite(scenario)

    def test_a_client_that_says_no_more_is_answered(self):
        """RFC 8446, 6.1: close_notify ends one direction. The other goes on, and ends with one, too."""
        def scenario(client, name):
            client.send(client.record(f"GET /{name}.json?cursor=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()))
            wait_until(lambda: self.appliance.is_polling(name), PATIENCE, "the poll")
            client.send(client.record([1, 0], Client.alert))
            status, body = client.read_answer()
            self.assertEqual((status, json.loads(body)["messages"]), (200, []))
            self.assertEqual(client.read_alert(), AlertDescription.close_notify)
            self.assertEqual(client.read_end(), b"")
            # All at once, and with the end of the socket's input.
            client = self.connect()
            client.send(client.record(self.request("all at once", name)), client.record([1, 0], Client.alert))
            client.socket.shutdown(socket.SHUT_WR)
            self.is_answered(client, "all at once")
            self.assertEqual(client.read_alert(), AlertDescription.close_notify)

        self.with_each_suite(scenario)

    def test_what_follows_close_notify_is_not_heard(self):
        """RFC 8446, 6.1: data after a closure alert must be ignored."""
        def scenario(client, name):
            client.send(
                client.record(self.request("first", name)), client.record([1, 0], Client.alert),
                client.record(self.request("second", name + "-2")), b"no record at all")
            self.is_answered(client, "first")
            self.assertEqual(client.read_alert(), AlertDescription.close_notify)

        self.with_each_suite(scenario)

    def test_user_canceled_alone_ends_nothing(self):
        """RFC 8446, 6.1: user_canceled is a warning, and close_notify follows it. Some libraries say both to end one
        direction of an open connection."""
        def scenario(client, name):
            canceled = [1, AlertDescription.user_canceled]
            client.send(client.record(canceled, Client.alert))
            self.is_served(client, "after user_canceled")
            client.send(
                client.record(self.request("half closed")), client.record(canceled, Client.alert),
                client.record([1, 0], Client.alert))
            self.is_answered(client, "half closed")
            self.assertEqual(client.read_alert(), AlertDescription.close_notify)

        self.with_each_suite(scenario)

    def test_every_other_alert_ends_the_connection(self):
        """RFC 8446, 6 and 6.2: whatever its level says, an error alert is fatal, and so is one that is not known. No
        data may be sent after it, not even close_notify."""
        for level, alert in ((2, AlertDescription.internal_error), (1, AlertDescription.no_renegotiation), (1, 233), (7, 120)):
            with self.subTest(alert):
                client = self.connect()
                self.is_served(client)
                request = self.request("late")
                client.send(client.record([level, alert], Client.alert), client.record(request))
                self.assertEqual(client.read_end(), b"")

    # What it may not.

    def test_many_new_keys_at_once_end_the_connection(self):
        """RFC 8446, 4.6.3, sets no bound. Ours keeps a client from costing much."""
        self.is_refused(AlertDescription.unexpected_message, lambda client: [client.key_update(0) for _ in range(20)])

    def test_a_key_update_of_an_unknown_value_is_an_illegal_parameter(self):
        """RFC 8446, 4.6.3."""
        for value in (2, 255):
            self.is_refused(AlertDescription.illegal_parameter, lambda client: [client.key_update(value)])

    def test_a_key_update_of_a_wrong_length_is_a_decode_error(self):
        """RFC 8446, 4.6.3 and 6.2."""
        self.is_refused(AlertDescription.decode_error, lambda client: [client.record([24, 0, 0, 2, 0], Client.handshake)])

    def test_messages_of_a_handshake_that_is_over_are_unexpected(self):
        """RFC 8446, 4: a ClientHello again is refused with unexpected_message (4.1.2), and so is all that is not sent
        after a handshake, or not by clients."""
        finished, hello, request, certificate, ticket, reserved = 20, 1, 13, 11, 4, 0
        for kind in (finished, hello, request, certificate, ticket, reserved, 254):
            with self.subTest(message=kind):
                body = bytes([kind, 0, 0, 36]) + bytes(36)
                self.is_refused(AlertDescription.unexpected_message, lambda client: [client.record(body, Client.handshake)], ["aes128gcm"])

    def test_contents_that_may_not_be_sealed_are_unexpected(self):
        """RFC 8446, 5: a ChangeCipherSpec under a key, and types that are not known. 5.4: a record of zeros alone. 5.1: an
        empty message of a handshake. 6: an alert of a wrong size."""
        for kind in (Client.cipher_spec, 24, 25, 0x7f, 255):
            with self.subTest(type=kind):
                self.is_refused(AlertDescription.unexpected_message, lambda client: [client.record([1], kind)], ["aes128gcm"])
        self.is_refused(AlertDescription.unexpected_message, lambda client: [client.sealed(bytes(100))])
        self.is_refused(AlertDescription.unexpected_message, lambda client: [client.record(b"", Client.handshake)])
        for text in (b"", [1], [1, 0, 0]):
            self.is_refused(AlertDescription.decode_error, lambda client: [client.record(text, Client.alert)], ["aes128gcm"])

    def test_records_that_are_not_sealed_are_unexpected(self):
        """RFC 8446, 5: a ChangeCipherSpec may come only before the client's Finished. 6: alerts are sealed, too."""
        for plain in (b"\x14\x03\x03\x00\x01\x01", b"\x15\x03\x03\x00\x02\x01\x00", b"\x15\x03\x03\x00\x02\x02\x28",
                      b"\x16\x03\x03\x00\x04\x00\x00\x00\x00", b"GET / HTTP/1.1\r\n\r\n"):
            with self.subTest(plain):
                self.is_refused(AlertDescription.unexpected_message, lambda client: [plain], ["aes128gcm"])

    def test_a_record_that_does_not_open_ends_the_connection(self):
        """RFC 8446, 5.2: if the decryption fails, bad_record_mac. 5.3: each record has a number."""

        def flipped(client, at):
            record = bytearray(client.record(b"GET / HTTP/1.1\r\n\r\n"))
            record[at] ^= 1
            return [bytes(record)]

        def skipped(client):
            client.skip_number()
            return [client.record(b"GET / HTTP/1.1\r\n\r\n")]

        def repeated(client):
            record = client.record(b"")
            return [record, record]

        def swapped(client):
            return [client.record(b""), client.record(b"")][::-1]

        def new_key(client):
            client.key_update(0)  # it is not sent
            return [client.record(b"")]

        # The second byte of the version, the text, the tag.
        for at in (2, 5, 20, -1):
            self.is_refused(AlertDescription.bad_record_mac, lambda client: flipped(client, at))
        for make in (skipped, repeated, swapped, new_key):
            self.is_refused(AlertDescription.bad_record_mac, make)
        # Too short for a tag, and for a type.
        for count in (0, 1, 15, 16):
            short = b"\x17\x03\x03" + count.to_bytes(2, "big") + bytes(count)
            self.is_refused(AlertDescription.bad_record_mac, lambda client: [short], ["aes128gcm"])

    def test_a_record_that_is_too_long_is_an_overflow(self):
        """RFC 8446, 5.2: a record has at most 2^14 + 256 bytes. 5.1: its text has at most 2^14."""
        for count in (2 ** 14 + 257, 65535):
            self.is_refused(AlertDescription.record_overflow, lambda client: [b"\x17\x03\x03" + count.to_bytes(2, "big")])
        self.is_refused(AlertDescription.record_overflow, lambda client: [client.record(bytes(2 ** 14) + b"x")], ["aes128gcm"])

    def test_a_client_that_wants_http_2_alone_is_told_so(self):
        """RFC 7301, 3.2: no_application_protocol."""
        before = self.appliance.metric("tls_handshakes_failed_total")
        with self.assertRaises(TLSRemoteAlert) as refused:
            Client(self.port, alpn=("h2",))
        self.assertEqual(refused.exception.description, AlertDescription.no_application_protocol)
        wait_until(lambda: self.appliance.metric("tls_handshakes_failed_total") == before + 1, PATIENCE, "the count")
        for offer in (("h2", "http/1.1"), ("http/1.1",)):
            with Client(self.port, alpn=offer) as client:
                self.assertEqual(client.tls.session.appProto, b"http/1.1")


if __name__ == "__main__":
    unittest.main()
