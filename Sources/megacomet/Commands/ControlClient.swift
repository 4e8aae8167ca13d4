import ArgumentParser
import Base
import Configuration
import ControlLines
import Glibc
import Reactor
import Stats
import Supervision

/// The command's end of the control socket. It asks, waits, and says why there is no answer.
final class ControlClient {
    let folder: RunFolder
    private var socket: Int32?
    private var lines = LineSplitter()
    /// Bytes that came and are not a whole line yet.
    private var rest: ArraySlice<UInt8> = []
    /// Descriptors that came with the answers. Whoever takes them out owns them.
    private var descriptors: [Int32] = []

    init(folder: RunFolder) { self.folder = folder }
    deinit {
        takeDescriptors().forEach(Sockets.close)
        if let socket { Sockets.close(socket) }
    }
    func takeDescriptors() -> [Int32] {
        defer { descriptors = [] }
        return descriptors
    }

    /// A supervisor answers. If this user may not ask it, that is no answer either: this says so and throws the exit
    /// code.
    func isAnswered() throws -> Bool {
        do {
            _ = try status()
            return true
        } catch let error as NotAnswered where error.isDenied {
            throw refused(error)
        } catch { return false }
    }
    var supervisorPid: Int32? { (try? status())?.pid }

    /// Sends a request and returns the line that comes back, good or bad. Throws if nobody answers.
    func exchange(_ request: ControlRequest) throws -> String {
        try connect()
        var request = request
        request.via = "megacomet"
        request.tty = ControlClient.terminal
        var text = Array(request.line.utf8)[...]
        while !text.isEmpty {
            switch text.withUnsafeBytes({ Sockets.write(socket ?? -1, $0) }) {
            case .bytes(let count): text = text.dropFirst(count)
            case .wouldBlock: wait(POLLOUT, 1)
            case .end, .failed: throw NotAnswered(folder: folder)
            }
        }
        guard let answer = try nextLine(seconds: 30) else { throw NotAnswered(folder: folder) }
        return answer
    }
    /// The answer to an order that was done. Otherwise this says why it was not done, and ends the command.
    @discardableResult
    func order<Body: Codable & Sendable>(_ request: ControlRequest, _ body: Body.Type = Done.self) throws -> Body {
        let line: String
        do { line = try exchange(request) } catch { throw refused(error) }
        switch try ControlAnswer<Body>(json: line) {
        case .done(let body): return body
        case .refused(let refusal):
            complain(refusal.message)
            throw ExitCode(
                refusal.code == "config"
                    ? StartFailure.configuration : refusal.code == "denied" ? StartFailure.denied : 1)
        }
    }
    /// The answer. Throws if nobody answers, and throws the refusal.
    func ask<Body: Codable & Sendable>(_ request: ControlRequest, _ body: Body.Type) throws -> Body {
        try ControlAnswer<Body>(json: try exchange(request)).body()
    }
    /// Says why nobody answered. The result is the exit code.
    func refused(_ error: any Error) -> ExitCode {
        complain("\(error)")
        return ExitCode(
            (error as? NotAnswered)?.isDenied == true ? PermissionDenied.exitCode : StartFailure.unavailable)
    }
    func status() throws -> StatusAnswer {
        try ask(ControlRequest("status"), StatusAnswer.self)
    }

    /// The next line. `nil` at the end. If `seconds` is 0, it waits for ever.
    func nextLine(seconds: Double) throws -> String? {
        let deadline = Clock.monotonicMilliseconds + UInt64(seconds * 1000)
        while true {
            if let line = lines.next(&rest) { return line }
            var room = [UInt8](repeating: 0, count: 65536)
            let (transfer, came) = room.withUnsafeMutableBytes { UnixSockets.receive(socket ?? -1, into: $0) }
            descriptors += came
            switch transfer {
            case .bytes(let count): rest = room.prefix(count)
            case .wouldBlock:
                if seconds > 0, Clock.monotonicMilliseconds > deadline { throw NotAnswered(folder: folder) }
                wait(POLLIN, 1)
            case .end, .failed: return nil
            }
        }
    }
    private func connect() throws {
        guard socket == nil else { return }
        if let failure = RunDirectory.mistrust(folder.path, .asking) {
            throw NotAnswered(folder: folder, mistrust: failure.description)
        }
        do { socket = try UnixSockets.connect(folder.controlSocket) } catch {
            throw NotAnswered(folder: folder, denied: RunDirectory.denied(folder.path))
        }
    }
    private func wait(_ what: Int32, _ seconds: Int32) {
        var one = pollfd(fd: socket ?? -1, events: Int16(what), revents: 0)
        _ = poll(&one, 1, seconds * 1000)
    }

    /// Polls the status until a condition holds. False if the time is over or nobody answers.
    func wait(seconds: Double, until holds: (StatusAnswer) throws -> Bool) throws -> Bool {
        let deadline = Clock.monotonicMilliseconds + UInt64(seconds * 1000)
        while Clock.monotonicMilliseconds < deadline {
            guard let status = try? status() else { return false }
            if try holds(status) { return true }
            usleep(50_000)
        }
        return false
    }
    /// Ends with 75, and says what is not ready, if it is not ready in time or will not become ready by waiting.
    func waitUntilReady(_ name: String?, seconds: Double) throws {
        var hopeless: String?
        let isReady = try wait(seconds: seconds) { status in
            let rows = status.rows(name)
            hopeless = StatusAnswer.hopeless(rows)
            return hopeless != nil || rows.allSatisfy(\.isSettled)
        }
        guard isReady, hopeless == nil else {
            complain(hopeless ?? notReady ?? "not ready after \(seconds) s")
            throw ExitCode(StartFailure.temporary)
        }
    }
    /// The newest event of a kind after this one, as words. `nil` if there is none.
    func newestEvent(_ kind: OperatorEvent, after number: UInt64) -> String? {
        (try? ask(ControlRequest("events"), EventsAnswer.self))?.events
            .last { $0.kind == kind.rawValue && $0.number > number }
            .map { ($0.name.map { $0 + ": " } ?? "") + $0.text }
    }
    /// The processes that are not ready, in a line.
    var notReady: String? { (try? status())?.notReady }
    /// The processes that will not become ready by waiting.
    var hopeless: String? { (try? status()).flatMap { StatusAnswer.hopeless($0.processes) } }
    private static let terminal: String? = ttyname(0).map {
        let path = String(cString: $0)
        return path.hasPrefix("/dev/") ? String(path.dropFirst(5)) : path
    }
}

/// Nobody listens on the control socket, or this user may not ask.
struct NotAnswered: Error, CustomStringConvertible {
    var folder: RunFolder
    var denied: PermissionDenied?
    /// Why the folder is not trusted. `nil` if it is.
    var mistrust: String?
    var isDenied: Bool { denied != nil || mistrust != nil }
    var description: String {
        mistrust ?? denied?.description ?? "no supervisor answers on \(folder.controlSocket)"
    }
}
