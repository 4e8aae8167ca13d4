"""The alert rules (config/prometheus) and the board (config/grafana), with the real Prometheus of Debian."""
import http.client
import http.server
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import unittest
import urllib.parse
import urllib.request

import yaml

from appliance import ROOT, free_ports, wait_until
from rules import ALERTS, END, INTERVAL, LATE, LATE_END
from secure import SecureAppliance

RULES = ROOT / "config/prometheus/megacomet.rules.yml"
BOARD = json.loads((ROOT / "config/grafana/megacomet.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
# Only a machine of a cluster has these metrics.
OF_A_CLUSTER = re.compile(r"megacomet_manager_(engine_|nodes)")


def promtool(*arguments, **more):
    return subprocess.run(["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **more)


def rounds():
    """The alerts in groups that share no series, since a test takes as long for many as for one."""
    groups = []
    for row in ALERTS:
        def fits(group):
            return all((row[0] in LATE) == (other[0] in LATE) and row[0] != other[0] and not row[2].keys() & other[2].keys() for other in group)
        group = next((group for group in groups if fits(group)), None)
        if group is None:
            groups.append(group := [])
        group.append(row)
    return groups


def tests_of_alerts(key, expectation):
    """The file for `promtool test rules`. `expectation` makes what is looked for of an alert."""
    tests = []
    for group in rounds():
        end = LATE_END if group[0][0] in LATE else END
        tests.append({
            "interval": f"{INTERVAL}s",
            "input_series": [
                series(metric, instance, values[at], end // INTERVAL)
                for _, _, metrics, _ in group for metric, values in metrics.items() for at, instance in enumerate(("bad", "good"))],
            key: [{"eval_time": f"{end}s", **expectation("MegaComet" + alert, severity)} for alert, severity, _, _ in group],
        })
    return {"rule_files": [str(RULES)], "evaluation_interval": f"{INTERVAL}s", "tests": tests}


def series(metric, instance, values, steps):
    labels = f'job="megacomet",instance="{instance}"'
    name = metric[:-1] + "," + labels + "}" if "{" in metric else metric + "{" + labels + "}"
    if "x" not in values:
        values = f"{values}{'' if '+' in values else '+0'}x{steps}"
    return {"series": name, "values": values}


def tested(tests):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "rules.test.json")  # JSON is YAML
        file.write_text(json.dumps(tests))
        return promtool("test", "rules", str(file))


class RuleTests(unittest.TestCase):
    def test_rules_are_valid(self):
        checked = promtool("check", "rules", str(RULES))
        self.assertEqual(checked.returncode, 0, checked.stdout)
        rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
        named = {(rule["alert"], rule["labels"]["severity"]) for rule in rules}
        self.assertEqual(len(named), len(rules))
        self.assertEqual(named, {("MegaComet" + alert, severity) for alert, severity, _, _ in ALERTS}, "each rule has a test")

    def test_each_alert_fires_for_the_bad_one_alone(self):
        def expectation(alert, severity):
            firing = f'ALERTS{{alertname="{alert}",severity="{severity}",alertstate="firing"}}'
            return {"expr": f"count by (instance) ({firing})", "exp_samples": [{"labels": '{instance="bad"}', "value": 1}]}

        run = tested(tests_of_alerts("promql_expr_test", expectation))
        self.assertEqual(run.returncode, 0, run.stdout[-8000:])

    def test_summaries_say_who_and_how_much(self):
        """Nothing is expected, so promtool says what it got."""
        run = tested(tests_of_alerts("alert_rule_test", lambda alert, _: {"alertname": alert, "exp_alerts": []}))
        for alert, severity, _, words in ALERTS:
            self.assertRegex(run.stdout, f'alertname="MegaComet{alert}".*severity="{severity}"')
            self.assertIn(words, run.stdout)
        self.assertNotIn("error expanding", run.stdout)



class Taker(http.server.BaseHTTPRequestHandler):
    """An app that takes every batch of the webhook."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Prometheus:
    """The real one, which asks an appliance each second, with our rules. For use in a `with`."""

    def __init__(self, target):
        self.folder = tempfile.TemporaryDirectory(prefix="megacomet-prometheus-")
        self.port = free_ports(1)[0]
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "megacomet", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
        }
        pathlib.Path(self.folder.name, "prometheus.yml").write_text(json.dumps(settings))

    def __enter__(self):
        self.log = open(self.folder.name + "/log", "w+b")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder.name}/prometheus.yml", f"--storage.tsdb.path={self.folder.name}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            wait_until(self.is_ready, 60, "the start of Prometheus")
        except BaseException:
            self.__exit__()
            raise
        return self

    def is_ready(self):
        assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=20) as answer:
                return answer.status == 200
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.folder.cleanup()

    def ask(self, path, **arguments):
        query = urllib.parse.urlencode(arguments, doseq=True)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=20) as answer:
            return json.load(answer)["data"]

    def series(self, query):
        """The series of a query that have a number at the moment."""
        return [one for one in self.ask("query", query=query)["result"] if one["value"][1] != "NaN"]


class Load:
    """Clients of each kind that acknowledge what they get, and an app that publishes. For use in a `with`."""

    def __init__(self, appliance):
        self.appliance, self.over = appliance, threading.Event()
        self.threads = [threading.Thread(target=self.poll, args=(f"c{number}",)) for number in range(3)]
        self.threads.append(threading.Thread(target=self.publish))

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def poll(self, client):
        connection, cursor = http.client.HTTPConnection("127.0.0.1", self.appliance.worker_ports[0], timeout=30), 0
        while not self.over.is_set():
            connection.request("GET", f"/{client}.json?cursor={cursor}")
            cursor = json.loads(connection.getresponse().read())["cursor"]
        connection.close()

    def publish(self):
        while not self.over.wait(0.05):
            for number in range(4):  # c3 never comes
                self.appliance.publish(f"c{number}", "hi", receipt=True)


def filled(query):
    """A query of the board for all appliances and workers, over the last seconds."""
    return query.replace("$__rate_interval", "10s").replace("$instance", ".*").replace("$worker", ".*")


class BoardTests(unittest.TestCase):
    def test_board_fits_any_grafana(self):
        self.assertIsNone(BOARD["id"])
        self.assertNotIn("__inputs", BOARD)
        ids = [panel["id"] for panel in BOARD["panels"]]
        self.assertEqual(len(set(ids)), len(ids))
        taken = set()
        for panel in BOARD["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} lies on another panel")
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells
        for panel in PANELS:
            for target in panel["targets"]:
                self.assertEqual(target["datasource"]["uid"], "${datasource}")
                self.assertNotRegex(target["expr"], r"\[\d", f"{panel['title']}: $__rate_interval knows how often is asked")
                self.assertIn("$instance", target["expr"])

    def test_every_panel_has_data_and_the_rules_are_quiet(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker) as taker:
            threading.Thread(target=taker.serve_forever).start()
            self.addCleanup(taker.shutdown)
            webhook = f"http://127.0.0.1:{taker.server_address[1]}/"
            settings = {"workers": {"poll_timeout": 1.0}, "app": {"webhook": webhook, "webhook_key": "k" * 16}, "queue": {"ttl": 3.0}}
            with SecureAppliance(1, **settings) as appliance, Load(appliance), Prometheus(appliance.operator_port) as prometheus:
                for panel in PANELS:
                    for target in panel["targets"]:
                        if OF_A_CLUSTER.search(target["expr"]):
                            continue
                        wait_until(lambda: prometheus.series(filled(target["expr"])), 60, f"{panel['title']}: data for {target['expr']}")
                for variable in BOARD["templating"]["list"][1:]:
                    metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
                    self.assertTrue(all(label in one for one in prometheus.ask("series", **{"match[]": filled(metric)})))
                for annotation in BOARD["annotations"]["list"]:
                    prometheus.ask("query", query=filled(annotation["expr"]))
                # The rules speak of metrics that there are, and none of them fires.
                metrics = set(prometheus.ask("label/__name__/values"))
                known = {name for name in set(re.findall(r"\bmegacomet_\w+", RULES.read_text())) if not OF_A_CLUSTER.match(name)}
                self.assertEqual(known - metrics, set())
                rules = prometheus.ask("rules")["groups"][0]["rules"]
                self.assertEqual([rule["name"] for rule in rules if rule["health"] != "ok"], [])
                firing = {rule["name"] for rule in rules if rule["state"] == "firing"}
                # The certificate of the tests is for two days, and c3 never comes.
                self.assertLessEqual(firing, {"MegaCometCertificateEnds", "MegaCometMessagesExpire"})

    def test_metrics_are_named_as_promtool_wants_but_for_their_units(self):
        """docs/operating.txt says why units are short."""
        with SecureAppliance(1) as appliance:
            appliance.metric("conns_open")
            with urllib.request.urlopen(f"http://127.0.0.1:{appliance.operator_port}/metrics", timeout=10) as answer:
                said = promtool("check", "metrics", input=answer.read().decode()).stdout
        others = [line for line in said.splitlines() if not re.fullmatch(r"\w+_(us|ms)(_total)? metric names should not contain abbreviated units", line)]
        self.assertEqual(others, [])


if __name__ == "__main__":
    unittest.main()
