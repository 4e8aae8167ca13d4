package import Base
import Store
import Wire

/// Operators who watch one client each. What happens to it is told as it happens, as lines of JSON, and is kept
/// nowhere. There are few, and without them nothing of this costs anything.
struct Followers {
    private final class Follower {
        let number: UInt64
        let client: [UInt8]
        let contents: Bool
        var lines = Buffer()
        /// Lines were left out, since they are not read fast enough.
        var isCut = false

        init(_ number: UInt64, _ client: UnsafeRawBufferPointer, contents: Bool) {
            self.number = number
            self.client = Array(client)
            self.contents = contents
        }
    }
    private var all: [Follower] = []
    /// There are lines to be read.
    private(set) var hasLines = false

    @inline(__always) var isEmpty: Bool { all.isEmpty }
    func contain(_ client: UnsafeRawBufferPointer) -> Bool {
        all.contains { follower in follower.client.withUnsafeBytes { areEqual($0, client) } }
    }
    /// False if there are `Limits.followers` already.
    mutating func add(_ number: UInt64, _ client: UnsafeRawBufferPointer, contents: Bool) -> Bool {
        guard all.count < Limits.followers else { return false }
        all.append(Follower(number, client, contents: contents))
        return true
    }
    mutating func remove(_ number: UInt64) {
        all.removeAll { $0.number == number }
        seekLines()
    }
    private mutating func seekLines() { hasLines = all.contains { !$0.lines.isEmpty || $0.isCut } }

    /// Moves the lines for one of them to `out`.
    mutating func take(_ number: UInt64, to out: inout Buffer) {
        guard let follower = all.first(where: { $0.number == number }) else { return }
        out.append(follower.lines.bytes)
        if follower.isCut { out.append("{\"gap\":true}\n") }
        follower.lines.clear()
        follower.isCut = false
        seekLines()
    }

    /// Something happened to the client. `members` writes further members, each with a comma before it. `json` is the
    /// message, for those who want contents.
    mutating func tell(
        _ what: StaticString, _ client: UnsafeRawBufferPointer, wall: UInt64,
        json: UnsafeRawBufferPointer = .init(start: nil, count: 0), _ members: (inout Buffer) -> Void = { _ in }
    ) {
        for follower in all where follower.client.withUnsafeBytes({ areEqual($0, client) }) {
            hasLines = true
            guard follower.lines.count < Limits.eventsAnswerBytes else {
                follower.isCut = true
                continue
            }
            follower.lines.append("{\"event\":\"")
            follower.lines.append(what)
            follower.lines.append("\",\"client\":")
            appendJSONString(client, to: &follower.lines)
            members(&follower.lines)
            if follower.contents, !json.isEmpty {
                follower.lines.append(",\"data\":")
                follower.lines.append(json)
            }
            follower.lines.append(",\"time\":")
            follower.lines.append(decimal: wall)
            follower.lines.append("}\n")
        }
    }
}

// The events of clients that are followed. Each of these costs one look if nobody is.
extension Switchboard {
    /// A session of an app follows a client. False if too many do.
    package mutating func follow(_ number: UInt64, _ client: UnsafeRawBufferPointer, contents: Bool) -> Bool {
        logs.followers.add(number, client, contents: contents)
    }
    package mutating func stopFollowing(_ number: UInt64) { logs.followers.remove(number) }
    package var hasFollowed: Bool { logs.followers.hasLines }
    package mutating func takeFollowed(_ number: UInt64, to out: inout Buffer) {
        logs.followers.take(number, to: &out)
    }

    @inline(__always) func isFollowed(_ client: Slot<ClientRecord>) -> Bool {
        !logs.followers.isEmpty && logs.followers.contain(presence.id(client))
    }
    /// The client has a receiver now.
    mutating func followReceiver(_ client: Slot<ClientRecord>, _ frame: Frame) {
        let (worker, stays) = (presence[client].worker, presence[client].stays)
        logs.followers.tell("receiver", presence.id(client), wall: logs.events.wall) { out in
            out.append(stays ? ",\"form\":\"stream\",\"worker\":" : ",\"form\":\"poll\",\"worker\":")
            out.append(decimal: UInt64(worker))
            if frame.flags.contains(.acknowledges) { number(",\"cursor\":", frame.number, &out) }
        }
    }
    /// The client's receiver ended by itself, or its client went.
    mutating func followEnd(_ client: Slot<ClientRecord>, present: Bool) {
        logs.followers.tell("ended", presence.id(client), wall: logs.events.wall) { out in
            out.append(present ? ",\"why\":\"timeout\"" : ",\"why\":\"closed\"")
        }
    }
    /// A message goes to the client's worker.
    mutating func followSent(
        _ client: Slot<ClientRecord>, _ id: UInt64, _ channel: Slot<Channel>, json: UnsafeRawBufferPointer
    ) {
        let name = channel == .none ? nil : channels.name(channel)
        let app = app(of: id)
        logs.followers.tell("sent", presence.id(client), wall: logs.events.wall, json: json) { out in
            number(",\"message\":", id, &out)
            number(",\"bytes\":", UInt64(json.count), &out)
            switch name?.kind {
            case .channel: text(",\"channel\":", name?.name, &out)
            case .user: text(",\"user\":", name?.name, &out)
            case .everyone: out.append(",\"everyone\":true")
            case .client, nil: break
            }
            if app > 0 { number(",\"app\":", app, &out) }
        }
    }
    /// A message is kept for the client alone.
    mutating func followQueued(_ client: Slot<ClientRecord>, _ id: UInt64, json: UnsafeRawBufferPointer) {
        let app = app(of: id)
        logs.followers.tell("published", presence.id(client), wall: logs.events.wall, json: json) { out in
            number(",\"message\":", id, &out)
            number(",\"bytes\":", UInt64(json.count), &out)
            if app > 0 { number(",\"app\":", app, &out) }
        }
    }
    /// The connection of the app that published a message. It is known of the newest message alone: nothing of it is
    /// kept. 0 if it is not known.
    private func app(of id: UInt64) -> UInt64 { id == ids.last ? publisher : 0 }
    /// The client has all up to an id, or is told of a loss.
    mutating func follow(_ what: StaticString, _ client: Slot<ClientRecord>, cursor: UInt64) {
        logs.followers.tell(what, presence.id(client), wall: logs.events.wall) { number(",\"cursor\":", cursor, &$0) }
    }
    /// A message was written to the client's connection.
    mutating func followDelivered(_ client: UnsafeRawBufferPointer, _ id: UInt64) {
        logs.followers.tell("delivered", client, wall: logs.events.wall) { number(",\"message\":", id, &$0) }
    }
    mutating func follow(_ kind: EventKind, _ client: Slot<ClientRecord>, channel: UnsafeRawBufferPointer?) {
        logs.followers.tell(kind.name, presence.id(client), wall: logs.events.wall) {
            text(",\"channel\":", channel, &$0)
        }
    }
}

extension Logs {
    /// A message leaves the own log of a client that is followed, and the client has not got it.
    mutating func followLoss(_ message: UInt64, _ name: UnsafeRawBufferPointer, _ how: Arena.State) {
        guard let kind = EventKind(how), ![.acknowledged, .handed].contains(kind) else { return }
        followers.tell(kind.name, name, wall: events.wall) { number(",\"message\":", message, &$0) }
    }
}

private func number(_ name: StaticString, _ value: UInt64, _ out: inout Buffer) {
    out.append(name)
    out.append(decimal: value)
}
private func text(_ name: StaticString, _ value: UnsafeRawBufferPointer?, _ out: inout Buffer) {
    guard let value else { return }
    out.append(name)
    appendJSONString(value, to: &out)
}
