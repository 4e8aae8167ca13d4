import Base

/// A JSON object that is written member by member, for programs that do not link Foundation. The names are those by
/// which it is decoded.
struct JSONObject<Key: CodingKey> {
    private var isEmpty = true

    init(to out: inout Buffer) { out.append("{") }
    func end(to out: inout Buffer) { out.append("}") }

    mutating func add(_ key: Key, _ value: String?, to out: inout Buffer) {
        name(key, to: &out)
        if let value { out.append(jsonString: value) } else { out.append("null") }
    }
    mutating func add(_ key: Key, _ value: Bool, to out: inout Buffer) {
        name(key, to: &out)
        out.append(value ? "true" : "false")
    }
    /// Adds a count. It is whole and not below zero.
    mutating func add(_ key: Key, _ value: Double?, to out: inout Buffer) {
        name(key, to: &out)
        if let value { out.append(decimal: UInt64(value)) } else { out.append("null") }
    }
    /// Adds an object, or null.
    mutating func add<Object>(
        _ key: Key, _ object: Object?, to out: inout Buffer, write: (Object, inout Buffer) -> Void
    ) {
        name(key, to: &out)
        if let object { write(object, &out) } else { out.append("null") }
    }
    /// Adds seconds with three digits behind the point.
    mutating func add(milliseconds key: Key, _ seconds: Double?, to out: inout Buffer) {
        name(key, to: &out)
        guard let seconds else { return out.append("null") }
        let milliseconds = UInt64((seconds * 1000).rounded())
        out.append(decimal: milliseconds / 1000)
        let rest = milliseconds % 1000
        out.append(rest < 10 ? ".00" : rest < 100 ? ".0" : ".")
        out.append(decimal: rest)
    }
    mutating func add<Element>(
        _ key: Key, _ list: [Element], to out: inout Buffer, write: (Element, inout Buffer) -> Void
    ) {
        name(key, to: &out)
        out.append("[")
        for (at, element) in list.enumerated() {
            if at > 0 { out.append(",") }
            write(element, &out)
        }
        out.append("]")
    }

    private mutating func name(_ key: Key, to out: inout Buffer) {
        out.append(isEmpty ? "\"" : ",\"")
        isEmpty = false
        out.append(string: key.stringValue)
        out.append("\":")
    }
}
