import Glibc

/// Something that a test could not get from the programs, in a sentence.
public struct Failure: Error, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }

    static func call(_ name: String) -> Failure { Failure("\(name): \(String(cString: strerror(errno)))") }
}

/// A moment of the monotonic clock by which a thing must have happened. The default is generous: machines are slow, and
/// a healthy program never waits for it.
public struct Deadline: Sendable {
    private let end: UInt64
    public init(seconds: Double = 25) { end = monotonicNanoseconds() + UInt64(seconds * 1e9) }
    public var isOver: Bool { monotonicNanoseconds() >= end }
    /// Milliseconds for poll(2). They are at least 1, so that a wait never becomes a spin.
    public var milliseconds: Int32 {
        let now = monotonicNanoseconds()
        return now >= end ? 0 : Int32(clamping: (end - now) / 1_000_000 + 1)
    }
}

public func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Asks for a condition again and again until it holds. Throws if it does not hold in time.
public func eventually(_ what: String, seconds: Double = 25, _ condition: () throws -> Bool) throws {
    let deadline = Deadline(seconds: seconds)
    while try !condition() {
        if deadline.isOver { throw Failure("not within \(seconds) s: \(what)") }
        usleep(5000)
    }
}
/// Asks for a value again and again until it is not `nil`. Throws if it stays `nil`.
public func eventually<Value>(_ what: String, seconds: Double = 25, _ value: () throws -> Value?) throws -> Value {
    var found: Value?
    try eventually(what, seconds: seconds) {
        found = try value()
        return found != nil
    }
    return found!
}

/// A variable of the test run's own environment.
public func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
