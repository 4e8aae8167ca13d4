import Base
import Store
import Wire

// The apps and workers of the seed.
extension Switchboard {
    mutating func seedOperation(_ link: LinkSlot, _ input: UnsafeRawBufferPointer, _ now: UInt64) throws(LinkError)
        -> LinkStep
    {
        switch SeedProtocol.parse(input, maxMessage: settings.maxMessage) {
        case .incomplete: return .incomplete
        case .malformed(let why): throw .malformedSeed(why)
        case .worker(let number):
            try seedWorkerCame(link, Int(number), now)
            return .taken(2)
        case .message(let client, let text):
            if links.kind(link) == .new { links.identify(link, as: .seedApp) }
            seedMessage(client, text, now)
            return .taken(client.count + text.count + 3)
        }
    }

    private mutating func seedMessage(_ client: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer, _ now: UInt64) {
        guard wrongClientId(client) == nil, isUTF8(text) else {
            counters.seedRejected += 1
            return
        }
        var json = Buffer()
        appendJSONString(text, to: &json)
        // Escapes may make the JSON longer than `maxMessage`, which bounds the text and was checked. But a frame over
        // its own bound is malformed, and each worker that got it would close its link, again and again.
        guard json.count <= Limits.frameBodyBytes else {
            counters.seedRejected += 1
            return
        }
        _ = publish(client: client, json: json.bytes, now: now)
    }

    private mutating func seedWorkerCame(_ link: LinkSlot, _ number: Int, _ now: UInt64) throws(LinkError) {
        guard number < settings.workers else { throw .seedWorkerNumber(number, of: settings.workers) }
        guard !links.isHeld(number) else { throw .heldByWorker(number) }
        seedWorkers.add(number, link, workers: settings.workers)
        links.identify(link, as: .seedWorker(number))
        counters.linksAccepted += 1
        sendQueued(to: number, now)
    }

    /// Sends a message at once to the seed worker that the hash names. False if there is none, if it doesn't read, or
    /// if the text has a NUL in it, which its protocol can't carry.
    mutating func sendToSeedWorker(_ client: UnsafeRawBufferPointer, _ json: UnsafeRawBufferPointer) -> Bool {
        guard !seedWorkers.isEmpty, let link = seedWorkers[seedWorkers.number(of: client)], !links.isFull(link) else {
            return false
        }
        var text = Buffer()
        appendText(ofJSON: json, to: &text)
        guard !text.bytes.contains(0) else { return false }
        links.write(client: client, text: text.bytes, to: link)
        return true
    }

    /// Sends the messages that were kept while that worker was away.
    private mutating func sendQueued(to number: Int, _ now: UInt64) {
        var owners: [Slot<ClientRecord>] = []
        logs.forEachLog { _, log in if let client = log.client { owners.append(client) } }
        for client in owners
        where !presence[client].isHeld && seedWorkers.number(of: presence.id(client)) == number {
            while let log = presence[client].log.known, let first = logs.first(log),
                sendToSeedWorker(presence.id(client), logs.body(first))
            {
                logs.take(first)
            }
            settle(client, now)
        }
    }
}
