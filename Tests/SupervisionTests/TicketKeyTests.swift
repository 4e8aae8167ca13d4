import Stats
import Testing

@testable import Supervision

/// The keys of session tickets, under a made-up clock.
@Suite struct TicketKeyTests {
    private func key(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 80) }
    private let hour: Milliseconds = 3_600_000

    @Test func keysTurnAfterTwelveHours_andTheOneBeforeStillCounts() {
        var tickets = TicketKeys()
        #expect(tickets.timeLeft(now: 1000) == 0, "there is none yet")
        tickets.turn(key(1), now: 1000)
        #expect(tickets.timeLeft(now: 1000) == 12 * hour)
        #expect(tickets.timeLeft(now: 1000 + 11 * hour) == hour)
        #expect(tickets.timeLeft(now: 1000 + 13 * hour) == 0)
        tickets.turn(key(2), now: 1000 + 13 * hour)
        #expect(tickets.keys == [key(2), key(1)])
        tickets.turn(key(3), now: 1000 + 25 * hour)
        #expect(tickets.keys == [key(3), key(2)], "and no longer the first")
    }

    @Test func workerIsToldALine_thatItTakes() {
        var tickets = TicketKeys()
        tickets.turn(key(0x0A), now: 0)
        #expect(tickets.line == "tickets " + String(repeating: "0a", count: 80) + "\n")
        tickets.turn(key(0xF1), now: 0)
        #expect(tickets.line.split(separator: " ").map(\.count) == [7, 160, 161] && tickets.line.utf8.count < 512)
    }

    @Test func nextProgram_goesOnWithThem() throws {
        var tickets = TicketKeys()
        tickets.turn(key(7), now: 5000)
        tickets.turn(key(0xC0), now: 6000)
        #expect(TicketKeys(memory: tickets.memory, keyBytes: 80) == tickets)
        for wrong in ["", "6000", "6000 0a", "x \(tickets.memory)", tickets.memory + " " + tickets.memory] {
            #expect(TicketKeys(memory: wrong, keyBytes: 80) == nil, "\(wrong)")
        }
        // A clock that is another one does not keep a key for long.
        #expect(try #require(TicketKeys(memory: tickets.memory, keyBytes: 80)).timeLeft(now: 0) <= 12 * hour)
    }
}

/// The end of a certificate, by seconds since 1970.
@Suite struct CertificateTermTests {
    /// From 2026-11-01 to 2027-01-30.
    private let term = CertificateTerm(begins: 1_793_491_200, ends: 1_801_267_200)
    private let day: Int64 = 86_400

    @Test func endIsTold_fromFourteenDaysBefore() {
        #expect(term.ending(now: term.ends - 14 * day) == nil && term.daysLeft(now: term.ends - 14 * day) == 14)
        let soon = term.ending(now: term.ends - 14 * day + 1)
        #expect(soon?.severity == .warning && soon?.text == "it ends on 2027-01-30T00:00:00Z, in 13 days")
        #expect(term.ending(now: term.ends - 60)?.text.hasSuffix("in less than a day") == true)
        let over = term.ending(now: term.ends)
        #expect(over?.severity == .error && over?.text == "it ended on 2027-01-30T00:00:00Z, so no browser takes it")
        #expect(term.daysLeft(now: term.ends + 1) == -1 && term.daysLeft(now: term.ends + 3 * day) == -3)
    }
    @Test func certificateOfTomorrow_isToldAsSuch() {
        #expect(term.beginning(now: term.begins) == nil)
        #expect(term.beginning(now: term.begins - 1)?.contains("from 2026-11-01T00:00:00Z on") == true)
    }
}
