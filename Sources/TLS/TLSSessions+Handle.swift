import CTLS
import Store

extension TLSSessions {
    /// A session's name, in 32 bits. It changes once, when the session is parked.
    package struct Handle: Hashable, RawRepresentable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        /// The connection is plain.
        package static let plain = Handle(rawValue: 0)

        static let wholeBit: UInt32 = 1 << 31
        static let largeBit: UInt32 = 1 << 30
        init(whole: Int) { rawValue = Handle.wholeBit | UInt32(whole) }
        init(_ slot: Slot<SmallParked>) { rawValue = slot.number + 1 }
        init(_ slot: Slot<LargeParked>) { rawValue = Handle.largeBit | slot.number + 1 }
        /// It has an SSL object, or had none yet.
        package var isWhole: Bool { rawValue & Handle.wholeBit != 0 }
        var place: Int { Int(rawValue & ~Handle.wholeBit) }
        /// It is parked, and has large keys.
        var isLarge: Bool { rawValue & Handle.largeBit != 0 }
        var small: Slot<SmallParked> { Slot(rawValue - 1) }
        var large: Slot<LargeParked> { Slot((rawValue & ~Handle.largeBit) - 1) }
    }
}

/// A ticket, with which a client comes back.
package final class Ticket {
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { mc_tls_ticket_free(pointer) }
}

extension PageMemory {
    /// Pages that no core file has, and that are overwritten before they are given back.
    /// 256 parked sessions fill pages of the system exactly: 9 if they are small, and 13 if they are large.
    static let secret = PageMemory(
        most: 64 * 1024,
        allocate: {
            guard let pages = mc_secret_pages($0) else { preconditionFailure("out of memory") }
            return pages
        }, free: { mc_secret_pages_free($0, $1) })
}
