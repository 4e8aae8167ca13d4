import Base
import Store
import Testing
import Wire

@testable import Comet

extension Board {
    /// A receiver whose token was made at this second, with these channels.
    func poll(
        _ link: LinkSlot, _ client: String, iat: UInt32, channels: [String] = [], cursor: UInt64? = nil, tag: UInt16,
        credit: UInt32? = nil
    ) {
        var flags: Frame.Flags = cursor == nil ? [] : .acknowledges
        if credit != nil { flags.insert(.stays) }
        var body = Buffer()
        Announcement(credit: credit ?? UInt32(Limits.answerBytes), print: 0, acknowledged: cursor ?? 0).withBytes {
            body.append($0)
        }
        body.append(bigEndian: iat)
        for name in channels { ChannelNames.append(kept(name), to: &body) }
        send(link, frame(.connected, flags, tag: tag, number: cursor ?? 0, client: client, body: Array(body.bytes)))
    }
    /// A frame whose body is this print and the grant of a token without channels.
    func say(_ op: Frame.Op, _ link: LinkSlot, _ client: String, iat: UInt32, number: UInt64, page: UInt32? = nil) {
        var body = Buffer()
        if let page { body.append(bigEndian: page) }
        body.append(bigEndian: iat)
        send(link, frame(op, number: number, client: client, body: Array(body.bytes)))
    }
    func revoke(_ who: Disconnected, upTo moment: UInt32) -> Int? {
        try? board.revoke(who, upTo: moment, now: now)
    }
    func ops(_ link: LinkSlot) -> [String] { frames(link).map { "\($0.op) \($0.tag)" } }
}

@Suite struct RevocationTests {
    @Test func aRevocation_endsReceivers_andRefusesOlderTokensOnly() {
        let board = Board()
        let (worker, other) = (board.worker(0), board.worker(1))
        board.poll(worker, "42:a", iat: 100, cursor: 0, tag: 1)
        board.poll(worker, "42", iat: 100, cursor: 0, tag: 2)
        board.poll(worker, "421", iat: 100, cursor: 0, tag: 3)
        #expect(board.revoke(.user(kept("42")), upTo: 200) == 2)
        #expect(Set(board.ops(worker)) == ["disconnect 1", "disconnect 2"])
        // A new login at once is welcome, and an old token takes nobody's place.
        board.poll(worker, "42:a", iat: 201, cursor: 0, tag: 4)
        board.poll(other, "42:a", iat: 200, cursor: 0, tag: 5)
        board.poll(other, "42:new", iat: 150, cursor: 0, tag: 6)
        #expect(board.ops(other) == ["disconnect 5", "disconnect 6"])
        #expect(board.ops(worker).isEmpty && board.board.counters.clientsReplaced == 0)
        #expect(board.publish("42:a", "1") == .sent(id(0)))
        #expect(board.told(worker) == ["4: 1"])
        // Nor does it acknowledge. Without a token nothing is judged.
        board.say(.acknowledged, other, "42:a", iat: 200, number: id(0))
        board.say(.leave, other, "42:a", iat: 200, number: id(0), page: 7)
        #expect(board.presence("42:a").queued == 1)
        board.say(.acknowledged, other, "42:a", iat: 201, number: id(0))
        #expect(board.presence("42:a").queued == 0)
        board.poll(other, "42:free", cursor: 0, tag: 8)
        #expect(board.presence("42:free").connected)
        #expect(board.board.counters.revoked == 6 && board.board.revocationCount == 1)
    }

    @Test func aClientsRevocation_isForThatIdAlone_andTheLaterMomentHolds() {
        let board = Board()
        let worker = board.worker(0)
        #expect(board.revoke(.client(kept("a:1")), upTo: 200) == 0)
        #expect(board.revoke(.client(kept("a:1")), upTo: 100) == 0)
        board.poll(worker, "a:1", iat: 150, tag: 1)
        board.poll(worker, "a:2", iat: 150, tag: 2)
        board.poll(worker, "a", iat: 150, tag: 3)
        #expect(board.ops(worker) == ["disconnect 1"])
        #expect(board.revoke(.client(kept("a:1")), upTo: 300) == 0)
        board.poll(worker, "a:1", iat: 300, tag: 4)
        #expect(board.ops(worker) == ["disconnect 4"] && board.board.revocationCount == 1)
    }

    @Test func theReceiverThatItsOwnWorkerReplaced_isGone() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", iat: 500, cursor: 0, tag: 1)
        _ = board.revoke(.client(kept("a")), upTo: 200)
        #expect(board.ops(worker) == ["disconnect 1"])
        board.poll(worker, "a", iat: 500, cursor: 0, tag: 2)
        board.poll(worker, "a", iat: 100, cursor: 0, tag: 3)
        #expect(board.ops(worker) == ["disconnect 3"] && !board.presence("a").connected)
        #expect(board.publish("a", "1") == .queued(id(0)))
    }

    @Test func itGoes_whenBothClocksArePastItsTokens() {
        let board = Board { $0.tokenMaxAge = 60_000 }
        board.board.beginTurn(nanoseconds: 0, wallMilliseconds: 1000_000)
        _ = board.revoke(.user(kept("a")), upTo: 1000)
        board.wait(670_000)
        #expect(board.board.revocationCount == 1, "the wall clock stands")
        board.board.beginTurn(nanoseconds: 0, wallMilliseconds: 1659_000)
        board.wait(661_000)
        #expect(board.board.revocationCount == 1)
        board.board.beginTurn(nanoseconds: 0, wallMilliseconds: 1660_000)
        board.wait(661_000)
        #expect(board.board.revocationCount == 0)
        #expect(board.board.arenaFigures.records == 0)
    }

    @Test func theTableIsBounded_andRefuses() throws {
        var arena = Arena()
        var table = Revocations(tokenMaxAge: 60_000, seed: 1, most: 2)
        for name in ["a", "b", "a"] { try table.add(LogName(.user, kept(name)), upTo: 5, now: 0, &arena) }
        #expect(throws: RevokeError.full) { try table.add(LogName(.client, kept("a")), upTo: 5, now: 0, &arena) }
        try table.add(LogName(.user, kept("b")), upTo: 6, now: 0, &arena)
        #expect(table.count == 2 && arena.figures.records == 2)
    }

    @Test func itOutlivesTheManager_andTheMachine() throws {
        let memory = HeapMemory(capacity: 64 << 20)
        func start(boot: UInt64, now: UInt64, wall: UInt64) throws -> Board {
            let board = Board(arena: try Arena(memory, segmentBytes: 1 << 20, salt: 3)) { $0.tokenMaxAge = 60_000 }
            board.now = now
            board.board.beginTurn(nanoseconds: 0, wallMilliseconds: wall * 1000)
            _ = board.board.recover(now: now, Arena.Time(boot: [boot, 0], monotonic: now, wall: wall * 1000))
            return board
        }
        let first = try start(boot: 1, now: 9_000_000, wall: 5000)
        _ = first.revoke(.user(kept("a")), upTo: 4999)
        _ = first.revoke(.user(kept("a")), upTo: 5000)
        _ = first.revoke(.client(kept("b:1")), upTo: 5000)
        let second = try start(boot: 1, now: 9_000_100, wall: 5000)
        #expect(second.board.revocationCount == 2)
        // The machine was away for a day, by a clock that may be wrong.
        let third = try start(boot: 2, now: 3000, wall: 91_400)
        third.wait(600_000)
        let worker = third.worker(0)
        third.poll(worker, "a:7", iat: 5000, tag: 1)
        third.poll(worker, "b:1", iat: 5000, tag: 2)
        third.poll(worker, "b:2", iat: 5000, tag: 3)
        #expect(third.ops(worker) == ["disconnect 1", "disconnect 2"])
        third.wait(61_000)
        #expect(third.board.revocationCount == 0)
        // A program that knows no revocations must not take this memory for a damaged one.
        #expect(memory.base.load(fromByteOffset: 8, as: UInt64.self) == 2)
    }
}
