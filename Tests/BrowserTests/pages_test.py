"""The quick start and the guides: their commands are run one after the other, and say what is said there. The pages of
`make site`."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import chromium
from appliance import ROOT, Appliance, programs, wait_until
from selenium.webdriver.common.by import By


def pieces(page):
    """The commands and the texts of a page in their order: `sh` is run, `text` is what was said."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.S | re.M)


# The body and its line's end are one write: what runs beside it can't come between.
CURL = """curl() { local body; body=$(command curl -sS "$@") && printf '%s\\n' "$body"; }\n"""


class Visitor:
    """A machine on which somebody follows the page: the appliance has other ports, and the commands know them by
    variables."""

    def __init__(self, appliance):
        self.ports = dict(zip(("8000", "8001", "9001", "9003"), (*appliance.worker_ports, appliance.app_port, appliance.operator_port)))
        self.environment = {
            **os.environ, "PATH": f"{programs()}:{os.environ['PATH']}", "MEGACOMET_RUN_DIRECTORY": appliance.folder.name + "/run",
            "MEGACOMET_APP_PORT": str(appliance.app_port)}

    def on_its_ports(self, text):
        return re.sub(r"localhost:(\d+)", lambda match: f"localhost:{self.ports[match[1]]}", text)

    def run(self, commands):
        script = "set -e\n" + CURL + self.on_its_ports(commands)
        run = subprocess.run(["bash", "-c", script], env=self.environment, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run
        return run.stdout


class GuideTests(unittest.TestCase):
    def test_each_command_of_the_quick_start_says_what_it_says_there(self):
        self.follow("quickstart.md", 6)

    def test_each_command_of_the_guides_says_what_it_says_there(self):
        self.follow("guides.md", 6)

    def test_each_command_for_those_who_come_from_others_says_what_it_says_there(self):
        self.follow("migrating.md", 4)

    def follow(self, page, least):
        with Appliance(2) as appliance:
            visitor, said, compared = Visitor(appliance), "", 0
            for kind, text in pieces(page):
                if kind == "sh":
                    said = visitor.run(text)
                elif kind == "text":
                    for line in text.splitlines():
                        # Ids differ.
                        pattern = re.sub(r"\d{16}", r"\\d+", re.escape(line))
                        self.assertRegex(said, rf"(?m)^{pattern}$")
                        compared += 1
        self.assertGreaterEqual(compared, least)

    def test_the_page_of_the_quick_start_shows_the_message(self):
        page = next(text for kind, text in pieces("quickstart.md") if kind == "html")
        command = next(text for kind, text in pieces("quickstart.md") if kind == "sh" and "c42" in text)
        self.assertEqual(page, (ROOT / "Examples/page.html").read_text())
        origin, driver = chromium.Origin(), chromium.start()
        self.addCleanup(origin.close)
        self.addCleanup(driver.quit)
        with Appliance(2) as appliance:
            visitor = Visitor(appliance)
            origin.extra["/page.html"] = visitor.on_its_ports(page).encode()
            driver.get(origin.url + "/page.html")
            wait_until(lambda: appliance.is_polling("c42"), 30, "the page's receiver")
            visitor.run(command)
            wait_until(lambda: "pushed to a page" in driver.find_element(By.ID, "messages").text, 30, "the message in the page")


class SiteTests(unittest.TestCase):
    def test_site_is_built_and_every_link_leads_somewhere(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([sys.executable, ROOT / "config/site/build", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
            self.assertEqual(run.returncode, 0, run.stdout)
            made = {page.name for page in pathlib.Path(folder).glob("*.html")}
            self.assertLessEqual({"index.html", "quickstart.html", "manual.html", "protocol.html", "MAP.html"}, made)
            self.assertIn('<a href="trust.html">', pathlib.Path(folder, "protocol.html").read_text())


if __name__ == "__main__":
    unittest.main()
