"""The real programs on free ports in a private folder, and the actions of tests on them."""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def programs():
    """The folder of the built programs."""
    return pathlib.Path(os.environ.get("MEGACOMET_PROGRAMS") or ROOT / ".build/debug")


def wait_until(condition, seconds=30, what="it"):
    """Calls a function again and again until it returns something true, and returns that. `what` may be a function."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what() if callable(what) else what} did not happen in {seconds} s")
        time.sleep(0.02)


RESERVED = []


def free_ports(count):
    """So many ports in a row that nothing listens on, below those that the kernel gives to clients. They are reserved
    for this process as long as it lives, by the names that Sources/FreePorts uses."""
    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    first, end = next(
        ((first, end) for first, end in ((10000, min(32000, low)), (high + 1, 65536), (2000, min(10000, low))) if end - first >= 2000), (10000, 32000))
    while True:
        base = random.randrange(first, end - count)
        reservations = []
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(("", port))
                reservations.append(socket.socket(socket.AF_UNIX))
                reservations[-1].bind(f"\0megacomet-port-{port}")
            RESERVED.extend(reservations)
            return list(range(base, base + count))
        except OSError:
            for reservation in reservations:
                reservation.close()


class Appliance:
    """`megacomet run` with a configuration of its own, for use in a `with`."""

    def __init__(self, count=2, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="megacomet-browser-")
        ports = free_ports(count + 4)
        self.worker_ports, (link, self.app_port, stats, self.operator_port) = ports[:count], ports[count:]
        tables = {
            "workers": {"count": count, "address": "127.0.0.1", "base_port": ports[0], "poll_timeout": 20.0},
            "manager": {"port": link}, "app": {"port": self.app_port}, "stats": {"port": stats}, "operator": {"port": self.operator_port},
        }
        for table, values in settings.items():
            tables.setdefault(table, {}).update(values)
        lines = [f"run_directory = {json.dumps(self.folder.name + '/run')}"]
        for table, values in tables.items():
            lines += [f"[{table}]"] + [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        self.config = pathlib.Path(self.folder.name, "megacomet.toml")
        self.config.write_text("\n".join(lines) + "\n")
        self.log = open(self.folder.name + "/log", "w+b")

    @property
    def urls(self):
        return [f"http://localhost:{port}" for port in self.worker_ports]

    def __enter__(self):
        self.process = subprocess.Popen([programs() / "megacomet", "run", "-c", self.config], stdout=self.log, stderr=self.log)
        try:
            wait_until(self.is_ready, 60, "the appliance's start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                for process in self.processes():
                    os.kill(process["pid"], signal.SIGKILL)
                self.process.kill()
                self.process.wait(10)
        self.log.close()
        self.folder.cleanup()

    def command(self, *arguments):
        return subprocess.run([programs() / "megacomet", *arguments, "-c", self.config], capture_output=True, text=True, timeout=120)

    def processes(self):
        try:
            return json.loads(self.command("status", "--json").stdout)["processes"]
        except (ValueError, KeyError):
            return []

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"megacomet ended with {self.process.returncode}: {self.said()[-4000:]}")
        processes = self.processes()
        return processes and all(process["state"] == "ready" for process in processes)

    def said(self):
        """The whole log. A process's line comes some time after what the process did."""
        return pathlib.Path(self.log.name).read_text()

    def kill(self, name):
        """Sends SIGKILL, as the kernel's memory killer does. Returns when the successor is ready."""
        old, = wait_until(lambda: [process["pid"] for process in self.processes() if process["name"] == name and process["pid"]], 30, f"word of {name}")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: any(p["name"] == name and p["pid"] != old and p["state"] == "ready" for p in self.processes()), 60, f"{name}'s return")

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.app_port, timeout=90)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def publish(self, client, message, **more):
        """Publishes one message. Returns the manager's answer."""
        status, answer = self.request("POST", "/publish", json.dumps({"client": client, "message": message, **more}))
        assert status in (200, 202), (status, answer)
        return answer

    def is_polling(self, client):
        """A worker holds a receiver of the client. A poll that is answered at once is never held."""
        return self.request("GET", "/clients/" + client)[1].get("form") is not None

    def is_connected(self, client):
        """The same, or the client is on its way to the next poll. What has left, or was sent away, is not."""
        return self.request("GET", "/clients/" + client)[1].get("connected")

    def has_acknowledged(self, client):
        """Nothing waits for the client any more."""
        return self.request("GET", "/clients/" + client)[1]["queued"] == 0
