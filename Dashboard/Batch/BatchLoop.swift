import Glibc
import Reactor

/// The loop of a program without a screen: it looks 20 times a second, until it has printed what was asked for or a
/// signal ends it.
final class BatchLoop {
    let loop = Loop()
    private(set) var startedAt: UInt64 = 0
    var exitCode: Int32 = 0
    /// Samples that were printed, and when the next one is due.
    private(set) var printed = 0
    private var nextAt: UInt64 = 0
    private var timer: Reactor.Timer?
    private var signals: [SignalWatcher] = []

    /// Runs until `end`. The result is the exit code.
    func run(_ look: @escaping () -> Void) -> Int32 {
        Processes.ignoreBrokenPipes()
        startedAt = Clock.monotonicNanoseconds
        for (number, code) in [(SIGTERM, Int32(0)), (SIGINT, 130), (SIGHUP, 129)] {
            signals.append(SignalWatcher(loop, number) { [unowned self] in end(code) })
        }
        timer = Timer(loop) { look() }
        timer?.start(after: 0.05, every: 0.05)
        loop.run()
        return exitCode
    }
    func end(_ code: Int32? = nil) {
        exitCode = code ?? exitCode
        loop.stop()
    }
    /// A sample is due: the first one when all is known, or patience is over.
    func isDue(_ now: UInt64, isKnown: Bool, patience: UInt64) -> Bool {
        (printed > 0 || isKnown || now > startedAt + patience) && now >= nextAt
    }
    /// Prints a sample, and ends if nobody reads or if it was the last one. 0: there is no last one.
    func print(of count: Int, every seconds: Double, at now: UInt64, _ text: (_ isFirst: Bool) -> String) {
        printed += 1
        guard Batch.put(text(printed == 1)), count == 0 || printed < count else { return end() }
        nextAt = now + UInt64(seconds * 1e9)
    }
}
