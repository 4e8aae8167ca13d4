"""The promises of megacomet.js, tested in a real Chromium with the real appliance."""
import contextlib
import functools
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import chromium
from appliance import ROOT, Appliance, wait_until
from chromium import Origin, Tab

AWKWARD = [
    "plain", "", "it's \"quoted\" \\ and \\\\ \\u0041", "</script><script>alert(1)</script><!--", "line\u2028and\u2029paragraph",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f30d", "tab\t newline\n nul\u0000 bell\u0007", "\ud7ff\ue000\uffff", "callback({});//", "/**/",
    None, True, False, 0, -1.5e300, 9007199254740991, [], {}, [[[[["deep"]]]]],
    {"a": {"b": [1, {"c": None, "</script>": "\u2028"}]}, "": "", "\U0001f600": "\U0001f600", "constructor": 1, "toString": 2},
    "x" * 60000,
]


def over(*transports):
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for transport in transports:
                with self.subTest(transport):
                    self.driver.get_log("browser")
                    test(self, transport)
                    self.doCleanups()

        return run

    return decorate


over_both_transports = over("xhr", "jsonp")
over_all_transports = over("xhr", "jsonp", "events", "ws")


class BrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.enterClassContext(cls.closing(Origin(), "origin"))
        cls.enterClassContext(cls.closing(chromium.start(), "driver", "quit"))
        cls.appliance = cls.enterClassContext(Appliance())

    @classmethod
    def closing(cls, thing, name, end="close"):
        setattr(cls, name, thing)

        class Closing:
            def __enter__(self):
                return thing

            def __exit__(self, *_):
                getattr(thing, end)()

        return Closing()

    def tab(self, transport="xhr", appliance=None, origin=None, client=None, **options):
        client = client or f"{self._testMethodName}-{transport}"
        tab = Tab(self.driver, origin or self.origin, appliance or self.appliance, client, transport, **options)
        self.addCleanup(tab.close)
        return tab

    def setUp(self):
        self.driver.get_log("browser")  # drops the lines of another test's pages

    def polling(self, tab, appliance=None):
        wait_until(lambda: (appliance or self.appliance).is_polling(tab.client), 30, f"{tab.client}'s poll")

    def assertCleanConsole(self, tab, allowed=lambda entry: False):
        self.assertEqual([entry["message"] for entry in tab.console() if not allowed(entry)], [])

    # Published messages arrive unchanged.

    @over_all_transports
    def test_every_kind_of_message_arrives_as_it_was_published(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        for message in AWKWARD:
            self.appliance.publish(tab.client, message)
        got = tab.wait_for_messages(len(AWKWARD))
        self.assertEqual([json.dumps(m, sort_keys=True) for m in got], [json.dumps(m, sort_keys=True) for m in AWKWARD])
        self.assertEqual(tab.run("return [window.gaps, document.scripts.length]"), [0, 3 if transport == "jsonp" else 2])
        self.assertCleanConsole(tab)

    @over_both_transports
    def test_messages_from_before_the_page_are_waiting_for_it(self, transport):
        for n in range(5):
            self.appliance.publish(f"{self._testMethodName}-{transport}", n)
        tab = self.tab(transport)
        self.assertEqual(tab.wait_for_messages(5), [0, 1, 2, 3, 4])

    # Channels and users.

    def ask(self, op, **fields):
        status, answer = self.appliance.request("POST", "/" + op, json.dumps(fields))
        self.assertIn(status, (200, 202), answer)
        return answer

    @over_all_transports
    def test_a_page_is_told_the_channel_and_the_user(self, transport):
        client, room, other = f"ann-{transport}:tab", f"room:{transport}", f"news:{transport}"
        self.ask("subscribe", channels=[room, other], client="somebody-" + transport)
        for n in range(3):
            self.ask("publish", channel=room, message={"__proto__": n, "old": n}, ttl=60)
        self.ask("subscribe", channels=[room, other], client=client, history=2)
        tab = self.tab(transport, client=client)
        tab.run("""
            window.said = [];
            comet.onmessage = function (data, id, channel, message) { said.push([data, channel || null, message.user || null]); };
            comet.on(arguments[0], function (data, id, channel) { said.push(["handler", data, channel]); });""", other)
        tab.wait_for(lambda t: t.run("return got.length + said.length") >= 2, what="history")
        self.ask("publish", channel=room, message="to the room")
        self.ask("publish", channel=other, message="to the handler")
        self.ask("publish", user=f"ann-{transport}", message="to the user")
        self.ask("publish", channel=room, message="not to this one", **{"except": client})
        self.ask("publish", client=client, message="alone")
        tab.wait_for(lambda t: len(t.run("return said")) >= 4 and t.run("return said")[-1][0] == "alone", what="four messages")
        said = tab.run("return said")
        # What history brought came before the page's own handlers were set, or after.
        history = tab.got + [data for data, *_ in said[:-4]]
        self.assertEqual([data["old"] for data in history], [1, 2])
        self.assertEqual(said[-4:], [
            ["to the room", room, None], ["handler", "to the handler", other], ["to the user", None, f"ann-{transport}"], ["alone", None, None]])
        self.assertCleanConsole(tab)

    @over_all_transports
    def test_a_page_that_the_app_disconnects_stays_away(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        # A page that is between two polls has no receiver that could end.
        tab.wait_for(lambda t: self.ask("disconnect", client=t.client) and t.state == "closed", what="the state closed")
        self.assertEqual(tab.states[-1][1]["code"], "disconnected")
        self.assertFalse(self.appliance.is_connected(tab.client))
        tab.run("comet.connect()")
        self.polling(tab)

    @over_both_transports
    def test_a_thousand_messages_leave_no_tags_and_no_globals(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        for n in range(1000):
            self.appliance.publish(tab.client, n)
        self.assertEqual(tab.wait_for_messages(1000, 120), list(range(1000)))
        tab.run("comet.close()")
        tab.wait_for(lambda t: t.run("return document.scripts.length") == 2, what="the last tag's removal")
        new_globals = tab.run("return Object.keys(window).filter(function (name) { return globals.indexOf(name) < 0; })")
        self.assertEqual([name for name in new_globals if name != "ret_nodes"], [], "(ret_nodes is chromedriver's)")
        self.assertLessEqual(tab.run("return Object.keys(MegaComet).length"), 1)
        self.assertCleanConsole(tab)

    def get(self, port, path, **headers):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def test_the_script_is_served_short_as_a_module_with_its_types_and_not_again_where_it_is_known(self):
        files = {}
        for name, kind in (("megacomet.js", "text/javascript"), ("megacomet.mjs", "text/javascript"), ("megacomet.d.ts", "application/typescript")):
            tags = set()
            for port in self.appliance.worker_ports:
                status, headers, files[name] = self.get(port, "/_/" + name)
                self.assertEqual((status, headers["Content-Type"]), (200, kind + "; charset=utf-8"))
                self.assertEqual((headers["X-Content-Type-Options"], headers["Cross-Origin-Resource-Policy"]), ("nosniff", "cross-origin"))
                self.assertEqual((headers["Access-Control-Allow-Origin"], "max-age" in headers["Cache-Control"]), ("*", True))
                tags.add(headers["ETag"])
                self.assertEqual(self.get(port, "/_/" + name, **{"If-None-Match": headers["ETag"]})[::2], (304, b""))
            self.assertEqual(len(tags), 1, "the same in every worker")
        self.assertLess(len(files["megacomet.js"]), 10000)
        self.assertEqual(files["megacomet.mjs"], files["megacomet.js"] + b"export default MegaComet;\n")
        self.assertEqual(files["megacomet.d.ts"], (ROOT / "Sources/Browser/megacomet.d.ts").read_bytes())
        with tempfile.TemporaryDirectory() as folder:
            for name, body in files.items():
                pathlib.Path(folder, name).write_bytes(body)
            # The short form does all that the long one does.
            node = subprocess.run(
                ["node", "--test", str(pathlib.Path(__file__).with_name("script.test.js"))], capture_output=True, text=True, timeout=300,
                env={**os.environ, "MEGACOMET_SCRIPT": folder + "/megacomet.js"})
            self.assertEqual(node.returncode, 0, node.stdout[-4000:])
            # Where there is no page, as in server-side rendering, importing it does nothing.
            code = f"import M from {json.dumps(folder + '/megacomet.mjs')}; console.log(typeof M, new M({{client: 'c'}}).state)"
            node = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, timeout=60)
            self.assertEqual((node.stdout, node.stderr), ("function closed\n", ""))

    # Faults.

    def numbers(self, client, count, pause, results, enough=None):
        """Publishes 0, 1, 2 .. in the background. A publish that finds no manager is tried again."""
        self.retried = set()

        def go():
            for n in range(count):
                if enough and enough.is_set():
                    return
                end = time.monotonic() + 60
                while time.monotonic() < end:
                    try:
                        results.append(self.appliance.publish(client, n))
                        break
                    except (OSError, AssertionError, http.client.HTTPException):
                        self.retried.add(n)
                        time.sleep(0.05)
                time.sleep(pause)

        thread = threading.Thread(target=go)
        thread.start()
        self.addCleanup(thread.join)
        return thread

    def assertNetworkErrorsOnly(self, tab):
        workers = tuple(f"{url}/{tab.client}." for url in self.appliance.urls)
        self.assertCleanConsole(tab, lambda entry: entry["source"] == "network" and entry["message"].startswith(workers))

    @over_both_transports
    def test_40_messages_arrive_once_and_in_order_while_both_workers_are_killed_in_turn(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        results = []
        publisher = self.numbers(tab.client, 40, 0.15, results)
        for worker, reached in (("worker-0", 5), ("worker-1", 15)):
            wait_until(lambda: len(results) >= reached, 30, "publishing")
            self.appliance.kill(worker)
        publisher.join(120)
        self.assertEqual(tab.wait_for_messages(40, 60), list(range(40)))
        self.assertEqual(tab.run("return window.gaps"), 0)
        self.assertNetworkErrorsOnly(tab)

    @over_both_transports
    def test_what_comes_after_the_manager_was_killed_arrives_in_order_and_nothing_twice(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        results = []
        publisher = self.numbers(tab.client, 20, 0.05, results)
        wait_until(lambda: len(results) > 5, 30, "publishing")
        self.appliance.kill("manager")
        publisher.join(120)
        self.appliance.publish(tab.client, "last")
        got = tab.wait_for(lambda t: t.got[-1:] == ["last"] and t.got, 60, "the last message")[:-1]
        # (A message that was published twice, since the manager died before it answered, may come twice.)
        certain = [n for n in got if n not in self.retried]
        self.assertEqual(certain, sorted(set(certain)), "in order, none twice")
        # What the manager has answered for is kept in a memory that outlives it.
        self.assertEqual(set(got), set(range(20)))
        self.assertNetworkErrorsOnly(tab)

    @over_all_transports
    def test_a_page_that_is_reloaded_goes_on(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        # Each page gets some, however long it needs to come back.
        results, enough = [], threading.Event()
        publisher = self.numbers(tab.client, 1000, 0.05, results, enough)
        pages = []
        for count in (5, 3):
            tab.wait_for_messages(count)
            pages.append(tab.got)
            tab.reload()
        tab.wait_for_messages(1)
        enough.set()
        publisher.join(120)
        tab.wait_for(lambda t: t.got[-1] == len(results) - 1, what="the last message")
        pages.append(tab.got)
        for page in pages:
            self.assertEqual(page, list(range(page[0], page[0] + len(page))), "each page in order, none twice")
        self.assertEqual(tab.run("return comet.state"), "connected")
        # A page may have shown more after the last look at it, so the pages overlap or follow each other.
        self.assertEqual(pages[0][0], 0)
        self.assertCleanConsole(tab)

    @over_all_transports
    def test_a_poll_that_is_drained_comes_back_and_nothing_is_lost(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        publisher = self.numbers(tab.client, 30, 0.1, [])
        answer = self.appliance.command("rolling")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        publisher.join(120)
        self.assertEqual(tab.wait_for_messages(30, 60), list(range(30)))
        self.assertCleanConsole(tab)

    @over_both_transports
    def test_offline_and_back(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        self.driver.set_network_conditions(offline=True, latency=0, download_throughput=-1, upload_throughput=-1)
        try:
            # If the machine has no network but its own, the browser says so at the start and tells no page of a change.
            # Then the page notices the end of the held poll.
            tab.wait_for(lambda t: t.state in ("offline", "waiting"), 60, what="noticing")
            # A script that is on its way can't be cut: it gets the first message, unseen, which then comes again.
            wait_until(lambda: transport == "jsonp" or not self.appliance.is_connected(tab.client), 30, "the poll's end")
            for n in range(3):
                self.appliance.publish(tab.client, n)
        finally:
            self.driver.set_network_conditions(offline=False, latency=0, download_throughput=-1, upload_throughput=-1)
        self.assertEqual(tab.wait_for_messages(3), [0, 1, 2])
        self.assertNetworkErrorsOnly(tab)

    @over_both_transports
    def test_a_full_worker_answers_503_and_the_page_goes_to_the_other(self, transport):
        with Appliance(workers={"max_connections": 3}) as small:
            holders = [self.hold(port) for port in small.worker_ports[:1] for _ in range(3)]
            # The other one has room for what a browser opens, so the script does not come from it as well.
            script = self.appliance.urls[0]
            tab = self.tab(transport, small, script=script, client="full-" + transport)
            self.polling(tab, small)
            small.publish(tab.client, "here")
            self.assertEqual(tab.wait_for_messages(1), ["here"])
            # Pages choose by chance, so this page has only the full worker, until there is room.
            only = self.tab(transport, small, script=script, urls=small.urls[:1], client="only-" + transport)
            only.wait_for(lambda t: any(s[1].get("code") == "full" for s in t.states), what="being told that the worker is full")
            waited = [s for s in only.states if s[1].get("code") == "full"][0][1]["delay"]
            self.assertGreaterEqual(waited, 1000, "what the worker asked for")
            for holder in holders:
                holder.close()
            self.polling(only, small)

    def hold(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(b"GET /holder%d.json HTTP/1.1\r\nHost: x\r\n\r\n" % connection.getsockname()[1])
        return connection

    # Tabs and pages.

    @over_all_transports
    def test_the_second_tab_with_an_id_replaces_the_first_and_they_do_not_chase_each_other(self, transport):
        first = self.tab(transport)
        self.polling(first)
        second = self.tab(transport, client=first.client)
        first.wait_for_state("replaced")
        self.appliance.publish(first.client, "for the second")
        self.assertEqual(second.wait_for_messages(1), ["for the second"])
        self.assertEqual(first.got, [])
        self.assertEqual(second.state, "connected")
        # The user takes it back. A page that is between two polls would come after the first one and replace it.
        self.polling(second)
        first.run("comet.connect()")
        second.wait_for_state("replaced")
        self.appliance.publish(first.client, "for the first")
        first.wait_for(lambda t: "for the first" in t.got, what="the message")

    @over_all_transports
    def test_close_leaves_the_rest_for_connect(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        tab.run("comet.close()")
        wait_until(lambda: transport == "jsonp" or not self.appliance.is_connected(tab.client), 30, "the poll's end")
        self.appliance.publish(tab.client, "meanwhile")
        self.appliance.publish(tab.client, "and this")
        self.assertEqual(tab.got, [])
        tab.run("comet.connect()")
        self.assertEqual(tab.wait_for_messages(2), ["meanwhile", "and this"])
        self.assertCleanConsole(tab)

    @over("xhr", "events", "ws")
    def test_back_to_a_page_that_the_browser_kept(self, transport):
        tab = self.tab(transport)
        self.polling(tab)
        self.appliance.publish(tab.client, 1)
        tab.wait_for_messages(1)
        self.driver.get(self.origin.url + "/poll.js")
        wait_until(lambda: not self.appliance.is_connected(tab.client), 30, "the poll's end")
        self.appliance.publish(tab.client, 2)
        self.driver.back()
        tab.wait_for(lambda t: (t.got or [None])[-1] == 2, what="the message")

    def test_a_strict_content_security_policy_needs_no_more_than_the_workers(self):
        hosts = " ".join(self.appliance.urls)
        for transport, policy in (
            ("xhr", f"default-src 'none'; img-src data:; script-src 'self' {self.appliance.urls[0]}; connect-src {hosts}"),
            ("jsonp", f"default-src 'none'; img-src data:; script-src 'self' {hosts}"),
        ):
            with self.subTest(transport):
                tab = self.tab(transport, csp=policy)
                self.polling(tab)
                self.appliance.publish(tab.client, {"x": "</script>"})
                self.assertEqual(tab.wait_for_messages(1), [{"x": "</script>"}])
                self.assertCleanConsole(tab)

    def test_auto_comes_to_jsonp_where_the_policy_forbids_xhr(self):
        policy = f"default-src 'none'; img-src data:; script-src 'self' {' '.join(self.appliance.urls)}"
        tab = self.tab("auto", csp=policy)
        self.polling(tab)
        self.appliance.publish(tab.client, "by a script")
        self.assertEqual(tab.wait_for_messages(1), ["by a script"])
        self.assertEqual(tab.run("return states[states.length - 1][1].transport"), "jsonp")

    def test_an_origin_that_is_not_allowed_gets_nothing_and_one_that_is_gets_all(self):
        other = Origin()
        self.addCleanup(other.close)
        with Appliance(workers={"origins": [self.origin.url]}) as guarded:
            refused = self.tab("xhr", guarded, origin=other, client="guarded")
            # Two polls have failed. If the machine has no network but its own, the browser says that it is offline.
            refused.wait_for(lambda t: sum(s[0] in ("waiting", "offline") for s in t.states) >= 2, what="refusal")
            self.assertFalse(guarded.is_connected("guarded"))
            self.assertEqual(guarded.publish("guarded", "secret")["status"], "queued")
            allowed = self.tab("xhr", guarded, client="guarded")
            self.assertEqual(allowed.wait_for_messages(1), ["secret"])
            self.assertEqual(refused.got, [])
            refused.run("comet.close()")
            entries = allowed.console()
            self.assertEqual([e["message"] for e in entries if not e["message"].startswith((other.url, *(u + "/guarded." for u in guarded.urls)))], [])

    def test_a_named_origin_may_send_credentials_and_headers_of_its_own(self):
        with Appliance(workers={"origins": [self.origin.url]}) as guarded:
            tab = self.tab("xhr", guarded)
            self.polling(tab, guarded)
            tab.run("""
                window.answer = null;
                fetch(arguments[0] + "/own.json?hello=1", {
                  credentials: "include", headers: {Authorization: "Bearer x", "X-Trace": "1"}
                }).then((answer) => answer.json())
                  .then((it) => { answer = it.messages; }, (e) => { answer = String(e); });
                const script = document.createElement("script");
                script.crossOrigin = "anonymous";
                script.onload = () => { window.loaded = true; };
                script.src = arguments[0] + "/_/megacomet.js?again";
                document.documentElement.appendChild(script);
            """, guarded.urls[0])
            self.assertEqual(tab.wait_for(lambda t: t.run("return answer && [answer]"), what="the answer"), [[]])
            tab.wait_for(lambda t: t.run("return window.loaded"), what="the script")

    def test_jsonp_that_is_switched_off_ends_a_page_that_knows_nothing_else(self):
        with Appliance(workers={"jsonp": False}) as guarded:
            tab = self.tab("jsonp", guarded)
            tab.wait_for(lambda t: t.states and t.states[-1][0] == "closed", what="the end")
            self.assertEqual(tab.states[-1][1]["code"], "jsonp")
            auto = self.tab("auto", guarded)
            self.polling(auto, guarded)


if __name__ == "__main__":
    unittest.main()
