import Configuration
import Crypto
import Glibc
import Reactor
import Stats
import Supervision
import TLS

/// The supervisor's part of TLS in the workers: it makes the keys of session tickets, and sees to it that nobody
/// forgets the certificate's end.
///
/// The keys are never on a disk. The program that this one becomes in an upgrade reads them from a pipe. A supervisor
/// that follows one that died makes new ones: clients then come back by a whole handshake, once.
final class WorkersTLS {
    /// The variable that names the pipe with the keys.
    static let inheritance = "MEGACOMET_TICKETS"
    private static let looksEverySeconds = 86_400.0

    /// The certificate that the workers were last told to serve. `nil` without TLS.
    private(set) var certificate: WorkersCertificate?
    private var tickets: TicketKeys
    private let loop: Loop
    private let events: EventLog
    private var turning: Timer?
    private var looking: Timer?

    init(_ loop: Loop, _ events: EventLog) {
        self.loop = loop
        self.events = events
        tickets = WorkersTLS.inheritedKeys() ?? TicketKeys()
    }

    /// Begins to turn the keys and to look at the certificate. `settings` has those of each time. `tell` sends a line
    /// to all workers with TLS.
    func begin(_ settings: @escaping () -> Settings, tell: @escaping (String) -> Void) {
        guard settings().tls.isOn else { return }
        take(settings())
        turning = Timer(loop) { [unowned self] in
            if let line = ticketLine(now: Supervisor.now) { tell(line) }
            startTurning()
        }
        startTurning()
        looking = Timer(loop) { [unowned self] in sayEnding(settings()) }
        looking?.start(after: WorkersTLS.looksEverySeconds, every: WorkersTLS.looksEverySeconds)
    }
    private func startTurning() {
        turning?.start(after: max(1, tickets.timeLeft(now: Supervisor.now).asSeconds))
    }

    /// The line with the keys, of which the newest is turned if it is old enough. `nil` if there are none to be had.
    func ticketLine(now: Milliseconds) -> String? {
        if tickets.timeLeft(now: now) == 0, let key = randomBytes(TLSContext.ticketKeyBytes) {
            tickets.turn(key, now: now)
        }
        return tickets.keys.isEmpty ? nil : tickets.line
    }

    // MARK: the certificate

    /// Looks at the files that workers read now. Returns whether there is another certificate than before.
    @discardableResult
    func take(_ settings: Settings) -> Bool {
        let before = certificate
        // If they can't be read, what the workers have counts on.
        if let read = try? WorkersCertificate.read(settings) { certificate = read }
        for warning in certificate?.warnings(now: WorkersCertificate.now) ?? [] {
            events.tell(.warning, .settings, warning.sentence)
        }
        sayEnding(settings)
        return before?.certificate != certificate?.certificate
    }
    private func sayEnding(_ settings: Settings) {
        guard let certificate, let ending = certificate.ending(now: WorkersCertificate.now) else { return }
        let isRenewed = (try? WorkersCertificate.read(settings)).map { $0.certificate != certificate.certificate }
        events.tell(
            ending.severity, .certificateEnds,
            ending.sentence
                + (isRenewed == true ? "; the file has another one by now: `megacomet reload` takes it" : ""))
    }
    var status: StatusAnswer.Certificate? {
        certificate.map {
            StatusAnswer.Certificate(names: $0.certificate.names, $0.term, now: WorkersCertificate.now)
        }
    }

    // MARK: over an upgrade

    /// A pipe with the keys, for the program that this one becomes. `nil` if there are none.
    func handDown() -> Int32? {
        guard !tickets.keys.isEmpty, let pipe = try? Processes.outputPipe() else { return nil }
        Files.writeAll(pipe.write, tickets.memory)
        Sockets.close(pipe.write)
        return pipe.read
    }
    private static func inheritedKeys() -> TicketKeys? {
        defer { unsetenv(inheritance) }
        guard let descriptor = getenv(inheritance).flatMap({ Int32(String(cString: $0)) }),
            Processes.isPipe(descriptor)
        else { return nil }
        defer { Sockets.close(descriptor) }
        var room = [UInt8](repeating: 0, count: 1024)
        guard case .bytes(let count) = room.withUnsafeMutableBytes({ Processes.read(descriptor, into: $0) }) else {
            return nil
        }
        return TicketKeys(
            memory: String(decoding: room[..<count], as: UTF8.self), keyBytes: TLSContext.ticketKeyBytes)
    }
}
