"""Flask: a login, and pages that prove by a token whose they are.

    megacomet keys new --algorithm HS256 --output keys.json     # tokens.keys names the file; restart the processes
    pip install flask pyjwt && MEGACOMET_KEYS=keys.json python3 flask_login.py 8080      # then http://localhost:8080/
    curl -d '{"user":"ann","message":"hello"}' http://localhost:9001/publish

A token lives for five minutes; the page asks /megacomet-token for the next one. The logout revokes those that are out,
so every open page of the user ends at once. With MEGACOMET_COOKIE=NAME (and tokens.cookie, workers.origins) the token
is a cookie that no script can read. Other sites can neither ask for a token and read it (no CORS headers), nor log
anybody out (SameSite).
"""
import base64
import json
import os
import random
import secrets
import sys
import time
import urllib.request

import jwt
from flask import Flask, Response, abort, redirect, render_template_string, request, send_file, session

app = Flask(__name__)
app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
WORKERS = os.environ.get("MEGACOMET_WORKERS", "http://localhost:8000 http://localhost:8001").split()
COOKIE = os.environ.get("MEGACOMET_COOKIE")  # behind TLS "__Host-megacomet"
LOGINS = {}  # a table of your database: a session that is only a cookie can't be ended before the browser drops it
with open(os.environ["MEGACOMET_KEYS"]) as file:
    KEY = json.load(file)["keys"][0]


def token(user):
    now = int(time.time())
    # Tokens of pages that were opened together do not end together.
    claims = {"sub": user, "iat": now, "exp": now + random.randint(240, 300)}
    return jwt.encode(claims, base64.urlsafe_b64decode(KEY["k"] + "=="), KEY["alg"], headers={"kid": KEY["kid"]})


def megacomet(op, **fields):
    url = os.environ.get("MEGACOMET", "http://127.0.0.1:9001") + "/" + op
    body = urllib.request.Request(url, json.dumps(fields).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(body, timeout=5) as answer:
        return json.load(answer)


@app.get("/")
def show():
    user = LOGINS.get(session.get("login"))
    page = {"client": f"{user}:{secrets.token_urlsafe(8)}", "urls": WORKERS, "withCredentials": bool(COOKIE)}
    return render_template_string(PAGE if user else LOGIN, page=page), {"Cache-Control": "no-store"}


@app.post("/login")
def login():
    name = request.form["name"]  # and a password, in an app of yours
    if not name.isalnum():
        abort(400)  # a user has no colon
    LOGINS.pop(session.get("login"), None)
    session["login"] = secrets.token_urlsafe()
    LOGINS[session["login"]] = name
    return redirect("/")


@app.get("/megacomet-token")
def give_token():
    user = LOGINS.get(session.get("login"))
    if not user:
        abort(401)
    answer = Response("" if COOKIE else token(user), mimetype="text/plain", headers={"Cache-Control": "no-store"})
    if COOKIE:
        answer.set_cookie(
            COOKIE, token(user), max_age=300, httponly=True, samesite="Strict", secure=COOKIE.startswith("__"))
    return answer


@app.post("/logout")
def logout():
    user = LOGINS.pop(session.pop("login", None), None)
    if user:
        megacomet("disconnect", user=user, revoke=True)
    answer = redirect("/")
    if COOKIE:
        answer.delete_cookie(COOKIE, httponly=True, samesite="Strict", secure=COOKIE.startswith("__"))
    return answer


@app.get("/login.js")
def script():
    return send_file("login.js")


LOGIN = """<!doctype html>
<meta charset="utf-8"><title>log in</title><link rel="icon" href="data:,">
<form method="post" action="/login"><input name="name" autofocus><button>Log in</button></form>
"""
PAGE = """<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,">
<form method="post" action="/logout"><button>Log out</button></form><ul id="messages"></ul>
<script type="application/json" id="page">{{ page|tojson }}</script>
<script src="{{ page.urls[0] }}/_/megacomet.js"></script>
<script src="/login.js"></script>
"""

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
