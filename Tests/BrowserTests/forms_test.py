"""A page gets the same value by JSON and by JSONP. Node evaluates both."""
import contextlib
import http.client
import json
import subprocess
import unittest

from appliance import Appliance

# Each message is a text of its own, since Python would write it in another way than an app may.
MESSAGES = [
    '{"__proto__": {"admin": true}, "a": 1}',
    '{"__proto__": 1, "__proto__": 2}',
    '{"\\u005f\\u005fproto__": [1, {"__pro\\u0074o__": "\\u2028<\\u0000"}]}',
    '{\r\n\t"__proto__":\n"it\'s \\\\ \\" </script> \u2028\u2029 \U0001f600"}',
    '"__proto__"', '["\\u0065\\\\u005f", "\\ud83d\\ude00"]', '{"_proto_": 1e400, "constructor": -0.0}',
]

# Reads [[text of the JSON answer, text of the script], ..]. Each pair must be one value, with the same own keys.
COMPARE = """
const assert = require("assert"), vm = require("vm");
const own = (value) => value && typeof value === "object"
  ? [Array.isArray(value), Object.getPrototypeOf(value) === (Array.isArray(value) ? Array : Object).prototype,
     Object.getOwnPropertyNames(value).map((key) => [key, own(Object.getOwnPropertyDescriptor(value, key).value)])]
  : [typeof value, Object.is(value, -0) ? "-0" : value];
const answers = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const [json, script] of answers) {
  let called;
  globalThis.f = (envelope) => { called = envelope; };
  vm.runInThisContext(script);
  assert.deepStrictEqual(own(called.messages[0].data), own(JSON.parse(json).messages[0].data), script);
}
console.log(answers.length);
"""


class FormsTest(unittest.TestCase):
    def test_jsonp_has_the_values_of_json(self):
        with Appliance(1) as appliance:
            def get(target):
                connection = http.client.HTTPConnection("127.0.0.1", appliance.worker_ports[0], timeout=20)
                with contextlib.closing(connection):
                    connection.request("GET", target)
                    return connection.getresponse().read().decode()

            answers = []
            for n, message in enumerate(MESSAGES):
                body = f'{{"client": "c{n}", "message": {message}}}'.encode()
                status, _ = appliance.request("POST", "/publish", body)
                self.assertEqual(status, 202, message)
                answers.append([get(f"/c{n}.json?cursor=0"), get(f"/c{n}.js?callback=f&cursor=0")])
                self.assertTrue(answers[-1][1].startswith("/**/f("), answers[-1])
        node = subprocess.run(
            ["node", "-e", COMPARE], input=json.dumps(answers), capture_output=True, text=True, timeout=60)
        self.assertEqual(node.stdout, f"{len(MESSAGES)}\n", node.stderr)


if __name__ == "__main__":
    unittest.main()
