/// A JSON value of a token or of a set of keys. Texts are decoded, as UTF-8.
package enum JSONValue: Equatable {
    case object(JSONMembers)
    case list([JSONValue])
    case text([UInt8])
    /// A number as it is written.
    case number([UInt8])
    case bool(Bool)
    case null

    package var text: [UInt8]? { if case .text(let bytes) = self { bytes } else { nil } }
    package var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }
    package var object: JSONMembers? { if case .object(let members) = self { members } else { nil } }

    /// A number that is written as a whole one, without sign, point or exponent, and is below 2^53: above, two readers
    /// may read two numbers.
    package var whole: UInt64? {
        guard case .number(let digits) = self, digits.count <= 16 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard digit >= 48, digit <= 57 else { return nil }
            value = value * 10 + UInt64(digit - 48)
        }
        return value < 1 << 53 ? value : nil
    }
}

/// The members of an object, in their order. Each name is there once.
package struct JSONMembers: Equatable {
    package struct Member: Equatable {
        package var name: [UInt8]
        package var value: JSONValue
    }
    package var members: [Member] = []

    package subscript(name: StaticString) -> JSONValue? {
        members.first { $0.name.isText(name) }?.value
    }
}

extension [UInt8] {
    /// Whether the bytes are this text.
    package func isText(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for at in indices where self[at] != text.utf8Start[at] { return false }
        return true
    }
}
