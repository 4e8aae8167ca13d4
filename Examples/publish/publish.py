# python3 publish.py CLIENT JSON        e.g.  python3 publish.py c42 '{"hello":"world"}'
import json, os, sys, urllib.error, urllib.request

headers = {"Content-Type": "application/json"}
if "MEGACOMET_KEY" in os.environ:
    headers["Authorization"] = "Bearer " + os.environ["MEGACOMET_KEY"]
body = json.dumps({"client": sys.argv[1], "message": json.loads(sys.argv[2])}).encode()
request = urllib.request.Request(os.environ.get("MEGACOMET", "http://127.0.0.1:9001") + "/publish", body, headers)
try:
    print(urllib.request.urlopen(request).read().decode())
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
