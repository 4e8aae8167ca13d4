"""The examples of docs/webhook.txt in Node and PHP. (Those in Python and shell are in Tests/WebhookTests.)"""
import pathlib
import re
import subprocess
import textwrap
import unittest

MANUAL = (pathlib.Path(__file__).parent.parent.parent / "docs/webhook.txt").read_text()
KEY, BODY, MADE = "correct horse battery staple", '{"events":[],"cursor":81}', 1764400000
HEADER = re.search(r"X-MegaComet-Signature: (.*)", MANUAL)[1]


def example(language):
    """The indented lines behind "In LANGUAGE:"."""
    return textwrap.dedent(re.search(rf"^In {language}:\n\n((?:    .*\n|\n)+)", MANUAL, re.M)[1])


class WebhookTest(unittest.TestCase):
    # The key, the body, and the seconds that the request is old, with what is_ours says.
    cases = [(KEY, BODY, 100, True), (KEY, BODY + " ", 100, False), ("x", BODY, 100, False), (KEY, BODY, 400, False)]

    def said(self, command, lines):
        run = subprocess.run([*command, "\n".join(lines)], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout.split()

    def test_the_webhooks_function_in_node_knows_our_requests(self):
        lines = [example("Node")]
        for key, body, age, _ in self.cases:
            lines.append(f"Date.now = () => {(MADE + age) * 1000}; console.log(isOurs('{key}', '{HEADER}', '{body}'));")
        self.assertEqual(self.said(["node", "-e"], lines), [str(right).lower() for *_, right in self.cases])

    def test_the_webhooks_function_in_php_knows_our_requests(self):
        # A function of a namespace comes before the one of PHP.
        lines = ["namespace receiver;", "function time() { return $GLOBALS['now']; }", example("PHP")]
        for key, body, age, _ in self.cases:
            lines.append(f"$now = {MADE + age}; echo is_ours('{key}', '{HEADER}', '{body}') ? 'true ' : 'false ';")
        self.assertEqual(self.said(["php", "-r"], lines), [str(right).lower() for *_, right in self.cases])
