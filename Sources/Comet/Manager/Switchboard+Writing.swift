import Base
import Store
import Wire

// What goes onto the links, and how much of it.
extension Switchboard {
    package mutating func beginTurn(nanoseconds: UInt64) { turnStart = nanoseconds }

    @inline(__always)
    func isFull(_ link: UnsafeMutablePointer<WorkerLink>) -> Bool { link.pointee.outbox.count >= Limits.outboxBytes }

    @inline(__always)
    mutating func write(_ frame: Frame, to link: UInt32) {
        let worker = links.pointer(link)
        if frame.op == .message, worker.pointee.turn != turnStart {
            worker.pointee.turn = turnStart
            Frame(op: .turn, number: turnStart).write(to: &worker.pointee.outbox, worker.pointee.version)
        }
        frame.write(to: &worker.pointee.outbox, worker.pointee.version)
        markDirty(link)
    }
    @inline(__always)
    mutating func markDirty(_ link: UInt32) {
        guard !links.pointer(link).pointee.isDirty else { return }
        links.pointer(link).pointee.isDirty = true
        dirty.append(link)
    }

    /// The links that have something to be written, one at a time: to be asked at the end of each turn until it is nil.
    package mutating func nextToWrite(now: UInt64) -> UInt32? {
        while let link = dirty.popLast() {
            links.pointer(link).pointee.isDirty = false
            answerBlocked(link, now)
            links.pointer(link).pointee.isDirty = false
            if dirty.last == link { dirty.removeLast() }
            if !unsent(link).isEmpty { return link }
        }
        return nil
    }
    private mutating func answerBlocked(_ link: UInt32, _ now: UInt64) {
        let worker = links.pointer(link)
        while worker.pointee.blocked.first != none, !isFull(worker) { answer(worker.pointee.blocked.first, now) }
    }

    /// What is to be written to a link next. Valid until the switchboard is changed.
    package func unsent(_ link: UInt32) -> UnsafeRawBufferPointer {
        let worker = links.pointer(link)
        return worker.pointee.outbox.bytes.part(worker.pointee.sent, worker.pointee.outbox.count - worker.pointee.sent)
    }
    /// So much of it was written.
    package mutating func written(_ link: UInt32, _ count: Int) {
        let worker = links.pointer(link)
        worker.pointee.written(count)
        if worker.pointee.blocked.first != none, !isFull(worker) { markDirty(link) }
        if worker.pointee.outbox.isEmpty { worker.pointee.outbox.shrink(over: 1024 * 1024) }
    }

    /// The link is gone: its clients count as gone, and what its worker did not get goes back.
    package mutating func closed(_ link: UInt32, now: UInt64) {
        let worker = links.pointer(link)
        while worker.pointee.waiting.first != none { endReceiver(worker.pointee.waiting.first, present: false, now) }
        while worker.pointee.blocked.first != none { endReceiver(worker.pointee.blocked.first, present: false, now) }
        if let at = dirty.firstIndex(of: link) { dirty.remove(at: at) }
        if let at = liveLinks.firstIndex(of: link) {
            liveLinks.swapAt(at, liveLinks.count - 1)
            liveLinks.removeLast()
        }
        if worker.pointee.kind == .worker || worker.pointee.kind == .seedWorker { counters.linksLost += 1 }
        if worker.pointee.kind == .worker { workerCount -= 1 }
        if worker.pointee.kind == .seedWorker { seedWorkerGone(Int(worker.pointee.number)) }
        let gone = links.remove(link)
        guard gone.kind == .worker else { return }
        var at = 0
        while case .frame(let frame, let bytes) = Frame.parse(
            gone.outbox.bytes.part(at, gone.outbox.count - at), gone.version)
        {
            if frame.op == .message {
                if let slot = clients.find(frame.client), clients[slot].pointee.place == .grace {
                    clients[slot].pointee.isPresent = false
                }
                if frame.body.count > 0 { giveBack(frame, from: gone.number, now) }
            }
            at += bytes
        }
    }
}
