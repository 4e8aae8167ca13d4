import Base
import Reactor
import Supervision
import Wire

/// Answers at the ports of processes that are down and do not come back at once. The answer is 503 with Retry-After,
/// and the connection ends. A page then tries another worker, a proxy tries the next server, and a load balancer's
/// check fails. Without it they would all wait for an answer that nobody gives. Only event streams are told otherwise
/// (`StandInAnswer`).
///
/// An answer over TLS would need the private key, which this process has no use for. Such a connection is closed at
/// once. A browser takes that for a failure, not for an answer, and so goes on to the next address without a wait.
///
/// It looks at the first byte of a request, and waits for more only if that may be an event stream's. The rest is read
/// and thrown away until the peer closes, for at most two seconds. With unread bytes a close would be a reset, which
/// could overtake the answer. It takes few connections at a time. In a flood, connections wait in the kernel for their
/// turn, so that the supervisor's other work has its own.
final class StandIn {
    private let unavailable = StandIn.unavailable()
    /// If more come at once, they are answered without a look at their request, and are closed.
    private static let mostVisitors = 256
    /// The most connections that are accepted in a step: 5,000 a second.
    private static let mostInStep = 100, stepSeconds = 0.02
    /// A connection ends after this time, or after this many bytes.
    private static let patienceSeconds = 2.0, mostBytes = 65_536

    /// The number of connections that were turned away, by process. Those to ports that all workers share count as
    /// worker-0's.
    private(set) var turnedAway: [ProcessName: UInt64] = [:]
    private let loop: Loop
    /// The settings `workers.origins`.
    private let origins: () -> [String]
    /// `nil` has those that all workers share.
    private var doors: [ProcessName?: [Acceptor]] = [:]
    private var visitors: [Int32: Visitor] = [:]
    private var step: Timer?
    private var acceptedInStep = 0

    init(_ loop: Loop, origins: @escaping () -> [String]) {
        self.loop = loop
        self.origins = origins
        step = Timer(loop) { [unowned self] in
            acceptedInStep = 0
            for door in doors.values.joined() { door.resume() }
        }
    }

    /// Begins to answer, if it does not yet. The listeners stay the caller's. `nil` stands for all workers.
    func open(_ name: ProcessName?, _ listeners: [Listeners.Held]) {
        guard doors[name] == nil else { return }
        doors[name] = listeners.map { held in
            Acceptor(loop, listener: held.descriptor) { [unowned self] in
                accepted($0, name ?? .worker(0), isTLS: held.listener.isTLS)
            }
        }
    }
    /// Ends that. Connections that were accepted already are still answered.
    func close(_ name: ProcessName?) { doors[name] = nil }

    private func accepted(_ descriptor: Int32, _ name: ProcessName, isTLS: Bool) {
        turnedAway[name, default: 0] += 1
        acceptedInStep += 1
        if acceptedInStep == StandIn.mostInStep { for door in doors.values.joined() { door.pause() } }
        if step?.isRunning == false { step?.start(after: StandIn.stepSeconds) }
        if isTLS { return Sockets.close(descriptor) }
        guard visitors.count < StandIn.mostVisitors else {
            _ = Sockets.write(descriptor, unavailable.bytes)
            return Sockets.close(descriptor)
        }
        visitors[descriptor] = Visitor(loop, descriptor, self, isWorker: name.isWorker)
    }
    /// Milliseconds: about the 3 s of Retry-After, spread so that streams do not come back together.
    private static var streamRetry: Int { 2000 + Int.random(in: 0..<2000) }
    private func left(_ descriptor: Int32) { visitors[descriptor] = nil }
    private static func unavailable() -> Buffer {
        var out = Buffer()
        ResponseHead(keepAlive: false).empty(
            503, fields: "Retry-After: 3\r\nAccess-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n", to: &out)
        return out
    }

    /// One connection.
    private final class Visitor {
        private let descriptor: Int32
        private unowned let standIn: StandIn
        private var watcher: IOWatcher?
        private var patience: Timer?
        private var bytes = 0
        private let isWorker: Bool
        /// The bytes that came before it is known what to answer.
        private var input = Buffer()
        private var isAnswered = false

        /// The visitor owns the descriptor.
        init(_ loop: Loop, _ descriptor: Int32, _ standIn: StandIn, isWorker: Bool) {
            self.descriptor = descriptor
            self.standIn = standIn
            self.isWorker = isWorker
            watcher = IOWatcher(loop, descriptor, .read) { [unowned self] _ in read() }
            patience = Timer(loop) { [unowned self] in close() }
            patience?.start(after: StandIn.patienceSeconds)
        }

        private func read() {
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room in
                guard case .bytes(let count) = Sockets.read(descriptor, into: room) else { return close() }
                bytes += count
                if !isAnswered { answer(to: UnsafeRawBufferPointer(rebasing: room[..<count])) }
                if bytes > StandIn.mostBytes { close() }
            }
        }
        private func answer(to more: UnsafeRawBufferPointer) {
            input.append(more)
            let origins = isWorker ? standIn.origins() : nil
            switch StandInAnswer(origins: origins, retry: StandIn.streamRetry).choose(input.bytes) {
            case .wait: return
            case .nothing: return close()
            case .unavailable: _ = Sockets.write(descriptor, standIn.unavailable.bytes)
            case .later(let stream): _ = stream.withUnsafeBytes { Sockets.write(descriptor, $0) }
            }
            isAnswered = true
            input = Buffer()
            Sockets.endOutput(descriptor)
        }
        private func close() {
            guard let watcher else { return }
            watcher.stop()
            self.watcher = nil
            patience?.stop()
            Sockets.close(descriptor)
            standIn.left(descriptor)
        }
    }
}
