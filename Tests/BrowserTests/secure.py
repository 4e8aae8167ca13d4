"""An appliance over TLS, and a client of tlslite-ng that makes any record, right or wrong."""
import contextlib
import re
import socket
import subprocess
import tempfile
import urllib.request

from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.constants import AlertDescription, ContentType
from tlslite.errors import TLSAbruptCloseError, TLSRemoteAlert

from appliance import Appliance, free_ports, wait_until

PATIENCE = 60
# The names that tlslite-ng and OpenSSL have for the suites of TLS 1.3.
SUITES = {
    "aes128gcm": "TLS_AES_128_GCM_SHA256", "aes256gcm": "TLS_AES_256_GCM_SHA384",
    "chacha20-poly1305": "TLS_CHACHA20_POLY1305_SHA256",
}


def make_certificate(folder):
    """Makes a certificate for localhost in a folder. Returns the paths of it and of its key."""
    certificate, key = f"{folder}/fullchain.pem", f"{folder}/privkey.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=60)
    return certificate, key


class SecureAppliance(Appliance):
    """An appliance whose workers have ports for TLS, too."""

    def __init__(self, count=1, **settings):
        self.certificates = tempfile.TemporaryDirectory(prefix="megacomet-certificates-")
        self.certificate, self.key = make_certificate(self.certificates.name)
        self.secure_ports = free_ports(count)
        tls = {"certificate": self.certificate, "key": self.key, "base_port": self.secure_ports[0]}
        super().__init__(count, tls=tls, **settings)

    @property
    def secure_urls(self):
        return [f"https://localhost:{port}" for port in self.secure_ports]

    def __exit__(self, *_):
        super().__exit__()
        self.certificates.cleanup()

    def metric(self, name):
        """A metric's sum over the workers, as their last reports have it. The first ones come a second after the start."""
        def values():
            with urllib.request.urlopen(f"http://127.0.0.1:{self.operator_port}/metrics", timeout=PATIENCE) as answer:
                return re.findall(rf"^megacomet_worker_{name}(?:{{.*}})? (\S+)$", answer.read().decode(), re.M)

        return sum(map(float, wait_until(values, PATIENCE, f"the first report of {name}")))


class Client:
    """A connection whose handshake is done by tlslite-ng. After it the records are the test's."""

    data, alert, handshake, cipher_spec = (
        ContentType.application_data, ContentType.alert, ContentType.handshake, ContentType.change_cipher_spec)

    def __init__(self, port, suite=None, alpn=("http/1.1",)):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.tls = TLSConnection(self.socket)
        self.tls.closeSocket = False
        settings = HandshakeSettings()
        settings.minVersion = settings.maxVersion = (3, 4)
        if suite:
            settings.cipherNames = [suite]
        try:
            self.tls.handshakeClientCert(settings=settings, alpn=[bytearray(name, "ascii") for name in alpn])
        except BaseException:
            self.socket.close()
            raise
        self.layer = self.tls._recordLayer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def skip_number(self):
        """Leaves out the number of one record."""
        self.layer._writeState.seqnum += 1

    def record(self, content, kind=ContentType.application_data, zeros=0):
        """The next record under the client's key, with zeros behind its type (RFC 8446, 5.4)."""
        inner = bytearray(content) + bytearray([kind]) + bytearray(zeros)
        return self.sealed(inner)

    def sealed(self, inner):
        """A record whose inner text is this, with no type behind it (RFC 8446, 5.2)."""
        text = self.layer._encryptThenSeal(bytearray(inner), ContentType.application_data)
        return bytes([ContentType.application_data, 3, 3]) + len(text).to_bytes(2, "big") + bytes(text)

    def key_update(self, answer):
        """A record that says KeyUpdate. The records after it are under the client's next key (RFC 8446, 4.6.3)."""
        record = self.record(bytes([24, 0, 0, 1, answer]), ContentType.handshake)
        session = self.tls.session
        session.cl_app_secret, session.sr_app_secret = self.layer.calcTLS1_3KeyUpdate_reciever(
            session.cipherSuite, session.cl_app_secret, session.sr_app_secret)
        return record

    def send(self, *records):
        self.socket.sendall(b"".join(records))

    def read_answer(self):
        """The status and the body of the next answer."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.text(1)
        length = int(re.search(rb"(?i)content-length: +(\d+)", head)[1])
        body = b""
        while len(body) < length:
            body += self.text(length - len(body))
        return int(head.split()[1]), body

    def text(self, most):
        text = self.tls.read(max=most, min=1)
        assert text, "the server said close_notify"
        return bytes(text)

    @property
    def server_secret(self):
        """The server's secret, which is another after each new key."""
        return bytes(self.tls.session.sr_app_secret)

    def read_alert(self):
        """Reads up to the alert that ends the connection. Returns its number."""
        try:
            while self.tls.read(min=1):
                pass
        except TLSRemoteAlert as alert:
            return alert.description
        except TLSAbruptCloseError:
            raise AssertionError("the connection ended without an alert") from None
        return AlertDescription.close_notify  # which tlslite-ng answers

    def read_end(self):
        """Reads up to the end of the connection. Returns the bytes until then."""
        rest = b""
        with contextlib.suppress(ConnectionResetError):
            while more := self.tls.sock.recv(65536):
                rest += more
        return rest
