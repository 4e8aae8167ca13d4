import Base
import Glibc
import Reactor
import Stats
import Watch

/// `megatop --serve`: what this machine's supervisor, hub and app port say, written to another megatop, and its
/// questions answered. It carries out no orders. It ends with its input, or when nobody reads what it writes.
package final class Service {
    private let loop = Loop()
    private let source: Source
    private var output = Buffer()
    private var questions = LineSplitter(mostBytes: Served.mostQuestion)
    private var input: IOWatcher?
    private var writer: IOWatcher?
    private var clock: Timer?
    private var signals: [SignalWatcher] = []
    private let bootID: String

    /// The most bytes that wait to be written. The longest piece fits twice.
    private static let mostPending = 2 * Served.mostBytes + (1 << 20)

    package init(_ options: Options) throws {
        source = try Source(loop, options)
        bootID = (try? Files.text("/proc/sys/kernel/random/boot_id", most: 64)) ?? ""
        source.relayed = { [unowned self] in add($0) }
    }

    package func run() -> Int32 {
        Processes.ignoreBrokenPipes()
        [0, 1].forEach(Sockets.setNonBlocking)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            signals.append(SignalWatcher(loop, number) { [unowned self] in loop.stop() })
        }
        input = IOWatcher(loop, 0, .read) { [unowned self] _ in readQuestions() }
        writer = IOWatcher(loop, 1, []) { [unowned self] _ in flush() }
        Served.magic.withUnsafeBytes { output.append($0) }
        flush()
        clock = Timer(loop) { [unowned self] in tick() }
        clock?.start(after: 1, every: 1)
        // The state comes before all else: it says whose clock the times are of.
        tick()
        source.retry()
        loop.run()
        source.leave()
        return 0
    }
    private func tick() {
        source.tick()
        let model = source.model
        var state = ServedState()
        (state.version, state.kernel) = (model.server.version, model.server.kernel)
        (state.runDirectory, state.stats) = (model.server.runDirectory, model.server.statsAddress)
        state.bootID = bootID
        state.watchdog = model.server.policy.watchdog
        switch model.link {
        case .waiting, .replay: state.link = .waiting
        case .live: state.link = .live
        case .lost(let since, let reason): (state.link, state.since, state.reason) = (.lost, since, reason)
        }
        state.gone = model.ordered.filter(\.isGone).map { "\($0.id)" }
        state.isUnauthenticated = model.health.isUnauthenticated
        add(.state(state))
    }
    private func readQuestions() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(0, &chunk, chunk.count)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN && errno != EINTR { loop.stop() }
            return
        }
        var bytes = chunk[..<count]
        while let line = questions.next(&bytes) {
            guard let question = Question(name: line) else { continue }
            if !source.ask(question, every: 0) {
                add(.missed(question, why: "the machine is busy with other questions"))
            }
        }
    }

    private func add(_ content: Served.Content) {
        let isIdle = output.isEmpty
        Served.write(content, time: Clock.monotonicNanoseconds, wall: Clock.wallMilliseconds, to: &output)
        // Whoever does not read for so long is gone, or will come again.
        if output.count > Service.mostPending { return loop.stop() }
        if isIdle { flush() }
    }
    private func flush() {
        while !output.isEmpty {
            let count = write(1, output.bytes.baseAddress, output.count)
            if count > 0 {
                output.consume(count)
            } else if errno == EAGAIN || errno == EINTR {
                writer?.watch(.write)
                return
            } else {
                output.consume(output.count)
                return loop.stop()
            }
        }
        writer?.watch([])
    }
}
