import ArgumentParser
import Base
import Configuration
import Foundation
import Reactor

/// A request to the manager over the app's port, as any app would make it, with the key of the file.
struct AppRequest {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    /// The body of a good answer, as one line that can be printed; otherwise says why not and ends.
    func send(_ method: String, _ target: String, body: String = "") throws -> String {
        var head =
            "\(method) \(target) HTTP/1.1\r\nHost: \(settings.app.address)\r\nContent-Type: "
            + "application/json\r\nConnection: close\r\n"
        if !settings.app.key.isEmpty { head += "Authorization: Bearer \(settings.app.key)\r\n" }
        let request = head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        let address = settings.app.address == "0.0.0.0" ? "127.0.0.1" : settings.app.address
        let answer = try exchange(request, Endpoint(address, UInt16(settings.app.port)))
        let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
        let body = answer.range(of: "\r\n\r\n").map { answer[$0.upperBound...] } ?? ""
        let text = plainText(body.trimmingCharacters(in: .whitespacesAndNewlines))
        guard status == 200 || status == 202 else {
            complain(status == 0 ? "the manager gave no answer" : text)
            throw ExitCode(
                status == 503 || status == 0 ? StartFailure.temporary : status == 401 ? StartFailure.denied : 65)
        }
        return text
    }

    /// The whole answer: the manager closes after it.
    private func exchange(_ request: String, _ endpoint: Endpoint) throws -> String {
        func unavailable(_ code: Int32) -> ExitCode {
            complain("\(endpoint) (app.port): \(String(cString: strerror(code)))")
            return ExitCode(StartFailure.unavailable)
        }
        let socket = try Sockets.connect(endpoint)
        defer { Sockets.close(socket) }
        func wait(_ what: Int32) -> Bool {
            var one = pollfd(fd: socket, events: Int16(what), revents: 0)
            return poll(&one, 1, 30_000) == 1
        }
        guard wait(POLLOUT) else { throw unavailable(ETIMEDOUT) }
        let refused = Sockets.pendingError(socket)
        guard refused == 0 else { throw unavailable(refused) }
        var rest = Array(request.utf8)[...]
        while !rest.isEmpty {
            switch rest.withUnsafeBytes({ Sockets.write(socket, $0) }) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: guard wait(POLLOUT) else { throw unavailable(ETIMEDOUT) }
            case .end: throw unavailable(EPIPE)
            case .failed(let code): throw unavailable(code)
            }
        }
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65536)
        while true {
            switch room.withUnsafeMutableBytes({ Sockets.read(socket, into: $0) }) {
            case .bytes(let count): answer += room.prefix(count)
            case .wouldBlock: guard wait(POLLIN) else { throw unavailable(ETIMEDOUT) }
            case .end: return String(decoding: answer, as: UTF8.self)
            case .failed(let code): throw unavailable(code)
            }
        }
    }
}
