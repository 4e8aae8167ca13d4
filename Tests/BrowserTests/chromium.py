"""A headless Chromium, and pages for it, which are served from origins of their own, with any Content-Security-Policy."""
import json
import pathlib
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from appliance import wait_until

PAGES = pathlib.Path(__file__).parent / "pages"


class Origin:
    """A web server for the folder `pages` and the texts in `extra`, or functions that give one, or one and headers, or
    nothing. `?csp=` gives the page's policy. With a certificate and its key it is served over TLS."""

    def __init__(self, certificate=None, key=None):
        self.extra = {}
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                file = PAGES / path.lstrip("/")
                body = origin.extra.get(path) or (file.read_bytes() if file.is_file() else None)
                headers = {}
                if callable(body):
                    body = body()
                    if isinstance(body, tuple):
                        body, headers = body
                    if isinstance(body, str):
                        body = body.encode()
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", ("text/javascript" if path.endswith(".js") else "text/html") + "; charset=utf-8")
                self.send_header("Content-Length", str(len(body or b"")))
                for name, value in headers.items():
                    self.send_header(name, value)
                policy = urllib.parse.parse_qs(query).get("csp")
                if policy:
                    self.send_header("Content-Security-Policy", policy[0])
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if certificate else 'http'}://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def start(*more):
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=900,700", "--disable-background-networking", *more):
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    return driver


def console(driver):
    """The lines of the console since the last call. A page that tries a WebSocket gives it up after three seconds, which
    a busy machine may need. Chromium says so."""
    return [entry for entry in driver.get_log("browser") if "WebSocket is closed before the connection is established" not in entry["message"]]


class Tab:
    """A tab with pages/poll.html in it."""

    def __init__(self, driver, origin, appliance, client, transport="xhr", csp=None, tab=True, **options):
        self.driver, self.client, self.transport = driver, client, transport
        if tab:
            driver.switch_to.new_window("tab")
        self.handle = driver.current_window_handle
        options = {"client": client, "urls": appliance.urls, "transport": transport, "delay": 400, "maxDelay": 2000, **options}
        query = {"options": json.dumps(options)}
        if csp:
            query["csp"] = csp
        self.url = origin.url + "/poll.html?" + urllib.parse.urlencode(query)
        driver.get(self.url)

    def run(self, script, *arguments):
        self.driver.switch_to.window(self.handle)
        return self.driver.execute_script(script, *arguments)

    @property
    def got(self):
        return self.run("return window.got")

    @property
    def state(self):
        return self.run("return window.comet && comet.state")

    @property
    def states(self):
        return self.run("return window.states")

    def wait_for(self, condition, seconds=30, what="it"):
        try:
            return wait_until(lambda: condition(self), seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; got {len(self.got or [])}: {str(self.got)[:600]}; states {str(self.states)[-600:]}") from None

    def wait_for_state(self, state, seconds=30):
        self.wait_for(lambda tab: tab.state == state, seconds, f"the state {state}")

    def wait_for_messages(self, count, seconds=30):
        return self.wait_for(lambda tab: len(tab.got or []) >= count and tab.got, seconds, f"the arrival of {count} messages")

    def console(self):
        self.driver.switch_to.window(self.handle)
        return console(self.driver)

    def reload(self):
        self.driver.switch_to.window(self.handle)
        self.driver.refresh()

    def close(self):
        if self.handle not in self.driver.window_handles:
            return
        self.driver.switch_to.window(self.handle)
        self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
