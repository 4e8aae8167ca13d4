import CLibev

/// Watches many descriptors without an object for each: the owner keeps a record for every one of them in a slot, and
/// leaves `bytes` of the record's memory to the watcher. An event costs one C call and no lookup.
///
/// A watcher's memory must not move from `start` to `stop`. A loop has one object of this class at most, and finds it
/// through its user data.
package final class SlotWatchers {
    package static var bytes: Int { MemoryLayout<ev_io>.size }

    private let loop: Loop
    /// Called with the slot that an event is about. It may stop the slot's watcher.
    package var handler: (UInt32, Interest) -> Void = { _, _ in }

    package init(_ loop: Loop) {
        self.loop = loop
        ev_set_userdata(loop.pointer, Unmanaged.passUnretained(self).toOpaque())
    }

    private static let handle: @convention(c) (OpaquePointer?, UnsafeMutablePointer<ev_io>?, Int32) -> Void = {
        loop, watcher, events in
        guard let watcher, let data = ev_userdata(loop) else { return }
        Unmanaged<SlotWatchers>.fromOpaque(data)._withUnsafeGuaranteedRef {
            $0.handler(
                UInt32(truncatingIfNeeded: UInt(bitPattern: watcher.pointee.data)), Interest(rawValue: events & 3))
        }
    }

    private func watcher(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<ev_io> {
        memory.assumingMemoryBound(to: ev_io.self)
    }

    /// Watches a descriptor for bytes that come. It does not own it.
    package func start(at memory: UnsafeMutableRawPointer, _ descriptor: Int32, slot: UInt32) {
        let watcher = memory.initializeMemory(as: ev_io.self, to: ev_io())
        mc_io_init(watcher, SlotWatchers.handle, descriptor, Interest.read.rawValue)
        watcher.pointee.data = UnsafeMutableRawPointer(bitPattern: UInt(slot))
        ev_io_start(loop.pointer, watcher)
    }
    /// A number of the owner, in bytes that the watcher has left. It is 0 at first.
    package func tag(at memory: UnsafeMutableRawPointer) -> UInt32 {
        UInt32(UInt(bitPattern: watcher(memory).pointee.data) >> 32)
    }
    package func setTag(_ tag: UInt32, at memory: UnsafeMutableRawPointer) {
        let slot = UInt(bitPattern: watcher(memory).pointee.data) & UInt(UInt32.max)
        watcher(memory).pointee.data = UnsafeMutableRawPointer(bitPattern: slot | UInt(tag) << 32)
    }
    package func descriptor(at memory: UnsafeMutableRawPointer) -> Int32 { watcher(memory).pointee.fd }

    /// Changes the events to watch for. If there are none, the descriptor is not watched.
    package func watch(at memory: UnsafeMutableRawPointer, for interest: Interest) {
        let watcher = watcher(memory)
        guard interest.rawValue != watcher.pointee.events & 3 else { return }
        ev_io_stop(loop.pointer, watcher)
        mc_io_modify(watcher, interest.rawValue)
        if !interest.isEmpty { ev_io_start(loop.pointer, watcher) }
    }
    package func stop(at memory: UnsafeMutableRawPointer) { ev_io_stop(loop.pointer, watcher(memory)) }
}
