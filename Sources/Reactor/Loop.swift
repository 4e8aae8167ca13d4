import CLibev
import Glibc

/// The event loop of a process: one libev loop on one thread, on epoll. Everything that lives on it is a plain class of
/// that thread.
///
/// The loop owns nothing: a watcher starts itself on it and stops itself when it is released.
package final class Loop {
    package let pointer: OpaquePointer

    package init() {
        guard let loop = ev_loop_new(UInt32(EVBACKEND_EPOLL) | UInt32(EVFLAG_NOENV)) else {
            preconditionFailure("no epoll on this system: libev made no loop")
        }
        pointer = loop
    }
    deinit { ev_loop_destroy(pointer) }

    /// Runs until `stop()`, or until nothing is watched any more.
    package func run() { ev_run(pointer, 0) }
    /// Leaves `run()` at the end of this turn.
    package func stop() { ev_break(pointer, Int32(EVBREAK_ALL)) }
    /// Turns of the loop since it was made.
    package var turns: UInt64 { UInt64(ev_iteration(pointer)) }
}

/// Clocks are read here and handed in everywhere else.
package enum Clock {
    @inline(__always) private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
    /// Nanoseconds of CLOCK_MONOTONIC: the same in every process of this machine since it started.
    package static var monotonicNanoseconds: UInt64 {
        let time = read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
    /// Milliseconds of CLOCK_MONOTONIC, for deadlines.
    package static var monotonicMilliseconds: UInt64 {
        let time = read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
    /// Milliseconds since 1970 by the wall clock. They are for people, never for deadlines.
    package static var wallMilliseconds: UInt64 { wallMicroseconds / 1000 }
    /// Microseconds since 1970 by the wall clock. They are for ids, never for deadlines.
    package static var wallMicroseconds: UInt64 {
        let time = read(CLOCK_REALTIME)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
