import Store
import Wire

// Who has the most waiting: for an operator who looks at a queue that grows.
extension Switchboard {
    package struct DeepMailbox {
        /// Valid until the switchboard is changed.
        package let client: UnsafeRawBufferPointer
        /// The worker that it was last on.
        package let worker: Int?
        package let queued: Int
        /// The size of its messages' JSON.
        package let bytes: Int
        package let oldestSeconds: Int
    }

    /// The clients with the most messages, the deepest first; among equals those whose mailboxes came first in memory.
    /// It looks at each mailbox once, in the order in which they lie (some milliseconds for a million), so that putting
    /// a message in costs nothing for it.
    package func deepest(_ most: Int, now: UInt64) -> [DeepMailbox] {
        var top: [(count: UInt32, first: UInt32)] = []
        clients.mailboxes.forEach { _, mailbox in
            let count = mailbox.pointee.count
            guard count > 0, top.count < most || count > top[top.count - 1].count else { return }
            if top.count == most { top.removeLast() }
            top.insert((count, mailbox.pointee.first), at: top.firstIndex { $0.count < count } ?? top.count)
        }
        return top.map { deep($0.first, UInt32(now / 1000)) }
    }

    private func deep(_ first: UInt32, _ second: UInt32) -> DeepMailbox {
        let slot = messages[first].pointee.client
        let worker = clients[slot].pointee.worker
        var (message, queued, bytes, oldest) = (first, 0, 0, UInt32(0))
        while message != none {
            let current = messages[message].pointee
            queued += 1
            bytes += Int(current.bodyBytes)
            oldest = max(oldest, second &- min(second, current.second))
            message = current.next
        }
        return DeepMailbox(
            client: clients.id(slot), worker: worker == .max ? nil : Int(worker), queued: queued, bytes: bytes,
            oldestSeconds: Int(oldest))
    }
}
