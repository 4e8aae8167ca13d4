import Base
import Testing
import Wire

@testable import Comet

/// The table of addresses, by itself: times and addresses in, verdicts out.
@Suite struct AddressesTests {
    private let one = IPAddress(v4: 0xCB00_7107)
    private func other(_ number: Int) -> IPAddress { IPAddress(v4: 0x0A00_0000 + UInt32(number)) }
    private func number(_ table: Addresses, _ address: IPAddress, _ now: UInt32) throws -> Addresses.Number {
        try #require(table.number(of: address, now: now))
    }

    @Test func bucket_takesTwiceTheRateAtOnce_andThenTheRate() throws {
        let table = Addresses(mostHeld: 0, newPerSecond: 5, seed: 1)
        func take(_ now: UInt32) throws -> Bool {
            table.hold(try number(table, one, now), isNew: true, now: now) == nil
        }
        for _ in 0..<10 { #expect(try take(1000)) }
        // time, and whether one more is taken: a token comes each 200 ms.
        let rows: [(UInt32, Bool)] = [
            (1000, false), (1199, false), (1200, true), (1200, false), (1500, true), (1600, true), (1600, false),
        ]
        for (time, isTaken) in rows { #expect(try take(time) == isTaken, "at \(time)") }
        // A pause of any length fills it up to twice the rate, and no more.
        for _ in 0..<10 { #expect(try take(400_000)) }
        #expect(try !take(400_000))
        #expect(table.record(try number(table, one, 400_000)).refused == 5)
    }

    @Test func bound_isOnWhatIsHeld_andOthersHaveTheirOwn() throws {
        let table = Addresses(mostHeld: 2, newPerSecond: 0, seed: 1)
        let first = try number(table, one, 0)
        #expect(table.hold(first, isNew: true, now: 0) == nil && table.hold(first, isNew: true, now: 0) == nil)
        #expect(table.hold(first, isNew: true, now: 0) == .held)
        #expect(table.hold(first, isNew: false, replaces: true, now: 0) == nil)
        #expect(table.hold(try number(table, other(1), 0), isNew: true, now: 0) == nil)
        table.release(first)
        #expect(table.hold(first, isNew: true, now: 0) == .held)
        table.release(first)
        #expect(table.hold(first, isNew: true, now: 0) == nil)
    }

    @Test func place_isTheSlash64OfIPv6_andTheIPv4AddressAlsoInAnIPv6One() throws {
        let table = Addresses(mostHeld: 1, newPerSecond: 0, seed: 1)
        let rows = [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ]
        for (one, other, isSame) in rows {
            let (one, other) = (try #require(IPAddress(one)), try #require(IPAddress(other)))
            #expect(try (number(table, one, 0) == number(table, other, 0)) == isSame)
        }
        let texts = table.busiest(10, now: 0).map(\.address)
        #expect(Set(texts) == ["2001:db8:1:2::/64", "2001:db8:1:3::/64", "192.0.2.1", "192.0.2.2"])
    }

    @Test func fullTable_forgetsWhoHoldsNothing_longestUnheardFirst_andBoundsNobodyElse() throws {
        let table = Addresses(mostHeld: 9, newPerSecond: 0, seed: 1, room: 3)
        for client in 0..<3 { _ = table.hold(try number(table, other(client), 0), isNew: true, now: 0) }
        #expect(table.number(of: one, now: 1) == nil && table.count == 3)
        table.release(try number(table, other(2), 2))
        table.release(try number(table, other(0), 3))
        // 2 goes: it was let go first.
        #expect(table.number(of: one, now: 4) != nil && table.count == 3)
        #expect(table.record(try number(table, other(0), 5)).new == 1)
        #expect(table.record(try number(table, other(1), 5)).held == 1)
    }

    @Test func whoHoldsNothing_isForgottenAfterAWhile() throws {
        let table = Addresses(mostHeld: 9, newPerSecond: 0, seed: 1)
        for client in 0..<2 { _ = table.hold(try number(table, other(client), 0), isNew: true, now: 0) }
        table.release(try number(table, other(0), 0))
        _ = table.number(of: one, now: Limits.addressMilliseconds)
        #expect(table.count == 3)
        _ = table.number(of: one, now: Limits.addressMilliseconds + 1)
        #expect(table.count == 2)
    }

    @Test func memory_isBounded_howeverManyAddressesCome() throws {
        let table = Addresses(mostHeld: 1, newPerSecond: 1, seed: 7)
        for client in 0..<3 * Limits.countedAddresses {
            let number = try number(table, other(client), UInt32(client / 1000))
            if table.hold(number, isNew: true, now: UInt32(client / 1000)) == nil { table.release(number) }
        }
        #expect(table.count == Limits.countedAddresses)
        #expect(table.memoryBytes < 64 * Limits.countedAddresses)
    }

    @Test func busiest_areThoseWithMostConnectionsAndNewOnes() throws {
        let table = Addresses(mostHeld: 3, newPerSecond: 0, seed: 1)
        for client in 0..<20 {
            for _ in 0...client { _ = table.hold(try number(table, other(client), 20_000), isNew: true, now: 20_000) }
        }
        let found = table.busiest(2, now: 25_000)
        // Of 20 in the window of 10 s, 3 are held.
        #expect(
            found == [
                BusyAddress(address: "10.0.0.19", connections: 3, newPerSecond: 2, refused: 17, isProxy: false),
                BusyAddress(address: "10.0.0.18", connections: 3, newPerSecond: 1.9, refused: 16, isProxy: false),
            ])
        #expect(table.busiest(1, now: 35_000).first?.newPerSecond == 1)
        #expect(table.busiest(1, now: 45_000).first?.newPerSecond == 0)
    }
}
