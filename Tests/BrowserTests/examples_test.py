"""The examples do what they say: the page in README, the chat, and publishing in each language."""
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import unittest

import chromium
from appliance import ROOT, Appliance, free_ports, programs, wait_until
from selenium.webdriver.common.by import By

EXAMPLES = ROOT / "Examples"
LANGUAGES = {"publish.sh": "sh", "publish.py": sys.executable, "publish.php": "php", "publish.mjs": "node", "publish.rb": "ruby"}
MESSAGE = {"text": "it's \u2028 </script> \U0001f600", "list": [1, None, True]}


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
                    self.assertIn("error", self.run_example(program, name, appliance, key=None).stdout + self.run_example(program, name, appliance, key=None).stderr)
                    self.assertEqual(json.loads(self.run_example(program, name, appliance, key="a-secret-of-the-app").stdout)["status"], "queued")

    def run_example(self, program, name, appliance, key=None):
        environment = {**os.environ, "MEGACOMET": f"http://127.0.0.1:{appliance.app_port}"}
        if key:
            environment["MEGACOMET_KEY"] = key
        return subprocess.run(
            [program, EXAMPLES / "publish" / name, name.replace(".", "-"), json.dumps(MESSAGE)],
            env=environment, capture_output=True, text=True, timeout=30)

    def poll(self, appliance, client):
        connection = http.client.HTTPConnection("127.0.0.1", appliance.worker_ports[0], timeout=10)
        connection.request("GET", f"/{client}.json?cursor=0")
        messages = json.loads(connection.getresponse().read())["messages"]
        connection.close()
        return messages[-1]["data"]


class MakeExampleTest(unittest.TestCase):
    def test_it_starts_all_that_the_chat_needs_and_ends_what_it_started(self):
        self.starts_and_ends(signal.SIGINT, signal.SIG_DFL)

    def test_it_ends_on_term_where_interrupts_are_ignored_as_behind_an_ampersand(self):
        self.starts_and_ends(signal.SIGTERM, signal.SIG_IGN)

    def starts_and_ends(self, number, interrupts):
        appliance = Appliance()
        self.addCleanup(appliance.folder.cleanup)
        self.addCleanup(appliance.log.close)
        port = free_ports(1)[0]
        ports = [port, appliance.worker_ports[0], appliance.worker_ports[-1], appliance.app_port]
        chat = subprocess.Popen(
            [EXAMPLES / "chat/run", programs(), appliance.config, *map(str, ports)],
            start_new_session=True, stdout=appliance.log, stderr=appliance.log,
            preexec_fn=lambda: signal.signal(signal.SIGINT, interrupts))
        self.addCleanup(chat.wait, 10)
        self.addCleanup(chat.kill)
        self.addCleanup(lambda: appliance.command("stop"))
        joined = wait_until(lambda: self.post(port, "/join", {}), 30, "the chat's start")
        self.assertEqual(joined["urls"], appliance.urls)
        self.assertEqual(self.post(port, "/say", {"client": joined["client"], "name": "Ada", "text": "hello"}), {"to": 1})
        self.assertEqual(appliance.request("GET", "/clients/" + joined["client"])[1]["queued"], 1)
        os.killpg(chat.pid, number)
        self.assertEqual(chat.wait(40), 0, appliance.said())
        self.assertEqual(appliance.processes(), [])

    def post(self, port, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body))
            return json.loads(connection.getresponse().read())
        except OSError:
            return None
        finally:
            connection.close()


class PageTest(unittest.TestCase):
    def setUp(self):
        self.appliance = self.enterContext(Appliance())
        self.driver = chromium.start()
        self.addCleanup(self.driver.quit)

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
        wait_until(lambda: self.appliance.is_polling("c42"), 20, "the page's poll")
        self.appliance.publish("c42", MESSAGE)
        self.appliance.publish("c42", "again")
        shown = "return [].map.call(document.querySelectorAll('li'), function (li) { return li.textContent; })"
        shown = wait_until(lambda: len(self.driver.execute_script(shown)) == 2 and self.driver.execute_script(shown), 20, "two messages")
        self.assertEqual([json.loads(line) for line in shown], [MESSAGE, "again"])
        self.assertCleanConsole()

    def test_two_windows_chat(self):
        port = free_ports(1)[0]
        server = subprocess.Popen(
            [sys.executable, EXAMPLES / "chat/server.py", "--port", str(port), "--workers", ",".join(self.appliance.urls),
             "--app", f"http://127.0.0.1:{self.appliance.app_port}"], stdout=subprocess.PIPE)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, 10)
        self.addCleanup(server.terminate)
        wait_until(lambda: select.select([server.stdout], [], [], 0)[0], 20, "the chat's first line")
        self.assertIn(b"chat on", server.stdout.readline())
        windows = []
        for name in ("Ada", "Grace"):
            if windows:
                self.driver.switch_to.new_window("window")
            self.driver.set_window_size(420, 590)
            self.driver.get(f"http://localhost:{port}/")
            windows.append(self.driver.current_window_handle)
            self.fill("name", name)
            wait_until(lambda: self.driver.find_element(By.ID, "state").text == "connected", 20, "the chat's connection")
        talk = [("Ada", "Is anybody there?"), ("Grace", "I am. No reload, no delay \u2014 it was just here."), ("Ada", "And <b>\"quotes\"</b> arrive as they are?"), ("Grace", "They do \u2713")]
        for count, (name, text) in enumerate(talk, 1):
            self.driver.switch_to.window(windows[0 if name == "Ada" else 1])
            self.driver.execute_script("document.getElementById('text').value = arguments[0]; document.querySelector('button').click()", text)
            for window in windows:
                self.driver.switch_to.window(window)
                wait_until(lambda: len(self.lines()) == count, 20, f"line {count} in both windows")
        for window in windows:
            self.driver.switch_to.window(window)
            self.assertEqual(self.lines(), [f"{name}\n{text}" for name, text in talk])
        self.assertEqual([len(self.driver.find_elements(By.CSS_SELECTOR, "li.mine")), self.fill("name", "Grace")], [2, None])
        self.assertCleanConsole()
        if "SCREENSHOT" in os.environ:
            self.take_screenshot(windows, os.environ["SCREENSHOT"])

    def fill(self, field, text):
        self.driver.execute_script("document.getElementById(arguments[0]).value = arguments[1]", field, text)

    def lines(self):
        return [li.text for li in self.driver.find_elements(By.TAG_NAME, "li")]

    def take_screenshot(self, windows, path):
        """Both windows side by side, in one picture: SCREENSHOT=Examples/chat/screenshot.png Tests/BrowserTests/run two_windows."""
        pictures = []
        for window in windows:
            self.driver.switch_to.window(window)
            pictures.append(self.driver.get_screenshot_as_base64())
        self.driver.switch_to.new_window("window")
        self.driver.set_window_size(900, 630)
        self.driver.get("data:text/html," + "<body style='margin:16px;display:flex;gap:16px;background:%23889'>")
        for picture in pictures:
            self.driver.execute_script(
                "var i = new Image(); i.style.cssText = 'flex:1;min-width:0;border-radius:8px;align-self:flex-start'; i.src = 'data:image/png;base64,' + arguments[0]; document.body.appendChild(i)", picture)
        self.driver.execute_async_script("setTimeout(arguments[0], 300)")
        self.driver.save_screenshot(path)


if __name__ == "__main__":
    unittest.main()
