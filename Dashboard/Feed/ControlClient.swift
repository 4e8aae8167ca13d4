import Base
import ControlLines
import Glibc
package import Reactor
import Supervision

/// The supervisor's control socket, without waiting. Requests go out, and their answers come back in the same order.
/// Events come on a second connection.
package final class ControlClient {
    /// The largest answer is a log of 200 lines of 8 KiB, escaped.
    private static let mostLine = 8 << 20

    private let loop: Loop
    private let path: String
    private var stream: LineStream?
    private var follower: LineStream?
    private var waiting: [(String?) -> Void] = []
    /// Called with each line of the events: all that are kept, and then each new one.
    package var event: ((String) -> Void)?
    /// Called when the connection has ended: the supervisor has gone, or its program has changed.
    package var ended: (() -> Void)?

    package init(_ loop: Loop, path: String) {
        self.loop = loop
        self.path = path
    }

    /// A supervisor listens there.
    package var isConnected: Bool { stream?.isOpen ?? false }

    /// Connects if there is no connection, and follows the events.
    package func connect() {
        if stream?.isOpen != true {
            stream = open { [unowned self] in
                answered($0)
            } ended: { [unowned self] in
                lost()
            }
        }
        if follower?.isOpen != true, stream != nil {
            follower = open { [unowned self] in
                event?($0)
            } ended: {
            }
            follower?.send(Question.events.line)
        }
    }
    private func open(_ received: @escaping (String) -> Void, ended: @escaping () -> Void) -> LineStream? {
        guard let descriptor = try? UnixSockets.connect(path) else { return nil }
        return LineStream(loop, descriptor, mostLine: ControlClient.mostLine, received: received, ended: ended)
    }
    private func lost() {
        stream = nil
        let unanswered = waiting
        waiting = []
        unanswered.forEach { $0(nil) }
        ended?()
    }
    private func answered(_ line: String) {
        guard !waiting.isEmpty else { return }
        waiting.removeFirst()(line)
    }
    /// Sends a line. `done` gets the line that comes back, or `nil` if nobody answers.
    package func ask(_ line: String, _ done: @escaping (String?) -> Void) {
        connect()
        guard let stream, stream.isOpen else { return done(nil) }
        waiting.append(done)
        stream.send(line)
    }

    /// `pts/3`. `nil` without a terminal.
    private static var terminal: String? {
        ttyname(0).map { String(cString: $0).split(separator: "/").dropFirst().joined(separator: "/") }
    }
    package func acknowledge(_ key: String?, _ done: @escaping (String) -> Void) {
        var request = ControlRequest("acknowledge")
        request.id = key
        request.via = "megatop"
        request.tty = ControlClient.terminal
        ask(request.line) { line in
            guard let answer = line.flatMap({ try? ControlAnswer<AcknowledgedAnswer>(json: $0) }) else {
                return done("no answer from the supervisor")
            }
            do throws(Refusal) {
                done("acknowledged: " + (try answer.body().acknowledged.joined(separator: ", ")))
            } catch { done(error.message) }
        }
    }

    /// Sends the order of a confirmed box. `done` gets `nil` if it was carried out, otherwise the reason.
    package func act(_ box: Confirmation, on: Bool = true, _ done: @escaping (String?) -> Void) {
        var request = ControlRequest(box.action.operation, box.target.map { "\($0)" })
        request.via = "megatop"
        // The pid was fixed when the box opened.
        if box.target != nil, box.pid > 0 { request.pid = Int32(bitPattern: box.pid) }
        if box.boot > 0 { request.boot = hex(box.boot, digits: 16) }
        if !box.reason.isEmpty { request.reason = box.reason }
        if box.action == .hold { request.on = on }
        if box.action == .finish { request.on = false }
        request.tty = ControlClient.terminal
        ask(request.line) { line in
            guard let answer = line.flatMap({ try? ControlAnswer<Done>(json: $0) }) else {
                return done("no answer from the supervisor")
            }
            do throws(Refusal) {
                _ = try answer.body()
                done(nil)
            } catch { done("\(error.code): \(error.message)") }
        }
    }
}
