# python3 publish.py CLIENT JSON [SECONDS]        e.g.  python3 publish.py c42 '{"hello":"world"}' 5
# With SECONDS (1 to 60) the answer comes when it is known what became of the message, or when they are over.
import json, os, sys, urllib.error, urllib.request

MEANING = {
    "acknowledged": "the client has it, and has said so",
    "delivered": "it went out to a client that never says what it has",
    "handed": "it went out to a client that never says what it has",
    "expired": "it never came",
    "dropped": "it never came",
}
headers = {"Content-Type": "application/json"}
if "MEGACOMET_KEY" in os.environ:
    headers["Authorization"] = "Bearer " + os.environ["MEGACOMET_KEY"]
client, message, *seconds = sys.argv[1:]
url = os.environ.get("MEGACOMET", "http://127.0.0.1:9001") + "/publish" + "".join("?wait=" + n for n in seconds)
body = json.dumps({"client": client, "message": json.loads(message)}).encode()
try:
    answer = urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode()
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
print(answer)
if seconds:
    print(MEANING.get(json.loads(answer)["status"], "not known yet, it may still come"))  # HTTP status 202
