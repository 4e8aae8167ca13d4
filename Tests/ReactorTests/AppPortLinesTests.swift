import Base
import Glibc
import Reactor
import Testing

/// A port of this test, with one connection, and the client of the line form.
@Suite struct AppPortLinesTests {
    private let loop = Loop()
    private let listener: Int32
    private let endpoint: Endpoint

    init() throws {
        listener = try Sockets.listen(Endpoint("127.0.0.1", 0))
        endpoint = try #require(Sockets.localEndpoint(listener))
    }

    /// Tells the client until its end, if the port answers its first bytes so. `nil`: it answers nothing. An empty
    /// answer closes the connection.
    private func told(_ answer: String?, key: String = "", patienceSeconds: Double = 30) -> (
        told: [String], asked: String
    ) {
        var told: [String] = []
        var asked = ""
        var connection: IOWatcher?
        let accepting = IOWatcher(loop, listener, .read) { _ in
            guard case .success(let descriptor) = Sockets.accept(listener) else { return }
            connection = IOWatcher(loop, descriptor, .read) { _ in
                var room = [UInt8](repeating: 0, count: 4096)
                if case .bytes(let count) = room.withUnsafeMutableBytes({ Sockets.read(descriptor, into: $0) }) {
                    asked += String(decoding: room[..<count], as: UTF8.self)
                }
                guard let answer else { return }
                _ = Array(answer.utf8).withUnsafeBytes { Sockets.write(descriptor, $0) }
                connection?.stop()
                Sockets.endOutput(descriptor)
            }
        }
        let deadline = Timer(loop) {
            told.append("the test's own deadline")
            loop.stop()
        }
        deadline.start(after: 60)
        let lines = AppPortLines(
            loop, endpoint, key: key, line: "{\"op\":\"follow\"}", patienceSeconds: patienceSeconds)
        lines.began = { told.append("began") }
        lines.received = { told.append($0) }
        lines.ended = {
            told.append("\($0)")
            loop.stop()
        }
        lines.open()
        loop.run()
        accepting.stop()
        deadline.stop()
        if let connection { Sockets.close(connection.descriptor) }
        Sockets.close(listener)
        return (told, asked)
    }

    @Test func lines_comeOneByOne_untilTheEnd() {
        let (told, asked) = told("{\"status\":\"follow\",\"cursor\":1}\n{\"a\":1}\r\n{\"gap\":true}\n", key: "\"k")
        #expect(told == ["began", "{\"a\":1}", "{\"gap\":true}", "closed"])
        #expect(asked == "{\"key\":\"\\\"k\"}\n{\"op\":\"follow\"}\n")
    }
    @Test func refusal_isTheEnd_andNothingIsToldAfterIt() {
        let (told, asked) = told("{\"error\":{\"code\":\"right\"}}\n{\"a\":1}\n")
        #expect(
            told == ["refused(\"{\\\"error\\\":{\\\"code\\\":\\\"right\\\"}}\")"] && asked == "{\"op\":\"follow\"}\n")
    }
    @Test func closedWithoutAnAnswer() {
        #expect(told("").told == ["closed"])
    }
    @Test func silence_endsIt() {
        #expect(told(nil, patienceSeconds: 0.2).told == ["unreachable(\"it does not answer\")"])
    }
    @Test func nobodyListens() throws {
        Sockets.close(listener)
        let deaf = try #require(DeafPort("127.0.0.1"))
        var end: AppPortLines.End?
        let lines = AppPortLines(loop, deaf.endpoint, key: "", line: "{}", patienceSeconds: 10)
        lines.ended = {
            end = $0
            loop.stop()
        }
        lines.open()
        if end == nil { loop.run() }
        #expect(end == .unreachable("Connection refused"))
    }
}
