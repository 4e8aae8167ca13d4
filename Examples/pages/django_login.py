"""Django: a login, and pages that prove by a token whose they are.

    megacomet keys new --algorithm HS256 --output keys.json     # tokens.keys names the file; restart the processes
    pip install django pyjwt && MEGACOMET_KEYS=keys.json python3 django_login.py 8080    # then http://localhost:8080/
    curl -d '{"user":"ann","message":"hello"}' http://localhost:9001/publish

A token lives for five minutes; the page asks /megacomet-token for the next one. The logout revokes those that are out,
so every open page of the user ends at once. With MEGACOMET_COOKIE=NAME (and tokens.cookie, workers.origins) the token
is a cookie that no script can read. Forms have Django's CSRF token; the answer with the token has no CORS headers, so
no other site can read it. In a project of yours these are views; use the users and the login of django.contrib.auth,
and `str(request.user.pk)` as the user.
"""
import base64
import json
import os
import pathlib
import random
import secrets
import sys
import time
import urllib.request

import django
import jwt
from django.conf import settings

settings.configure(
    SECRET_KEY=secrets.token_hex(), ALLOWED_HOSTS=["localhost", "127.0.0.1"], ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",  # here a dictionary; a logout ends it at once, in all tabs
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    MEGACOMET=os.environ.get("MEGACOMET", "http://127.0.0.1:9001"),
    MEGACOMET_WORKERS=os.environ.get("MEGACOMET_WORKERS", "http://localhost:8000 http://localhost:8001").split(),
    MEGACOMET_COOKIE=os.environ.get("MEGACOMET_COOKIE"),  # behind TLS "__Host-megacomet"
    MEGACOMET_KEY=json.loads(pathlib.Path(os.environ["MEGACOMET_KEYS"]).read_text())["keys"][0],
)
django.setup()

from django.core.management import execute_from_command_line
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST


def token(user):
    key, now = settings.MEGACOMET_KEY, int(time.time())
    # Tokens of pages that were opened together do not end together.
    claims = {"sub": user, "iat": now, "exp": now + random.randint(240, 300)}
    return jwt.encode(claims, base64.urlsafe_b64decode(key["k"] + "=="), key["alg"], headers={"kid": key["kid"]})


def megacomet(op, **fields):
    body = json.dumps(fields).encode()
    request = urllib.request.Request(f"{settings.MEGACOMET}/{op}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@require_GET
@never_cache
def show(request):
    user = request.session.get("user")
    page = {"client": f"{user}:{secrets.token_urlsafe(8)}", "urls": settings.MEGACOMET_WORKERS,
            "withCredentials": bool(settings.MEGACOMET_COOKIE)}
    return HttpResponse((PAGE if user else LOGIN).render({"page": page}, request))


@require_POST
def login(request):
    name = request.POST["name"]  # and a password, in an app of yours
    if not name.isalnum():
        return HttpResponse(status=400)  # a user has no colon
    request.session.flush()
    request.session["user"] = name
    return redirect("/")


@require_GET
@never_cache
def give_token(request):
    user, cookie = request.session.get("user"), settings.MEGACOMET_COOKIE
    if not user:
        return HttpResponse(status=401)
    answer = HttpResponse("" if cookie else token(user), content_type="text/plain")
    if cookie:
        answer.set_cookie(
            cookie, token(user), max_age=300, httponly=True, samesite="Strict", secure=cookie.startswith("__"))
    return answer


@require_POST
def logout(request):
    user, cookie = request.session.get("user"), settings.MEGACOMET_COOKIE
    request.session.flush()
    if user:
        megacomet("disconnect", user=user, revoke=True)
    answer = redirect("/")
    if cookie:
        answer.delete_cookie(cookie, samesite="Strict")
    return answer


LOGIN = engines["django"].from_string("""<!doctype html>
<meta charset="utf-8"><title>log in</title><link rel="icon" href="data:,">
<form method="post" action="/login">{% csrf_token %}<input name="name" autofocus><button>Log in</button></form>
""")
PAGE = engines["django"].from_string("""<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,">
<form method="post" action="/logout">{% csrf_token %}<button>Log out</button></form><ul id="messages"></ul>
{{ page|json_script:"page" }}
<script src="{{ page.urls.0 }}/_/megacomet.js"></script>
<script src="/login.js"></script>
""")

FILE = pathlib.Path(__file__).with_name("login.js")
urlpatterns = [
    path("", show), path("login", login), path("logout", logout), path("megacomet-token", give_token),
    path("login.js", lambda request: FileResponse(FILE.open("rb"), content_type="text/javascript")),
]

if __name__ == "__main__":
    execute_from_command_line(["django_login.py", "runserver", "--noreload", "--skip-checks", sys.argv[1]])
