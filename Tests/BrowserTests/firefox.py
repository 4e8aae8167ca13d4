"""A headless Firefox, driven by its own protocol, Marionette: Debian has no geckodriver. It has what `Tab` uses of a driver
of selenium, with one tab."""
import itertools
import json
import pathlib
import socket
import subprocess
import tempfile

from appliance import wait_until


class Firefox:
    current_window_handle = "the only one"

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="megacomet-firefox-")
        profile = pathlib.Path(self.folder.name)
        (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')
        self.process = subprocess.Popen(
            ["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", profile],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={
                "HOME": self.folder.name, "PATH": "/usr/bin:/bin", "MOZ_CRASHREPORTER_DISABLE": "1"})
        self.socket, self.input, self.numbers = None, b"", itertools.count(1)
        try:
            port = wait_until(lambda: self.port(profile / "MarionetteActivePort"), 60, "Firefox's start")
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
            self.receive()  # a greeting
            self.command("WebDriver:NewSession", acceptInsecureCerts=True)
        except BaseException:
            self.quit()
            raise
        self.switch_to = self

    @staticmethod
    def port(file):
        return int(file.read_text() or 0) if file.exists() else 0

    def receive(self):
        """The next packet: its length, a colon, and JSON."""
        while b":" not in self.input:
            self.input += self.more()
        count, _, self.input = self.input.partition(b":")
        while len(self.input) < int(count):
            self.input += self.more()
        text, self.input = self.input[:int(count)], self.input[int(count):]
        return json.loads(text)

    def more(self):
        more = self.socket.recv(65536)
        assert more, "Firefox is gone"
        return more

    def command(self, name, **parameters):
        packet = json.dumps([0, next(self.numbers), name, parameters])
        self.socket.sendall(f"{len(packet)}:{packet}".encode())
        _, _, error, result = self.receive()
        if error:
            raise AssertionError(f"{name}: {error['message']}")
        return result

    def window(self, handle):
        pass

    def get(self, url):
        self.command("WebDriver:Navigate", url=url)

    def refresh(self):
        self.command("WebDriver:Refresh")

    def execute_script(self, script, *arguments):
        return self.command("WebDriver:ExecuteScript", script=script, args=arguments, sandbox=None, newSandbox=False)["value"]

    def quit(self):
        if self.socket:
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.folder.cleanup()
