import Base
import Store
import Wire

/// The channels by name, with users and everyone, and who subscribes to them. Only this type changes their lists.
struct Channels: ~Copyable {
    private let inPlace = InPlace()
    private var channels = Slab<Channel>()
    private var subscriptions = Slab<Subscription>()
    private var names = ByteStore()
    private var index: IdIndex
    /// Users whom only the mark of a loss keeps, in the order of deadlines.
    private var lost = SlotList<Channel.ByLoss>()
    private var lostCount = 0
    /// The log that all clients read.
    let everyone: Slot<Channel>
    /// Channels, without users and everyone, and the subscriptions to them.
    private(set) var count = 0
    private(set) var subscriptionCount = 0

    /// `seed` is random, so that nobody can choose names that collide in the index.
    init(seed: UInt64) {
        index = IdIndex(seed: seed)
        everyone = channels.insert(Channel(kind: .everyone, name: names.store(.init(start: nil, count: 0))))
    }

    var memoryBytes: Int {
        channels.memoryBytes + subscriptions.memoryBytes + names.memoryBytes + index.memoryBytes
    }

    /// The id of the newest message for everyone.
    var everyoneNewest: UInt64 { channels.pointer(everyone).pointee.newest }
    @inline(__always) subscript(_ channel: Slot<Channel>) -> Entry<Channel> { channels[channel] }
    @inline(__always) subscript(_ subscription: Slot<Subscription>) -> Subscription {
        subscriptions.pointer(subscription).pointee
    }
    @inline(__always) func entry(_ subscription: Slot<Subscription>) -> Entry<Subscription> {
        subscriptions[subscription]
    }
    /// The name of its log.
    func name(_ channel: Slot<Channel>) -> LogName {
        LogName(channels[channel].kind, names.bytes(channels[channel].name))
    }

    // MARK: which

    func find(_ name: LogName) -> Slot<Channel>? {
        guard name.kind != .everyone else { return everyone }
        return index.find(index.hash(name)) { self.name(Slot($0)).isSame(as: name) }.map { Slot($0) }
    }

    mutating func findOrMake(_ name: LogName) -> Slot<Channel> {
        if let known = find(name) { return known }
        let channel = channels.insert(Channel(kind: name.kind, name: names.store(name.name)))
        index.insert(channel.number, index.hash(name)) { index.hash(self.name(Slot($0))) }
        if name.kind == .channel { count += 1 }
        return channel
    }
    /// Forgets a channel that nothing keeps. Its log and its record are gone.
    mutating func forget(_ channel: Slot<Channel>) {
        let own = channels[channel]
        precondition(own.count == 0 && own.log == .none && own.kind != .everyone, "something keeps the channel")
        unlist(channel)
        index.remove(channel.number, index.hash(name(channel)))
        names.release(own.name)
        if own.kind == .channel { count -= 1 }
        channels.remove(channel)
    }
    /// Channels lie in pages of memory.
    var pages: UInt32 { channels.pages }
    /// The channels of a page: each is its kind, and its name.
    func names(page: UInt32) -> [[UInt8]] {
        var list: [[UInt8]] = []
        channels.forEach(page: page) { slot, _ in list.append([name(slot).kind.rawValue] + Array(name(slot).name)) }
        return list
    }
    /// Every channel, in the order in which they lie in memory.
    func forEach(_ body: (Slot<Channel>) -> Void) { channels.forEach { slot, _ in body(slot) } }

    // MARK: who

    /// Adds a subscription, behind another of the client's or in front of them all. `first` is the first of the
    /// client's.
    mutating func add(
        _ client: Slot<ClientRecord>, to channel: Slot<Channel>, from: UInt64, behind other: Slot<Subscription>?,
        first: inout Slot<Subscription>
    ) -> Slot<Subscription> {
        let slot = subscriptions.insert(Subscription(client: client, channel: channel, from: from))
        var list = SlotList<Subscription.InClient>(startingAt: first)
        list.insert(slot, after: other, in: subscriptions)
        first = list.first ?? slot
        channels[channel].subscriptions.append(slot, in: subscriptions)
        channels[channel].count += 1
        if channels[channel].kind == .channel { subscriptionCount += 1 }
        unlist(channel)
        return slot
    }
    mutating func remove(_ slot: Slot<Subscription>, first: inout Slot<Subscription>) {
        let own = subscriptions.pointer(slot).pointee
        let channel = channels[own.channel]
        if channel.next == slot {
            channel.next = SlotList<Subscription.InChannel>.next(slot, in: subscriptions) ?? .none
        }
        channel.subscriptions.remove(slot, in: subscriptions)
        channel.count -= 1
        if channel.kind == .channel { subscriptionCount -= 1 }
        var list = SlotList<Subscription.InClient>(startingAt: first)
        list.remove(slot, in: subscriptions)
        first = list.first ?? .none
        subscriptions.remove(slot)
    }
    /// The subscription after this one, of the same client.
    @inline(__always)
    func next(of slot: Slot<Subscription>) -> Slot<Subscription>? {
        SlotList<Subscription.InClient>.next(slot, in: subscriptions)
    }
    /// The subscription of a client to a channel. `first` is the first of the client's.
    func find(_ channel: Slot<Channel>, first: Slot<Subscription>) -> Slot<Subscription>? {
        var next = first.known
        while let slot = next, self[slot].channel != channel { next = self.next(of: slot) }
        return next
    }
    /// The subscription after this one, of the same channel. The first one after `nil`.
    @inline(__always)
    func next(in channel: Slot<Channel>, after slot: Slot<Subscription>?) -> Slot<Subscription>? {
        guard let slot else { return channels[channel].subscriptions.first }
        return SlotList<Subscription.InChannel>.next(slot, in: subscriptions)
    }

    // MARK: users whom only the mark of a loss keeps

    mutating func keepLost(_ user: Slot<Channel>, now: UInt64) {
        let own = channels[user]
        guard !own.isLost else { return }
        own.isLost = true
        own.deadline = UInt32(truncatingIfNeeded: now) &+ Limits.lostMilliseconds
        lost.append(user, in: channels)
        lostCount += 1
    }
    private mutating func unlist(_ user: Slot<Channel>) {
        guard channels[user].isLost else { return }
        channels[user].isLost = false
        lost.remove(user, in: channels)
        lostCount -= 1
    }
    /// The next user whose mark is old enough to be forgotten, or who is one too many.
    mutating func endLost(now: UInt32) -> Slot<Channel>? {
        guard let user = lost.first, lostCount > Limits.lostRecords || isOver(channels[user].deadline, now) else {
            return nil
        }
        unlist(user)
        return user
    }
}
