"""What a worker's memory has of the keys of TLS. A core file of it has none, and the keys of a connection that is over are
nowhere."""
import hashlib
import hmac
import pathlib
import re
import subprocess
import unittest

from appliance import wait_until
from secure import PATIENCE, SUITES, Client, SecureAppliance


def expand(secret, label, count):
    """HKDF-Expand-Label with an empty context (RFC 8446, 7.1). One block is enough."""
    name = b"tls13 " + label
    info = count.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0\x01"
    return hmac.new(secret, info, hashlib.sha384 if len(secret) == 48 else hashlib.sha256).digest()[:count]


def mappings(pid):
    """The private writable memory of a process that was used: its first address, the one behind its last, and whether a
    core file has it. What processes share is the queue."""
    begin = None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line):
            begin, end, rights = int(head[1], 16), int(head[2], 16), head[3]
        elif line.startswith("Rss:"):
            is_used = line.split()[1] != "0"
        elif line.startswith("VmFlags:") and is_used and "w" in rights and "p" in rights:
            yield begin, end, "dd" not in line.split()


def found(pid, marks):
    """The names of marks that are in the memory of a process: in what a core file has, and in the rest."""
    dumped, kept = set(), set()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end, is_dumped in mappings(pid):
            before = b""
            for at in range(begin, end, 1 << 20):
                memory.seek(at)
                try:
                    text = before + memory.read(min(1 << 20, end - at))
                except OSError:  # a guard page
                    text = b""
                (dumped if is_dumped else kept).update(name for name, mark in marks.items() if mark in text)
                before = text[-256:]
    return dumped, kept


class MemoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appliance = cls.enterClassContext(SecureAppliance())
        cls.port = cls.appliance.secure_ports[0]

    def pids(self):
        """The processes, with the supervisor, which reads the certificate's files, too."""
        return {"supervisor": self.appliance.process.pid, **{p["name"]: p["pid"] for p in self.appliance.processes()}}

    def poll(self, client):
        """A request and its answer, so that keys of both directions are used. Returns the marks of what is secret."""
        self.appliance.publish("c", "m")
        client.send(client.record(b"GET /c.json?cursor=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        client.read_answer()
        marks = {}
        count = 16 if client.tls.getCipherName() == "aes128gcm" else 32
        session = client.tls.session
        for name, secret in (("client", session.cl_app_secret), ("server", session.sr_app_secret)):
            # RFC 8446, 7.3. OpenSSL tells secrets in hex.
            secret = bytes(secret)
            marks |= {f"the {name}'s secret": secret, f"the {name}'s key": expand(secret, b"key", count),
                      f"the {name}'s secret in hex": secret.hex().encode()}
        return marks

    def private_key(self):
        """The number that is the key, in both orders of its bytes, and the bytes of its file."""
        text = pathlib.Path(self.appliance.key).read_text()
        said = subprocess.run(
            ["openssl", "pkey", "-in", self.appliance.key, "-text", "-noout"], check=True, capture_output=True, text=True,
            timeout=60).stdout
        number = bytes.fromhex(re.sub(r"[\s:]", "", re.search(r"priv:(.*?)pub:", said, re.S)[1])).rjust(32, b"\0")[-32:]
        lines = [line.encode() for line in text.splitlines()[1:-1]]
        return {"the private key": number, "the private key, turned": number[::-1],
                **{f"line {n} of the private key's file": line for n, line in enumerate(lines)}}

    def test_a_core_file_has_no_keys_and_nothing_has_those_of_a_connection_that_is_over(self):
        for suite in SUITES:
            with self.subTest(suite):
                worker = self.pids()["worker-0"]
                clients = [Client(self.port, suite) for _ in range(2)]
                marks = [self.poll(client) for client in clients]
                for some in marks:
                    dumped, kept = found(worker, some)
                    self.assertEqual(dumped, set(), "a core file has them")
                    # The search finds what is there.
                    self.assertEqual({"the client's secret", "the server's secret", "the client's key", "the server's key"}, kept)
                # New keys (RFC 8446, 4.6.3): the old ones are nowhere, and the new ones in no core file.
                clients[1].send(clients[1].key_update(1))
                old, marks[1] = marks[1], self.poll(clients[1])
                self.assertEqual(found(worker, old), (set(), set()))
                self.assertEqual(found(worker, marks[1])[0], set())
                wait_until(lambda: self.appliance.metric("tls_parked") == 2, PATIENCE, "the report of both")
                # One says that it goes, and one goes without a word.
                clients[0].send(clients[0].record([1, 0], Client.alert))
                self.assertEqual(clients[0].read_alert(), 0)
                for client in clients:
                    client.socket.close()
                wait_until(lambda: self.appliance.metric("tls_parked") == 0, PATIENCE, "the end of both")
                for some in marks:
                    self.assertEqual(found(worker, some), (set(), set()))

    def test_no_core_file_has_the_private_key(self):
        with Client(self.port) as client:
            self.poll(client)
            self.assertEqual(self.appliance.command("reload").returncode, 0)
        marks = self.private_key()

        def kept(name, pid):
            dumped, kept = found(pid, marks)
            self.assertEqual(dumped, set(), f"a core file of {name} has them")
            return kept

        for name, pid in self.pids().items():
            kept(name, pid)
            if name.startswith("worker"):
                # The search finds what is there. While a worker takes up a certificate it has the files, too.
                wait_until(lambda: kept(name, pid) == {"the private key, turned"}, PATIENCE, "the key alone")


if __name__ == "__main__":
    unittest.main()
