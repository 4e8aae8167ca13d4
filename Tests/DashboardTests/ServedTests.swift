import Base
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

/// The stream of `megatop --serve`. It comes from another machine, so nothing in it is believed.
struct ServedTests {
    private static let magic = Array("MGTS1\n".utf8)
    private func bytes(_ contents: [Served.Content], time: UInt64 = 5, wall: UInt64 = 7) -> [UInt8] {
        var out = Buffer()
        for content in contents { Served.write(content, time: time, wall: wall, to: &out) }
        return ServedTests.magic + Array(out.bytes)
    }
    /// Reads in pieces of this size. The pieces as text.
    private func read(_ bytes: [UInt8], by size: Int) throws -> [String] {
        var reader = Served.Reader()
        var found: [String] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            try part.withUnsafeBytes { raw in
                try reader.receive(raw) { found.append("\($0.time) \($0.wall) \($0.content)") }
            }
        }
        return found
    }

    @Test func whatIsWritten_isRead_inAnyPieces() throws {
        var state = ServedState()
        (state.link, state.reason, state.since, state.gone) = (.lost, "no supervisor", 3, ["worker-0"])
        let stream = bytes([
            .datagram([1, 2, 3]), .answer("{\"ok\":true}", .log(.worker(3))), .state(state),
            .missed(.apps, why: "no answer"), .datagram([]),
        ])
        let whole = try read(stream, by: stream.count)
        #expect(whole.count == 5 && whole[1].hasPrefix("5 7 answer") && whole[2].contains("no supervisor"))
        for size in [1, 2, 7, 22, 100] { #expect(try read(stream, by: size) == whole) }
        for end in stream.indices { _ = try read(Array(stream[..<end]), by: 9) }
        // A shell greets on every login.
        #expect(try read(Array("Welcome to push1\n".utf8) + stream, by: 3) == whole)
    }
    @Test func otherStreams_areRefused() throws {
        let text = [UInt8](repeating: UInt8(ascii: "\u{1B}"), count: 5000)
        let mistake = #expect(throws: Served.Mistake.self) { try read(text, by: 512) }
        #expect(mistake.map { !$0.description.unicodeScalars.contains(where: \.isObeyed) } == true)
        // Longer than a piece may be, and times of no clock.
        let head = ServedTests.magic + [UInt8](repeating: 0, count: 16) + [0]
        #expect(throws: Served.Mistake.self) { try read(head + [255, 255, 255, 255], by: 100) }
        #expect(throws: Served.Mistake.self) { try read(bytes([.datagram([1])], time: 1 << 62), by: 100) }
        #expect(throws: Served.Mistake.self) { try read(bytes([.datagram([1])], wall: .max), by: 100) }
        // Kinds and questions of a newer megatop are left out.
        #expect(try read(head + [0, 0, 0, 0] + bytes([.datagram([1])]).dropFirst(6), by: 100).count == 2)
        #expect(try read(ServedTests.magic + head[6..<22] + [99, 0, 0, 0, 1, 7], by: 100).isEmpty)
        #expect(try read(ServedTests.magic + head[6..<22] + [1, 0, 0, 0, 3, 10, 10, 10], by: 100).isEmpty)
    }
    @Test func anyBytes_areRead() {
        var chance = PropertyTests.Chance(state: 11)
        let stream = bytes([.answer("{}", .status), .datagram([1, 2]), .state(ServedState())])
        for _ in 0..<3000 {
            var changed = stream
            for _ in 0..<Int.random(in: 1...4, using: &chance) {
                changed[Int.random(in: 6..<changed.count, using: &chance)] = .random(in: 0 ... .max, using: &chance)
            }
            _ = try? read(changed, by: 64)
        }
    }
    @Test func textsOfTheState_areNotObeyed() throws {
        var state = ServedState()
        let evil = "\u{1B}[2J\u{202E}\nforged" + String(repeating: "x", count: 9000)
        (state.kernel, state.reason, state.stats) = (evil, evil, evil)
        state.gone = (0..<9000).map { "worker-\($0)" }
        state.since = .max
        let read = try #require(ServedState(line: state.line))
        for text in [read.kernel, read.reason, read.stats] {
            #expect(text.utf8.count <= 310 && !text.unicodeScalars.contains(where: \.isObeyed))
        }
        #expect(read.gone.count == 300 && read.since == StatsPacket.timeEnd)
        #expect(ServedState(line: "{\"ok\":true,\"link\":\"unheard\"}") == nil && ServedState(line: "[") == nil)
    }

    // MARK: the clock and the patience

    private static let second: UInt64 = 1_000_000_000
    @Test func anotherMachinesClock_isToldByItsQuickestPiece() {
        var clock = RemoteClock()
        #expect(clock.now(5) == nil)
        // Its clock is 1,000 s behind. Pieces are 80, 20 and 500 ms on the way.
        for (at, way) in [(2000, 80), (2001, 20), (2002, 500)] as [(UInt64, UInt64)] {
            clock.note(
                remote: (at - 1000) * ServedTests.second, arrival: at * ServedTests.second + way * 1_000_000)
        }
        #expect(clock.now(2003 * ServedTests.second + 20_000_000) == 1003 * ServedTests.second)
    }
    @Test func aMachineThatSlept_hasAnotherClock_afterAMinute() {
        var clock = RemoteClock()
        clock.note(remote: 900 * ServedTests.second, arrival: 1000 * ServedTests.second)
        for at in UInt64(1001)...1090 {
            // Its clock stood still for 50 s.
            clock.note(remote: (at - 150) * ServedTests.second, arrival: at * ServedTests.second)
        }
        #expect(clock.now(1090 * ServedTests.second) == 940 * ServedTests.second)
        // A clock of nobody.
        clock.note(remote: StatsPacket.timeEnd, arrival: 0)
        #expect(clock.now(1 << 61) != nil)
    }
    @Test func aMachineThatIsGone_isTriedLessAndLessOften() {
        var backoff = Backoff()
        #expect((0..<8).map { _ in backoff.next(chance: 0.5) } == [1, 2, 4, 8, 16, 30, 30, 30])
        #expect(backoff.next(chance: 0) == 24)
        #expect(backoff.next(chance: 1).rounded() == 36)
    }
}
