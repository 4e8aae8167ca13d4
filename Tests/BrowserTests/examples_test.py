"""The examples do what they say: the page in README, the chat, the dashboard, and publishing in each language."""
import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock

import chromium
import tokens
from appliance import ROOT, Appliance, free_ports, programs, wait_until
from selenium.webdriver.common.by import By

EXAMPLES = ROOT / "Examples"
LANGUAGES = {"publish.sh": "sh", "publish.py": sys.executable, "publish.php": "php", "publish.mjs": "node", "publish.rb": "ruby"}
MESSAGE = {"text": "it's \u2028 </script> \U0001f600", "list": [1, None, True]}


class Polls:
    """A client that polls again and again, with its cursor, which acknowledges, or without one. It is there when this
    is made."""

    def __init__(self, appliance, client, query):
        self.appliance, self.client, self.query = appliance, client, query
        self.thread = threading.Thread(target=self.poll)
        self.thread.start()
        wait_until(lambda: appliance.is_polling(client), 30, f"the poll of {client}")

    def poll(self):
        connection, query = http.client.HTTPConnection("127.0.0.1", self.appliance.worker_ports[0], timeout=30), self.query
        while True:
            connection.request("GET", f"/{self.client}.json?{query}")
            answer = json.loads(connection.getresponse().read())
            if "error" in answer:
                return connection.close()
            query = self.query.replace("cursor=0", f"cursor={answer['cursor']}")

    def end(self):
        self.appliance.request("POST", "/disconnect", json.dumps({"client": self.client}))
        self.thread.join(20)


class PublishTest(unittest.TestCase):
    def test_each_language_publishes_and_says_what_became_of_it(self):
        with Appliance() as appliance:
            for name, program in LANGUAGES.items():
                with self.subTest(name):
                    result = self.run_example(program, name, appliance)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(json.loads(result.stdout)["status"], "queued")
                    self.assertEqual(self.poll(appliance, name.replace(".", "-")), MESSAGE)

    def test_each_language_has_the_key_of_a_guarded_port(self):
        with Appliance(app={"key": "a-secret-of-the-app"}) as appliance:
            for name, program in LANGUAGES.items():
                with self.subTest(name):
                    self.assertIn("error", self.run_example(program, name, appliance).stdout + self.run_example(program, name, appliance).stderr)
                    self.assertEqual(json.loads(self.run_example(program, name, appliance, key="a-secret-of-the-app").stdout)["status"], "queued")

    def test_each_language_waits_and_says_whether_the_client_has_it(self):
        with Appliance(queue={"ttl": 2.0}) as appliance, concurrent.futures.ThreadPoolExecutor() as pool:
            ends = {
                # How the client polls, the seconds to wait, the status, and what it means.
                "acknowledges": ("cursor=0", 20, "acknowledged", "the client has it, and has said so"),
                "says nothing": ("", 20, "delivered", "it went out to a client that never says what it has"),
                "is away": (None, 20, "expired", "it never came"),
                "is away for longer": (None, 1, "queued", "not known yet, it may still come"),
            }

            def publish(name, query, seconds):
                client = f"{name.replace('.', '-')}-{query}-{seconds}"
                polls = None if query is None else Polls(appliance, client, query)
                try:
                    return self.run_example(LANGUAGES[name], name, appliance, client, seconds)
                finally:
                    if polls:
                        polls.end()

            runs = {(name, what): pool.submit(publish, name, *ends[what][:2]) for name in LANGUAGES for what in ends}
            for (name, what), run in runs.items():
                with self.subTest(name, client=what):
                    lines = run.result().stdout.splitlines()
                    self.assertEqual((run.result().returncode, run.result().stderr), (0, ""))
                    self.assertEqual([json.loads(lines[0])["status"], *lines[1:]], list(ends[what][2:]))
            for name, program in LANGUAGES.items():
                with self.subTest(name):
                    refused = self.run_example(program, name, appliance, seconds=61)
                    self.assertIn("bad_wait", refused.stdout + refused.stderr)
                    self.assertEqual(refused.returncode, 1)

    def run_example(self, program, name, appliance, client=None, seconds=None, key=None):
        environment = {**os.environ, "MEGACOMET": f"http://127.0.0.1:{appliance.app_port}"}
        if key:
            environment["MEGACOMET_KEY"] = key
        arguments = [client or name.replace(".", "-"), json.dumps(MESSAGE), *([] if seconds is None else [str(seconds)])]
        return subprocess.run(
            [program, EXAMPLES / "publish" / name, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    def poll(self, appliance, client):
        connection = http.client.HTTPConnection("127.0.0.1", appliance.worker_ports[0], timeout=10)
        connection.request("GET", f"/{client}.json?cursor=0")
        messages = json.loads(connection.getresponse().read())["messages"]
        connection.close()
        return messages[-1]["data"]


class ReadmeTest(unittest.TestCase):
    def test_the_lines_on_channels_do_what_is_said_beside_them(self):
        section = (ROOT / "README.md").read_text().split("### Channels in ten lines")[1].split("### ")[0]
        lines = [line.strip() for line in section.splitlines() if line.startswith("    ")]
        with Appliance() as appliance:
            def start(line):
                line = line.replace("localhost:9001", f"localhost:{appliance.app_port}").replace("localhost:8000", f"localhost:{appliance.worker_ports[0]}")
                return subprocess.Popen(line.replace("curl", "curl -sS", 1), shell=True, stdout=subprocess.PIPE, text=True)

            def answer(process):
                return re.sub(r"\d{16}", "7292", process.communicate(timeout=20)[0]).strip()

            subscribe, poll, publish, said, polled, *others = lines
            self.assertIn('"subscribers":2', answer(start(subscribe)))
            poll = start(poll)
            wait_until(lambda: appliance.is_polling("ann:tab1"), 30, "Ann's poll")
            self.assertEqual([answer(start(publish)), answer(poll)], [said, polled])
            answers = [json.loads(answer(start(line))) for line in others]
            self.assertEqual([given.get("status") for given in answers], ["subscribed", "nobody", "sent", "sent", None])
            self.assertEqual([message["data"] for message in answers[-1]["messages"]], ["hello", 21.5])


class MakeExampleTest(unittest.TestCase):
    """Examples/run, which is `make example`, without the build."""

    def test_it_starts_all_that_the_chat_needs_and_ends_what_it_started(self):
        self.starts_and_ends(signal.SIGINT, signal.SIG_DFL)

    def test_it_ends_on_term_where_interrupts_are_ignored_as_behind_an_ampersand(self):
        self.starts_and_ends(signal.SIGTERM, signal.SIG_IGN)

    def test_it_starts_the_dashboard_as_well(self):
        appliance, dashboard, port = self.run_example("dashboard", signal.SIG_DFL)
        published = "/channels/dashboard?history=100"
        wait_until(lambda: len(appliance.request("GET", published)[1]["messages"]) == 6, 30, "the newest values of six metrics")
        self.end(appliance, dashboard, signal.SIGINT)

    def test_it_starts_the_count_of_unread_messages_as_well(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(unittest.mock.patch.dict(os.environ, UNREAD_FILE=folder + "/unread.json"))
        appliance, unread, port = self.run_example("unread", signal.SIG_DFL)
        self.assertEqual(self.post(port, "/send", {"user": "Ada", "text": "hello"}), {})
        published = "/channels/unread?history=9"
        wait_until(lambda: appliance.request("GET", published)[1]["messages"], 30, "the count")
        self.assertEqual(appliance.request("GET", published)[1]["messages"][-1]["data"], {"user": "Ada", "unread": 1, "seen": 0})
        self.end(appliance, unread, signal.SIGINT)

    def starts_and_ends(self, number, interrupts):
        appliance, chat, port = self.run_example("chat", interrupts)
        joined = self.post(port, "/join", {"room": "lobby", "name": "Ada"})
        self.assertEqual(joined["urls"], appliance.urls)
        self.assertTrue(joined["client"].startswith("Ada:"))
        said = self.post(port, "/say", {"room": "lobby", "client": joined["client"], "text": "hello"})
        self.assertEqual((said["sent"], said["waiting"]), (0, 1))
        looked = appliance.request("GET", "/channels/room:lobby?history=9")[1]
        self.assertEqual([message["data"] for message in looked["messages"]], [{"name": "Ada", "text": "hello"}])
        bad = self.post(port, "/join", {"room": "a/b", "name": "Ada"})
        self.assertIn("/", bad["error"]["message"])
        self.end(appliance, chat, number)

    def run_example(self, name, interrupts):
        """Runs an example, and MegaComet by it. Returns when the example answers."""
        appliance = Appliance()
        self.addCleanup(appliance.folder.cleanup)
        self.addCleanup(appliance.log.close)
        port = free_ports(1)[0]
        ports = [port, appliance.worker_ports[0], appliance.worker_ports[-1], appliance.app_port]
        example = subprocess.Popen(
            [EXAMPLES / "run", name, programs(), appliance.config, *map(str, ports)],
            start_new_session=True, stdout=appliance.log, stderr=appliance.log,
            preexec_fn=lambda: signal.signal(signal.SIGINT, interrupts))
        self.addCleanup(example.wait, 10)
        self.addCleanup(example.kill)
        self.addCleanup(lambda: appliance.command("stop"))
        wait_until(lambda: self.post(port, "/", {}, "GET"), 30, f"the start of {name}")
        return appliance, example, port

    def end(self, appliance, example, number):
        os.killpg(example.pid, number)
        self.assertEqual(example.wait(40), 0, appliance.said())
        self.assertEqual(appliance.processes(), [])

    def post(self, port, path, body, method="POST"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, json.dumps(body))
            answer = connection.getresponse().read()
            return json.loads(answer) if method == "POST" else answer
        except OSError:
            return None
        finally:
            connection.close()


class ClusterExampleTest(unittest.TestCase):
    """Examples/cluster/run: two machines, a Redis, and a chat at each."""

    def test_what_is_said_at_one_machine_is_seen_at_the_other_and_all_ends(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        log = self.enterContext(open(folder + "/log", "w+b"))
        os.mkdir(folder + "/run")
        chats, first = free_ports(2), free_ports(26)[0]
        example = subprocess.Popen(
            [EXAMPLES / "cluster/run", programs(), str(chats[0]), str(first)], env={**os.environ, "TMPDIR": folder + "/run"},
            start_new_session=True, stdout=log, stderr=log, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.addCleanup(example.wait, 60)
        self.addCleanup(example.terminate)
        # The last line of the script's own: both machines and both chats serve.
        wait_until(lambda: b"kill -CONT" in pathlib.Path(log.name).read_bytes() or example.poll() is not None, 60, "the start")
        printed = pathlib.Path(log.name).read_text()
        self.assertIsNone(example.poll(), printed)
        for port, machine in zip(chats, "ab"):
            self.assertIn(f"http://localhost:{port}/ at machine {machine} ", printed)
            self.assertIn(f"/megacomet status --all -c {self.folder_of_machines(folder)}/{machine}.toml\n", printed)
        server = int(re.search(r"kill -CONT (\d+)", printed)[1])
        self.assertEqual(pathlib.Path(f"/proc/{server}/comm").read_text(), "redis-server\n")

        ada, bob = (json.loads(self.request(port, "POST", "/join", {"room": "lobby", "name": name})) for port, name in zip(chats, ("Ada", "Bob")))
        self.assertEqual(ada["urls"], [f"http://localhost:{first + number}" for number in (10, 11, 20, 21)])
        self.assertEqual(bob["urls"], [f"http://localhost:{first + number}" for number in (20, 21, 10, 11)])
        token = json.loads(self.request(chats[1], "POST", "/token", {"name": "Bob"}))["token"]
        self.request(chats[0], "POST", "/say", {"room": "lobby", "client": ada["client"], "text": "hello"})
        # Bob reads at machine b.
        said, cursor = [], 0
        while {"name": "Ada", "text": "hello"} not in said:
            answer = json.loads(self.request(first + 20, "GET", f"/{bob['client']}.json?cursor={cursor}", headers={"Authorization": f"Bearer {token}"}))
            self.assertNotIn("error", answer)
            cursor = answer["cursor"]
            said += [message["data"] for message in answer["messages"]]
        self.lists_of_both_machines_are_there_for_who_comes_later(chats, first, ada, bob)

        mine = self.processes(folder)
        self.assertGreaterEqual(len(mine), 10, "Redis, two supervisors with managers and workers, and the script")
        os.killpg(example.pid, signal.SIGINT)
        self.assertEqual(example.wait(60), 0, pathlib.Path(log.name).read_text())
        self.assertEqual([pid for pid in mine if pid in self.processes(folder)], [])
        self.assertEqual(os.listdir(folder + "/run"), [])

    def lists_of_both_machines_are_there_for_who_comes_later(self, chats, first, ada, bob):
        """Each app server tells which of its own lines have come to all, and none takes the other's list away."""
        self.request(chats[1], "POST", "/say", {"room": "lobby", "client": bob["client"], "text": "and back"})
        for port, name, client in (first + 10, "Ada", ada), (first + 20, "Bob", bob):
            token = json.loads(self.request(chats[0], "POST", "/token", {"name": name}))["token"]
            threading.Thread(target=self.read_until_it_ends, args=(port, client["client"], token), daemon=True).start()

        def kept():
            room = json.loads(self.request(first + 13, "GET", "/channels/room:lobby?history=50"))
            return sorted(len(message["data"]["delivered"]) for message in room["messages"] if "delivered" in message["data"]) == [1, 1]
        wait_until(kept, 60, "a list from each machine")

    def read_until_it_ends(self, port, client, token):
        """Polls and acknowledges, as a page does."""
        cursor = 0
        with contextlib.suppress(OSError, http.client.HTTPException, AssertionError, KeyError, TypeError, ValueError):
            while True:
                answer = json.loads(self.request(port, "GET", f"/{client}.json?cursor={cursor}", headers={"Authorization": f"Bearer {token}"}))
                cursor = answer["cursor"]

    def folder_of_machines(self, folder):
        return next(pathlib.Path(folder + "/run").iterdir())

    def request(self, port, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            self.assertEqual(answer.status, 200, text)
            return text
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()

    def processes(self, folder):
        """The processes that were started in an environment with this folder."""
        found = []
        for process in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if process.name.isdigit() and os.fsencode("TMPDIR=" + folder + "/run") in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return found


class EventProxy:
    """The app port behind a proxy that can bring events a second time, as after an answer that got lost."""

    def __init__(self, test, appliance):
        self.repeats = self.repeated = 0
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                is_repeat = self.path.startswith("/events") and proxy.repeats > proxy.repeated
                path = re.sub(r"cursor=\d+", "cursor=0", self.path) if is_repeat else self.path
                with contextlib.suppress(OSError, http.client.HTTPException):  # an app or a manager that is killed
                    self.forward("GET", path, None)
                    proxy.repeated += is_repeat

            def do_POST(self):
                self.forward("POST", self.path, self.rfile.read(int(self.headers["Content-Length"])))

            def forward(self, method, path, body):
                connection = http.client.HTTPConnection("127.0.0.1", appliance.app_port, timeout=60)
                connection.request(method, path, body)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)

    def repeat(self):
        """The answer after the one that is awaited has all events."""
        self.repeats += 1


class PageTest(unittest.TestCase):
    def setUp(self):
        settings = {}
        if any(name in self.id() for name in ("chat", "a_tab_", "a_line_")):
            # Who is in a room is told only to users with tokens.
            self.keys = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "keys.json"
            tokens.write(self.keys, tokens.Key("chat"))
            settings = {"channels": {"presence": ["room:"], "linger": 15.0}, "tokens": {"keys": [str(self.keys)]}}
        self.appliance = self.enterContext(Appliance(**settings))
        self.driver = chromium.start()
        self.addCleanup(self.driver.quit)

    def serve(self, example, port=None, app_port=None, **environment):
        """Starts an example's app server, as self.server. The result is its address."""
        port, app_port = port or free_ports(1)[0], app_port or self.appliance.app_port
        if hasattr(self, "keys"):
            environment["MEGACOMET_KEYS"] = str(self.keys)
        self.server = server = subprocess.Popen(
            [sys.executable, EXAMPLES / example / "server.py", str(port), f"http://127.0.0.1:{app_port}", *self.appliance.urls],
            stdout=subprocess.PIPE, env={**os.environ, **environment})
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, 10)
        self.addCleanup(server.terminate)
        wait_until(lambda: select.select([server.stdout], [], [], 0)[0], 30, f"the first line of {example}")
        self.assertIn(example.encode() + b" on", server.stdout.readline())
        return f"http://localhost:{port}/"

    def open(self, url, size=(420, 590)):
        """Opens a window that connects, and returns its handle."""
        if self.driver.current_url.startswith("http"):
            self.driver.switch_to.new_window("window")
        self.driver.set_window_size(*size)
        self.driver.get(url)
        self.wait_for("state", "connected")
        return self.driver.current_window_handle

    def wait_for(self, element, text):
        wait_until(lambda: self.text(element) == text, 30, f"{text!r} in #{element}, which has {self.text(element)!r},")

    def text(self, element):
        return self.driver.execute_script("return document.getElementById(arguments[0]).textContent", element)

    def assertCleanConsole(self):
        self.assertEqual(self.driver.get_log("browser"), [])

    def test_the_page_in_the_readme_shows_what_is_published(self):
        text = (EXAMPLES / "page.html").read_text()
        self.assertIn(text.strip(), (ROOT / "README.md").read_text(), "README shows Examples/page.html as it is")
        for default, port in zip((8000, 8001), self.appliance.worker_ports):
            text = text.replace(f"http://localhost:{default}", f"http://localhost:{port}")
        origin = chromium.Origin()
        self.addCleanup(origin.close)
        origin.extra["/page.html"] = text.replace("<meta", '<link rel="icon" href="data:,"><meta').encode()
        self.driver.get(origin.url + "/page.html")
        wait_until(lambda: self.appliance.is_polling("c42"), 30, "the page's poll")
        self.appliance.publish("c42", MESSAGE)
        self.appliance.publish("c42", "again")
        shown = "return [].map.call(document.querySelectorAll('li'), function (li) { return li.textContent; })"
        shown = wait_until(lambda: len(self.driver.execute_script(shown)) == 2 and self.driver.execute_script(shown), 30, "two messages")
        self.assertEqual([json.loads(line) for line in shown], [MESSAGE, "again"])
        self.assertCleanConsole()

    def test_two_windows_chat(self):
        url = self.serve("chat")
        windows = {name: self.open(f"{url}?name={name}", (420, 680)) for name in ("Ada", "Grace")}
        talk = [("Ada", "Is anybody there?"), ("Grace", "I am. No reload, no delay \u2014 it was just here."), ("Ada", "And <b>\"quotes\"</b> arrive as they are?"), ("Grace", "They do \u2713")]
        for count, (name, text) in enumerate(talk, 1):
            self.say(windows[name], text)
            for window in windows.values():
                self.wait_for_lines(window, [f"{name}\n{text}" for name, text in talk[:count]])
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, "li.mine")), 2)

        for window in windows.values():
            self.assertEqual(len(self.delivered(window, 2)), 2, "to its author")

        # Who is here, who types, and a room that is elsewhere.
        for window in windows.values():
            self.driver.switch_to.window(window)
            self.wait_for("people", "Ada, Grace")
        self.driver.switch_to.window(windows["Ada"])
        self.driver.find_element(By.ID, "text").send_keys("We could")
        self.driver.switch_to.window(windows["Grace"])
        self.wait_for("typing", "Ada is typing ...")
        if "SCREENSHOT" in os.environ:
            self.take_screenshot(windows.values(), os.environ["SCREENSHOT"])
            self.driver.switch_to.window(windows["Grace"])
        self.driver.find_element(By.LINK_TEXT, "garden").click()
        self.wait_for("people", "Grace")
        self.say(windows["Grace"], "It is quiet in here.")
        self.wait_for_lines(windows["Grace"], ["Grace\nIt is quiet in here."])
        self.say(windows["Ada"], "We could go to the garden.")
        lobby = [f"{name}\n{text}" for name, text in talk] + ["Ada\nWe could go to the garden."]
        self.wait_for_lines(windows["Ada"], lobby)
        self.driver.switch_to.window(windows["Grace"])
        self.wait_for("rooms", "lobby (1)gardenhelp")
        self.driver.switch_to.window(windows["Ada"])
        self.driver.find_element(By.LINK_TEXT, "garden").click()
        self.wait_for("people", "Ada, Grace")
        self.wait_for_lines(windows["Ada"], ["Grace\nIt is quiet in here."])
        self.assertCleanConsole()

    def test_the_tabs_of_a_person_chat_as_one_and_a_reload_keeps_what_was_said(self):
        url = self.serve("chat")
        self.driver.get(url)
        self.driver.find_element(By.NAME, "name").send_keys("Ada")
        self.driver.find_element(By.CSS_SELECTOR, "#hello button").click()
        self.wait_for("state", "connected")
        tabs = [self.driver.current_window_handle, self.open(url + "?name=Ada#lobby")]
        other = self.open(url + "?name=Grace#lobby")
        for number, window in enumerate((*tabs, other)):
            self.say(window, f"line {number}")
        lines = ["Ada\nline 0", "Ada\nline 1", "Grace\nline 2"]
        for window, mine in ((tabs[0], 2), (tabs[1], 2), (other, 1)):
            self.wait_for_lines(window, lines)
            self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, "li.mine")), mine)
            self.wait_for("people", "Ada, Grace")
        wait_until(lambda: self.channel("room:lobby")["connected"] == 3, 30, "three clients")
        self.assertEqual(self.channel("room:lobby")["users"], 2)
        self.driver.switch_to.window(tabs[1])
        self.driver.refresh()
        self.wait_for_lines(tabs[1], lines)
        self.wait_for("state", "connected")
        self.say(tabs[1], "and back")
        for window in (*tabs, other):
            self.wait_for_lines(window, lines + ["Ada\nand back"])
        self.assertCleanConsole()

    def test_a_tab_whose_subscriptions_ended_while_it_was_away_gets_what_it_missed(self):
        url = self.serve("chat")
        ada, grace = self.open(url + "?name=Ada"), self.open(url + "?name=Grace")
        self.say(ada, "before")
        self.wait_for_lines(grace, ["Ada\nbefore"])
        self.driver.execute_script("comet.close()")
        client = self.driver.execute_script("return client")
        self.appliance.request("POST", "/unsubscribe", json.dumps({"channel": "room:lobby", "client": client}))
        self.say(ada, "meanwhile")
        self.wait_for_lines(ada, ["Ada\nbefore", "Ada\nmeanwhile"])
        self.driver.switch_to.window(grace)
        self.driver.execute_script("comet.ongap(); comet.connect()")
        self.say(ada, "after")
        self.wait_for_lines(grace, ["Ada\nbefore", "Ada\nmeanwhile", "Ada\nafter"])
        self.assertCleanConsole()

    def test_a_line_is_delivered_once_all_in_its_room_have_it(self):
        url = self.serve("chat")
        ada, grace = self.open(url + "?name=Ada", (420, 680)), self.open(url + "?name=Grace", (420, 680))
        self.say(ada, "one")
        self.wait_for_lines(grace, ["Ada\none"])
        self.assertEqual(self.delivered(ada, 1), ["Ada\none"])
        self.driver.switch_to.window(grace)
        self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, "li.delivered"), [], "it is shown to its author alone")

        # Grace is away. What is said elsewhere after it has come, and this has not.
        self.driver.execute_script("comet.close()")
        self.say(ada, "two")
        self.wait_for_lines(ada, ["Ada\none", "Ada\ntwo"])
        self.driver.find_element(By.LINK_TEXT, "garden").click()
        self.wait_for("people", "Ada")
        self.say(ada, "three")
        self.assertEqual(self.delivered(ada, 1), ["Ada\nthree"])
        self.driver.find_element(By.PARTIAL_LINK_TEXT, "lobby").click()
        self.assertEqual(self.delivered(ada, 1), ["Ada\none"])
        self.driver.switch_to.window(grace)
        self.driver.execute_script("comet.connect()")
        self.assertEqual(self.delivered(ada, 2), ["Ada\none", "Ada\ntwo"])

        # A page that comes later knows it, too, and another app server.
        self.driver.refresh()
        self.assertEqual(self.delivered(ada, 2), ["Ada\none", "Ada\ntwo"])
        self.server.kill()
        self.server.wait(10)
        self.serve("chat", int(url.split(":")[2].strip("/")))
        self.say(ada, "four")
        # The page from before the reload is gone, and its subscription ends only after channels.linger.
        self.assertEqual(self.delivered(ada, 3), ["Ada\none", "Ada\ntwo", "Ada\nfour"])
        self.assertCleanConsole()

    def delivered(self, window, count):
        """Waits until so many lines of the room that the window shows are delivered, and returns them."""
        self.driver.switch_to.window(window)
        shown = "return [].map.call(document.querySelectorAll('ol:not([hidden]) li.delivered'), function (li) { return li.innerText.trim(); })"
        wait_until(lambda: len(self.driver.execute_script(shown)) >= count, 30, f"the delivery of {count} lines")
        return self.driver.execute_script(shown)

    def test_a_dashboard_moves_and_a_late_viewer_has_all_values_at_once(self):
        url = self.serve("dashboard")
        first = self.open(url, (900, 600))
        values = "return [].map.call(document.querySelectorAll('output'), function (o) { return o.textContent; })"
        wait_until(lambda: len(self.driver.execute_script(values)) == 6, 30, "six values")
        before = self.driver.execute_script(values)
        wait_until(lambda: all(a != b for a, b in zip(before, self.driver.execute_script(values))), 30, "the change of each value")
        # The late viewer asks once, as a page does, and its first answer has all metrics.
        page = http.client.HTTPConnection("localhost", int(url.split(":")[2].strip("/")), timeout=10)
        page.request("GET", "/")
        client = page.getresponse().read().decode().split('client: "')[1].split('"')[0]
        page.close()
        worker = http.client.HTTPConnection("127.0.0.1", self.appliance.worker_ports[1], timeout=10)
        worker.request("GET", f"/{client}.json?cursor=0&hello=1")
        messages = json.loads(worker.getresponse().read())["messages"]
        worker.close()
        self.assertEqual(len({message["data"]["name"] for message in messages}), 6)
        self.assertEqual(len({message["id"] for message in messages if "of" in message}), 1)
        self.open(url, (390, 760))
        wait_until(lambda: len(self.driver.execute_script(values)) == 6, 30, "six values")
        self.driver.switch_to.window(first)
        self.assertEqual(self.driver.find_element(By.ID, "state").text, "connected")
        self.assertCleanConsole()

    def test_unread_messages_are_counted_while_the_app_is_killed_and_events_come_twice(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        proxy = EventProxy(self, self.appliance)
        settings = {"app_port": proxy.port, "UNREAD_FILE": str(folder / "unread.json")}
        url = self.serve("unread", **settings)
        port = int(url.split(":")[2].strip("/"))

        def send(*texts):
            for text in texts:
                self.driver.execute_script(
                    "var form = document.getElementById('send').elements; form.user.value = 'Ada'; form.text.value = arguments[0];"
                    "document.querySelector('#send button').click()", text)
                wait_until(lambda: self.driver.execute_script("return !document.getElementById('send').elements.text.value"), 30, "the publish")

        def count():
            return self.driver.execute_script(
                "return [].map.call(document.querySelectorAll('#users li'), function (li) { return [].map.call(li.children, function (part) { return part.textContent; }).join(' '); })")

        def wait_for_count(text):
            wait_until(lambda: count() == [text], 30, f"{text}, not {count()},")

        counts = self.open(url, (520, 400))
        send("one", "two", "three")
        wait_for_count("Ada 0 seen 3")
        inbox = self.open(url + "inbox?user=Ada", (520, 400))
        shown = "return [].map.call(document.querySelectorAll('#messages li'), function (li) { return li.textContent; })"
        wait_until(lambda: self.driver.execute_script(shown) == ["one", "two", "three"], 30, "the messages")
        self.driver.switch_to.window(counts)
        wait_for_count("Ada 3 seen 0")

        # All events come a second time: what was counted is not counted again.
        proxy.repeat()
        send("four")
        wait_for_count("Ada 4 seen 0")
        wait_until(lambda: proxy.repeated, 30, "the second time")

        # The inbox is closed, and its messages wait. The app is killed, and the messages are seen meanwhile.
        self.driver.switch_to.window(inbox)
        self.driver.execute_script("comet.close()")
        self.driver.switch_to.window(counts)
        send("five", "six")
        wait_for_count("Ada 4 seen 2")
        self.server.kill()
        self.server.wait(10)
        self.driver.switch_to.window(inbox)
        self.driver.execute_script("comet.connect()")
        client = self.driver.execute_script("return page.client")
        wait_until(lambda: self.appliance.request("GET", f"/clients/{client}")[1]["queued"] == 0, 30, "the acknowledgement")
        self.driver.switch_to.window(counts)
        self.assertEqual(count(), ["Ada 4 seen 2"])
        self.serve("unread", port, **settings)
        wait_for_count("Ada 6 seen 0")

        # It was killed before it knew that its message was published.
        self.server.kill()
        self.server.wait(10)
        state = json.loads((folder / "unread.json").read_text())
        self.appliance.publish(client, "seven", receipt=True, once="the-seventh", ttl=604800)
        state["pending"]["the-seventh"] = {"user": "Ada", "text": "seven"}
        (folder / "unread.json").write_text(json.dumps(state))
        self.serve("unread", port, **settings)
        wait_for_count("Ada 7 seen 0")
        self.driver.switch_to.window(inbox)
        self.assertEqual(self.driver.execute_script(shown), ["one", "two", "three", "four", "five", "six", "seven"])
        self.assertCleanConsole()

    def channel(self, name):
        return self.appliance.request("GET", "/channels/" + name)[1]

    def say(self, window, text):
        self.driver.switch_to.window(window)
        self.driver.execute_script("document.getElementById('text').value = arguments[0]; document.querySelector('#say button').click()", text)

    def wait_for_lines(self, window, lines):
        """Waits until the room that the window shows has these lines."""
        self.driver.switch_to.window(window)
        shown = "return [].map.call(document.querySelectorAll('ol:not([hidden]) li'), function (li) { return li.innerText.trim(); })"
        wait_until(lambda: self.driver.execute_script(shown) == lines, 30, f"{lines}, not {self.driver.execute_script(shown)}:")

    def take_screenshot(self, windows, path):
        """Both windows side by side, in one picture: SCREENSHOT=$PWD/Examples/chat/screenshot.png Tests/BrowserTests/run two_windows."""
        pictures = []
        for window in windows:
            self.driver.switch_to.window(window)
            pictures.append(self.driver.get_screenshot_as_base64())
        self.driver.switch_to.new_window("window")
        self.driver.set_window_size(900, 730)
        self.driver.get("data:text/html," + "<body style='margin:16px;display:flex;gap:16px;background:%23889'>")
        for picture in pictures:
            self.driver.execute_script(
                "var i = new Image(); i.style.cssText = 'flex:1;min-width:0;border-radius:8px;align-self:flex-start'; i.src = 'data:image/png;base64,' + arguments[0]; document.body.appendChild(i)", picture)
        self.driver.execute_async_script("setTimeout(arguments[0], 300)")
        self.driver.save_screenshot(path)


if __name__ == "__main__":
    unittest.main()
