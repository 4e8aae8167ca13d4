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
            ["-sSN", "--max-time", "60", "--cacert", certificate, "https://localhost:\(port)/\(path)"] + more,
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

    /// A request without TLS is told what is wrong, whatever pieces it comes in.
    @Test(arguments: [0, 1, 4, 5, 30])
    func plainRequestsAreTold_thatThePortSpeaksTLS(cut: Int) throws {
        let request = Array("GET /c1.json HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        let socket = try Socket(port: port)
        if cut > 0 { try socket.send(Array(request[..<cut])) }
        // The worker has read the piece when it has answered another client, which came later.
        #expect(try curl("_/health").waitForExit() == .exited(0))
        try socket.send(Array(request[cut...]))
        let response = try socket.readResponse()
        #expect(response.status == 400 && response.errorCode == "bad_request")
        #expect(response.body.contains("TLS"))
        try socket.waitForClose()
    }
    @Test func whatIsNeitherTLSNorARequestIsClosed() throws {
        for text in ["GEX /c1.json HTTP/1.1\r\n\r\n", "get / HTTP/1.1\r\n\r\n", "\0\0\0\0\0\0"] {
            let socket = try Socket(port: port)
            try socket.send(text)
            #expect(!(try socket.readToEnd()).contains("HTTP"))
        }
        // A handshake that has begun is not followed by a request.
        let socket = try Socket(port: port)
        try socket.send([22, 3, 1, 0, 5])
        try socket.send("GET / HTTP/1.1\r\n\r\n")
        #expect(!(try socket.readToEnd()).contains("HTTP"))
    }

    @Test func plainClientsAreServedBesideThem() throws {
        let poll = try pair.held("c1")
        _ = try pair.app.publish("c1", "plain")
        #expect(try poll.finish().messages.count == 1)
    }
}
