/// A strict reader of JSON (RFC 8259). It is written apart from the programs' own, so that the two are not wrong in the
/// same way.
public indirect enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number's text, as it was written.
    case number(String)
    case string(String)
    case array([JSON])
    /// The members in their order, including doubled ones.
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSON
    }

    public subscript(_ name: String) -> JSON? {
        if case .object(let members) = self { return members.first { $0.name == name }?.value }
        return nil
    }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var int: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let values) = self { values } else { nil } }
    public var names: [String] { if case .object(let members) = self { members.map(\.name) } else { [] } }

    public static func parse(_ text: String) throws -> JSON { try parse(Array(text.utf8)) }
    public static func parse(_ bytes: [UInt8]) throws -> JSON {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Failure("JSON is not UTF-8") }
        var reader = Reader(bytes: bytes)
        reader.space()
        let value = try reader.value()
        reader.space()
        guard reader.at == bytes.count else { throw reader.failure("more after the value") }
        return value
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }
        func failure(_ what: String) -> Failure {
            Failure("\(what) at byte \(at) of \(String(decoding: bytes.prefix(500), as: UTF8.self))")
        }
        mutating func space() { while let byte = next, [32, 9, 10, 13].contains(byte) { at += 1 } }
        mutating func takes(_ text: String) -> Bool {
            guard bytes[at...].starts(with: text.utf8) else { return false }
            at += text.utf8.count
            return true
        }

        mutating func value() throws -> JSON {
            switch next {
            case UInt8(ascii: "{"): return try object()
            case UInt8(ascii: "["): return try array()
            case UInt8(ascii: "\""): return .string(try string())
            default:
                if takes("null") { return .null }
                if takes("true") { return .bool(true) }
                if takes("false") { return .bool(false) }
                return .number(try number())
            }
        }
        mutating func object() throws -> JSON {
            var members: [Member] = []
            at += 1
            space()
            if takes("}") { return .object(members) }
            while true {
                space()
                guard next == UInt8(ascii: "\"") else { throw failure("no name") }
                let name = try string()
                space()
                guard takes(":") else { throw failure("no colon") }
                space()
                members.append(Member(name: name, value: try value()))
                space()
                if takes("}") { return .object(members) }
                guard takes(",") else { throw failure("no comma") }
            }
        }
        mutating func array() throws -> JSON {
            var values: [JSON] = []
            at += 1
            space()
            if takes("]") { return .array(values) }
            while true {
                space()
                values.append(try value())
                space()
                if takes("]") { return .array(values) }
                guard takes(",") else { throw failure("no comma") }
            }
        }
        mutating func number() throws -> String {
            let start = at
            _ = takes("-")
            func digits(_ reader: inout Reader) -> Int {
                let first = reader.at
                while let byte = reader.next, byte >= 48, byte <= 57 { reader.at += 1 }
                return reader.at - first
            }
            let leading = next
            let whole = digits(&self)
            guard whole > 0, leading != 48 || whole == 1 else { throw failure("no value") }
            if takes("."), digits(&self) == 0 { throw failure("no digits") }
            if takes("e") || takes("E") {
                if !takes("+") { _ = takes("-") }
                if digits(&self) == 0 { throw failure("no exponent") }
            }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }
        mutating func string() throws -> String {
            at += 1
            var units: [UInt16] = []
            var raw: [UInt8] = []
            func flushed(_ raw: inout [UInt8]) -> [UInt16] {
                defer { raw = [] }
                return Array(String(decoding: raw, as: UTF8.self).utf16)
            }
            while let byte = next {
                at += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: units + flushed(&raw), as: UTF16.self) }
                guard byte >= 32 else { throw failure("a control character in a string") }
                guard byte == UInt8(ascii: "\\") else {
                    raw.append(byte)
                    continue
                }
                units += flushed(&raw)
                guard let escape = next else { break }
                at += 1
                let plain: [UInt8: UInt16] = [34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9]
                if let unit = plain[escape] {
                    units.append(unit)
                } else if escape == UInt8(ascii: "u"), at + 4 <= bytes.count,
                    let unit = UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
                {
                    units.append(unit)
                    at += 4
                } else {
                    throw failure("no escape")
                }
            }
            throw failure("a string without an end")
        }
    }
}
