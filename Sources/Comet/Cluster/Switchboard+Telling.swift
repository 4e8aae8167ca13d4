import Base
import Store
import Wire

// Telling the other machines, in the next entry of the shared log.
extension Switchboard {
    /// The records of the next entry, and how many ids they take.
    package var outgoing: (bytes: UnsafeRawBufferPointer, ids: Int) {
        (logs.peers.outgoing.bytes, logs.peers.outgoingIds)
    }
    package mutating func outgoingSent() { logs.peers.sent() }
    /// An app's request, which is carried out when it is read back.
    package mutating func emitCall(_ session: UInt64, ids: Int, _ request: UnsafeRawBufferPointer) {
        logs.peers.emitAlways(.call, ids: ids) {
            $0.append(bigEndian: session)
            $0.append(request)
        }
    }
    package mutating func emitTick(_ summary: String) {
        // Each channel with presence that has news takes one.
        logs.peers.emitAlways(.tick, ids: Limits.presenceInTick + 1) { $0.append(string: summary) }
    }
    /// A client has a receiver here. The others are told if they may not know, or if its token has other channels.
    mutating func tellArrival(_ client: Slot<ClientRecord>, _ frame: Frame, _ grant: Grant, wasHere: Bool) {
        if wasHere, hasGranted(grant.channels, to: client) { return }
        emitArrival(client, frame, ids: ChannelNames(grant.channels).reduce(0) { count, _ in count + 1 })
    }
    private mutating func emitArrival(_ client: Slot<ClientRecord>, _ frame: Frame, ids: Int) {
        let position = presence[client].position
        let isTold = logs.peers.emit(.arrived, ids: ids) {
            $0.append(bigEndian: position)
            frame.write(to: &$0)
        }
        if isTold { logs.peers.arrives(client) }
    }
    /// Clients whose arrivals were left out, or are new to a machine, are told anew, from this page of memory on. The
    /// result is the next page, or `nil` if all were told.
    package mutating func announce(page: UInt32, now: UInt64) -> UInt32? {
        guard page < presence.pages else { return nil }
        var clients: ContiguousArray<Slot<ClientRecord>> = []
        presence.clients(page: page, &clients)
        for client in clients {
            guard presence[client].isHeld || presence[client].place == .grace && presence[client].isPresent else {
                continue
            }
            announce(client)
        }
        return page + 1
    }
    /// Tells the others once more that the client is here, or was just now. A word about a receiver names it.
    mutating func announce(_ client: Slot<ClientRecord>, _ word: Frame.Flags = [], tag: UInt16 = 0, slot: UInt32 = 0) {
        let record = presence[client]
        var flags = word
        if record.acknowledges { flags.insert(.acknowledges) }
        if record.stays { flags.insert(.stays) }
        emitArrival(
            client,
            Frame(
                op: .connected, flags: flags, tag: tag, slot: slot, number: record.position,
                client: presence.id(client)), ids: 0)
    }
    /// Records of ours that the engine did not take, which go before those that wait. Requests of apps are not among
    /// them any more.
    package mutating func emitAgain(_ records: ClusterRecords) {
        logs.peers.emitFirst { peers in
            for record in records {
                guard let kind = record.kind, kind != .call, kind != .tick else { continue }
                peers.emitAlways(kind, ids: record.ids) { $0.append(record.rest) }
            }
        }
    }
    package mutating func takeOverflow() -> Bool { logs.peers.takeOverflow() }
}
