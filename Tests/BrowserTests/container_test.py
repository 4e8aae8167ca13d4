"""Examples/container without containers: the programs of compose.yaml side by side on this machine, as they share one
network there, with its variables, its commands and its nginx.conf. Only ports and paths are others. Tests/container runs
the image itself."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import yaml
from selenium.webdriver.common.by import By

import chromium
from appliance import ROOT, Appliance, free_ports, programs, wait_until

FOLDER = ROOT / "Examples/container"
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]


class ComposeTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="megacomet-compose-")))
        commands = re.search(r"^```sh\n(.*?)^```$", (FOLDER / "README.md").read_text(), re.S | re.M)[1]
        environment = {**os.environ, "PATH": f"{programs()}:{os.environ['PATH']}"}
        made = subprocess.run(["bash", "-ec", commands], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        # What compose mounts is here.
        self.paths = {"/keys.json": str(self.folder / "keys.json"), "/chat/": f"{ROOT}/Examples/chat/"}

    def here(self, text):
        for path, other in self.paths.items():
            text = text.replace(path, other)
        return re.sub(r"(?<=[:\s])(8000|8001|8080|8443|9001)(?=[/;\s]|$)", lambda match: str(self.ports[match[1]]), text)

    def start(self, command, environment={}):
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.terminate)

    def test_the_chat_of_the_compose_file_is_served_over_tls(self):
        variables = {name: self.paths.get(value, value) for name, value in SERVICES["megacomet"]["environment"].items()}
        with unittest.mock.patch.dict(os.environ, variables):
            appliance = self.enterContext(Appliance(int(variables["MEGACOMET_WORKERS_COUNT"])))
            checked = appliance.command("check").stdout
        for name in variables:
            self.assertIn(f"from {name}", checked)
        chat, proxy = free_ports(2)
        self.ports = {"8000": appliance.worker_ports[0], "8001": appliance.worker_ports[1], "8080": chat, "8443": proxy, "9001": appliance.app_port}

        command = [self.here(f" {word}").strip() for word in SERVICES["chat"]["command"]]
        self.start([sys.executable, *command[1:]], {name: self.here(value) for name, value in SERVICES["chat"]["environment"].items()})
        self.paths["/etc/ssl/megacomet"] = str(self.folder / "tls")
        text = self.here((FOLDER / "nginx.conf").read_text())
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        text = text.replace("http {", "http {" + "".join(f" {kind}_temp_path {self.folder}/{kind};" for kind in kinds))
        (self.folder / "nginx.conf").write_text(text)
        self.folder.chmod(0o711)
        self.start(["nginx", "-c", self.folder / "nginx.conf", "-p", self.folder, "-g", f"pid {self.folder}/nginx.pid; error_log stderr; daemon off;"])

        driver = chromium.start("--ignore-certificate-errors")
        self.addCleanup(driver.quit)
        shown = lambda element: driver.execute_script("return (document.getElementById(arguments[0]) || {}).textContent", element)
        address = f"https://localhost:{proxy}/?name=Ada"

        def is_open():
            driver.get(address)
            return shown("state")

        wait_until(is_open, 40, "the page")
        wait_until(lambda: shown("state") == "connected", 40, "the page's connection")
        wait_until(lambda: shown("people") == "Ada", 30, "who is there")
        driver.find_element(By.ID, "text").send_keys("Is anybody there?\n")
        wait_until(lambda: "Is anybody there?" in driver.find_element(By.TAG_NAME, "body").text, 30, "the line")

    def test_the_services_have_one_way_in_and_time_to_end(self):
        megacomet = SERVICES["megacomet"]
        self.assertTrue(megacomet["read_only"] and SERVICES["chat"]["read_only"])
        self.assertEqual({name for name, service in SERVICES.items() if "ports" in service}, {"megacomet"})
        for name in ("chat", "nginx"):
            self.assertEqual(SERVICES[name]["network_mode"], "service:megacomet")
        # What MegaComet needs at its end is less than what it gets.
        drain = float(re.search(r"^drain = (.*)", (ROOT / "config/megacomet.toml").read_text(), re.M)[1])
        self.assertGreater(int(megacomet["stop_grace_period"].rstrip("s")), drain)
        self.assertIn('CMD ["megacomet", "status"]', (ROOT / "Containerfile").read_text(), "service_healthy needs it")


if __name__ == "__main__":
    unittest.main()
