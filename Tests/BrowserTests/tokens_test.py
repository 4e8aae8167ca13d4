"""Pages with tokens: in each transport, with a cookie, over a logout and a change of keys."""
import contextlib
import http.client
import json
import pathlib
import tempfile
import threading
import time
import unittest

import chromium
import tokens
from appliance import Appliance, wait_until
from chromium import Origin, Tab


class TokensTest(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="megacomet-tokens-")))
        cls.key = tokens.Key("first")
        tokens.write(cls.folder / "keys.json", cls.key)
        cls.origin = Origin()
        cls.addClassCleanup(cls.origin.close)
        cls.driver = chromium.start()
        cls.addClassCleanup(cls.driver.quit)
        cls.appliance = cls.enterClassContext(cls.make())

    @classmethod
    def make(cls):
        return Appliance(tokens={"keys": [str(cls.folder / "keys.json")], "leeway": 0.0}, channels={"presence": ["room:"]})

    def tab(self, transport, client, share=False, **options):
        """A page whose tokens are given by the app at /token."""
        tab = Tab(
            self.driver, self.origin, self.appliance, client, transport, script=self.appliance.urls[0],
            share=share, **{"tokenUrl": f"/token/{client.partition(':')[0]}", **options})
        self.addCleanup(tab.close)
        return tab

    def give(self, user, make):
        """The app's answer to the page's question for a token. `make` gives its text, or nothing after a logout."""
        asked = []

        def answer():
            asked.append(time.monotonic())
            return make()

        self.origin.extra["/token/" + user] = answer
        return asked

    def old(self, user):
        """A token that has expired."""
        return self.key.token(user, -1, iat=int(time.time()) - 100)

    def request(self, client, form="json", query="", headers={}, worker=0, method="GET"):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.appliance.worker_ports[worker], timeout=10)) as connection:
            connection.request(method, f"/{client}.{form}?cursor=0&hello=1{query}", headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, text, answer.headers

    def code(self, *request, **more):
        status, text, _ = self.request(*request, **more)
        return status, json.loads(text)["error"]["code"]

    def numbers(self, clients, count, pause):
        def go():
            for n in range(count):
                for client in clients:
                    self.appliance.publish(client, n)
                time.sleep(pause)

        thread = threading.Thread(target=go)
        thread.start()
        self.addCleanup(thread.join)
        return thread

    def have(self, tabs, expected, seconds=20):
        for tab in tabs:
            tab.wait_for(lambda t: len(t.got) >= len(expected), seconds, f"{len(expected)} messages")
            self.assertEqual(tab.got, expected, tab.states)
            self.assertEqual(tab.run("return gaps"), 0)

    def connected(self, tabs):
        for tab in tabs:
            tab.wait_for_state("connected")
            wait_until(lambda: self.appliance.is_polling(tab.client), 30, f"{tab.client}'s receiver")


class PageTest(TokensTest):
    def test_a_page_asks_for_a_new_token_when_its_own_expires_and_misses_nothing(self):
        kinds = ("xhr", "jsonp", "events", "ws")
        asked = {kind: self.give(kind, lambda kind=kind: self.key.token(kind, 2)) for kind in (*kinds, "shared")}
        tabs = [self.tab(kind, f"{kind}:1") for kind in kinds]
        shared = [self.tab("auto", "shared:1", share=True) for _ in range(2)]
        self.connected(tabs + shared)
        thread = self.numbers([f"{kind}:1" for kind in asked], 80, 0.05)
        thread.join()
        self.have(tabs + shared, list(range(80)))
        for kind, times in asked.items():
            # A page that asks in a loop would ask far more often.
            self.assertIn(len(times), range(2, 12), kind)
        for tab in tabs:
            self.assertNotIn("waiting", [state for state, _ in tab.states], tab.client)

    def test_a_token_that_is_refused_is_told_to_the_page_in_each_transport(self):
        self.give("bob", lambda: self.key.token("ann"))
        for transport in ("xhr", "jsonp", "events", "ws"):
            with self.subTest(transport):
                tab = self.tab(transport, f"bob:{transport}")
                tab.wait_for_state("closed")
                detail = tab.states[-1][1]
                self.assertEqual((detail["code"], detail["hint"]), ("token_client", "refused"))
        # Without a function the page stops, and says why.
        for transport in ("jsonp", "ws"):
            with self.subTest(transport):
                tab = self.tab(transport, "ann:old", tokenUrl=None, token=self.old("ann"))
                # Before it connects, it is closed as well.
                tab.wait_for(lambda t: t.states and t.state == "closed", 20, "the end")
                self.assertEqual(tab.states[-1][1]["hint"], "expired")

    def test_each_place_of_a_token_and_two_places(self):
        token = self.key.token("ann")
        bearer = {"Authorization": f"Bearer {token}"}
        for where in ({"query": f"&token={token}"}, {"headers": bearer}):
            self.assertEqual(self.request("ann:1", **where)[0], 200)
        self.assertEqual(self.code("ann:1"), (401, "token_missing"))
        self.assertEqual(self.code("ann:1", query=f"&token={token}", headers=bearer), (400, "two_tokens"))
        self.assertEqual(self.code("ann:1", query=f"&token={token}&token={token}"), (400, "two_tokens"))
        self.assertEqual(self.code("bob", headers=bearer), (403, "token_client"))
        self.assertEqual(self.code("ann:1", query="&token=x.y.z"), (401, "token_bad"))
        self.assertEqual(self.code("ann:1", query=f"&token={self.old('ann')}"), (401, "token_expired"))
        # A script tag shows no status: it is told in-band.
        status, text, _ = self.request("ann:1", "js", "&callback=f")
        self.assertEqual(status, 200)
        self.assertIn("token_missing", text)
        _, _, headers = self.request("ann:1")
        self.assertEqual(headers["WWW-Authenticate"], "Bearer")

    def test_a_token_brings_its_channels_and_the_page_is_told_who_is_there(self):
        for transport in ("xhr", "jsonp", "events", "ws"):
            with self.subTest(transport):
                ann, bob, room = f"ann-{transport}", f"bob-{transport}", f"room:{transport}"
                self.give(ann, lambda: self.key.token(ann, channels=[room]))
                tab = self.tab(transport, ann + ":1")
                tab.wait_for(lambda t: t.run("return window.comet"), what="the script")
                tab.run("window.presence = []; comet.onpresence = function (news) { presence.push(news); };")
                self.connected([tab])
                self.assertEqual(self.request(bob + ":1", query=f"&token={self.key.token(bob, channels=[room])}")[0], 200)
                tab.wait_for(lambda t: any(bob in news["users"] for news in t.run("return presence")), what="bob's coming")
                news = tab.run("return presence[presence.length - 1]")
                self.assertEqual((news["channel"], news["users"], news["all"]), (room, [ann, bob], True))

    def test_a_logout_ends_all_pages_of_the_user_at_once_and_a_login_brings_them_back(self):
        state = {"loggedIn": True}
        self.give("eve", lambda: self.key.token("eve") if state["loggedIn"] else None)
        tabs = [self.tab(transport, f"eve:{transport}") for transport in ("xhr", "jsonp", "events", "ws")]
        self.connected(tabs)
        state["loggedIn"] = False
        began = time.monotonic()
        status, answer = self.appliance.request("POST", "/disconnect", json.dumps({"user": "eve", "revoke": True}))
        self.assertEqual((status, answer["clients"]), (200, 4))
        wait_until(lambda: not any(self.appliance.is_connected(tab.client) for tab in tabs), 30, "the ends")
        self.assertLess(time.monotonic() - began, 1)
        for tab in tabs:
            self.appliance.publish(tab.client, "secret")
            tab.wait_for(lambda t: t.state == "waiting" and t.states[-1][1]["code"] == "token", 10, "no token")
            self.assertEqual(tab.got, [])
        # A token of the same second is refused, too; one of the next is not.
        wait_until(lambda: time.time() > time.time() // 1 + 0.01 and time.monotonic() - began > 1, 30, "the next second")
        state["loggedIn"] = True
        self.have(tabs, ["secret"])

    def test_new_keys_cut_nobody(self):
        second = tokens.Key("second")
        state = {"key": self.key}
        asked = self.give("kim", lambda: state["key"].token("kim"))
        tabs = [self.tab(transport, f"kim:{transport}") for transport in ("xhr", "events", "ws")]
        self.connected(tabs)
        thread = self.numbers([tab.client for tab in tabs], 60, 0.05)
        # Both keys, then tokens of the new one, then the new one alone.
        self.reload(self.key, second)
        self.assertEqual(self.request("kim:9", query=f"&token={second.token('kim')}")[0], 200)
        state["key"] = second
        self.reload(second)
        wait_until(lambda: self.request("kim:9", query=f"&token={self.key.token('kim')}")[0] == 401, 30, "the old key's end")
        # A file that can't be read changes nothing.
        (self.folder / "keys.json").write_text("{")
        self.appliance.command("reload")
        thread.join()
        self.have(tabs, list(range(60)))
        self.assertEqual(self.request("kim:9", query=f"&token={second.token('kim')}")[0], 200)
        self.assertFalse([tab.client for tab in tabs if "waiting" in [state for state, _ in tab.states]])
        for tab in tabs[1:]:
            requests = tab.run("return performance.getEntriesByType('resource').filter(e => /\\.(json|events)\\?/.test(e.name)).length")
            self.assertLessEqual(requests, 1, "the stream has stayed")
        self.assertEqual(len(asked), 4, "only the polling page needed a token of the new key")
        self.reload(self.key)

    def reload(self, *keys):
        tokens.write(self.folder / "keys.json", *keys)
        done = self.appliance.command("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        for worker in range(2):
            token = keys[-1].token("reload")
            wait_until(lambda: self.request("reload", query=f"&token={token}", worker=worker)[0] == 200, 30, "the new keys")


class CookieTest(TokensTest):
    @classmethod
    def make(cls):
        return Appliance(
            workers={"origins": [cls.origin.url]}, tokens={"keys": [str(cls.folder / "keys.json")], "cookie": "megacomet"})

    def login(self, user):
        self.origin.extra["/login"] = lambda: (b"ok", {"Set-Cookie": f"megacomet={self.key.token(user)}; HttpOnly; SameSite=Strict; Path=/"})
        self.driver.get(self.origin.url + "/login")
        self.addCleanup(self.driver.delete_all_cookies)

    def page(self, transport, client):
        tab = Tab(self.driver, self.origin, self.appliance, client, transport, script=self.appliance.urls[0], withCredentials=True)
        self.addCleanup(tab.close)
        return tab

    def test_a_page_of_a_named_origin_is_let_in_by_its_cookie(self):
        self.login("ann")
        tabs = [self.page(transport, f"ann:{transport}") for transport in ("xhr", "events", "ws", "auto")]
        self.connected(tabs)
        for tab in tabs:
            for n in range(3):
                self.appliance.publish(tab.client, n)
        self.have(tabs, [0, 1, 2])
        # What was seen is acknowledged with the cookie, too.
        for tab in tabs:
            wait_until(lambda: not self.appliance.request("GET", f"/clients/{tab.client}")[1]["queued"], 30, "the acknowledgement")
        tab = self.page("xhr", "bob:1")
        tab.wait_for(lambda t: t.states and t.states[-1][1].get("code") == "token_client", 10, "the refusal")

    def test_a_page_of_another_origin_can_do_nothing_with_the_cookie(self):
        """The browser sends it along: the other page is on the same site (another port is)."""
        self.login("ann")
        cursor = self.appliance.publish("ann:1", "secret")["id"]
        other = Origin()
        self.addCleanup(other.close)
        other.extra["/evil.html"] = b"<!doctype html><link rel='icon' href='data:,'>"
        self.driver.get(other.url + "/evil.html")
        url = f"{self.appliance.urls[0]}/ann:1"
        say = "var done = arguments[arguments.length - 1], url = arguments[0]; "
        run = self.driver.execute_async_script
        for form in (".json", ".ack", ".leave"):
            self.assertEqual(run(say + """fetch(url, { credentials: "include", method: /json/.test(url) ? "GET" : "POST" })
                .then(function (a) { done(a.status); }, function () { done("refused"); })""", f"{url}{form}?cursor={cursor}"), "refused")
            # As an image or a form would: the answer can't be read, but the request is made.
            run(say + """fetch(url, { credentials: "include", mode: "no-cors", method: /json/.test(url) ? "GET" : "POST" })
                .then(function () { done(); }, function () { done(); })""", f"{url}{form}?cursor={cursor}")
        self.assertEqual(run(say + """var source = new EventSource(url, { withCredentials: true });
            source.onerror = function () { source.close(); done("error"); }; source.onmessage = source.onopen = function () { done("open"); };""",
            url + ".events?cursor=0"), "error")
        self.assertEqual(run(say + """var socket = new WebSocket(url.replace("http", "ws"));
            socket.onopen = function () { done("open"); }; socket.onclose = function () { done("closed"); };""", url + ".ws?cursor=0"), "closed")
        said = run(say + """window.f = function (envelope) { done(JSON.stringify(envelope)); };
            var script = document.createElement("script"); script.src = url; document.head.appendChild(script);
            script.onerror = function () { done("error"); };""", url + ".js?cursor=0&callback=f")
        self.assertIn("token_missing", said)
        queued = self.appliance.request("GET", "/clients/ann:1")[1]["queued"]
        self.assertEqual(queued, 1, "nothing was acknowledged, and nothing read")


if __name__ == "__main__":
    unittest.main()
