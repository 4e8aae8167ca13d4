"""docs/openapi-*.json say what is asked of the three ports and what comes back. Schemathesis asks the real programs by
them, rightly and wrongly, and judges each answer: its status, its type, its headers and its members."""
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from openapi_spec_validator import OpenAPIV31SpecValidator

from appliance import Appliance, ROOT

PORTS = ("app", "worker", "operator")
CONFORMANCE = "status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
SECONDS = 300

# Answers that would be held are asked for at once.
HOOKS = """
import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    if str((case.query or {}).get("wait", "")).isdigit():
        case.query["wait"] = "0"
"""


def document(port):
    return json.loads((ROOT / f"docs/openapi-{port}.json").read_text())


def closed(document):
    """The document with objects that have no other members than those it names. So a member that it forgot is found.
    Objects that apps send stay open."""
    sent = {"Publish", "Subscriptions", "Subscribe", "Unsubscribe", "Disconnect"}

    def close(schema):
        if isinstance(schema, list):
            for one in schema:
                close(one)
        elif isinstance(schema, dict):
            if schema.get("type") == "object" and "properties" in schema:
                schema["additionalProperties"] = False
            for one in schema.values():
                close(one)

    for name, schema in document["components"]["schemas"].items():
        if name not in sent:
            close(schema)
    return document


class OpenAPITests(unittest.TestCase):
    def test_documents_are_valid(self):
        for port in PORTS:
            self.assertEqual(document(port)["openapi"], "3.1.0")
            self.assertEqual([str(error) for error in OpenAPIV31SpecValidator(document(port)).iter_errors()], [], port)

    def test_what_the_ports_answer_is_what_the_documents_say(self):
        settings = {"workers": {"poll_timeout": 0.05}, "app": {"events": ["clients", "channels"]}}
        with Appliance(1, **settings) as appliance, tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "hooks.py").write_text(HOOKS)
            for port in PORTS:
                # The table of processes may get further members.
                text = document(port) if port == "operator" else closed(document(port))
                pathlib.Path(folder, port + ".json").write_text(json.dumps(text))
            runs = [
                self.begin(folder, "app", appliance.app_port, CONFORMANCE),
                # What apps post has rules between members that no schema tells. What they get has none.
                self.begin(folder, "app", appliance.app_port, "negative_data_rejection,positive_data_acceptance", "--include-method=GET"),
                self.begin(folder, "operator", appliance.operator_port, CONFORMANCE + ",positive_data_acceptance"),
                # A stream would have no end.
                self.begin(folder, "worker", appliance.worker_ports[0], CONFORMANCE, "--exclude-operation-id=events"),
            ]
            for run, least in zip(runs, (500, 100, 20, 200)):
                self.end(run, least)
            self.assertTrue(appliance.is_ready(), "all programs live")

    def begin(self, folder, port, number, checks, *more):
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{port}.json", f"--url=http://127.0.0.1:{number}", f"--checks={checks}", "--phases=coverage,fuzzing",
            "--max-examples=5", "--seed=1", "--request-timeout=10", "--no-shrink", "--no-color", *more]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": folder, "COLUMNS": "120"}
        run = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def end(self, run, least):
        """The run found nothing, and asked enough."""
        output = run.communicate(timeout=SECONDS)[0]
        self.assertEqual(run.returncode, 0, output)
        passed = re.search(r"(\d+) generated, (\d+) passed", output)
        self.assertGreater(int(passed[2]), least, output)

    def test_streams_begin_as_the_document_says(self):
        with Appliance(1) as appliance:
            paths = document("worker")["paths"]
            for form, headers in (
                ("events", {}),
                ("ws", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}),
            ):
                connection = http.client.HTTPConnection("127.0.0.1", appliance.worker_ports[0], timeout=20)
                connection.request("GET", f"/c1.{form}", headers=headers)
                answer = connection.getresponse()
                said = paths["/{client}." + form]["get"]["responses"][str(answer.status)]
                self.assertIn(answer.status, (101, 200))
                self.assertEqual(answer.getheader("Content-Type"), next(iter(said.get("content", {})), None))
                connection.close()

    def test_each_port_names_the_paths_of_its_document(self):
        """The app port's table of requests is in its 404, and so are the operator's pages."""
        with Appliance(1) as appliance:
            for port, number in (("app", appliance.app_port), ("operator", appliance.operator_port)):
                connection = http.client.HTTPConnection("127.0.0.1", number, timeout=20)
                connection.request("GET", "/nothing/here")
                answer = connection.getresponse()
                self.assertEqual(answer.status, 404)
                named = set(re.findall(r"/\w+", re.sub(r"/[A-Z]+", "", answer.read().decode())))
                connection.close()
                paths = {re.sub(r"/\{\w+\}", "", path) for path in document(port)["paths"]} - {"/"}
                self.assertEqual(named, paths)


if __name__ == "__main__":
    unittest.main()
