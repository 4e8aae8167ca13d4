import TestSupport
import Testing

/// The examples of docs/webhook.txt, as a reader would run them.
struct ManualTests {
    private static let header = "t=1764400000,v1=598cd66e2ce288649c0a0124641f26ab9c34b3e0359cd6e07d2f8549aa2976d1"
    private static let manual = contents(
        ofFile: #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/docs/webhook.txt")

    /// The indented lines that follow a line which ends with this.
    private func example(behind line: String) throws -> String {
        let lines = Self.manual.split(separator: "\n", omittingEmptySubsequences: false)
        guard let at = lines.firstIndex(where: { $0.hasSuffix(line) }) else { throw Failure("no line \(line)") }
        let code = lines[(at + 1)...].prefix { $0.isEmpty || $0.hasPrefix("    ") }
        return code.map { $0.dropFirst(4) }.joined(separator: "\n")
    }

    @Test func theLineOfShell_makesTheSignature() throws {
        let folder = try Folder()
        let line = try example(behind: "staple\":").split(separator: "\n").joined()
        let run = try Program.run("/bin/sh", ["-c", line], in: folder)
        #expect(run.output.split(separator: " ").last.map { "t=1764400000,v1=" + $0 } == Self.header + "\n")
        #expect(Self.manual.contains("X-MegaComet-Signature: \(Self.header)\n"))
    }

    @Test func theFunctionInPython_knowsOurs() throws {
        let folder = try Folder()
        let script = try folder.write(
            "receiver.py",
            try example(behind: "In Python:") + """

                key, body, header = b"correct horse battery staple", b'{"events":[],"cursor":81}', "\(Self.header)"
                time.time = lambda: 1764400100
                print(is_ours(key, header, body), is_ours(key, header, body + b" "), is_ours(b"x", header, body))
                time.time = lambda: 1764400400
                print(is_ours(key, header, body))
                """)
        let run = try Program.run("/usr/bin/env", ["python3", script], in: folder)
        #expect(run.output == "True False False\nFalse\n")
    }
}
