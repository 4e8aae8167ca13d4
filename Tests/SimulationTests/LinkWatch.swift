import Base
import Comet
import Store
import Wire

/// Reads along on a link of the manager, in both directions. A receiver whose token was revoked may be told so, and is
/// handed nothing behind that. What stood on the link before is on its way, and counts no more.
final class LinkWatch {
    private struct Receiver {
        let client: String
        let issuedAt: UInt32
        /// The place in the manager's output from which on nothing may be for it.
        var end = Int.max
    }
    private var receivers: [UInt16: Receiver] = [:]
    /// Output of the manager that was looked at, and the part of a frame behind it.
    private var read = 0
    private var rest: [UInt8] = []
    /// The first frame has the layout of version 1.
    private var version = LinkVersion.one

    /// Gives the manager the whole frames of this input one by one. None may acknowledge with a revoked token.
    func give(
        _ input: UnsafeRawBufferPointer, from link: LinkSlot, to manager: ManagerBox, _ world: World
    ) -> (consumed: Int, error: LinkError?) {
        var consumed = 0
        while case .frame(let frame, let bytes) = Frame.parse(input.part(consumed, input.count - consumed), version) {
            version = .two
            let client = String(decoding: frame.client, as: UTF8.self)
            let grant = LinkWatch.grant(of: frame)
            let isRevoked = world.isRevoked(client, issuedAt: grant)
            let before = isRevoked ? manager.presence(client, now: world.now).queued : 0
            let taken = manager.switchboard.received(link, input.part(consumed, bytes), now: world.now)
            consumed += taken.consumed
            if let error = taken.error { return (consumed, error) }
            if isRevoked, manager.presence(client, now: world.now).queued < before {
                world.problem("\(frame.op) of \(client) acknowledged with a token of \(grant), which was revoked")
            }
            guard frame.op == .connected else { continue }
            receivers[frame.tag] = Receiver(client: client, issuedAt: grant)
            if isRevoked { receivers[frame.tag]?.end = end(link, manager) }
        }
        return (consumed, nil)
    }
    /// 0 if the frame has none.
    private static func grant(of frame: Frame) -> UInt32 {
        switch frame.op {
        case .connected: Grant(body: frame.body, after: Announcement.bytes).issuedAt
        case .leave: Grant(body: frame.body, after: Frame.pageBytes).issuedAt
        case .acknowledged: Grant(body: frame.body, after: 0).issuedAt
        default: 0
        }
    }

    /// The app was told that tokens are revoked.
    func revoked(_ link: LinkSlot, _ manager: ManagerBox, _ world: World) {
        let end = end(link, manager)
        for (tag, receiver) in receivers where world.isRevoked(receiver.client, issuedAt: receiver.issuedAt) {
            receivers[tag]?.end = min(receiver.end, end)
        }
    }
    private func end(_ link: LinkSlot, _ manager: ManagerBox) -> Int {
        read + rest.count + manager.switchboard.unsent(link).count
    }

    /// The manager wrote these bytes.
    func wrote(_ bytes: UnsafeRawBufferPointer, _ world: World) {
        rest += Array(bytes)
        var used = 0
        rest.withUnsafeBytes { rest in
            while case .frame(let frame, let bytes) = Frame.parse(rest.part(used, rest.count - used)) {
                let shared = Frame.receivers(of: rest.part(used, bytes))
                used += bytes
                guard frame.op == .message else { continue }
                let others = stride(from: 4, to: shared.count, by: Frame.receiverBytes).map {
                    shared.bigEndian(at: $0, as: UInt16.self)
                }
                for tag in shared.isEmpty ? [frame.tag] : others {
                    guard let receiver = receivers[tag], read + used > receiver.end else { continue }
                    world.problem("\(receiver.client) is handed \(frame.number) with a token of \(receiver.issuedAt)")
                }
            }
        }
        read += used
        rest.removeFirst(used)
    }
}
