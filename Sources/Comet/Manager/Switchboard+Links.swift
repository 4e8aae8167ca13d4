import Base
import Store
import Wire

// The life of a worker's link: it comes, speaks, is written to, and goes.
extension Switchboard {
    /// The orders that follow from a link's input.
    package struct LinkInput: Equatable {
        /// Bytes that were taken up. The caller keeps the rest until more comes.
        package var consumed = 0
        /// The link of a seed worker whose number a worker of ours has just taken. It is to be closed at once.
        package var displaced: LinkSlot?
        /// The link is to be closed once its outbox has been written.
        package var error: LinkError?
    }
    /// The result of taking up the start of a link's input.
    enum LinkStep { case incomplete, taken(Int) }

    /// A connection came. `mayBeSeed` is true if it comes from loopback and the settings allow the seed's protocol.
    package mutating func accepted(mayBeSeed: Bool) -> LinkSlot { links.add(mayBeSeed: mayBeSeed) }
    package func kind(_ link: LinkSlot) -> LinkKind { links.kind(link) }

    /// Bytes came on a link.
    package mutating func received(_ link: LinkSlot, _ input: UnsafeRawBufferPointer, now: UInt64) -> LinkInput {
        var result = LinkInput()
        do throws(LinkError) {
            while result.consumed < input.count {
                let rest = input.part(result.consumed, input.count - result.consumed)
                guard case .taken(let bytes) = try step(link, rest, &result, now) else { break }
                result.consumed += bytes
            }
        } catch {
            if error.isRefusal { counters.linksRefused += 1 }
            result.error = error
        }
        return result
    }

    @inline(__always)
    private mutating func step(
        _ link: LinkSlot, _ input: UnsafeRawBufferPointer, _ result: inout LinkInput, _ now: UInt64
    ) throws(LinkError) -> LinkStep {
        switch links.kind(link) {
        case .worker(let number):
            guard let (frame, bytes) = try parse(input, links.version(link)) else { return .incomplete }
            try said(link, UInt16(truncatingIfNeeded: number), frame, now)
            return .taken(bytes)
        case .new where !(SeedProtocol.isOp(input[0]) && links.mayBeSeed(link)):
            // A hello has the layout of version 1, whatever version it announces.
            guard let (frame, bytes) = try parse(input, .one) else { return .incomplete }
            guard frame.op == .hello else { throw .unexpected(frame.op, fromWorker: false) }
            result.displaced = try hello(link, frame)
            return .taken(bytes)
        case .new, .seedWorker, .seedApp: return try seedOperation(link, input, now)
        }
    }
    @inline(__always)
    private mutating func parse(_ input: UnsafeRawBufferPointer, _ version: LinkVersion) throws(LinkError)
        -> (Frame, Int)?
    {
        switch Frame.parse(input, version) {
        case .incomplete: return nil
        case .malformed(let why): throw .malformed(why)
        case .frame(let frame, let bytes):
            counters.framesIn += 1
            return (frame, bytes)
        }
    }

    @inline(__always)
    private mutating func said(_ link: LinkSlot, _ worker: UInt16, _ frame: Frame, _ now: UInt64) throws(LinkError) {
        switch frame.op {
        case .connected where frame.client.count > 0: connected(link, worker, frame, now)
        case .gone: gone(link, worker, frame, now)
        case .undelivered where frame.client.count > 0: undelivered(worker, frame, now)
        case .credit: credit(link, frame, now)
        case .settled: settled(link, frame)
        case .delivered where frame.client.count > 0: delivered(frame)
        case .acknowledged where frame.client.count > 0: acknowledged(frame, Grant(body: frame.body, after: 0), now)
        case .leave where frame.client.count > 0: leave(frame, now)
        default: throw .unexpected(frame.op, fromWorker: true)
        }
    }

    /// A worker wants to know up to which id nothing waits for its receivers.
    private mutating func settled(_ link: LinkSlot, _ frame: Frame) {
        guard fanOuts.isEmpty, presence.firstBlocked(on: link) == nil else { return }
        let since = max(ids.firstOfLife, logs.arena.horizon)
        withUnsafeBytes(of: (frame.number.bigEndian, since.bigEndian)) {
            links.write(Frame(op: .settled, number: ids.last, body: $0), to: link)
        }
    }

    /// Takes up a hello. The result is the link of a seed worker whose number this worker takes.
    private mutating func hello(_ link: LinkSlot, _ frame: Frame) throws(LinkError) -> LinkSlot? {
        guard let hello = Hello(body: frame.body) else { throw .helloOfWrongSize(frame.body.count) }
        guard let version = LinkVersion(rawValue: hello.version) else { throw .unknownVersion(hello.version) }
        guard settings.token.isEmpty || hello.token == settings.token else { throw .noToken }
        guard frame.number < UInt64(Limits.workerNumbers) else { throw .workerNumber(frame.number) }
        // Two workers of ours may have one number: a rolling restart drains the old one beside the new one. Our worker
        // goes before a seed worker if its token proves it, since the seed's protocol proves nothing.
        let displaced = seedWorkers[Int(frame.number)]
        guard displaced == nil || !settings.token.isEmpty else { throw .heldBySeedWorker(frame.number) }
        links.identify(link, as: .worker(Int(frame.number)), version)
        logs.openAccount(UInt16(frame.number))
        counters.linksAccepted += 1
        links.write(Frame(op: .welcome, number: UInt64(Limits.outboxBytes)), to: link)
        if isEngineAway, version == .two { links.write(Frame(op: .engine, number: 1), to: link) }
        return displaced
    }

    // MARK: writing

    /// `wallMilliseconds` are since 1970.
    package mutating func beginTurn(nanoseconds: UInt64, wallMilliseconds: UInt64) {
        links.beginTurn(nanoseconds: nanoseconds)
        logs.events.wall = wallMilliseconds
    }

    /// The next link that has something to write. Call it at the end of each turn until it is `nil`.
    package mutating func nextToWrite(now: UInt64) -> LinkSlot? {
        while let link = links.nextDirty {
            while !links.isFull(link), let client = presence.firstBlocked(on: link) { answerBlocked(client, now) }
            if links.flushed() { return link }
        }
        return nil
    }
    /// The bytes to write to a link next. They are valid until the switchboard is changed.
    package func unsent(_ link: LinkSlot) -> UnsafeRawBufferPointer { links.unsent(link) }
    /// `count` of these bytes were written.
    package mutating func written(_ link: LinkSlot, _ count: Int) {
        links.written(link, count)
        if presence.firstBlocked(on: link) != nil, !links.isFull(link) { links.markDirty(link) }
    }

    /// The link is closed. Its clients count as gone, and messages that its worker did not get go back into the logs.
    package mutating func closed(_ link: LinkSlot, now: UInt64) {
        while let client = presence.firstHeld(on: link) { endReceiver(client, present: false, now) }
        let gone = links.remove(link)
        guard let number = gone.number else { return }
        counters.linksLost += 1
        if !gone.isWorker { seedWorkers.remove(number) }
        // A frame for many names no client: all of them acknowledge, so their messages are still in the logs.
        for frame in gone.unwritten where frame.op == .message && frame.client.count > 0 {
            if let client = presence.find(frame.client), presence[client].place == .grace {
                presence[client].isPresent = false
                note(client)
            }
            if frame.body.count > 0, !frame.flags.contains(.transient) { giveBack(frame, from: UInt16(number), now) }
        }
    }
}
