import Base
import Configuration
import Glibc
import Logging
import Reactor
import Stats

/// The socket to the supervisor. A daemon learns by its end that the supervisor died. It serves on, and calls home
/// until another supervisor answers and takes it over, with its listeners, the memory of the queue and the reading end
/// of its output. If nobody comes for 30 s, it drains and leaves.
///
/// The daemon never reads from that reading end. It only keeps it open, so that the pipe does not break with the
/// supervisor, and the next supervisor reads on where the last one stopped.
final class Lifeline {
    private static let callEverySeconds = 0.5

    private unowned let daemon: Daemon
    private let listeners: [Int32]
    /// The memory of the manager's queue.
    private let journal: Int32?
    /// The reading end of our standard output and error. `nil` if no supervisor made the pipe.
    private let outputReader: Int32?
    private var watcher: IOWatcher?
    private var lines = LineSplitter()
    private var caller: Timer?
    private var grace: Timer?
    private var hasSaidStranger = false
    /// The most bytes of a line. The supervisor never sends a longer one.
    private static let lineBytes = 512

    init(_ daemon: Daemon, listeners: [Int32], journal: Int32?) {
        self.daemon = daemon
        self.listeners = listeners
        self.journal = journal
        outputReader = Lifeline.inherited("MEGACOMET_OUTPUT")
        guard let descriptor = Lifeline.inherited("MEGACOMET_LIFELINE") else { return }
        Sockets.setNonBlocking(descriptor)
        watch(descriptor)
    }
    private static func inherited(_ variable: String) -> Int32? {
        guard let text = getenv(variable), let descriptor = Int32(String(cString: text)),
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { return nil }
        return descriptor
    }

    func sayReady() { say("ready\n") }

    private func say(_ text: String) {
        guard let watcher else { return }
        var text = text
        text.withUTF8 { _ = Sockets.write(watcher.descriptor, UnsafeRawBufferPointer($0)) }
    }

    private func watch(_ descriptor: Int32) {
        watcher = IOWatcher(daemon.loop, descriptor, .read) { [unowned self] _ in read() }
    }

    func read() {
        guard let watcher else { return }
        var room = [UInt8](repeating: 0, count: 4096)
        let transfer = room.withUnsafeMutableBytes { Sockets.read(watcher.descriptor, into: $0) }
        switch transfer {
        case .bytes(let count):
            var input = room[..<count]
            while let line = lines.next(&input) { obey(line) }
            if lines.unfinishedBytes > Lifeline.lineBytes { lost() }
        case .wouldBlock: break
        case .end, .failed: lost()
        }
    }

    private func obey(_ line: String) {
        let words = line.split(separator: " ")
        switch words.first {
        case "drain":
            daemon.beginDrain(
                words.count > 1 ? Double(String(words[1])) ?? 0 : daemon.arguments.settings.supervisor.drain)
        case "addresses": say((daemon.busiestAddresses.map(\.line) + ["addresses told\n"]).joined(separator: "\n"))
        case "reload": daemon.reload()
        case "tickets": daemon.useTicketKeys(words.dropFirst().compactMap { bytes(hex: $0) })
        case "stop": daemon.leave("the supervisor stops it")
        default: daemon.log.warning("the supervisor says \"\(words.first ?? "")\", which means nothing here")
        }
    }

    // MARK: alone

    private func lost() {
        if let watcher {
            watcher.stop()
            Sockets.close(watcher.descriptor)
        }
        watcher = nil
        lines = LineSplitter()
        daemon.log.warning("the supervisor is gone; serving on, and looking for a new one")
        daemon.change(.orphan)
        caller = Timer(daemon.loop) { [unowned self] in callHome() }
        caller?.start(after: Lifeline.callEverySeconds, every: Lifeline.callEverySeconds)
        grace = Timer(daemon.loop) { [unowned self] in
            caller?.stop()
            daemon.log.warning("no new supervisor in \(Settings.orphanGraceSeconds) s")
            daemon.beginDrain(daemon.arguments.settings.supervisor.drain)
        }
        grace?.start(after: Settings.orphanGraceSeconds)
    }

    private func callHome() {
        let folder = daemon.arguments.settings.runDirectory
        guard RunDirectory.mistrust(folder, .serving) == nil,
            let descriptor = try? UnixSockets.connect(folder + "/lifeline.sock")
        else { return }
        // Whoever listens there must be trusted: it gets our listeners and the token.
        guard let peer = UnixSockets.peer(descriptor), UnixSockets.isTrusted(peer) else {
            if !hasSaidStranger {
                daemon.log.warning("another user's process listens at \(folder)/lifeline.sock: it is not called")
            }
            hasSaidStranger = true
            return Sockets.close(descriptor)
        }
        var line =
            "{\"name\":\"\(daemon.arguments.name)\",\"pid\":\(getpid()),\"boot\":\"\(hex(daemon.boot, digits: 16))\","
            + "\"token\":\"\(daemon.token)\","
            + "\"generation\":\(daemon.arguments.generation),"
            + "\"state\":\"\(daemon.state == .draining ? "draining" : "ready")\","
            + "\"journal\":\(journal != nil),\"output\":\(outputReader != nil)}\n"
        let descriptors = listeners + [journal, outputReader].compactMap(\.self)
        let sent = line.withUTF8 { UnixSockets.send(descriptor, UnsafeRawBufferPointer($0), descriptors: descriptors) }
        guard case .bytes = sent else { return Sockets.close(descriptor) }
        caller?.stop()
        grace?.stop()
        watch(descriptor)
        daemon.log.info("a new supervisor took over")
        daemon.change(.ready)
    }
}
