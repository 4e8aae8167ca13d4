import Base
import Wire

/// Reads the JSON of tokens and of sets of keys (RFC 8259), and is strict: UTF-8, no lone surrogates, nothing behind
/// the value, and no object with a name twice, since readers differ in which of the two counts (RFC 7519, 4). It calls
/// itself for each level of nesting, up to `Limits.tokenDepth`.
package struct JSONReader {
    /// What is wrong. It has nothing of the text.
    package struct Fault: Error { package let message: StaticString }

    private let input: UnsafeRawBufferPointer
    private var at = 0

    package static func value(_ input: UnsafeRawBufferPointer) throws(Fault) -> JSONValue {
        guard isUTF8(input) else { throw Fault(message: "is not UTF-8") }
        var reader = JSONReader(input)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.at == input.count else { throw Fault(message: "has something behind its JSON") }
        return value
    }
    package static func value(of bytes: [UInt8]) throws(Fault) -> JSONValue {
        try bytes.withUnsafeBufferPointer { bytes throws(Fault) in try value(UnsafeRawBufferPointer(bytes)) }
    }
    private init(_ input: UnsafeRawBufferPointer) { self.input = input }

    private static let noJSON = Fault(message: "is no JSON")

    /// The byte here; 0, which stands nowhere in JSON, at the end.
    private var byte: UInt8 { at < input.count ? input[at] : 0 }
    private mutating func skipSpace() { while byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 } }
    /// Takes this byte if it is the next one.
    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: wanted) else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(Fault) -> JSONValue {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < Limits.tokenDepth else { throw Fault(message: "is nested too deep") }
            return byte == UInt8(ascii: "{") ? try object(depth + 1) : try list(depth + 1)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "-"), 48...57: return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw JSONReader.noJSON
        }
    }

    private mutating func object(_ depth: Int) throws(Fault) -> JSONValue {
        at += 1
        var members = JSONMembers()
        var names: Set<[UInt8]> = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            guard byte == UInt8(ascii: "\"") else { throw JSONReader.noJSON }
            let name = try string()
            guard names.insert(name).inserted else { throw Fault(message: "has a name twice") }
            skipSpace()
            guard take(":") else { throw JSONReader.noJSON }
            skipSpace()
            members.members.append(.init(name: name, value: try value(depth: depth)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw JSONReader.noJSON }
            skipSpace()
        }
    }
    private mutating func list(_ depth: Int) throws(Fault) -> JSONValue {
        at += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .list(values) }
        while true {
            values.append(try value(depth: depth))
            skipSpace()
            if take("]") { return .list(values) }
            guard take(",") else { throw JSONReader.noJSON }
            skipSpace()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Fault) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard input.count - at >= count, matches(input.part(at, count), word) else { throw JSONReader.noJSON }
        at += count
        return value
    }

    private mutating func digits() throws(Fault) {
        let start = at
        while isDigit(byte) { at += 1 }
        guard at > start else { throw JSONReader.noJSON }
    }
    private mutating func number() throws(Fault) -> JSONValue {
        let start = at
        _ = take("-")
        let first = at
        try digits()
        guard input[first] != 48 || at == first + 1 else { throw JSONReader.noJSON }
        if take(".") { try digits() }
        if byte | 32 == UInt8(ascii: "e") {
            at += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        return .number([UInt8](input.part(start, at - start)))
    }

    private mutating func string() throws(Fault) -> [UInt8] {
        at += 1
        var text: [UInt8] = []
        while true {
            // What stands between two escapes is copied in one piece.
            let end = endOfPlain()
            text.append(contentsOf: input.part(at, end - at))
            at = end
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return text
            case UInt8(ascii: "\\"):
                at += 1
                let scalar = try escape()
                text.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
            default: throw JSONReader.noJSON
            }
        }
    }
    private func endOfPlain() -> Int {
        var end = at
        while end < input.count, input[end] >= 32, input[end] != 34, input[end] != 92 { end += 1 }
        return end
    }
    private mutating func escape() throws(Fault) -> Unicode.Scalar {
        let letter = byte
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexUnit()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            guard unit < 0xDC00, take("\\"), take("u") else { throw Fault(message: "has half a surrogate pair") }
            let low = try hexUnit()
            guard low & 0xFC00 == 0xDC00, let scalar = Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
            else { throw Fault(message: "has half a surrogate pair") }
            return scalar
        default: throw JSONReader.noJSON
        }
    }
    private mutating func hexUnit() throws(Fault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(byte) else { throw JSONReader.noJSON }
            unit = unit << 4 | UInt32(digit)
            at += 1
        }
        return unit
    }
}
