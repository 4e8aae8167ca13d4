"""The recipes for web frameworks, and the clients for programs, with the real programs."""
import http.client
import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import chromium
import tokens
from appliance import ROOT, Appliance, free_ports, wait_until

APPS = {name: [sys.executable, ROOT / f"Examples/pages/{name}"] for name in ("flask_login.py", "django_login.py")}
CLIENTS = ROOT / "Examples/clients"
PAGES = ROOT / "Examples/pages"
sys.path.insert(0, str(CLIENTS / "python"))
from megacomet_client import MegaComet, Stopped  # noqa: E402


class Program:
    """A client that prints what it gets. `got` are its messages, `said` is what it told beside them."""

    def __init__(self, command, test):
        self.got, self.said = [], []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        test.addCleanup(self.end)
        self.threads = [threading.Thread(target=self.read, args=[self.process.stdout, lambda line: self.got.append(json.loads(line))], daemon=True)]
        self.threads.append(threading.Thread(target=self.read, args=[self.process.stderr, self.said.append], daemon=True))
        for thread in self.threads:
            thread.start()

    def read(self, stream, take):
        with stream:
            for line in stream:
                take(line)

    def end(self):
        self.process.kill()
        self.process.wait(10)
        for thread in self.threads:
            thread.join(10)


class ClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = ROOT / ".build/example-clients"
        subprocess.run(
            ["swift", "build", "--package-path", CLIENTS / "swift", "--scratch-path", folder],
            check=True, capture_output=True, timeout=300)
        cls.commands = {
            "python": [sys.executable, CLIENTS / "python/megacomet_client.py"],
            "swift": [folder / "debug/listen"],
        }

    def test_each_client_gets_all_once_and_in_order_while_its_worker_is_killed(self):
        with Appliance() as appliance:
            for name, command in self.commands.items():
                with self.subTest(name):
                    client = Program([*command, name, *appliance.urls], self)
                    wait_until(lambda: appliance.is_polling(name), 30, "the stream")
                    for number in range(250):
                        # What was written and not acknowledged is kept up to 64 messages, so it is not hurried.
                        wait_until(lambda: len(client.got) > number - 24, 30, f"message {number - 24}")
                        appliance.publish(name, number)
                    worker = appliance.request("GET", f"/clients/{name}")[1]["worker"]
                    killing = threading.Thread(target=appliance.kill, args=[f"worker-{worker}"])
                    killing.start()
                    for number in range(250, 500):
                        appliance.publish(name, number)
                    killing.join()
                    wait_until(lambda: len(client.got) >= 500, 30, "the arrival of 500")
                    self.assertEqual(client.got, list(range(500)))
                    # All is acknowledged after 5 s.
                    wait_until(lambda: not appliance.request("GET", f"/clients/{name}")[1]["queued"], 30, "the acknowledgement")
                    appliance.request("POST", "/disconnect", json.dumps({"client": name}))
                    self.assertEqual(client.process.wait(20), 1)
                    wait_until(lambda: "disconnected: the app has disconnected this client" in "".join(client.said), 30, "the reason")

    def test_each_client_acknowledges_at_once_where_an_app_waits(self):
        with Appliance() as appliance:
            for name, command in self.commands.items():
                with self.subTest(name):
                    client = Program([*command, name, *appliance.urls], self)
                    wait_until(lambda: appliance.is_polling(name), 30, "the stream")
                    appliance.publish(name, 1)
                    wait_until(lambda: client.got, 30, "a message that nobody waits for")
                    # After that one it would acknowledge in 5 s.
                    status, answer = appliance.request("POST", "/publish?wait=4", json.dumps({"client": name, "message": 2}))
                    self.assertEqual((status, answer["status"]), (200, "acknowledged"))
                    # The client acknowledges what it has printed; reading that is our own thread's work.
                    wait_until(lambda: len(client.got) > 1, 30, "the line of the message")
                    self.assertEqual(client.got, [1, 2])

    def test_each_client_gets_what_is_published_to_its_channels(self):
        with Appliance() as appliance:
            for name, command in self.commands.items():
                with self.subTest(name):
                    channel = {"channel": f"room:{name}"}
                    for number in range(3):
                        appliance.request("POST", "/publish", json.dumps({**channel, "message": [number]}))
                    appliance.request("POST", "/subscribe", json.dumps({**channel, "client": f"{name}:1", "history": 2}))
                    client = Program([*command, f"{name}:1", *appliance.urls], self)
                    wait_until(lambda: len(client.got) == 2, 30, "what was said before")
                    appliance.request("POST", "/publish", json.dumps({**channel, "message": {"text": "it's \u2028\n"}}))
                    appliance.request("POST", "/publish", json.dumps({"user": name, "message": None}))
                    wait_until(lambda: len(client.got) == 4, 30, "what is said now")
                    self.assertEqual(client.got, [[1], [2], {"text": "it's \u2028\n"}, None])

    def test_each_client_asks_for_another_token_and_goes_on_without_a_loss(self):
        key, folder = tokens.Key("1"), pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        tokens.write(folder / "keys.json", key)
        app = TokenApp(self)
        with Appliance(tokens={"keys": [str(folder / "keys.json")], "leeway": 0.0}) as appliance:
            for name, command in self.commands.items():
                with self.subTest(name):
                    published = 0

                    def publish(seconds):
                        nonlocal published
                        end = time.monotonic() + seconds
                        while time.monotonic() < end:
                            # A client that is refused twice pauses for up to 30 s.
                            wait_until(
                                lambda: len(client.got) > published - 24, 40,
                                lambda: f"message {published - 24} (it said: {''.join(client.said[-9:])})")
                            appliance.publish(f"{name}:1", published)
                            published += 1
                            time.sleep(0.02)

                    app.give = lambda: key.token(name, 2)
                    app.asked = 0
                    client = Program([*command, "--token-url", app.url, f"{name}:1", *appliance.urls], self)
                    wait_until(lambda: appliance.is_polling(f"{name}:1"), 30, "the stream")
                    publish(6)
                    self.assertGreaterEqual(app.asked, 3)
                    self.assertLess(app.asked, 9)
                    # A logout: while the app gives no token, the messages wait.
                    app.give = lambda: None
                    appliance.request("POST", "/disconnect", json.dumps({"user": name, "revoke": True}))
                    asked = app.asked
                    wait_until(lambda: app.asked > asked, 30, "the question for another token")
                    for _ in range(20):
                        appliance.publish(f"{name}:1", published)
                        published += 1
                    app.give = lambda: key.token(name, 60)
                    wait_until(lambda: len(client.got) >= published, 40, "the rest")
                    self.assertEqual(client.got, list(range(published)))
                    # Another user's token ends it.
                    app.give = lambda: key.token("other", 60)
                    appliance.request("POST", "/disconnect", json.dumps({"user": name, "revoke": int(time.time()) + 50}))
                    self.assertEqual(client.process.wait(20), 1)
                    wait_until(lambda: "token_client: the token is of another user" in "".join(client.said), 30, "the reason")


class TokenApp:
    """An app whose every answer is a token, or 401."""

    def __init__(self, test):
        app = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                app.asked += 1
                text = (app.give() or "").encode()
                self.send_response(200 if text else 401)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/token"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)


class PythonClientTest(unittest.TestCase):
    def test_a_plain_token_ends_the_loop_with_itself(self):
        key, folder = tokens.Key("1"), pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        tokens.write(folder / "keys.json", key)
        with Appliance(tokens={"keys": [str(folder / "keys.json")], "leeway": 0.0}) as appliance:
            for token, code in ((None, "token_missing"), ("nonsense", "token_bad"), (key.token("c1", 2), "token_expired")):
                with self.assertRaises(Stopped) as stopped:
                    list(MegaComet("c1", appliance.urls, token=token))
                self.assertEqual(stopped.exception.code, code)

    def test_a_message_is_acknowledged_when_the_loop_asks_for_the_next(self):
        with Appliance() as appliance:
            for number in range(3):
                appliance.publish("c1", number)
            for message in MegaComet("c1", appliance.urls):
                if message.data == 1:
                    break  # it is not handled
            # The worker has it, and tells the manager.
            wait_until(lambda: appliance.request("GET", "/clients/c1")[1]["queued"] == 2, 30, "the first one has left")
            again = MegaComet("c1", appliance.urls)
            self.assertEqual(next(iter(again)).data, 1)

    def test_it_is_told_of_a_gap_before_the_messages_after_it(self):
        with Appliance(queue={"max_per_client": 2}) as appliance:
            got = []
            cursor = appliance.publish("c1", 0)["id"]
            for number in range(1, 4):
                appliance.publish("c1", number)
            messages = iter(MegaComet("c1", appliance.urls, cursor, on_gap=lambda: got.append("gap")))
            got.append(next(messages).data)
            got.append(next(messages).data)
            self.assertEqual(got, ["gap", 2, 3])

    def test_a_newer_one_takes_its_place_and_close_ends_the_newer_one(self):
        with Appliance() as appliance:
            ends = queue.Queue()

            def listen(client):
                try:
                    ends.put([message.data for message in client])
                except Stopped as stopped:
                    ends.put(stopped.code)

            older, newer = MegaComet("c1", appliance.urls), MegaComet("c1", appliance.urls)
            for client in (older, newer):
                threading.Thread(target=listen, args=[client], daemon=True).start()
                wait_until(lambda: appliance.is_polling("c1"), 30, "the stream")
            self.assertEqual(ends.get(timeout=20), "replaced")
            appliance.publish("c1", "hello")
            wait_until(lambda: newer.cursor, 30, "the message")
            newer.close()
            self.assertEqual(ends.get(timeout=20), ["hello"])
            wait_until(lambda: not appliance.is_connected("c1"), 30, "the end of the stream")
            self.assertEqual(appliance.request("GET", "/clients/c1")[1]["queued"], 0)


class AppTest(unittest.TestCase):
    """The apps in Django and Flask, each with a page."""

    def setUp(self):
        self.appliance = self.enterContext(Appliance())
        self.driver = chromium.start()
        self.addCleanup(self.driver.quit)

    def test_each_app_shows_what_was_saved_before_while_and_after_its_page_was_made(self):
        for name in ("flask_app.py", "django_app.py"):
            with self.subTest(name):
                self.shows_all([sys.executable, PAGES / name], name)

    def shows_all(self, command, name):
        port = free_ports(1)[0]
        folder = self.appliance.folder.name
        environment = {
            **os.environ, "DATABASE": f"{folder}/{name}.sqlite", "MEGACOMET": f"http://127.0.0.1:{self.appliance.app_port}",
            "MEGACOMET_WORKERS": " ".join(self.appliance.urls)}
        app = subprocess.Popen([*command, str(port)], env=environment, stdout=self.appliance.log, stderr=self.appliance.log)
        self.addCleanup(app.wait, 10)
        self.addCleanup(app.terminate)
        wait_until(lambda: self.request(port, "GET", "/rooms/7"), 30, f"the start of {name}")
        self.assertTrue(self.request(port, "POST", "/rooms/7", {"text": "before </script> & <b>"}))
        self.driver.get(f"http://localhost:{port}/rooms/7")
        wait_until(lambda: self.driver.title == "connected", 30, "the page's connection")
        self.request(port, "POST", "/rooms/7", {"text": "after"})
        shown = "return [].map.call(document.querySelectorAll('li'), function (li) { return li.textContent; })"
        wait_until(lambda: len(self.driver.execute_script(shown)) > 1, 30, "the second line")
        self.request(port, "POST", "/rooms/7", {"text": "last"})
        wait_until(lambda: len(self.driver.execute_script(shown)) > 2, 30, "the third line")
        self.assertEqual(self.driver.execute_script(shown), ["before </script> & <b>", "after", "last"])
        self.assertEqual(self.driver.get_log("browser"), [])

    def request(self, port, method, path, form=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            body = form and urllib.parse.urlencode(form)
            connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if form else {})
            answer = connection.getresponse()
            text = answer.read()
            return text if answer.status == 200 else None
        except OSError:
            return None
        finally:
            connection.close()


class LoginTest(unittest.TestCase):
    """The apps in Django and Flask with a login: two pages of a user, a token or a cookie, and the logout."""

    def setUp(self):
        self.driver = chromium.start()
        self.addCleanup(self.driver.quit)

    def test_the_pages_of_an_app_are_let_in_by_a_token_and_end_with_the_logout(self):
        for name in APPS:
            with self.subTest(name):
                self.log_in_and_out(name)

    def test_the_pages_of_an_app_are_let_in_by_a_cookie_that_no_script_can_read(self):
        for name in APPS:
            with self.subTest(name):
                self.log_in_and_out(name, cookie="megacomet")

    def log_in_and_out(self, name, cookie=""):
        port, folder = free_ports(1)[0], pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        tokens.write(folder / "keys.json", tokens.Key("1"))
        settings = {"tokens": {"keys": [str(folder / "keys.json")], "cookie": cookie}}
        if cookie:
            settings["workers"] = {"origins": [f"http://localhost:{port}"]}
        with Appliance(**settings) as appliance:
            environment = {
                **os.environ, "MEGACOMET": f"http://127.0.0.1:{appliance.app_port}", "MEGACOMET_COOKIE": cookie,
                "MEGACOMET_WORKERS": " ".join(appliance.urls), "MEGACOMET_KEYS": str(folder / "keys.json")}
            app = subprocess.Popen([*APPS[name], str(port)], env=environment, stdout=appliance.log, stderr=appliance.log)
            try:
                self.log_in(port, appliance, cookie)
            except BaseException:
                print(appliance.said())
                raise
            finally:
                app.terminate()
                app.wait(10)

    def log_in(self, port, appliance, cookie):
        url, driver = f"http://localhost:{port}/", self.driver
        wait_until(lambda: self.status(url) == 200, 30, "the app's start")
        self.assertEqual(self.status(url + "megacomet-token"), 401)
        driver.delete_all_cookies()
        driver.get(url)
        driver.get_log("browser")
        windows = [driver.current_window_handle]
        driver.find_element("name", "name").send_keys("ann")
        driver.find_element("tag name", "button").click()
        wait_until(lambda: driver.title == "connected", 30, "the first page's connection")
        driver.switch_to.new_window("tab")
        windows.append(driver.current_window_handle)
        driver.get(url)
        wait_until(lambda: driver.title == "connected", 30, "the second page's connection")
        self.assertNotIn("megacomet", driver.execute_script("return document.cookie"))
        names = {one["name"] for one in driver.get_cookies()}
        self.assertEqual("megacomet" in names, bool(cookie))
        appliance.request("POST", "/publish", json.dumps({"user": "ann", "message": "<hello>"}))
        for window in windows:
            driver.switch_to.window(window)
            wait_until(lambda: [li.text for li in driver.find_elements("tag name", "li")] == ["<hello>"], 30, "the message")
        self.assertEqual([line for line in driver.get_log("browser") if "/megacomet-token" not in line["message"]], [])
        # A logout in one page sends the other one to the login, and no page gets a token with the ended session, also
        # not one that asks before the browser has the logout's answer.
        session = "; ".join(f"{one['name']}={one['value']}" for one in driver.get_cookies())
        self.assertEqual(self.status(url + "megacomet-token", session), 200)
        driver.find_element("tag name", "button").click()
        for window in windows:
            driver.switch_to.window(window)
            wait_until(lambda: driver.title == "log in", 30, "the login")
        self.assertEqual(self.status(url + "megacomet-token", session), 401)
        driver.close()
        driver.switch_to.window(windows[0])

    @staticmethod
    def status(url, cookie=""):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": cookie}), timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


if __name__ == "__main__":
    unittest.main()
