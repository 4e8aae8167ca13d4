/// A byte queue: appended at the end, consumed from the front. Every outbox and every partial input is one.
///
/// It is the one place below Comet that holds a raw pointer: an array would pay a uniqueness check and a bounds check
/// for each byte. An empty buffer owns no memory, so that a waiting connection can hold one for free. The owner bounds
/// `count`.
///
/// The type is public because the compiler inlines no member of a `package` type into another module. Without that an
/// answer would cost half as much again.
public struct Buffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var head = 0
    @usableFromInline var tail = 0
    @usableFromInline var capacity = 0

    @inlinable public init() {}
    deinit { base?.deallocate() }

    /// Bytes waiting.
    @inlinable public var count: Int { tail - head }
    @inlinable public var isEmpty: Bool { tail == head }

    /// The waiting bytes. They are valid until the buffer is next changed.
    @inlinable public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0) + head }, count: tail - head)
    }

    /// Makes room for `extra` more bytes at the end. They are written at the pointer, and `advance(by:)` says how many
    /// came.
    @inlinable public mutating func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
        if capacity - tail < extra { grow(extra) }
        return base.unsafelyUnwrapped + tail
    }
    @inlinable public mutating func advance(by written: Int) { tail += written }

    @inlinable mutating func grow(_ extra: Int) {
        let live = count
        // The bytes slide to the front. No more bytes are copied than were consumed.
        if let base, capacity - live >= extra, head >= live {
            base.copyMemory(from: base + head, byteCount: live)
        } else {
            capacity = max(256, max(capacity * 2, live + extra))
            let new = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            if let base {
                new.copyMemory(from: base + head, byteCount: live)
                base.deallocate()
            }
            base = new
        }
        head = 0
        tail = live
    }

    /// Forgets the first `n` bytes. An emptied buffer starts again at its front.
    @inlinable public mutating func consume(_ n: Int) {
        precondition(n <= count, "consumed more bytes than the buffer holds")
        head += n
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Takes back everything that was appended after the buffer held `count` bytes.
    @inlinable public mutating func truncate(to count: Int) { tail = head + count }

    @inlinable public mutating func clear() {
        head = 0
        tail = 0
    }

    /// Bytes that the buffer owns.
    @inlinable package var memoryBytes: Int { capacity }

    /// Empties the buffer and gives its memory back.
    @inlinable package mutating func release() {
        base?.deallocate()
        base = nil
        (head, tail, capacity) = (0, 0, 0)
    }

    /// Gives the memory of an empty buffer back if it is more than `bytes`, so that one great message leaves no great
    /// buffer behind.
    @inlinable package mutating func shrink(over bytes: Int) { if isEmpty, capacity > bytes { release() } }

    @inlinable public mutating func append(_ byte: UInt8) {
        reserve(1).storeBytes(of: byte, as: UInt8.self)
        tail += 1
    }
    @inlinable public mutating func append(_ raw: UnsafeRawBufferPointer) {
        guard let source = raw.baseAddress, raw.count > 0 else { return }
        reserve(raw.count).copyMemory(from: source, byteCount: raw.count)
        tail += raw.count
    }
    /// It is inlined, so that a literal becomes a few moves of registers.
    @inlinable @inline(__always) public mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        reserve(count).copyMemory(from: text.utf8Start, byteCount: count)
        tail &+= count
    }
    /// Appends bytes, each combined with one of the four bytes of a key in turn (RFC 6455, 5.3). The first byte meets
    /// the key's lowest.
    package mutating func append(_ raw: UnsafeRawBufferPointer, key: UInt32) {
        guard let source = raw.baseAddress, raw.count > 0 else { return }
        let target = reserve(raw.count)
        let twice = UInt64(key) | UInt64(key) << 32
        var at = 0
        while at &+ 8 <= raw.count {
            let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ twice
            target.storeBytes(of: word.littleEndian, toByteOffset: at, as: UInt64.self)
            at &+= 8
        }
        while at < raw.count {
            let byte = UInt8(truncatingIfNeeded: key >> UInt32((at & 3) * 8))
            target.storeBytes(of: raw[at] ^ byte, toByteOffset: at, as: UInt8.self)
            at &+= 1
        }
        tail += raw.count
    }
    /// Appends text that is not on the hot path. (It has a label: without it every literal would be a String.)
    @inlinable package mutating func append(string text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }
    /// Appends the bytes of an integer in network byte order.
    @inlinable public mutating func append<Integer: FixedWidthInteger & BitwiseCopyable>(bigEndian value: Integer) {
        reserve(MemoryLayout<Integer>.size).storeBytes(of: value.bigEndian, as: Integer.self)
        tail += MemoryLayout<Integer>.size
    }
    @inlinable package mutating func append(decimal value: UInt64) {
        if value >= 100_000_000 {
            append(decimal: value / 100_000_000)
            reserve(8).storeBytes(of: Buffer.eightDigits(value % 100_000_000), as: UInt64.self)
            tail &+= 8
        } else {
            // Leading zeros are left out. The number zero keeps its last one.
            let digits = Buffer.eightDigits(value)
            let zeros = min(7, (digits & 0x0F0F_0F0F_0F0F_0F0F).trailingZeroBitCount / 8)
            reserve(8).storeBytes(of: digits >> (UInt64(zeros) * 8), as: UInt64.self)
            tail &+= 8 &- zeros
        }
    }
    /// A number below 10^8 as eight characters, the first of them in the lowest byte. It is split in halves, quarters
    /// and eighths side by side, by multiplications with rounded-up reciprocals (exact below 10^4 and 10^2).
    @inlinable @inline(__always) static func eightDigits(_ value: UInt64) -> UInt64 {
        let fours = value / 10_000 | (value % 10_000) << 32
        let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) << 16
        let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
        return (tens | (twos &- tens &* 10) << 8 | 0x3030_3030_3030_3030).littleEndian
    }

    /// Replaces a byte that is waiting. `offset` counts from the first of them.
    @inlinable public mutating func overwrite(_ byte: UInt8, at offset: Int) {
        precondition(offset < count, "overwrote a byte that the buffer does not hold")
        base.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: head + offset, as: UInt8.self)
    }
    package mutating func overwrite<Integer: FixedWidthInteger & BitwiseCopyable>(
        bigEndian value: Integer, at offset: Int
    ) {
        precondition(
            offset >= 0 && offset + MemoryLayout<Integer>.size <= count, "overwrote past the buffer's end")
        base.unsafelyUnwrapped.storeBytes(of: value.bigEndian, toByteOffset: head + offset, as: Integer.self)
    }
    /// Makes `new` bytes of the `old` bytes at this offset, which are to be overwritten. What follows them moves.
    package mutating func resizeGap(at offset: Int, from old: Int, to new: Int) {
        precondition(offset >= 0 && offset + old <= count, "a gap past the buffer's end")
        guard new != old else { return }
        let behind = count - offset - old
        if new > old { _ = reserve(new - old) }
        let gap = base.unsafelyUnwrapped + head + offset
        (gap + new).copyMemory(from: gap + old, byteCount: behind)
        tail += new - old
    }
    /// Writes a number over bytes that are already there, aligned to the right, with spaces before it. `offset` counts
    /// from the first waiting byte.
    @inlinable package mutating func overwrite(decimal value: Int, at offset: Int, width: Int) {
        precondition(offset >= 0 && offset + width <= count, "overwrote past the buffer's end")
        var rest = UInt64(value)
        var at = offset + width
        repeat {
            at -= 1
            precondition(at >= offset, "a number wider than its field")
            base.unsafelyUnwrapped.storeBytes(
                of: UInt8(truncatingIfNeeded: rest % 10) | 48, toByteOffset: head + at, as: UInt8.self)
            rest /= 10
        } while rest > 0
    }
}

extension UnsafeRawBufferPointer {
    /// The integer at `offset`, in network byte order. The caller has checked the bounds.
    @inlinable public func bigEndian<Integer: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as: Integer.Type = Integer.self
    ) -> Integer {
        Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }
    /// A part of this buffer, by offset and count. The caller has checked the bounds.
    @inlinable public func part(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: baseAddress.map { $0 + offset }, count: count)
    }
}
