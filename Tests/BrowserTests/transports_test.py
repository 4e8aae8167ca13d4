"""Event streams and WebSockets in a page: how a transport is chosen, what a page says as it goes, and tabs that share
one connection."""
import contextlib
import json
import re
import threading
import time
import unittest
import urllib.request

from selenium.common.exceptions import WebDriverException

import chromium
from appliance import Appliance, wait_until
from byways import Byway
from chromium import Origin, Tab


class TransportsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.origin = Origin()
        cls.addClassCleanup(cls.origin.close)
        cls.driver = chromium.start()
        cls.addClassCleanup(cls.driver.quit)
        cls.appliance = cls.enterClassContext(Appliance(workers={"poll_timeout": 300.0}))

    def setUp(self):
        # What worked is remembered for an origin: each test has its own.
        self.origin = Origin()
        self.addCleanup(self.origin.close)
        # The console has the lines of all pages of the browser.
        self.driver.get_log("browser")

    def tab(self, transport="auto", **options):
        options.setdefault("client", self._testMethodName)
        tab = Tab(self.driver, self.origin, self.appliance, transport=transport, script=self.appliance.urls[0], **options)
        self.addCleanup(tab.close)
        return tab

    def connected_by(self, tab, transport):
        tried = time.monotonic()

        def now(tab):
            nonlocal tried
            if tab.state == "connected" and [s for s in tab.states if s[0] == "connected"][-1][1]["transport"] == transport:
                return True
            # A page gives a stream three seconds, which a busy machine may need. All are tried again when it is online.
            if tab.transport == "auto" and time.monotonic() > tried + 10:
                tried = time.monotonic()
                tab.run("dispatchEvent(new Event('online'))")
            return False

        tab.wait_for(now, 90, f"a connection by {transport}")
        wait_until(lambda: self.appliance.is_polling(tab.client), 30, "the receiver")

    def goes(self, tab):
        """The page goes, and what it has seen is acknowledged."""
        self.driver.switch_to.window(tab.handle)
        self.driver.get("about:blank")
        wait_until(lambda: not self.appliance.is_connected(tab.client), 30, "leaving")
        wait_until(lambda: self.appliance.has_acknowledged(tab.client), 30, "the acknowledgement of what was seen")

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.appliance.operator_port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if re.match(rf"megacomet_(worker_)?{name}[{{ ]", line))

    def numbers(self, client, count, pause, first=0):
        """Publishes 0, 1, 2 .. in the background."""

        def go():
            for n in range(first, first + count):
                self.appliance.publish(client, n)
                time.sleep(pause)

        thread = threading.Thread(target=go)
        thread.start()
        self.addCleanup(thread.join)
        return thread

    # How a transport is chosen.

    def test_auto_comes_to_a_websocket_over_http_1_and_remembers_it(self):
        tab = self.tab()
        self.connected_by(tab, "ws")
        states = [(state, detail["transport"]) for state, detail in tab.states]
        self.assertEqual((states[:2], states[-1]), ([("connecting", "xhr"), ("connected", "xhr")], ("connected", "ws")))
        self.appliance.publish(tab.client, 1)
        tab.wait_for_messages(1)
        self.goes(tab)
        self.driver.get(tab.url)
        self.connected_by(tab, "ws")
        self.assertEqual((tab.states[0][0], tab.states[0][1]["transport"]), ("connecting", "ws"), "remembered")
        self.assertEqual(tab.got, [], "what was acknowledged as the page went does not come again")

    def test_a_page_acknowledges_at_once_where_an_app_waits(self):
        for transport in ("events", "ws", "xhr", "jsonp"):
            with self.subTest(transport):
                # A page acknowledges after 5 s what nobody waits for. This one does not.
                tab = self.tab(transport, client=self._testMethodName + transport, withoutTicks=True)
                self.connected_by(tab, transport)
                self.appliance.request("POST", "/subscribe", json.dumps({"client": tab.client, "channel": transport}))
                for target, end in (({"client": tab.client}, "acknowledged"), ({"channel": transport}, "done")):
                    status, answer = self.appliance.request("POST", "/publish?wait=30", json.dumps({**target, "message": end}))
                    self.assertEqual((status, answer["status"]), (200, end))
                self.assertEqual(tab.got, ["acknowledged", "done"])

    def through(self, byway, expected, **options):
        """A page behind a byway. It gets numbers from its first moment on, each once and in order."""
        self.addCleanup(byway.close)
        options.setdefault("client", self._testMethodName)
        thread = self.numbers(options["client"], 100, 0.06)
        tab = self.tab(urls=[byway.url], **options)
        self.connected_by(tab, expected)
        thread.join()
        self.appliance.publish(tab.client, "last")
        got = tab.wait_for(lambda t: t.got[-1:] == ["last"] and t.got, 60, "the last message")
        self.assertEqual(got, [*range(100), "last"])
        self.assertEqual(tab.run("return gaps"), 0)
        return tab

    def test_behind_a_proxy_that_swallows_streams_a_page_polls_and_loses_nothing(self):
        # Two transports have three seconds each.
        tab = self.through(Byway(self.appliance.worker_ports[0], "swallows"), "xhr")
        self.assertIsNone(tab.run("return localStorage.megacomet || null"))

    def test_a_stream_that_lags_by_one_write_is_not_taken(self):
        tab = self.tab(urls=[self.byway("late").url])
        # A poll says that the server is there, and one follows each trial.
        hellos = "return performance.getEntriesByType('resource').filter(e => /hello=1/.test(e.name) && /json/.test(e.name)).length"
        tab.wait_for(lambda t: t.run(hellos) >= 3, 60, "two trials")
        wait_until(lambda: self.metric("streams_opened_total"), 30, "the count of a stream")
        self.appliance.publish(tab.client, "not late")
        self.assertEqual(tab.wait_for_messages(1), ["not late"])
        self.assertEqual({detail["transport"] for state, detail in tab.states if state == "connected"}, {"xhr"})

    def byway(self, kind):
        byway = Byway(self.appliance.worker_ports[0], kind)
        self.addCleanup(byway.close)
        return byway

    def test_where_upgrade_is_stripped_an_event_stream_is_taken(self):
        self.through(Byway(self.appliance.worker_ports[0], "no upgrade"), "events")

    def test_a_proxy_that_cuts_all_after_a_while_costs_nothing(self):
        for transport in ("events", "ws"):
            with self.subTest(transport):
                self.through(Byway(self.appliance.worker_ports[0], "cuts"), transport, transport=transport, client="cut-" + transport)

    # A page that goes.

    def test_a_page_that_goes_has_acknowledged_and_left_and_its_beacon_does_not_cut_the_next(self):
        for transport in ("xhr", "events", "ws"):
            with self.subTest(transport):
                left = self.metric("leaves_total")
                tab = self.tab(transport, client="goes-" + transport)
                self.connected_by(tab, transport)
                for n in range(5):
                    self.appliance.publish(tab.client, n)
                tab.wait_for_messages(5)
                self.goes(tab)
                self.driver.get(tab.url)
                self.connected_by(tab, transport)
                for _ in range(3):
                    tab.reload()
                    self.connected_by(tab, transport)
                self.appliance.publish(tab.client, "after")
                self.assertEqual(tab.wait_for_messages(1), ["after"])
                self.assertNotIn("waiting", [state for state, _ in tab.states])
                self.goes(tab)
                wait_until(lambda: self.metric("leaves_total") >= left + 5, 30, "five beacons")

    def test_a_service_worker_does_not_outlive_its_page_with_a_receiver(self):
        self.origin.extra["/worker.js"] = b"""
            self.addEventListener("install", () => self.skipWaiting());
            self.addEventListener("activate", (event) => event.waitUntil(clients.claim()));
            self.addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));"""
        for transport in ("xhr", "events"):
            with self.subTest(transport):
                tab = self.tab(transport, client="served-" + transport)
                tab.run("navigator.serviceWorker.register('/worker.js')")
                tab.wait_for(lambda t: t.run("return !!navigator.serviceWorker.controller"), what="a service worker")
                tab.reload()
                self.connected_by(tab, transport)
                self.appliance.publish(tab.client, 1)
                tab.wait_for_messages(1)
                tab.run("comet.close()")
                wait_until(lambda: not self.appliance.is_connected(tab.client), 30, "leaving")
                tab.run("comet.connect()")
                self.connected_by(tab, transport)
                self.goes(tab)

    def test_a_page_is_told_that_a_policy_forbids_it(self):
        tab = self.tab("events", csp=f"default-src 'none'; img-src data:; script-src 'self' {self.appliance.urls[0]}")
        tab.wait_for(lambda t: any(s[1].get("hint") == "csp" for s in t.states), what="the hint")

    # Tabs that share.

    def tabs(self, count=3, **options):
        tabs = []
        for _ in range(count):
            tabs.append(self.tab(share=True, **options))
            wait_until(lambda: tabs[-1].state == "connected", 30, "a tab's state")
        self.connected_by(tabs[0], options.get("transport", "ws"))
        return tabs

    def receivers(self):
        return self.metric("streams") + self.metric("sockets") + self.metric("waiting_polls")

    def have(self, tabs, count):
        """Each tab has all numbers up to `count`, once and in order."""
        for tab in tabs:
            tab.wait_for(lambda t: len(t.got) >= count, 60, f"{count} messages")
            self.assertEqual(tab.got, list(range(tab.got[0], count)))
            self.assertEqual(tab.run("return gaps"), 0)

    def test_three_tabs_have_one_connection_and_each_message_once(self):
        for transport in ("xhr", "events", "ws"):
            with self.subTest(transport):
                tabs = self.tabs(transport=transport, client="share-" + transport)
                for n in range(40):
                    self.appliance.publish(tabs[0].client, n)
                self.have(tabs, 40)
                self.assertEqual([t.states[-1][1]["transport"] for t in tabs], [transport] * 3)
                self.assertFalse(any("replaced" in str(t.states) for t in tabs))
                if transport != "xhr":
                    opened = self.metric("streams") + self.metric("sockets")
                    wait_until(lambda: self.metric("streams") + self.metric("sockets") == 1, 30, f"one receiver, not {opened}")
                self.doCleanups()
                self.setUp()

    def test_when_the_holder_closes_another_takes_over(self):
        tabs = self.tabs()
        thread = self.numbers(tabs[0].client, 60, 0.05)
        tabs[1].wait_for_messages(10)
        tabs[0].run("comet.close()")
        thread.join()
        self.have(tabs[1:], 60)
        self.assertEqual(tabs[0].state, "closed")
        # It comes back as one of them.
        tabs[0].run("got.length = 0; gaps = 0; comet.connect()")
        tabs[0].wait_for_state("connected")
        self.appliance.publish(tabs[0].client, 60)
        self.have(tabs[1:], 61)
        self.assertEqual(tabs[0].wait_for_messages(1), [60])

    def test_when_the_holder_crashes_another_takes_over(self):
        tabs = self.tabs()
        thread = self.numbers(tabs[0].client, 60, 0.05)
        tabs[1].wait_for_messages(10)
        self.driver.switch_to.window(tabs[0].handle)
        with contextlib.suppress(WebDriverException):
            self.driver.get("chrome://crash")
        self.driver.switch_to.window(tabs[1].handle)
        thread.join()
        self.have(tabs[1:], 60)

    def test_when_the_holder_is_frozen_another_takes_over_and_it_wakes_as_one_of_them(self):
        tabs = self.tabs()
        thread = self.numbers(tabs[0].client, 60, 0.05)
        tabs[1].wait_for_messages(10)
        self.driver.switch_to.window(tabs[0].handle)
        self.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "frozen"})
        thread.join()
        self.have(tabs[1:], 60)
        self.driver.switch_to.window(tabs[0].handle)
        self.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "active"})
        tabs[0].wait_for_state("connected")
        self.appliance.publish(tabs[0].client, 60)
        self.have(tabs[1:], 61)
        self.assertEqual(tabs[0].wait_for(lambda t: t.got[-1:] == [60] and t.got), sorted({*tabs[0].got}))
        self.assertFalse(any("replaced" in str(t.states) for t in tabs))

    def test_a_holder_that_hangs_is_robbed_and_wakes_as_one_of_the_others(self):
        asked, begin, end = threading.Event(), threading.Event(), threading.Event()

        def wakes():
            asked.set()
            return str(end.is_set())

        self.origin.extra |= {"/hangs": lambda: str(begin.wait(60)), "/wakes": wakes}
        self.addCleanup(begin.set)
        self.addCleanup(end.set)
        tabs = self.tabs()
        self.appliance.publish(tabs[0].client, 0)
        self.have(tabs, 1)
        # It waits for answers in its only thread, from one moment to another.
        tabs[0].run("""
            function wakes() { var xhr = new XMLHttpRequest(); xhr.open("GET", "/wakes", false); xhr.send(); return xhr.responseText === "True"; }
            fetch("/hangs").then(function () { while (!wakes()) {} });""")
        begin.set()
        wait_until(asked.is_set, 30, "the hanging")
        for n in range(1, 5):
            self.appliance.publish(tabs[0].client, n)
        self.have(tabs[1:], 5)
        # It wakes between two messages.
        thread = self.numbers(tabs[0].client, 60, 0.02, first=5)
        tabs[1].wait_for_messages(20)
        end.set()
        thread.join()
        self.have(tabs, 65)
        self.assertFalse(any("replaced" in str(t.states) for t in tabs))

    def test_a_page_that_can_not_share_connects_alone(self):
        tab = self.tab(share=True, alone=True)
        self.connected_by(tab, "ws")
        self.assertEqual([entry["message"] for entry in tab.console()], [])


if __name__ == "__main__":
    unittest.main()
