import Base
import Store
import Wire

/// The addresses that clients come from, with what each of them holds on this worker. The bounds by address are decided
/// here.
///
/// A place is counted: an IPv4 address, or the /64 of an IPv6 address. It has a bound for what it holds, and a
/// bucket of tokens for what is new. Each new one takes a token. The bucket fills by `newPerSecond`, up to twice that.
///
/// There are at most `Limits.countedAddresses` places. If one more comes, the place goes that holds nothing and was
/// heard of least recently. If all hold something, the new one is not bounded.
final class Addresses {
    /// A place is over its bound.
    enum Excess: Equatable { case held, new }
    typealias Number = Slot<Record>

    struct Record: BitwiseCopyable {
        let place: UInt64
        /// Connections or receivers that the place holds.
        var held: UInt32 = 0
        /// Connections over its bounds that are being told so.
        var refusing: UInt8 = 0
        /// Nothing of it is bounded.
        var isProxy = false
        /// The window of `new` and `before`.
        var window: UInt16 = 0
        /// New ones in this window and in the one before, those over a bound among them.
        var new: UInt32 = 0
        var before: UInt32 = 0
        var refused: UInt32 = 0
        /// Thousandths of tokens.
        var level: UInt32
        /// When something new came from it last. The bucket is filled up to that time.
        var heard: UInt32
        var neighbours = Neighbours<Record>()
    }
    private enum ByTime: ListField {
        static func neighbours(_ record: UnsafeMutablePointer<Record>) -> UnsafeMutablePointer<Neighbours<Record>> {
            withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 }
        }
    }
    /// Milliseconds of a window.
    private static let windowMilliseconds: UInt32 = 10_000

    /// 0: no bound.
    private let mostHeld: UInt32
    private let newPerSecond: UInt32
    private let room: Int
    private var records = Slab<Record>()
    private var index: IdIndex
    /// Places that hold nothing, the one that was heard of least recently first.
    private var idle = SlotList<ByTime>()

    /// `room` is for tests. `seed` is random, so that nobody can choose addresses that collide.
    init(mostHeld: Int, newPerSecond: Int, seed: UInt64, room: Int = Limits.countedAddresses) {
        self.mostHeld = UInt32(mostHeld)
        self.newPerSecond = UInt32(newPerSecond)
        self.room = room
        index = IdIndex(seed: seed)
    }

    /// The places that are known.
    var count: Int { records.count }
    var memoryBytes: Int { records.memoryBytes + index.memoryBytes }
    func record(_ number: Number) -> Record { records.pointer(number).pointee }

    // MARK: what comes and goes

    /// The place of this address, from which something comes now. `nil` if there is no room for a new one.
    func number(of address: IPAddress, now: UInt32) -> Number? {
        forgetOld(now)
        let place = Addresses.place(address)
        let hash = Addresses.hash(place, index.seed)
        if let known = index.find(hash, where: { records.pointer(Number($0)).pointee.place == place }) {
            return Number(known)
        }
        if records.count >= room {
            guard let first = idle.first else { return nil }
            forget(first)
        }
        let number = records.insert(Record(place: place, level: newPerSecond &* 2000, heard: now))
        idle.append(number, in: records)
        let seed = index.seed
        index.insert(number.number, hash) { Addresses.hash(records.pointer(Number($0)).pointee.place, seed) }
        return number
    }

    /// Whether one more may be held. `isNew`: it needs a token. `replaces`: one that is held now ends for it. Nothing
    /// is changed.
    func excess(_ number: Number, isNew: Bool, replaces: Bool = false, now: UInt32) -> Excess? {
        let record = records.pointer(number).pointee
        if record.isProxy { return nil }
        if mostHeld > 0, record.held - (replaces ? 1 : 0) >= mostHeld { return .held }
        return isNew && newPerSecond > 0 && level(record, now) < 1000 ? .new : nil
    }
    /// Something comes and is to be held. If it is over a bound, it is not. `isNew`: it takes a token, if it is held.
    func hold(_ number: Number, isNew: Bool, replaces: Bool = false, now: UInt32) -> Excess? {
        let excess = excess(number, isNew: isNew, replaces: replaces, now: now)
        let record = records.pointer(number)
        hear(record, isNew: isNew, now)
        guard excess == nil else {
            record.pointee.refused &+= 1
            touch(number)
            return excess
        }
        if isNew, newPerSecond > 0 { record.pointee.level -= min(1000, record.pointee.level) }
        if isIdle(record) { idle.remove(number, in: records) }
        record.pointee.held += 1
        return nil
    }
    /// A connection or receiver that was held is over.
    func release(_ number: Number) {
        let record = records.pointer(number)
        record.pointee.held -= 1
        if isIdle(record) { idle.append(number, in: records) }
    }

    /// A connection over a bound is to be told so. False: there are enough of them.
    func beginRefusal(_ number: Number) -> Bool {
        let record = records.pointer(number)
        guard record.pointee.refusing < Limits.addressOverflow else { return false }
        if isIdle(record) { idle.remove(number, in: records) }
        record.pointee.refusing += 1
        return true
    }
    /// It was told, or is gone.
    func endRefusal(_ number: Number) {
        let record = records.pointer(number)
        record.pointee.refusing -= 1
        if isIdle(record) { idle.append(number, in: records) }
    }
    /// A proxy is at this place. Its connections are many clients', and are not bounded. One that was to be refused
    /// (`wasRefused`) is held instead.
    func isProxy(_ number: Number, wasRefused: Bool) {
        let record = records.pointer(number)
        record.pointee.isProxy = true
        guard wasRefused else { return }
        record.pointee.refusing -= 1
        record.pointee.held += 1
        record.pointee.refused -= min(1, record.pointee.refused)
    }

    private func isIdle(_ record: UnsafeMutablePointer<Record>) -> Bool {
        record.pointee.held == 0 && record.pointee.refusing == 0
    }
    /// It was heard of: of those that hold nothing it goes last.
    private func touch(_ number: Number) {
        guard isIdle(records.pointer(number)) else { return }
        idle.remove(number, in: records)
        idle.append(number, in: records)
    }
    private func forgetOld(_ now: UInt32) {
        for _ in 0..<2 {
            guard let first = idle.first,
                Int32(bitPattern: now &- records.pointer(first).pointee.heard) > Limits.addressMilliseconds
            else { return }
            forget(first)
        }
    }
    private func forget(_ number: Number) {
        idle.remove(number, in: records)
        index.remove(number.number, Addresses.hash(records.pointer(number).pointee.place, index.seed))
        records.remove(number)
    }

    // MARK: time

    private func hear(_ record: UnsafeMutablePointer<Record>, isNew: Bool, _ now: UInt32) {
        record.pointee.level = level(record.pointee, now)
        record.pointee.heard = now
        guard isNew else { return }
        let window = UInt16(truncatingIfNeeded: now / Addresses.windowMilliseconds)
        if window != record.pointee.window {
            record.pointee.before = window == record.pointee.window &+ 1 ? record.pointee.new : 0
            record.pointee.new = 0
            record.pointee.window = window
        }
        record.pointee.new &+= 1
    }
    /// The bucket now. A token a second is a thousandth of it in a millisecond.
    private func level(_ record: Record, _ now: UInt32) -> UInt32 {
        let filled = UInt64(record.level) + UInt64(now &- record.heard) * UInt64(newPerSecond)
        return UInt32(min(filled, UInt64(newPerSecond) * 2000))
    }
    /// New ones a second, over the last 10 to 20 seconds.
    private func rate(_ record: Record, _ now: UInt32) -> Double {
        let length = Double(Addresses.windowMilliseconds)
        let part = Double(now % Addresses.windowMilliseconds) / length
        switch UInt16(truncatingIfNeeded: now / Addresses.windowMilliseconds) &- record.window {
        case 0: return (Double(record.before) * (1 - part) + Double(record.new)) / length * 1000
        case 1: return Double(record.new) * (1 - part) / length * 1000
        default: return 0
        }
    }

    // MARK: for operators

    /// The places that hold most and have most new ones a second, taken together; the busiest first.
    func busiest(_ most: Int, now: UInt32) -> [BusyAddress] {
        var found: [BusyAddress] = []
        records.forEach { _, record in
            let one = record.pointee
            var busy = BusyAddress(
                address: "", connections: Int(one.held), newPerSecond: rate(one, now), refused: UInt64(one.refused),
                isProxy: one.isProxy)
            // There may be 65,536 of them, and few are told. Only these are written out.
            guard busy.belongs(in: found, most: most) else { return }
            busy.address = Addresses.text(one.place)
            BusyAddress.insert(busy, into: &found, most: most)
        }
        return found
    }

    // MARK: places

    /// A place in 64 bits: the upper half of an IPv6 address, or an IPv4 address as `0:ffff:` and its bytes, which no
    /// IPv6 address begins with. The other half of each is empty.
    private static func place(_ address: IPAddress) -> UInt64 { address.place.high | address.place.low }
    private static func text(_ place: UInt64) -> String {
        if place == 0 { return "::1" }
        if place >> 32 == 0xFFFF { return "\(IPAddress(v4: UInt32(truncatingIfNeeded: place)))" }
        return "\(IPAddress(high: place, low: 0))/64"
    }
    private static func hash(_ place: UInt64, _ seed: UInt64) -> UInt64 {
        withUnsafeBytes(of: place) { IdIndex.hash($0, seed: seed) }
    }
}
