import Base
import Store
import Wire

// Apps and workers of the seed.
extension Switchboard {
    func isSeedWorker(_ number: Int) -> Bool { number < seedWorkers.count && seedWorkers[number] != none }

    /// One operation: the bytes that it took, 0 where it is not whole, less where the connection must be closed.
    mutating func seedOperation(_ link: UInt32, _ input: UnsafeRawBufferPointer, _ now: UInt64) -> Int {
        switch SeedProtocol.parse(input, maxMessage: settings.maxMessage) {
        case .incomplete: return 0
        case .malformed(let why):
            refusal = "\(why) in the seed's protocol"
            return -1
        case .worker(let number): return seedWorkerCame(link, Int(number), now) ? 2 : -1
        case .message(let client, let text):
            if links.pointer(link).pointee.kind == .new { links.pointer(link).pointee.kind = .seedApp }
            seedMessage(client, text, now)
            return client.count + text.count + 3
        }
    }

    private mutating func seedMessage(_ client: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer, _ now: UInt64) {
        guard wrongClientId(client) == nil, isUTF8(text) else {
            counters.seedRejected += 1
            return
        }
        var json = Buffer()
        appendJSONString(text, to: &json)
        // The escapes may take it over `maxMessage`: that is the text's bound, and was kept. But a frame that is over
        // its own bound is malformed: each worker that it came to would close its link, again and again.
        guard json.count <= Limits.frameBodyBytes else {
            counters.seedRejected += 1
            return
        }
        _ = publish(client: client, json: json.bytes, now: now)
    }

    private mutating func seedWorkerCame(_ link: UInt32, _ number: Int, _ now: UInt64) -> Bool {
        guard number < settings.workers else { return refuse("seed worker \(number) of \(settings.workers)") }
        let isHeld = liveLinks.contains { other in
            let worker = links.pointer(other)
            return (worker.pointee.kind == .worker || worker.pointee.kind == .seedWorker)
                && Int(worker.pointee.number) == number
        }
        guard !isHeld else { return refuse("number \(number) is held by a live worker") }
        if seedWorkers.isEmpty { seedWorkers = ContiguousArray(repeating: none, count: settings.workers) }
        seedWorkers[number] = link
        links.pointer(link).pointee.kind = .seedWorker
        links.pointer(link).pointee.number = UInt16(number)
        counters.linksAccepted += 1
        sendQueued(to: number, now)
        return true
    }
    mutating func seedWorkerGone(_ number: Int) {
        seedWorkers[number] = none
        if seedWorkers.allSatisfy({ $0 == none }) { seedWorkers = [] }
    }

    /// A worker of the seed announces no clients: it gets at once what its hash says. False: there is none, it doesn't
    /// read, or the text has a NUL in it, which its protocol can't carry.
    mutating func sendToSeedWorker(_ client: UnsafeRawBufferPointer, _ json: UnsafeRawBufferPointer) -> Bool {
        guard !seedWorkers.isEmpty else { return false }
        let link = seedWorkers[Int(SeedProtocol.hash(client) % UInt32(seedWorkers.count))]
        guard link != none, !isFull(links.pointer(link)) else { return false }
        var text = Buffer()
        appendText(ofJSON: json, to: &text)
        guard !text.bytes.contains(0) else { return false }
        SeedProtocol.write(client: client, text: text.bytes, to: &links.pointer(link).pointee.outbox)
        markDirty(link)
        return true
    }

    /// What was kept while that worker was away.
    private mutating func sendQueued(to number: Int, _ now: UInt64) {
        var slots: Set<UInt32> = []
        messages.forEachClient { slots.insert($0) }
        for slot in slots where Int(SeedProtocol.hash(clients.id(slot)) % UInt32(seedWorkers.count)) == number {
            guard clients[slot].pointee.place != .blocked, clients[slot].pointee.place != .waiting else { continue }
            while clients[slot].pointee.mailbox != none {
                let first = clients.mailbox(clients[slot].pointee.mailbox).pointee.first
                guard first != none, sendToSeedWorker(clients.id(slot), messages[first].pointee.bytes) else { break }
                take(first, .dequeued)
                clients.dropEmptyMailbox(slot)
            }
            settle(slot, now)
        }
    }
}
