import FreePorts
import TestSupport
import Testing

/// A worker that serves over TLS, and curl.
struct SecureServingTests {
    private let folder: Folder
    private let pair: Pair
    private let port: Int
    private let certificate: String

    init() throws {
        folder = try Folder()
        port = try Ports.free()
        let files = try TestCertificate.p256.write(in: folder)
        certificate = files.certificate
        pair = try Pair(worker: [
            "tls-certificate": files.certificate, "tls-key": files.key, "tls-base-port": "\(port)",
        ])
    }

    private func curl(_ path: String, _ more: [String] = []) throws -> Program {
        try Program(
            "/usr/bin/curl",
            ["-sSN", "--max-time", "20", "--cacert", certificate, "https://localhost:\(port)/\(path)"] + more,
            in: folder)
    }

    @Test(arguments: ["1.2", "1.3"])
    func aPollIsHeldAndAnswered(_ version: String) throws {
        let poll = try curl("c\(version).json", ["--tls-max", version])
        try pair.app.waitUntilConnected("c\(version)")
        _ = try pair.app.publish("c\(version)", "hello")
        #expect(try poll.waitForExit() == .exited(0))
        #expect(poll.output.contains("hello"))
    }

    @Test func aStreamIsSentMessages() throws {
        let stream = try curl("c1.events")
        try pair.app.waitUntilConnected("c1")
        _ = try pair.app.publish("c1", "first")
        try eventually("the first message is there") { stream.output.contains("first") }
        _ = try pair.app.publish("c1", "second")
        try eventually("the second message is there") { stream.output.contains("second") }
    }

    @Test func anAnswerOfManyRecordsComesWhole() throws {
        let text = String(repeating: "0123456789", count: 6000)
        for _ in 0..<4 { _ = try pair.app.publish("c1", text) }
        let poll = try curl("c1.json")
        #expect(try poll.waitForExit() == .exited(0))
        #expect(poll.output.split(separator: text, omittingEmptySubsequences: false).count == 5)
    }

    @Test func plainClientsAreServedBesideThem() throws {
        let poll = try pair.held("c1")
        _ = try pair.app.publish("c1", "plain")
        #expect(try poll.finish().messages.count == 1)
    }
}
