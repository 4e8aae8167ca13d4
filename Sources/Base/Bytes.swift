// Functions that look at bytes. All parsers of text are made of them.
//
// In long texts eight bytes are looked at in one step: they are one word, in which arithmetic puts 0x80 into each byte
// that is searched for. Bits above the first find may be wrong, since a borrow went through them. The first find is
// always right, and only it is used.

@inlinable @inline(__always) var highs: UInt64 { 0x8080_8080_8080_8080 }
@inlinable @inline(__always) var ones: UInt64 { 0x0101_0101_0101_0101 }

/// 0x80 in each byte that is equal to this one.
@inlinable @inline(__always) func marks(_ word: UInt64, of byte: UInt8) -> UInt64 {
    let difference = word ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & highs
}
/// 0x80 in each byte that is below this one, which is at most 0x80.
@inlinable @inline(__always) func marks(_ word: UInt64, below byte: UInt8) -> UInt64 {
    (word &- ones &* UInt64(byte)) & ~word & highs
}
/// 0x80 in each byte that is neither a letter nor a dash.
@inlinable @inline(__always) func marksOfNoLetter(_ word: UInt64) -> UInt64 {
    let small = (word | 0x2020_2020_2020_2020) & ~highs
    let letters = (small &+ ones &* (0x80 - 0x61)) & ~(small &+ ones &* (0x80 - 0x7B))
    let others = ((word ^ (ones &* 0x2D)) & ~highs) &+ ~highs
    return (~letters & others | word) & highs
}

/// The position of the first byte from `start` on that `marks` finds in words, or `matches` one by one. It is the end
/// of the input if there is none.
@inlinable @inline(__always)
func first(
    in input: UnsafeRawBufferPointer, from start: Int, marks: (UInt64) -> UInt64, matches: (UInt8) -> Bool
) -> Int {
    guard let base = input.baseAddress else { return start }
    let count = input.count
    var at = start
    while at &+ 8 <= count {
        let found = marks(UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
        if found != 0 { return at &+ found.trailingZeroBitCount / 8 }
        at &+= 8
    }
    while at < count, !matches(input[at]) { at &+= 1 }
    return at
}

/// The position of the next byte that is equal to `byte`, or the end of the input.
@inlinable @inline(__always) public func position(
    of byte: UInt8, in input: UnsafeRawBufferPointer, from start: Int = 0
) -> Int {
    first(in: input, from: start, marks: { marks($0, of: byte) }, matches: { $0 == byte })
}
/// The position of the next byte that is equal to one of the two, or the end of the input.
@inlinable @inline(__always) public func position(
    of byte: UInt8, or other: UInt8, in input: UnsafeRawBufferPointer, from start: Int = 0
) -> Int {
    first(
        in: input, from: start, marks: { marks($0, of: byte) | marks($0, of: other) },
        matches: { $0 == byte || $0 == other })
}
/// The end of the token that starts at `start` (RFC 9110, 5.6.2). Most bytes of tokens are letters and dashes.
@inlinable @inline(__always) public func endOfToken(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
    var at = start
    while true {
        at = first(in: input, from: at, marks: marksOfNoLetter, matches: { !isToken($0) })
        guard at < input.count, isToken(input[at]) else { return at }
        at &+= 1
    }
}
/// The end of the visible text that starts at `start`: the next control character. Spaces, tabs and bytes over 127
/// belong to the text.
@inlinable @inline(__always) public func endOfText(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
    var at = start
    while true {
        at = first(
            in: input, from: at, marks: { marks($0, below: 32) | marks($0, of: 127) }, matches: { $0 < 32 || $0 == 127 }
        )
        guard at < input.count, input[at] == 9 else { return at }
        at &+= 1
    }
}
/// The end of the request target that starts at `start`: a space, a control character, a byte over 126, or a `#`.
@inlinable @inline(__always) public func endOfTarget(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
    first(
        in: input, from: start, marks: { marks($0, below: 33) | marks($0, of: 127) | $0 & highs | marks($0, of: 35) },
        matches: { $0 < 33 || $0 > 126 || $0 == 35 })
}

/// The position of the next byte that a script may need written in another way: `<`, the first byte of a line
/// separator, or one from `\` to `_`.
@inlinable @inline(__always) public func endOfScriptText(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
    first(
        in: input, from: start,
        marks: { marks($0, of: 60) | marks($0, of: 0xE2) | marks($0 & ~(ones &* 3), of: 92) },
        matches: { $0 == 60 || $0 == 0xE2 || $0 & ~3 == 92 })
}

/// The position of the first byte that no client id may have: a control character, a `.` or a `/`.
@inlinable @inline(__always) public func endOfClientId(_ input: UnsafeRawBufferPointer) -> Int {
    first(
        in: input, from: 0, marks: { marks($0, below: 32) | marks($0, of: 127) | marks($0, of: 47) },
        matches: { $0 < 32 || $0 == 127 || $0 == 47 })
}

/// True for a byte of a token: letters, digits and ! # $ % & ' * + - . ^ _ ` | ~ (RFC 9110, 5.6.2), as two masks of 64
/// bits.
@inlinable @inline(__always) public func isToken(_ byte: UInt8) -> Bool {
    let mask: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
    return byte < 128 && mask >> UInt64(byte & 63) & 1 != 0
}
@inlinable @inline(__always) public func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

/// Whether both are the same bytes.
@inlinable @inline(__always) public func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    let count = a.count
    guard count == b.count else { return false }
    guard let a = a.baseAddress, let b = b.baseAddress else { return true }
    var at = 0
    while at &+ 8 <= count {
        if a.loadUnaligned(fromByteOffset: at, as: UInt64.self) != b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        {
            return false
        }
        at &+= 8
    }
    while at < count {
        if a.load(fromByteOffset: at, as: UInt8.self) != b.load(fromByteOffset: at, as: UInt8.self) { return false }
        at &+= 1
    }
    return true
}
/// Whether the bytes are this text. With `prefix`, whether they begin with it.
@inlinable @inline(__always) public func matches(
    _ bytes: UnsafeRawBufferPointer, _ text: StaticString, prefix: Bool = false
)
    -> Bool
{
    guard prefix ? bytes.count <= text.utf8CodeUnitCount : bytes.count == text.utf8CodeUnitCount else { return false }
    for i in 0..<bytes.count where bytes[i] != text.utf8Start[i] { return false }
    return true
}
/// Whether the bytes are this text in large or small letters. `text` is in small letters.
@inlinable @inline(__always) public func matchesLowercase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString)
    -> Bool
{
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    for i in 0..<bytes.count {
        let wanted = text.utf8Start[i]
        // With this bit set, only a letter becomes the wanted letter.
        if bytes[i] != wanted, wanted < 97 || wanted > 122 || bytes[i] | 32 != wanted { return false }
    }
    return true
}
