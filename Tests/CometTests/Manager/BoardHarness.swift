import Base
import Store
import Testing
import Wire

@testable import Comet

/// A switchboard with a clock, and workers whose frames are read as soon as they are asked for.
final class Board {
    static let start: UInt64 = 1_000_000
    /// The slot of every receiver on every worker: the tags tell them apart.
    static let slot: UInt32 = 77
    var board: Switchboard
    var now: UInt64 = 5_000_000

    init(_ change: (inout QueueSettings) -> Void = { _ in }, ids: UInt64 = Board.start) {
        var settings = QueueSettings()
        change(&settings)
        board = Switchboard(settings, wallMicroseconds: ids, now: now, seed: 11)
    }

    /// On memory that an earlier manager may have used.
    init(arena: consuming Arena, _ change: (inout QueueSettings) -> Void = { _ in }) {
        var settings = QueueSettings()
        change(&settings)
        board = Switchboard(settings, arena, wallMicroseconds: Board.start, now: now, seed: 11)
    }

    struct Sent: Equatable, CustomStringConvertible {
        var op: Frame.Op
        var client = ""
        var number: UInt64 = 0
        var body = ""
        var tag: UInt16 = 0
        var more = false
        var gap = false
        /// The body of a `replaced` frame.
        var print: UInt32 = 0
        /// The members beside the message.
        var members = ""
        /// The tags of the receivers that share the frame.
        var receivers: [UInt16] = []
        var description: String {
            "\(op) \(client) \(number - min(number, Board.start)) \(body) tag \(tag)\(more ? " more" : "")"
                + "\(gap ? " gap" : "")"
        }
    }

    func frame(
        _ op: Frame.Op, _ flags: Frame.Flags = [], tag: UInt16 = 1, number: UInt64 = 0, client: String = "",
        body: [UInt8] = [], version: LinkVersion = .two
    ) -> [UInt8] {
        var out = Buffer()
        Array(client.utf8).withUnsafeBytes { id in
            body.withUnsafeBytes { body in
                Frame(
                    op: op, flags: flags, tag: tag, slot: version == .two ? Board.slot : 0, number: number, client: id,
                    body: body
                ).write(to: &out, version)
            }
        }
        return Array(out.bytes)
    }
    @discardableResult
    func send(_ link: LinkSlot, _ bytes: [UInt8]) -> Switchboard.LinkInput {
        bytes.withUnsafeBytes { board.received(link, $0, now: now) }
    }

    /// A worker that has been welcomed.
    func worker(_ number: Int) -> LinkSlot {
        let link = board.accepted(mayBeSeed: true)
        send(link, hello(number))
        #expect(frames(link).map(\.op) == [.welcome])
        return link
    }
    func hello(_ number: Int, version: UInt8 = 2, token: [UInt8] = Array(repeating: 0, count: 16)) -> [UInt8] {
        var hello = Hello(pid: 7, token: token)
        hello.version = version
        var out = Buffer()
        hello.write(number: UInt64(number), to: &out)
        return Array(out.bytes)
    }
    func poll(
        _ link: LinkSlot, _ client: String, cursor: UInt64? = nil, tag: UInt16 = 1, single: Bool = false,
        atOnce: Bool = false, credit: UInt32? = nil, print: UInt32 = 0
    ) {
        var flags: Frame.Flags = cursor == nil ? [] : .acknowledges
        if single { flags.insert(.single) }
        if atOnce { flags.insert(.atOnce) }
        if credit != nil { flags.insert(.stays) }
        Announcement(credit: credit ?? UInt32(Limits.answerBytes), print: print, acknowledged: cursor ?? 0).withBytes {
            _ = send(link, frame(.connected, flags, tag: tag, number: cursor ?? 0, client: client, body: Array($0)))
        }
    }
    func gone(_ link: LinkSlot, _ client: String, tag: UInt16 = 1, timedOut: Bool = false) {
        send(link, frame(.gone, timedOut ? .timedOut : [], tag: tag, client: client))
    }
    /// The worker has written a message.
    func delivered(_ link: LinkSlot, _ client: String, _ id: UInt64) {
        var ids = Buffer()
        ids.append(bigEndian: id)
        send(link, frame(.delivered, client: client, body: Array(ids.bytes)))
    }
    func giveBack(_ link: LinkSlot, _ sent: Sent) {
        send(
            link,
            frame(.undelivered, tag: sent.tag, number: sent.number, client: sent.client, body: Array(sent.body.utf8)))
    }

    @discardableResult
    func publish(_ client: String, _ json: String, ttl: UInt32? = nil) -> Publication {
        Array(client.utf8).withUnsafeBytes { id in
            Array(json.utf8).withUnsafeBytes { board.publish(client: id, json: $0, timeToLive: ttl, now: now) }
        }
    }
    func presence(_ client: String) -> Switchboard.ClientStatus {
        Array(client.utf8).withUnsafeBytes { board.presence($0, now: now) }
    }

    /// Ends the turn: the frames that the links would write now. Links in `unread` don't read.
    func frames(_ link: LinkSlot, unread: Set<LinkSlot> = []) -> [Sent] {
        var all: [LinkSlot: [Sent]] = [:]
        while board.fanOut(now: now) {}
        while let next = board.nextToWrite(now: now) {
            guard !unread.contains(next) else { continue }
            all[next, default: []] += parse(board.unsent(next))
            board.written(next, board.unsent(next).count)
        }
        received.merge(all) { $0 + $1 }
        return received.removeValue(forKey: link) ?? []
    }
    private var received: [LinkSlot: [Sent]] = [:]

    /// The link is gone, with everything that was written to it and not read.
    func close(_ link: LinkSlot) {
        received[link] = nil
        board.closed(link, now: now)
    }

    func parse(_ bytes: UnsafeRawBufferPointer) -> [Sent] {
        var sent: [Sent] = []
        var at = 0
        while case .frame(let frame, let used) = Frame.parse(bytes.part(at, bytes.count - at)) {
            at += used
            if frame.op == .turn { continue }
            let whole = bytes.part(at - used, used)
            let members = String(decoding: frame.members, as: UTF8.self)
            let body = frame.op == .message ? String(decoding: frame.json, as: UTF8.self) : ""
            let receivers = Frame.receivers(of: whole)
            sent.append(
                Sent(
                    op: frame.op, client: String(decoding: frame.client, as: UTF8.self), number: frame.number,
                    body: body, tag: frame.tag,
                    more: frame.flags.contains(.more),
                    gap: frame.flags.contains(.gap),
                    print: frame.op == .replaced ? Announcement(body: frame.body, number: 0).print : 0,
                    members: members,
                    receivers: (0..<receivers.count / Frame.receiverBytes).map {
                        receivers.bigEndian(at: $0 * Frame.receiverBytes + 4)
                    }))
        }
        return sent
    }

    func wait(_ milliseconds: UInt64) {
        let end = now + milliseconds
        while now < end {
            now = min(end, now + 100)
            board.tick(now: now)
        }
    }

    /// Checks what must be true of the books at every moment.
    func checkBooks(sourceLocation: SourceLocation = #_sourceLocation) {
        var depth = 0
        var bytes = 0
        var clients = 0
        for worker in [nil] + (0..<board.workerNumbers).map(Optional.some) {
            let account = board.account(worker: worker)
            #expect(
                account.enqueued - account.dequeued - account.expired - account.dropped == UInt64(account.depth),
                sourceLocation: sourceLocation)
            let ages = board.ages(worker: worker)
            #expect(Int(ages.0 + ages.1 + ages.2 + ages.3) == account.depth, sourceLocation: sourceLocation)
            depth += account.depth
            bytes += account.bytes
            clients += account.clients
            #expect((account.clients == 0) == (account.depth == 0), sourceLocation: sourceLocation)
        }
        let all = board.queue
        #expect(
            all.enqueued - all.dequeued - all.expired - all.dropped == UInt64(all.depth), sourceLocation: sourceLocation
        )
        #expect(all.depth == depth && all.bytes == bytes, sourceLocation: sourceLocation)
        #expect(all.clients == clients, sourceLocation: sourceLocation)
        let channels = board.channelBooks
        #expect(
            channels.enqueued - channels.over - channels.dropped - channels.replaced == UInt64(channels.depth),
            sourceLocation: sourceLocation)
        #expect(board.kept.messages + board.written.messages == depth + channels.depth)
        #expect(board.kept.bytes + board.written.bytes == bytes + channels.bytes)
    }
}

/// The n-th id of a board.
func id(_ number: UInt64) -> UInt64 { Board.start + number }

extension Switchboard.LinkInput {
    static func consumed(_ bytes: Int) -> Switchboard.LinkInput { Switchboard.LinkInput(consumed: bytes) }
    /// Bytes that were taken of a link that goes on.
    var taken: Int? { error == nil ? consumed : nil }
}
