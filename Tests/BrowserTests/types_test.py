"""The TypeScript compiler reads megacomet.d.ts."""
import pathlib
import subprocess
import unittest

HERE = pathlib.Path(__file__).parent


class TypesTest(unittest.TestCase):
    def test_the_declarations_take_what_the_manual_says_and_refuse_what_it_does_not(self):
        files = [HERE.parent.parent / "Sources/Browser/megacomet.d.ts", HERE / "pages/types.ts"]
        command = ["tsc", "--noEmit", "--strict", "--target", "es2020", "--moduleResolution", "node", "--lib", "es2020,dom", *map(str, files)]
        compiler = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual((compiler.returncode, compiler.stdout), (0, ""))
