import Base
import Store
import Wire

/// A record of the arena as it is carried forward in the shared log:
///
///     offset  0     1      2..9  10..17                18..21        22..
///             kind  flags  id    value, or what is     time to live  name and extra, each behind a byte with its
///                                left of its life                    length; body
///
/// It is there for machines that take up the log from its beginning.
struct CarriedRecord {
    let kind: Arena.Kind
    let flags: UInt8
    let id: UInt64
    /// For records with a deadline: milliseconds that are left.
    let value: UInt64
    let timeToLive: UInt32
    let name: UnsafeRawBufferPointer
    let extra: UnsafeRawBufferPointer
    let body: UnsafeRawBufferPointer
    static let headBytes = 22

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > CarriedRecord.headBytes + 1, let kind = Arena.Kind(rawValue: bytes[0]) else { return nil }
        self.kind = kind
        flags = bytes[1]
        id = bytes.bigEndian(at: 2)
        value = bytes.bigEndian(at: 10)
        timeToLive = bytes.bigEndian(at: 18)
        let nameAt = CarriedRecord.headBytes + 1
        let nameCount = Int(bytes[nameAt - 1])
        guard bytes.count > nameAt + nameCount else { return nil }
        let extraAt = nameAt + nameCount + 1
        let extraCount = Int(bytes[extraAt - 1])
        guard bytes.count >= extraAt + extraCount else { return nil }
        name = bytes.part(nameAt, nameCount)
        extra = bytes.part(extraAt, extraCount)
        body = bytes.part(extraAt + extraCount, bytes.count - extraAt - extraCount)
    }
    static func write(_ record: Arena.Record, body: UnsafeRawBufferPointer, now: UInt64, to out: inout Buffer) {
        // The body of a message that shares it comes with the message.
        out.append((record.kind == .reference ? Arena.Kind.message : record.kind).rawValue)
        out.append(record.flags)
        out.append(bigEndian: record.id)
        let left = record.value > now ? record.value - now : 0
        out.append(bigEndian: record.kind.hasDeadline ? min(left, UInt64(record.timeToLive)) : record.value)
        out.append(bigEndian: record.timeToLive)
        for text in [record.name, record.extra] {
            out.append(UInt8(text.count))
            out.append(text)
        }
        out.append(body)
    }
}

/// A way through all that still counts, in parts.
package struct CarryWalk {
    enum Step {
        case tables
        case channels(page: UInt32)
        case clients(page: UInt32)
    }
    var step = Step.tables
    /// The channels of the page that are left. Each is its kind and its name.
    var names: [[UInt8]] = []
    /// The client of the page that was appended last.
    var client: Slot<ClientRecord>?
    /// The client that was begun, by its id: it may go before it is done, and another one may have its slot.
    var begun: [UInt8] = []
    /// The message of a log up to which it was appended. 0 at its beginning.
    var after: UInt64 = 0
    /// The end of the log as the machine had read it when it began. What is older may go when the walk is over.
    package let head: UInt64

    package init(head: UInt64) { self.head = head }
}

// The keeper writes all that still counts into the shared log again before the old entries are removed. So the log has
// everything for a machine that takes it up from its beginning.
extension Switchboard {
    /// Appends the next part of what still counts to what is told next, about so many bytes. True if that was the last
    /// part.
    package mutating func carry(_ walk: inout CarryWalk, most bytes: Int = Limits.carryBytes, now: UInt64) -> Bool {
        let most = logs.peers.outgoing.count + bytes
        while logs.peers.outgoing.count < most {
            switch walk.step {
            case .tables:
                logs.peers.emitId(.lost, ids.firstOfLife)
                for ref in once.records + revocations.records { carry(ref, now) }
                walk.step = .channels(page: 0)
            case .channels(let page):
                guard page < channels.pages else {
                    walk.step = .clients(page: 0)
                    continue
                }
                if walk.names.isEmpty, walk.after == 0 { walk.names = channels.names(page: page) }
                guard let name = walk.names.last else {
                    walk.step = .channels(page: page + 1)
                    continue
                }
                if carryChannel(name, &walk, most, now) { _ = walk.names.popLast() }
                if walk.names.isEmpty { walk.step = .channels(page: page + 1) }
            case .clients(let page):
                guard page < presence.pages else {
                    logs.peers.emitId(.whole, walk.head)
                    return true
                }
                guard let client = presence.next(page: page, after: walk.client) else {
                    walk.client = nil
                    walk.step = .clients(page: page + 1)
                    continue
                }
                if carryClient(client, &walk, most, now) { walk.client = client }
            }
        }
        return false
    }
    /// True if all of the channel was appended.
    private mutating func carryChannel(_ name: [UInt8], _ walk: inout CarryWalk, _ most: Int, _ now: UInt64) -> Bool {
        let channel = name.withUnsafeBytes { name in
            LogName.Kind(rawValue: name[0]).flatMap { channels.find(LogName($0, name.part(1, name.count - 1))) }
        }
        guard let channel else {
            walk.after = 0
            return true
        }
        if walk.after == 0, channels[channel].record != .none { carry(channels[channel].record, now) }
        return carryLog(channels[channel].log, &walk, most, now)
    }
    private mutating func carryClient(
        _ client: Slot<ClientRecord>, _ walk: inout CarryWalk, _ most: Int, _ now: UInt64
    ) -> Bool {
        if walk.after > 0, !walk.begun.elementsEqual(presence.id(client)) { walk.after = 0 }
        if walk.after == 0 {
            walk.begun = Array(presence.id(client))
            var next = firstChannel(client)
            while let slot = next {
                next = channels.next(of: slot)
                if channels[slot].record != .none { carry(channels[slot].record, now) }
            }
        }
        return carryLog(presence[client].log, &walk, most, now)
    }
    /// Appends the messages of a log behind `walk.after`. True if all were appended.
    private mutating func carryLog(
        _ log: Slot<Log>, _ walk: inout CarryWalk, _ most: Int, _ now: UInt64
    ) -> Bool {
        var next = log.known.flatMap { logs.first($0, after: walk.after) }
        while let message = next {
            guard logs.peers.outgoing.count < most else { return false }
            let entry = logs[message]
            if entry.marks.isDisjoint(with: [.transient, .presence]) { carry(entry.record, now, logs.body(message)) }
            walk.after = entry.id
            next = logs.next(after: message)
        }
        walk.after = 0
        return true
    }
    private mutating func carry(_ ref: Arena.Ref, _ now: UInt64, _ body: UnsafeRawBufferPointer? = nil) {
        let record = logs.arena.record(ref)
        logs.peers.emitAlways(.carried, ids: 0) {
            CarriedRecord.write(record, body: body ?? record.body, now: now, to: &$0)
        }
    }

    /// A record was carried forward by some machine.
    mutating func carried(_ bytes: UnsafeRawBufferPointer, _ now: UInt64) {
        guard logs.peers.catching != nil, let record = CarriedRecord(bytes) else { return }
        switch record.kind {
        case .message, .history: carriedMessage(record, now)
        case .subscription: carriedSubscription(record, now)
        case .user:
            let user = findOrMakeUser(record.name, now)
            channels[user].position = max(channels[user].position, record.value)
            settle(user, now)
        case .once:
            guard let (print, outcome) = OnceOutcome.read(record.body), once.find(record.name) == nil else { return }
            once.remember(record.name, print, outcome.publication, now: now, &logs.arena)
        case .revocation:
            let kind = LogName.Kind(rawValue: record.flags >> 6) ?? .client
            try? revocations.add(
                LogName(kind, record.name), upTo: UInt32(clamping: record.id), now: now, &logs.arena)
        default: break
        }
    }
    private mutating func carriedMessage(_ record: CarriedRecord, _ now: UInt64) {
        let left = record.value - min(record.value, UInt64(logs.peers.age))
        guard let kind = LogName.Kind(rawValue: record.flags >> 6), left > 0 else { return }
        let id = record.id
        var facts = MessageFacts(timeToLive: UInt32(clamping: left))
        facts.marks = record.kind == .history ? .history : Message.Marks(rawValue: record.flags & 0x3F)
        facts.marks.remove(.receipt)
        if facts.marks.contains(.except) { facts.except = MessageFacts.except(in: record.extra) }
        if facts.marks.contains(.latest) { facts.latest = MessageFacts.latest(in: record.extra) }
        let name = LogName(kind, record.name)
        switch kind {
        case .client:
            let had = logs.peers.catching?.positions[String(decoding: record.name, as: UTF8.self)] ?? 0
            let known = presence.find(record.name)
            guard id > had, known.map({ presence[$0].position < id || presence[$0].isNew }) ?? true else { return }
            let client = known ?? makeClient(record.name)
            presence.leaveLost(client)
            let log = openLog(client)
            if !isOutdated(facts, id, in: log) { _ = logs.put(id, record.body, facts, in: log, name, now: now) }
            settle(client, now)
        case .channel, .user, .everyone:
            let channel = kind == .channel ? findOrMakeChannel(name) : channels.findOrMake(name)
            let log = openLog(channel)
            if !isOutdated(facts, id, in: log) { _ = logs.put(id, record.body, facts, in: log, name, now: now) }
            channels[channel].newest = max(channels[channel].newest, id)
            settle(channel, now)
        }
    }
    /// The log has a newer message of its name of `latest`.
    private func isOutdated(_ facts: MessageFacts, _ id: UInt64, in log: Slot<Log>) -> Bool {
        guard facts.marks.contains(.latest), let newest = logs.newest(named: facts.latest, in: log) else {
            return false
        }
        return logs[newest].id > id
    }
    private mutating func carriedSubscription(_ record: CarriedRecord, _ now: UInt64) {
        if let catching = logs.peers.catching, catching.hasEnded(record.name, record.extra) { return }
        let client = presence.find(record.name) ?? makeClient(record.name)
        let isGranted = record.flags & Subscription.grantedFlag != 0
        // A newer token of the client does not have the channel.
        if isGranted, let print = grants[client], print != Switchboard.unknownPrint { return }
        let channel = findOrMakeChannel(LogName(.channel, record.extra))
        guard channels.find(channel, first: presence[client].subscription) == nil else { return settle(channel, now) }
        let own = presence[client]
        if own.isNew {
            let position = record.value > 0 ? record.value : record.id
            own.position = own.position == 0 || own.place == .loose ? position : min(own.position, position)
        }
        if subscribe(client, to: channel, from: record.id, isGranted: isGranted) != nil {
            if isGranted { grants[client] = Switchboard.unknownPrint }
            awaitFirst(client, now)
        }
    }
}
