import CLibev

// One class for each kind of libev watcher, with a closure. They are for what there are few of (listeners, links,
// timers); the connections of a worker keep their ev_io in their own slab and share one C function.
//
// Each watcher stops itself when it is released, so its owner must hold it.

private func object<Watcher: AnyObject>(_ data: UnsafeMutableRawPointer?, as: Watcher.Type) -> Watcher {
    guard let data else { preconditionFailure("a libev watcher without its object") }
    return Unmanaged<Watcher>.fromOpaque(data).takeUnretainedValue()
}

/// What a descriptor can be watched for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
    package static let read = Interest(rawValue: 1)  // EV_READ
    package static let write = Interest(rawValue: 2)  // EV_WRITE
}

/// Watches a descriptor. It does not own it: stop watching before the descriptor is closed.
package final class IOWatcher {
    private let loop: Loop
    private let watcher: UnsafeMutablePointer<ev_io>
    private let handler: (Interest) -> Void
    package let descriptor: Int32
    /// Empty: not watching.
    package private(set) var interest: Interest = []

    /// `isFirst`: its events are handled before those of all others that came in the same turn.
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

    /// Changes what is watched for; nothing at all stops it.
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

    /// Does not start it.
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

    /// In seconds, counted from now; a timer that was running starts anew. `every` 0: once.
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

/// Called at the end of each turn, before the loop sleeps: where what was gathered is written out.
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
        ev_unref(loop.pointer)  // it alone is no reason to go on
    }
    deinit {
        ev_ref(loop.pointer)
        ev_prepare_stop(loop.pointer, watcher)
        watcher.deallocate()
    }
}

/// Called when the loop wakes, before any event of the turn is handled: where the turn's clock is read.
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
