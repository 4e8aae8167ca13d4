import Base
import Store
import Wire

/// What the subscribers of channels with presence were told last, and which channels have something new to tell.
///
///     idle --somebody came or left--> ready --told--> pausing --pause over--> idle, or ready again if it has news
struct PresenceNews {
    struct Told {
        /// The users that were named. Empty if there were too many to name.
        var users: Set<String> = []
        var connected = 0
    }
    private enum Place { case idle, ready, pausing }
    private struct State {
        var told: Told?
        var place = Place.idle
        var hasNews = false
        /// Pausing: the time when it may tell again, in milliseconds.
        var end: UInt64 = 0
    }
    private var states: [Slot<Channel>: State] = [:]
    /// Entries of channels that were forgotten stay until their turn. The state of a channel tells whether one counts.
    private var ready = Fifo<Slot<Channel>>()
    /// Each has channels that pause equally long, so it is in the order of ends.
    private var pausing = Fifo<(channel: Slot<Channel>, end: UInt64)>()
    private var pausingLong = Fifo<(channel: Slot<Channel>, end: UInt64)>()

    /// Some channel may tell its news now.
    var isReady: Bool { !ready.isEmpty }
    /// Somebody came to the channel, or left it.
    mutating func change(_ channel: Slot<Channel>) {
        states[channel, default: State()].hasNews = true
        if states[channel]?.place == .idle { makeReady(channel) }
    }
    private mutating func makeReady(_ channel: Slot<Channel>) {
        states[channel]?.place = .ready
        ready.append(channel)
    }
    /// A channel that has news and may tell them now.
    mutating func next(now: UInt64) -> Slot<Channel>? {
        while let first = pausing.first, first.end <= now { endPause(pausing.take()) }
        while let first = pausingLong.first, first.end <= now { endPause(pausingLong.take()) }
        while let channel = ready.take() {
            guard states[channel]?.place == .ready else { continue }
            states[channel]?.place = .idle
            states[channel]?.hasNews = false
            return channel
        }
        return nil
    }
    private mutating func endPause(_ entry: (channel: Slot<Channel>, end: UInt64)?) {
        guard let entry, let state = states[entry.channel], state.place == .pausing, state.end == entry.end else {
            return
        }
        states[entry.channel]?.place = .idle
        if state.hasNews { makeReady(entry.channel) }
    }
    /// The channel tells who is there, and again after a pause at the earliest. The result is what it told before, or
    /// `nil` if it has told nothing yet.
    mutating func tell(
        _ channel: Slot<Channel>, _ users: Set<String>, _ connected: Int, now: UInt64, isLarge: Bool
    ) -> Told? {
        let end = now + (isLarge ? Limits.presenceLargeMilliseconds : Limits.presenceMilliseconds)
        if isLarge { pausingLong.append((channel, end)) } else { pausing.append((channel, end)) }
        let told = Told(users: users, connected: connected)
        return states.updateValue(State(told: told, place: .pausing, end: end), forKey: channel)?.told
    }
    /// The channel is to be forgotten.
    mutating func forget(_ channel: Slot<Channel>) { states[channel] = nil }
}

// Presence: channels whose names begin as the settings say tell their subscribers who is there.
extension Switchboard {
    /// The client came, or has been away for long enough: its channels tell it.
    mutating func tellPresence(of client: Slot<ClientRecord>) {
        guard !settings.presencePrefixes.isEmpty else { return }
        var next = presence[client].subscription.known
        while let slot = next {
            if channels[channels[slot].channel].hasPresence { presenceNews.change(channels[slot].channel) }
            next = channels.next(of: slot)
        }
    }
    /// The client holds a receiver, or did so `Limits.graceMilliseconds` ago. A restart of a worker tells nothing.
    func isHere(_ client: Slot<ClientRecord>) -> Bool {
        let record = presence[client]
        return record.isHeld || record.place == .elsewhere || record.place == .grace && !record.isNew
    }
    func wantsPresence(_ name: UnsafeRawBufferPointer) -> Bool {
        settings.presencePrefixes.contains { prefix in
            var prefix = prefix
            return prefix.withUTF8 { name.count >= $0.count && areEqual(name.part(0, $0.count), .init($0)) }
        }
    }

    /// Tells the news of channels, a few at a time. True if more of them may be told now.
    mutating func tellNews(now: UInt64) -> Bool {
        for _ in 0..<Limits.presenceInTick {
            guard let channel = presenceNews.next(now: now) else { return false }
            tellNews(of: channel, now)
        }
        return presenceNews.isReady
    }
    private mutating func tellNews(of channel: Slot<Channel>, _ now: UInt64) {
        guard channels[channel].count > 0 else { return }
        let isLarge = channels[channel].count > Limits.presenceSubscribers
        let (users, connected) = isLarge ? ([], Int(channels[channel].connected)) : whoIsHere(in: channel)
        let before = presenceNews.tell(channel, users, connected, now: now, isLarge: isLarge)
        guard before?.users != users || before?.connected != connected else { return }
        var body = Buffer()
        write(users, before: before?.users ?? users, connected, of: channel, isLarge: isLarge, to: &body)
        if body.count > Limits.presenceBytes {
            body.clear()
            write([], before: [], connected, of: channel, isLarge: true, to: &body)
        }
        var facts = MessageFacts(timeToLive: UInt32(Limits.ttlSeconds * 1000))
        facts.marks = [.latest, .presence]
        publisher = 0
        let id = takeId()
        guard logs.put(id, body.bytes, facts, in: openLog(channel), channels.name(channel), now: now) else { return }
        counters.presenceTold += 1
        channels[channel].newest = id
        beginFanOut(channel)
    }
    private func whoIsHere(in channel: Slot<Channel>) -> (users: Set<String>, connected: Int) {
        var (users, connected): (Set<String>, Int) = ([], 0)
        var next = channels.next(in: channel, after: nil)
        while let slot = next {
            let client = channels[slot].client
            if isHere(client) {
                connected += 1
                // Without tokens an id without a colon is the key to its client's messages, so nobody is told it.
                let id = presence.id(client)
                let user = LogName.user(of: id)
                if settings.tokensRequired || user.count < id.count {
                    users.insert(String(decoding: user, as: UTF8.self))
                }
            }
            next = channels.next(in: channel, after: slot)
        }
        return (users, connected)
    }
    /// `{"channel":..,"all":true,"users":[..],"connected":N,"came":[..],"left":[..]}`. A list is left out if it is too
    /// long.
    private func write(
        _ users: Set<String>, before: Set<String>, _ connected: Int, of channel: Slot<Channel>, isLarge: Bool,
        to out: inout Buffer
    ) {
        out.append("{\"channel\":")
        appendJSONString(channels.name(channel).name, to: &out)
        if !isLarge, users.count <= Limits.presenceUsers {
            out.append(",\"all\":true")
            list(",\"users\":", users, to: &out)
        }
        out.append(",\"connected\":")
        out.append(decimal: UInt64(connected))
        let (came, left) = (users.subtracting(before), before.subtracting(users))
        if !came.isEmpty, came.count <= Limits.presenceUsers { list(",\"came\":", came, to: &out) }
        if !left.isEmpty, left.count <= Limits.presenceUsers { list(",\"left\":", left, to: &out) }
        out.append("}")
    }
    private func list(_ name: StaticString, _ users: Set<String>, to out: inout Buffer) {
        out.append(name)
        for (index, user) in users.sorted().enumerated() {
            out.append(index == 0 ? "[" : ",")
            var user = user
            user.withUTF8 { appendJSONString(UnsafeRawBufferPointer($0), to: &out) }
        }
        out.append(users.isEmpty ? "[]" : "]")
    }
}
