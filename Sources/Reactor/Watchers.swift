import CLibev

// Each kind of libev watcher has a class with a closure. They are for things of which there are few: listeners, links,
// timers. A worker's connections keep their ev_io in a slab of their own and share one C function.
//
// Each watcher stops itself when it is released, so its owner must hold it.

private func object<Watcher: AnyObject>(_ data: UnsafeMutableRawPointer?, as: Watcher.Type) -> Watcher {
    guard let data else { preconditionFailure("a libev watcher without its object") }
    return Unmanaged<Watcher>.fromOpaque(data).takeUnretainedValue()
}

/// The events that a descriptor can be watched for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    package static let read = Interest(rawValue: 1)  // EV_READ
    package static let write = Interest(rawValue: 2)  // EV_WRITE
}

/// Watches a descriptor and does not own it. Stop watching before the descriptor is closed.
package final class IOWatcher {
    private let loop: Loop
    private let watcher: UnsafeMutablePointer<ev_io>
    private let handler: (Interest) -> Void
    package let descriptor: Int32
    /// Empty if nothing is watched.
    package private(set) var interest: Interest = []

    /// If `isFirst`, its events are handled before all others that came in the same turn.
    package init(
        _ loop: Loop, _ descriptor: Int32, _ interest: Interest, isFirst: Bool = false,
        handler: @escaping (Interest) -> Void
    ) {
        self.loop = loop
        self.descriptor = descriptor
        self.handler = handler
        watcher = .allocate(capacity: 1)
        watcher.initialize(to: ev_io())
        mc_io_init(
            watcher,
            { _, watcher, events in
                guard let watcher else { return }
                let me = object(watcher.pointee.data, as: IOWatcher.self)
                withExtendedLifetime(me) { me.handler(Interest(rawValue: events & 3)) }
            }, descriptor, interest.rawValue)
        watcher.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        if isFirst { mc_io_set_first(watcher) }
        watch(interest)
    }
    deinit {
        ev_io_stop(loop.pointer, watcher)
        watcher.deallocate()
    }

    /// Changes what is watched for. An empty set stops the watcher.
    package func watch(_ new: Interest) {
        guard new != interest else { return }
        ev_io_stop(loop.pointer, watcher)
        interest = new
        guard !new.isEmpty else { return }
        mc_io_modify(watcher, new.rawValue)
        ev_io_start(loop.pointer, watcher)
    }
    package func stop() { watch([]) }
}

/// Fires once after a time, or again and again.
package final class Timer {
    private let loop: Loop
    private let watcher: UnsafeMutablePointer<ev_timer>
    private let handler: () -> Void

    /// Does not start the timer.
    package init(_ loop: Loop, handler: @escaping () -> Void) {
        self.loop = loop
        self.handler = handler
        watcher = .allocate(capacity: 1)
        watcher.initialize(to: ev_timer())
        mc_timer_init(
            watcher,
            { _, watcher, _ in
                guard let watcher else { return }
                let me = object(watcher.pointee.data, as: Timer.self)
                withExtendedLifetime(me) { me.handler() }
            }, 0, 0)
        watcher.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }
    deinit {
        ev_timer_stop(loop.pointer, watcher)
        watcher.deallocate()
    }

    /// Times are in seconds, counted from now. A timer that was running starts anew. It fires only once if `every` is
    /// 0.
    package func start(after: Double, every: Double = 0) {
        ev_timer_stop(loop.pointer, watcher)
        ev_now_update(loop.pointer)
        let (data, callback) = (watcher.pointee.data, watcher.pointee.cb)
        mc_timer_init(watcher, callback, after, every)
        watcher.pointee.data = data
        ev_timer_start(loop.pointer, watcher)
    }
    package func stop() { ev_timer_stop(loop.pointer, watcher) }
    package var isRunning: Bool { mc_timer_is_active(watcher) != 0 }
}

/// A signal, delivered as an event of the loop.
package final class SignalWatcher {
    private let loop: Loop
    private let watcher: UnsafeMutablePointer<ev_signal>
    private let handler: () -> Void

    package init(_ loop: Loop, _ signal: Int32, handler: @escaping () -> Void) {
        self.loop = loop
        self.handler = handler
        watcher = .allocate(capacity: 1)
        watcher.initialize(to: ev_signal())
        mc_signal_init(
            watcher,
            { _, watcher, _ in
                guard let watcher else { return }
                let me = object(watcher.pointee.data, as: SignalWatcher.self)
                withExtendedLifetime(me) { me.handler() }
            }, signal)
        watcher.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        ev_signal_start(loop.pointer, watcher)
    }
    deinit {
        ev_signal_stop(loop.pointer, watcher)
        watcher.deallocate()
    }
}

/// Called at the end of each turn, before the loop sleeps. The output that was gathered is written then.
package final class TurnEnd {
    private let loop: Loop
    private let watcher: UnsafeMutablePointer<ev_prepare>
    private let handler: () -> Void

    package init(_ loop: Loop, handler: @escaping () -> Void) {
        self.loop = loop
        self.handler = handler
        watcher = .allocate(capacity: 1)
        watcher.initialize(to: ev_prepare())
        mc_prepare_init(watcher) { _, watcher, _ in
            guard let watcher else { return }
            object(watcher.pointee.data, as: TurnEnd.self).handler()
        }
        watcher.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        ev_prepare_start(loop.pointer, watcher)
        ev_unref(loop.pointer)  // this watcher alone does not keep the loop running
    }
    deinit {
        ev_ref(loop.pointer)
        ev_prepare_stop(loop.pointer, watcher)
        watcher.deallocate()
    }
}

/// Called when the loop wakes, before any event of the turn is handled. The turn's clock is read then.
package final class TurnStart {
    private let loop: Loop
    private let watcher: UnsafeMutablePointer<ev_check>
    private let handler: () -> Void

    package init(_ loop: Loop, handler: @escaping () -> Void) {
        self.loop = loop
        self.handler = handler
        watcher = .allocate(capacity: 1)
        watcher.initialize(to: ev_check())
        mc_check_init(watcher) { _, watcher, _ in
            guard let watcher else { return }
            object(watcher.pointee.data, as: TurnStart.self).handler()
        }
        watcher.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        ev_check_set_highest(watcher)
        ev_check_start(loop.pointer, watcher)
        ev_unref(loop.pointer)
    }
    deinit {
        ev_ref(loop.pointer)
        ev_check_stop(loop.pointer, watcher)
        watcher.deallocate()
    }
}
