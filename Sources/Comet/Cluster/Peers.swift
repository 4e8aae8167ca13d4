import Base
import Store
import Wire

/// The machines of the cluster, and what they are to be told in the next entry of the shared log. A machine is known by
/// its name and the epoch of its manager: a manager that starts anew has another epoch, and another number here.
struct Peers: ~Copyable {
    /// The appliance is one of several.
    var isOn = false
    /// The records of the next entry, and the ids that they take.
    var outgoing = Buffer()
    private(set) var outgoingIds = 0
    /// So much waited that what clients did was left out. All of them are announced again when there is room.
    private(set) var hasOverflowed = false
    /// Clients whose arrival here is in the log, or on its way there, and was not read back yet: how many times.
    private var arriving: [Slot<ClientRecord>: Int] = [:]
    var nodes = Nodes()
    /// Milliseconds since the entry that is being carried out was made.
    var age: UInt32 = 0
    /// The number of the machine whose entry is being carried out.
    var sender = 0
    /// A request of another machine is being carried out. Its app is not ours.
    var isForeign = false
    /// This machine takes up the log from its beginning. See `Catching`.
    var catching: Catching?

    /// Adds a record about a client. If too much waits already, it is left out, and all is told again later. False
    /// then.
    @discardableResult
    mutating func emit(_ kind: ClusterRecord.Kind, ids: Int = 0, _ write: (inout Buffer) -> Void) -> Bool {
        guard outgoing.count < Limits.clusterOutgoingBytes else {
            hasOverflowed = true
            return false
        }
        emitAlways(kind, ids: ids, write)
        return true
    }
    /// The same for what has a bound of its own.
    mutating func emitAlways(_ kind: ClusterRecord.Kind, ids: Int, _ write: (inout Buffer) -> Void) {
        ClusterRecord.append(kind, ids: ids, to: &outgoing, write)
        outgoingIds += ids
    }
    mutating func emit(_ kind: ClusterRecord.Kind, ids: Int = 0, _ client: UnsafeRawBufferPointer) {
        emit(kind, ids: ids) { $0.append(client) }
    }
    /// The client has these messages, and they may go from its logs everywhere.
    mutating func emitPosition(_ id: UInt64, acknowledges: Bool, _ client: UnsafeRawBufferPointer) {
        emit(.position) {
            $0.append(UInt8(acknowledges ? 1 : 0))
            $0.append(bigEndian: id)
            $0.append(client)
        }
    }
    /// A record that has nothing but an id.
    mutating func emitId(_ kind: ClusterRecord.Kind, ids: Int = 0, _ id: UInt64) {
        emitAlways(kind, ids: ids) { $0.append(bigEndian: id) }
    }
    mutating func emitTook(_ id: UInt64, _ client: UnsafeRawBufferPointer) {
        emit(.took) {
            $0.append(bigEndian: id)
            $0.append(client)
        }
    }
    /// Adds these records before those that wait.
    mutating func emitFirst(_ write: (inout Peers) -> Void) {
        let rest = exchange(&outgoing, with: Buffer())
        let ids = outgoingIds
        outgoingIds = 0
        write(&self)
        outgoing.append(rest.bytes)
        outgoingIds += ids
    }
    /// All that waited is in an entry.
    mutating func sent() {
        outgoing.clear()
        outgoing.shrink(over: 1 << 20)
        outgoingIds = 0
    }
    mutating func takeOverflow() -> Bool {
        defer { hasOverflowed = false }
        return hasOverflowed
    }

    // MARK: arrivals on their way

    mutating func arrives(_ client: Slot<ClientRecord>) { arriving[client, default: 0] += 1 }
    /// An arrival was read back.
    mutating func hasArrived(_ client: Slot<ClientRecord>) {
        guard let count = arriving[client] else { return }
        arriving[client] = count > 1 ? count - 1 : nil
    }
    func isArriving(_ client: Slot<ClientRecord>) -> Bool { !arriving.isEmpty && arriving[client] != nil }
    mutating func forget(_ client: Slot<ClientRecord>) { if !arriving.isEmpty { arriving[client] = nil } }
}

/// The memory of a machine that takes up the log from its beginning. A record that is carried forward may be older than
/// what came before it in the log, so ends that were read are remembered until all is read.
///
/// All is read when the machine has come to the end that the log had when it joined, and the log has what came before
/// its first entry: there was nothing, or a machine has carried forward all that counted then.
struct Catching {
    /// The end of the log when the machine joined.
    private let end: UInt64
    /// The end of what was before the log's first entry. `nil` if that was not read yet.
    private var start: UInt64?
    /// All that counted at this id was carried forward.
    private var carriedFrom: UInt64 = 0
    /// The positions of clients that are not known yet.
    var positions: [String: UInt64] = [:]
    /// Subscriptions that ended: client and channel, each with its length before it.
    private(set) var ended: Set<[UInt8]> = []

    init(end: UInt64) { self.end = end }
    mutating func begins(after id: UInt64) { start = start ?? id }
    mutating func carried(from id: UInt64) { carriedFrom = max(carriedFrom, id) }
    /// The entry that ends with this id was read.
    func isOver(at id: UInt64) -> Bool { id >= end && start.map { $0 <= carriedFrom } ?? false }

    /// The end of a subscription that may be carried forward behind it. An empty name stands for all channels.
    mutating func end(_ client: UnsafeRawBufferPointer, _ channel: UnsafeRawBufferPointer) {
        ended.insert(Catching.key(client, channel))
    }
    func hasEnded(_ client: UnsafeRawBufferPointer, _ channel: UnsafeRawBufferPointer) -> Bool {
        let all = UnsafeRawBufferPointer(start: nil, count: 0)
        return ended.contains(Catching.key(client, channel)) || ended.contains(Catching.key(client, all))
    }
    private static func key(_ client: UnsafeRawBufferPointer, _ channel: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8(client.count)] + Array(client) + Array(channel)
    }
}
