import TestSupport
import Testing

/// The rules that every parser must keep. The result is the same whole, in front of other bytes and byte by byte. A
/// part gives nothing but "incomplete" or a refusal. Nothing crashes it.
struct ParserCheck<Value: Equatable & Sendable>: Sendable {
    enum Outcome: Equatable {
        case incomplete
        case value(Value, bytes: Int)
        case refused
    }
    let parse: @Sendable (UnsafeRawBufferPointer) -> Outcome

    func callAsFunction(_ bytes: [UInt8]) -> Outcome {
        // The copy has exactly the input's size, so a read past the end of the input is one past the end of the
        // allocation.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        return parse(UnsafeRawBufferPointer(copy))
    }

    /// A valid input, in every way that it can arrive.
    func acceptsInEveryWay(_ bytes: [UInt8], as value: Value, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self(bytes) == .value(value, bytes: bytes.count), sourceLocation: sourceLocation)
        #expect(
            self(bytes + bytes) == .value(value, bytes: bytes.count), "several at once", sourceLocation: sourceLocation)
        for count in 0..<bytes.count {
            #expect(
                self(Array(bytes[..<count])) == .incomplete, "a prefix of \(count) bytes",
                sourceLocation: sourceLocation)
        }
    }

    /// Mutations of valid inputs, from a seed. Each must have an outcome. An input that was accepted must be accepted
    /// again if it is cut behind the used bytes.
    func survives(_ seeds: [[UInt8]], cases: Int, seed: UInt64, sourceLocation: SourceLocation = #_sourceLocation) {
        var random = SeededRandom(seed)
        for _ in 0..<cases {
            var bytes = seeds[random.below(seeds.count)]
            for _ in 0..<1 + random.below(4) {
                let at = random.below(bytes.count + 1)
                switch random.below(6) {
                case 0 where at < bytes.count: bytes[at] = UInt8(random.below(256))
                case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8(random.below(8))
                case 2 where at < bytes.count: bytes.remove(at: at)
                case 3: bytes.insert(UInt8(random.below(256)), at: at)
                case 4: bytes.removeSubrange(at...)
                default:
                    let other = seeds[random.below(seeds.count)]
                    bytes = Array(bytes[..<at]) + other[random.below(other.count + 1)...]
                }
            }
            if case .value(let value, let used) = self(bytes) {
                if used < 1 || used > bytes.count || self(Array(bytes[..<used])) != .value(value, bytes: used) {
                    Issue.record("accepted \(used) of \(bytes), and not again", sourceLocation: sourceLocation)
                    return
                }
            }
        }
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ raw: UnsafeRawBufferPointer) -> String { String(decoding: raw, as: UTF8.self) }
