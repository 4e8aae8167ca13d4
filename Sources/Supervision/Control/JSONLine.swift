import Base

/// Writes values as one line of JSON, for the control socket and GET /status. Members are in the order in which a type
/// declares them, and a member without a value is null. (Foundation's encoder has no order, and leaves such members
/// out.)
package enum JSONLine {
    package static func text(_ value: some Encodable) -> String {
        let output = Output()
        // Nothing throws here, neither the writer nor the types that it writes.
        try? JSONLineEncoder(output).write(value)
        return output.text
    }
}

private final class Output {
    var text = ""
}

/// Writes one value: its members or elements, as they come. The caller adds `end` after the value's last member.
///
/// A value may ask for its container more than once, and all its members are then in the same braces. So an answer adds
/// the members of its body to its own.
private final class JSONLineEncoder: Encoder {
    private let output: Output
    private(set) var end = ""
    private var isEmpty = true
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ output: Output) { self.output = output }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        open("{", "}")
        return KeyedEncodingContainer(Members(encoder: self))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        open("[", "]")
        return Elements(encoder: self)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { Elements(encoder: self) }

    private func open(_ begin: String, _ end: String) {
        guard self.end.isEmpty else { return }
        output.text += begin
        self.end = end
    }
    /// Writes the text before the next member or element.
    func separate(_ name: String? = nil) {
        guard !end.isEmpty else { return }
        output.text += isEmpty ? "" : ","
        output.text += name.map { jsonText($0) + ":" } ?? ""
        isEmpty = false
    }
    func writeNull() { output.text += "null" }
    func write(_ value: some Encodable) throws {
        switch value {
        case let text as String: output.text += jsonText(text)
        case let number as any BinaryInteger: output.text += "\(number)"
        case let number as Double: output.text += "\(number)"
        case let flag as Bool: output.text += "\(flag)"
        default:
            let inner = JSONLineEncoder(output)
            try value.encode(to: inner)
            output.text += inner.end
        }
    }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONLineEncoder
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) {
        encoder.separate(key.stringValue)
        encoder.writeNull()
    }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        encoder.separate(key.stringValue)
        try encoder.write(value)
    }
    private func encode(_ value: (some Encodable)?, orNull key: Key) throws {
        if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }
    func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws { try encode(value, orNull: key) }
    // Without these functions the standard library would leave such members out if they are `nil`.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try encode(value, orNull: key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encode(value, orNull: key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encode(value, orNull: key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encode(value, orNull: key) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try encode(value, orNull: key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try encode(value, orNull: key) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try encode(value, orNull: key) }

    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        preconditionFailure("members are values, which write themselves")
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        preconditionFailure("members are values, which write themselves")
    }
    func superEncoder() -> any Encoder { encoder }
    func superEncoder(forKey key: Key) -> any Encoder { encoder }
}

/// The elements of an array, or a value alone.
private struct Elements: UnkeyedEncodingContainer, SingleValueEncodingContainer {
    let encoder: JSONLineEncoder
    var codingPath: [any CodingKey] { [] }
    var count: Int { 0 }

    func encodeNil() {
        encoder.separate()
        encoder.writeNull()
    }
    func encode(_ value: some Encodable) throws {
        encoder.separate()
        try encoder.write(value)
    }
    func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
        preconditionFailure("elements are values, which write themselves")
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        preconditionFailure("elements are values, which write themselves")
    }
    func superEncoder() -> any Encoder { encoder }
}
