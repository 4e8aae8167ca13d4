"""Runs the tests of the browser's side, and ends with one line: N passed, N failed. Arguments: names of tests, to run
only those."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).parent


class Result(unittest.TextTestResult):
    """Prints each test's name and time when it ends."""

    def startTest(self, test):
        super().startTest(test)
        self.began, self.bad = time.monotonic(), len(self.failures) + len(self.errors)

    def stopTest(self, test):
        fine = len(self.failures) + len(self.errors) == self.bad
        self.passed = getattr(self, "passed", 0) + (fine and not any(test is one for one, _ in self.skipped))
        self.failed = getattr(self, "failed", 0) + (not fine)
        print(f"{'ok  ' if fine else 'FAIL'} {time.monotonic() - self.began:5.1f} s  {test._testMethodName}", flush=True)
        super().stopTest(test)


def guard():
    """From now on all files are in a folder of this run. When this process is dead, Tests/guardian removes the folder and
    ends the programs that have it in their arguments."""
    folder = tempfile.mkdtemp(prefix="mc-browser.")
    os.chmod(folder, 0o711)  # a proxy that gives up root has its files in it
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    reading, writing = os.pipe()  # no program inherits `writing`
    subprocess.Popen(
        [sys.executable, HERE.parent / "guardian", folder, str(reading)], pass_fds=[reading], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(reading)


def main():
    guard()
    passed = failed = 0
    if len(sys.argv) == 1:
        command = ["node", "--test", "--test-reporter=tap", str(HERE / "script.test.js")]
        node = subprocess.run(command, capture_output=True, text=True, timeout=300)
        passed, failed = (int(re.search(rf"^# {word} (\d+)$", node.stdout, re.M)[1]) for word in ("pass", "fail"))
        print(f"{'ok  ' if node.returncode == 0 else 'FAIL'}          the script's own logic, under Node: {passed} passed, {failed} failed", flush=True)
        if node.returncode:
            print(node.stdout)
            failed = max(failed, 1)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in sys.argv[1:]] or None
    suite = loader.discover(str(HERE), pattern="*_test.py")
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(suite)
    broken = sum(1 for test, _ in result.errors if not hasattr(test, "_testMethodName") and not hasattr(test, "test_case"))
    passed += getattr(result, "passed", 0)
    failed += getattr(result, "failed", 0) + broken
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
