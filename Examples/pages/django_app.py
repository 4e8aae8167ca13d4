"""Django: a page that begins with what the database has, and goes on with what is published.

    pip install django && python3 django_app.py 8080        # then http://localhost:8080/rooms/7
    curl -d text=hello http://localhost:8080/rooms/7

Cursor first, then the database: the client subscribes before the lines are read, so what is saved between the two
waits for it. A line is published when it is committed. So nothing is missed, and room.js drops what comes twice. In a
project of yours these are views.py and models.py; the settings and the rest are here to make one file that runs.
"""
import json
import os
import pathlib
import secrets
import sys
import urllib.request

import django
from django.conf import settings

DATABASE = os.environ.get("DATABASE", "/tmp/megacomet-django.sqlite")
settings.configure(
    SECRET_KEY=secrets.token_hex(), ALLOWED_HOSTS=["localhost", "127.0.0.1"], ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    MEGACOMET=os.environ.get("MEGACOMET", "http://127.0.0.1:9001"),
    MEGACOMET_WORKERS=os.environ.get("MEGACOMET_WORKERS", "http://localhost:8000 http://localhost:8001").split(),
)
django.setup()

from django.core.management import execute_from_command_line
from django.db import connection, models, transaction
from django.http import FileResponse, HttpResponse, JsonResponse
from django.template import engines
from django.urls import path
from django.views.decorators.cache import never_cache


class Line(models.Model):
    room = models.IntegerField()
    text = models.TextField()

    class Meta:
        app_label = "rooms"


def megacomet(op, **fields):
    body = json.dumps(fields).encode()
    request = urllib.request.Request(f"{settings.MEGACOMET}/{op}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@never_cache  # a client id is for one page
def show(request, room):
    client = "guest:" + secrets.token_urlsafe(16)  # with a login: f"{request.user.pk}:" and something random
    cursor = megacomet("subscribe", channel=f"room:{room}", client=client)["cursor"]
    lines = Line.objects.filter(room=room).order_by("id")
    page = {"client": client, "urls": settings.MEGACOMET_WORKERS, "cursor": cursor}
    return HttpResponse(PAGE.render({"lines": lines, "page": page}, request))


def say(request, room):
    with transaction.atomic():
        line = Line.objects.create(room=room, text=request.POST["text"])
        message = {"id": line.id, "text": line.text}
        transaction.on_commit(lambda: megacomet("publish", channel=f"room:{room}", message=message))
    return JsonResponse(message)


PAGE = engines["django"].from_string("""<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,">
<ul id="lines">{% for line in lines %}<li id="line{{ line.id }}">{{ line.text }}</li>{% endfor %}</ul>
{{ page|json_script:"page" }}
<script src="{{ page.urls.0 }}/_/megacomet.js"></script>
<script src="/room.js"></script>
""")

FILE = pathlib.Path(__file__).with_name("room.js")
urlpatterns = [
    path("rooms/<int:room>", lambda request, room: (say if request.method == "POST" else show)(request, room)),
    path("room.js", lambda request: FileResponse(FILE.open("rb"), content_type="text/javascript")),
]

if __name__ == "__main__":
    if Line._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Line)
    execute_from_command_line(["django_app.py", "runserver", "--noreload", "--skip-checks", sys.argv[1]])
