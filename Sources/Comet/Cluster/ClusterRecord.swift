package import Base
import Wire

/// A record of the shared log, by which one machine tells something to all machines of a cluster (docs/cluster.txt). An
/// entry of that log has the records of one turn of a manager's loop, one behind the other:
///
///     offset  0     1..4                      5..8             9..
///             kind  ids that it takes, count  bytes of the rest   the rest
///
/// Numbers are in network byte order. A record's ids follow those of the records before it in the entry.
package struct ClusterRecord {
    package enum Kind: UInt8, Sendable {
        /// An app asks for something. The rest is the number of its shipment (8 bytes) and the request as the app port
        /// writes it. All machines carry it out. The one that wrote the entry answers the app.
        case call = 1
        /// A client has come to the machine. The client's position (8 bytes), and the worker's frame.
        case arrived = 2
        /// A client has been away from the machine for longer than the grace. Its id.
        case left = 3
        /// A client has been away for too long: its subscriptions end, unless it has come back. Its id.
        case lingered = 4
        /// A client has all messages up to an id: how it got them (1 byte: 1 if it acknowledges), the id, the client.
        case position = 5
        /// Messages of a client's own log up to an id were written to its stream and are over. The id, the client.
        case took = 6
        /// A worker's frame about a client that another machine has.
        case frame = 7
        /// The machine is there, once a second. Its summary (`NodeSummary`).
        case tick = 8
        /// A record from earlier in the log that still counts (`CarriedRecord`).
        case carried = 9
        /// All was carried forward that counted at an id. The id.
        case whole = 10
        /// Something was lost that clients with older cursors may miss. The first id behind it, or 0: this one's.
        case lost = 11
    }
    package static let headBytes = 9

    /// `nil`: a newer program wrote it, and this one does not know it.
    package let kind: Kind?
    package let ids: Int
    package let rest: UnsafeRawBufferPointer

    /// The record at the start of these bytes, and its whole size. `nil` if there is none.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> (record: ClusterRecord, bytes: Int)? {
        guard bytes.count >= headBytes else { return nil }
        let ids = Int(bytes.bigEndian(at: 1, as: UInt32.self))
        let count = Int(bytes.bigEndian(at: 5, as: UInt32.self))
        guard bytes.count - headBytes >= count else { return nil }
        return (
            ClusterRecord(kind: Kind(rawValue: bytes[0]), ids: ids, rest: bytes.part(headBytes, count)),
            headBytes + count
        )
    }
    /// Appends a record whose rest `write` appends.
    package static func append(_ kind: Kind, ids: Int, to out: inout Buffer, _ write: (inout Buffer) -> Void) {
        out.append(kind.rawValue)
        out.append(bigEndian: UInt32(ids))
        out.append(bigEndian: UInt32(0))
        let start = out.count
        write(&out)
        let length = UInt32(out.count - start).bigEndian
        let end = out.reserve(0)
        (end - (out.count - start) - 4).storeBytes(of: length, as: UInt32.self)
    }
}

/// The records of an entry.
package struct ClusterRecords: Sequence, IteratorProtocol {
    package private(set) var rest: UnsafeRawBufferPointer
    package init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }
    package mutating func next() -> ClusterRecord? {
        guard let (record, bytes) = ClusterRecord.parse(rest) else { return nil }
        rest = rest.part(bytes, rest.count - bytes)
        return record
    }
}
