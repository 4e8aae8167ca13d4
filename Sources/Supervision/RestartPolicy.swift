/// The time at which a process that ended is started again.
///
/// The delay grows with each failure: it is 0.1 s, then three times as long each time, up to 30 s. It varies by 20 %,
/// so that many processes do not come back in step. A minute of health resets it. Too many exits in the window are a
/// crash loop. Then the process is tried once a minute, for ever, since the cause may be repaired at any time. Each try
/// is reported, since somebody should repair it.
package struct RestartPolicy: Equatable, Sendable {
    package struct Settings: Equatable, Sendable {
        package var delay: Milliseconds = 100
        package var delayFactor: Milliseconds = 3
        package var delayMax: Milliseconds = 30_000
        package var crashLoopExits = 5
        package var crashLoopWindow: Milliseconds = 60_000
        package var crashLoopRetry: Milliseconds = 60_000
        /// A process that was ready for so long is calm, and its failures are forgotten.
        package var calm: Milliseconds = 60_000
        package init() {}
    }
    package enum Verdict: Equatable {
        case backoff(Milliseconds)
        /// `entered` is true if this exit began the crash loop.
        case crashLoop(Milliseconds, entered: Bool)
    }

    /// The times of its failures in the window. At most `crashLoopExits` are kept.
    private var recent: [Milliseconds] = []
    /// Failures since the process was last calm.
    private var failures = 0
    package private(set) var isCrashLooping = false

    package init() {}

    /// The process ended though it should not have. `jitter` is from -1 to 1.
    package mutating func failed(now: Milliseconds, _ settings: Settings, jitter: Double) -> Verdict {
        recent.removeAll { $0 <= now - settings.crashLoopWindow }
        recent.append(now)
        if recent.count > settings.crashLoopExits { recent.removeFirst(recent.count - settings.crashLoopExits) }
        if isCrashLooping || recent.count >= settings.crashLoopExits {
            let entered = !isCrashLooping
            isCrashLooping = true
            return .crashLoop(spread(settings.crashLoopRetry, jitter), entered: entered)
        }
        var delay = settings.delay
        for _ in 0..<failures where delay < settings.delayMax { delay *= settings.delayFactor }
        failures += 1
        return .backoff(spread(min(delay, settings.delayMax), jitter))
    }
    /// The process was ready for long enough, or the operator says that it is repaired. True if that ends a crash loop.
    package mutating func forget() -> Bool {
        defer { self = RestartPolicy() }
        return isCrashLooping
    }
    package var hasFailures: Bool { failures > 0 || isCrashLooping || !recent.isEmpty }

    private func spread(_ delay: Milliseconds, _ jitter: Double) -> Milliseconds {
        max(1, delay + Milliseconds(Double(delay) * 0.2 * max(-1, min(1, jitter))))
    }
}
