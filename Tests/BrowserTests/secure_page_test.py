"""Pages of an https site in Chromium and in Firefox, which has another TLS (NSS) and another network stack. Their
megacomet.js reaches the workers over TLS."""
import unittest

import chromium
from appliance import wait_until
from chromium import Origin, Tab
from firefox import Firefox
from secure import PATIENCE, SecureAppliance


class Pages:
    """`browser` starts one that takes a certificate that nobody has signed."""

    @classmethod
    def setUpClass(cls):
        cls.appliance = cls.enterClassContext(SecureAppliance(2))
        cls.origin = Origin(cls.appliance.certificate, cls.appliance.key)
        cls.addClassCleanup(cls.origin.close)
        cls.driver = cls.browser()
        cls.addClassCleanup(cls.driver.quit)

    def tab(self, transport, most=2):
        urls = self.appliance.secure_urls[:most]
        tab = Tab(
            self.driver, self.origin, self.appliance, f"{self._testMethodName}-{transport}", transport=transport, urls=urls,
            tab=False)
        tab.wait_for_state("connected")
        wait_until(lambda: self.appliance.is_polling(tab.client), PATIENCE, "the receiver")
        return tab

    def test_each_transport_gets_every_message_and_comes_back_to_another_worker(self):
        for transport in ("xhr", "events", "ws"):
            with self.subTest(transport):
                tab = self.tab(transport)
                self.assertTrue(tab.run("return isSecureContext && location.protocol === 'https:'"))
                messages = [1, "\u20ac", "x" * 50000, {"a": [None]}]
                for message in messages:
                    self.appliance.publish(tab.client, message)
                self.assertEqual(tab.wait_for_messages(len(messages)), messages)
                self.assertEqual(tab.states[-1][1]["transport"], transport)
                # Both speak TLS 1.3, so no connection keeps its SSL object.
                wait_until(lambda: self.appliance.metric("tls_parked"), PATIENCE, "a parked connection")
                wait_until(lambda: self.appliance.metric("tls_whole") == 0, PATIENCE, "the end of all handshakes")
                for name in ("worker-0", "worker-1"):
                    self.appliance.kill(name)
                    self.appliance.publish(tab.client, name)
                    tab.wait_for(lambda t: t.got[-1:] == [name], what=f"a message after {name} was killed")
                self.assertEqual((tab.got, tab.run("return gaps")), ([*messages, "worker-0", "worker-1"], 0))
                self.driver.get("about:blank")
                wait_until(lambda: not self.appliance.is_connected(tab.client), PATIENCE, "leaving")

    def test_a_page_that_reloads_comes_back_by_a_ticket(self):
        # A browser keeps tickets by port, and a page chooses among its workers by chance.
        tab = self.tab("ws", most=1)
        before = self.appliance.metric("tls_resumed_total")
        tab.reload()
        tab.wait_for_state("connected")
        wait_until(lambda: self.appliance.metric("tls_resumed_total") > before, PATIENCE, "a handshake by a ticket")


class ChromiumPageTest(Pages, unittest.TestCase):
    @staticmethod
    def browser():
        return chromium.start("--ignore-certificate-errors")


class FirefoxPageTest(Pages, unittest.TestCase):
    browser = Firefox


if __name__ == "__main__":
    unittest.main()
