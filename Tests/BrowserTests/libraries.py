"""Scenarios that several libraries go through at once, against one appliance."""
import concurrent.futures
import contextlib
import json
import unittest

from appliance import Appliance, wait_until

# A client that does not answer its ping for so long is given up, so a busy machine needs some seconds.
HEARTBEAT = 4.0
# Each message is a text of its own, since Python would write it in another way than an app may. The first ones make
# frames of every form of length, and come first: only the last 64 KiB are kept for a client that comes back.
PRETTY = '{{{0}\t"text" :{0}{0}  ["\\r\\n", "\u20ac \U0001f600 \\u0000"],{0}"n":-1.5e300}}{0}'
MESSAGES = [
    json.dumps("x" * 70000), json.dumps(["long"] * 9000, indent=1), "null", '""', '{"cursor":1}',
    json.dumps("y" * 1000),
] + [PRETTY.format(end) for end in ("\n", "\r", "\r\n", "\n\r")]


class LibrariesTest(unittest.TestCase):
    """`libraries` has a class for each name. `connection` opens one for a client: its class, the client's id, and
    whatever a scenario adds."""

    libraries = {}

    @classmethod
    def setUpClass(cls):
        cls.appliance = cls.enterClassContext(Appliance(
            workers={"heartbeat": HEARTBEAT}, queue={"max_message": 1 << 20}, supervisor={"drain": 0.5}))
        cls.port = cls.appliance.worker_ports[0]

    def with_each_library(self, scenario, meanwhile=None):
        """Runs a scenario with all libraries at once. It is given the id of its client, what opens its connections, and
        what says that it is ready. When all are, `meanwhile` is called."""
        def run(name):
            with contextlib.ExitStack() as ends:
                def connect(*arguments):
                    opened = self.connection(self.libraries[name], client, *arguments)
                    ends.callback(opened.cut)
                    return opened

                client = f"{self._testMethodName}-{name}"
                scenario(client, connect, lambda: ready.append(client))

        def wait():
            wait_until(lambda: len(ready) == len(self.libraries), 120, f"the others beside {ready}")
            meanwhile()

        ready = []
        with concurrent.futures.ThreadPoolExecutor(len(self.libraries) + 1) as pool:
            runs = {name: pool.submit(run, name) for name in self.libraries}
            if meanwhile:
                runs["meanwhile"] = pool.submit(wait)
        for name, outcome in runs.items():
            with self.subTest(name):
                outcome.result()

    def publish(self, client, message):
        """Publishes a message as this text. Returns its id and value."""
        status, answer = self.appliance.request(
            "POST", "/publish", f'{{"client":"{client}","message":{message}}}'.encode())
        self.assertIn(status, (200, 202), answer)
        return answer["id"], json.loads(message)

    def disconnect(self, client):
        answer = self.appliance.request("POST", "/disconnect", json.dumps({"client": client}))
        self.assertEqual(answer, (200, {"status": "disconnected", "clients": 1}))

    def roll(self):
        """Replaces all workers."""
        rolling = self.appliance.command("rolling")
        self.assertEqual(rolling.returncode, 0, rolling.stderr)
