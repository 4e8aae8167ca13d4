import Base
import Wire

@testable import Comet

// Receivers that stay, and what workers say of their clients without a poll.
extension Board {
    /// A stream begins: after its cursor, or where the client's receivers before it ended.
    func stream(
        _ link: LinkSlot, _ client: String, cursor: UInt64? = nil, acknowledged: UInt64? = nil, tag: UInt16,
        credit: UInt32 = 65_536, atOnce: Bool = true
    ) {
        var flags: Frame.Flags = cursor == nil ? .stays : [.stays, .acknowledges]
        if atOnce { flags.insert(.atOnce) }
        Announcement(credit: credit, print: 0, acknowledged: acknowledged ?? cursor ?? 0).withBytes {
            _ = send(link, frame(.connected, flags, tag: tag, number: cursor ?? 0, client: client, body: Array($0)))
        }
    }
    /// The stream has ended. Its socket took all up to `number`.
    func gone(_ link: LinkSlot, _ client: String, tag: UInt16, took number: UInt64) {
        send(link, frame(.gone, tag: tag, number: number, client: client))
    }
    func acknowledge(_ link: LinkSlot, _ client: String, _ number: UInt64) {
        send(link, frame(.acknowledged, number: number, client: client))
    }
    func leave(_ link: LinkSlot, _ client: String, _ number: UInt64, page: [UInt8] = [1, 2, 3, 4]) {
        send(link, frame(.leave, tag: 0, number: number, client: client, body: page))
    }
    func give(_ link: LinkSlot, _ client: String, tag: UInt16, _ bytes: Int) {
        send(link, frame(.credit, tag: tag, number: UInt64(bytes), client: client))
    }
    /// Reads the link, and throws away what is there.
    func skip(_ link: LinkSlot) { _ = frames(link) }
}
