import Testing

@testable import megabench

/// The parts of `megabench handshakes` that decide.
struct HandshakesTests {
    @Test(arguments: [("0-2,5", [0, 1, 2, 5]), ("\t7\n", [7]), ("", []), ("3-1", []), ("x", [])])
    func cores_areReadAsTheKernelWritesThem(text: String, cores: [Int]) {
        #expect(Cores.list(text[...]) == cores)
    }
    @Test func cores_areThoseOfThisProcess() { #expect(!Cores.allowed.isEmpty) }

    /// A second of the server's core is judged by the handshakes that it does. The clients may be slower.
    @Test func table_judgesTheSecondsOfTheCore() {
        let all = [("nchan", 4_000.0), ("megacomet", 4_400), ("nchan", 4_200), ("megacomet", 5_000)].map {
            server, rate in
            var one = Measurement(scenario: "handshakes", server: server, clients: 64)
            one.add("new_per_core_second", rate)
            one.add("new_per_second", 1_000)
            one.add("resumed_per_core_second", rate / 2)
            return one
        }
        let lines = HandshakesCommand.table(all).split(separator: "\n")
        #expect(lines[1].hasPrefix("new handshakes a second of one core") && lines[1].contains("1.146"))
        #expect(lines.count == 9 && lines[1].hasSuffix("met") && lines[5].hasSuffix("met"))
        #expect(!lines[2].hasSuffix("met"))
    }
}
