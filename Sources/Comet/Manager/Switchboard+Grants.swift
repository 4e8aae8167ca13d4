import Base
import Store
import Wire

/// The highest id of a loss in a channel that was forgotten since. Channels share 4,096 places by a hash of their
/// names, so one may seem to have another's loss: then somebody is told of a gap who has none.
struct ForgottenLosses {
    private static let places = 4096
    private let seed: UInt64
    private var ids = ContiguousArray<UInt64>(repeating: 0, count: places)

    init(seed: UInt64) { self.seed = seed }

    private func place(_ channel: UnsafeRawBufferPointer) -> Int {
        Int(IdIndex.hash(channel, seed: seed) % UInt64(ForgottenLosses.places))
    }
    subscript(_ channel: UnsafeRawBufferPointer) -> UInt64 { ids[place(channel)] }
    mutating func note(_ id: UInt64, in channel: UnsafeRawBufferPointer) {
        ids[place(channel)] = max(ids[place(channel)], id)
    }
    /// An earlier manager's losses are not known, so all channels may have one up to this id.
    mutating func note(all id: UInt64) { for place in ids.indices { ids[place] = max(ids[place], id) } }
}

// The channels of clients' tokens. The client is subscribed to them when it comes, and when the list of its token has
// changed. So what the app ended stays ended until then.
extension Switchboard {
    /// The list is not known, or was not taken whole. No list has this print.
    static let unknownPrint: UInt32 = 1

    /// The receiver's token has this list of channels. `wasHere` says whether the client was connected just before.
    mutating func grant(
        _ list: UnsafeRawBufferPointer, to client: Slot<ClientRecord>, _ frame: Frame, wasHere: Bool, _ now: UInt64
    ) {
        let before = grants[client]
        guard !list.isEmpty || before != nil else { return }
        let print = Switchboard.print(of: list)
        guard !wasHere || before != print else { return }
        endGranted(client, without: list, now)
        guard !list.isEmpty else { return grants[client] = nil }
        // A client that was away goes on where it was. One that has no cursor begins now.
        let isBehind = !wasHere && frame.flags.contains(.acknowledges) && frame.number > 0
        let cursor = isBehind && !ids.isOfTheFuture(frame.number) ? frame.number : nil
        grants[client] = subscribe(client, toGranted: list, cursor: cursor, now) ? print : Switchboard.unknownPrint
    }
    /// The client's token had this list of channels before.
    func hasGranted(_ list: UnsafeRawBufferPointer, to client: Slot<ClientRecord>) -> Bool {
        list.isEmpty ? grants.isEmpty || grants[client] == nil : grants[client] == Switchboard.print(of: list)
    }
    private static func print(of list: UnsafeRawBufferPointer) -> UInt32 {
        max(unknownPrint + 1, UInt32(truncatingIfNeeded: IdIndex.hash(list, seed: 0)))
    }
    /// Ends the subscriptions that earlier tokens brought and this list does not have.
    private mutating func endGranted(
        _ client: Slot<ClientRecord>, without list: UnsafeRawBufferPointer, _ now: UInt64
    ) {
        var next = firstChannel(client)
        while let slot = next {
            next = channels.next(of: slot)
            guard channels[slot].isGranted else { continue }
            let name = channels.name(channels[slot].channel).name
            if !ChannelNames(list).contains(where: { areEqual($0, name) }) { remove(slot, now) }
        }
    }
    /// Subscribes the client to those that it has no subscription to. False if some did not fit.
    private mutating func subscribe(
        _ client: Slot<ClientRecord>, toGranted list: UnsafeRawBufferPointer, cursor: UInt64?, _ now: UInt64
    ) -> Bool {
        var (isAll, count) = (true, channelCount(of: client))
        for (number, name) in ChannelNames(list).enumerated() {
            ids.place(number)
            let known = channels.find(LogName(.channel, name))
            if let known, channels.find(known, first: presence[client].subscription) != nil { continue }
            guard count < settings.channelsPerClient else {
                counters.grantsRefused += 1
                isAll = false
                continue
            }
            let channel = known ?? findOrMakeChannel(LogName(.channel, name))
            let from = cursor ?? ids.last
            guard subscribe(client, to: channel, from: from, isGranted: true) != nil else {
                settle(channel, now)
                counters.grantsRefused += 1
                isAll = false
                continue
            }
            count += 1
            if let cursor, cursor < forgottenLosses[name] { presence[client].owesGap = true }
            bringLatest(of: channel, upTo: from, to: client, now)
        }
        return isAll
    }
    /// Channels that the client is subscribed to.
    func channelCount(of client: Slot<ClientRecord>) -> Int {
        var (count, next) = (0, firstChannel(client))
        while let slot = next {
            count += 1
            next = channels.next(of: slot)
        }
        return count
    }
    /// The app subscribes the client to a channel that its token brought. It is the app's from now on.
    mutating func takeOver(_ slot: Slot<Subscription>) {
        let own = channels[slot]
        guard own.isGranted else { return }
        channels.entry(slot).isGranted = false
        let old = logs.arena.record(own.record)
        // Without room for it, it is the token's again after the manager's death.
        guard
            let record = logs.arena.append(
                .subscription, id: old.id, value: old.value, owner: slot.number, name: old.name, extra: old.extra)
        else { return }
        logs.arena.end(own.record, .replaced)
        channels.entry(slot).record = record
    }
}
