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
        logs.peers.arrives(client)
        emitArrival(client, frame, ids: ChannelNames(grant.channels).reduce(0) { count, _ in count + 1 })
    }
    private mutating func emitArrival(_ client: Slot<ClientRecord>, _ frame: Frame, ids: Int) {
        let position = presence[client].position
        logs.peers.emit(.arrived, ids: ids) {
            $0.append(bigEndian: position)
            frame.write(to: &$0)
        }
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
    /// Tells the others once more that the client is here, or was just now.
    mutating func announce(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        logs.peers.arrives(client)
        var flags: Frame.Flags = record.acknowledges ? .acknowledges : []
        if record.stays { flags.insert(.stays) }
        if !record.isHeld { flags.insert(.ended) }
        emitArrival(
            client, Frame(op: .connected, flags: flags, number: record.position, client: presence.id(client)), ids: 0)
    }
    /// These records of ours were not taken by the engine yet. Arrivals among them whose receivers have ended since
    /// must not end receivers on other machines.
    package func markEnded(_ records: UnsafeMutableRawBufferPointer) {
        guard let start = records.baseAddress else { return }
        for record in ClusterRecords(UnsafeRawBufferPointer(records)) where record.kind == .arrived {
            let bytes = record.rest.part(8, max(0, record.rest.count - 8))
            guard let base = bytes.baseAddress, case .frame(let frame, _) = Frame.parse(bytes) else { continue }
            if let client = presence.find(frame.client), presence[client].isHeld { continue }
            records[base - UnsafeRawPointer(start) + Frame.endedByte.at] |= Frame.endedByte.bit
        }
    }
    /// The same for those that wait. The engine was away, and it may have been for long.
    package mutating func markEnded() {
        markEnded(UnsafeMutableRawBufferPointer(mutating: logs.peers.outgoing.bytes))
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
