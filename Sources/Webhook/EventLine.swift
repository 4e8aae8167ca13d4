import Base
import Wire

/// A line that the manager writes on a connection whose app reads events. Only what decides is read. The bytes of an
/// event go on as they are.
package enum EventLine: Equatable {
    case event(id: UInt64)
    /// Events are gone that the reader has not had. It goes on after this cursor.
    case gap(cursor: UInt64)
    /// There was no event for a while.
    case heartbeat(cursor: UInt64)
    /// The answer to `events`, and to `seen`.
    case begins(cursor: UInt64)
    case seen(cursor: UInt64)
    /// The manager does not do what was asked. The text is its reason.
    case refusal(String)
    /// Nothing that a manager says.
    case unknown

    package init(_ line: UnsafeRawBufferPointer) {
        guard JSONScanner.fault(in: line) == nil, let members = Members(line) else {
            self = .unknown
            return
        }
        if let id = members.number("id"), members.value("event") != nil {
            self = .event(id: id)
        } else if let reason = members.value("error") {
            // {"error":{"code":"..","message":".."}}
            let message = Array(reason.utf8).withUnsafeBytes { Members($0)?.value("message") }
            self = .refusal(plainText(message ?? reason, most: 200))
        } else if let cursor = members.number("cursor") {
            switch (members.value("status"), members.value("gap")) {
            case ("\"events\"", _): self = .begins(cursor: cursor)
            case ("\"seen\"", _): self = .seen(cursor: cursor)
            case (nil, "true"): self = .gap(cursor: cursor)
            case (nil, nil): self = .heartbeat(cursor: cursor)
            default: self = .unknown
            }
        } else {
            self = .unknown
        }
    }
}

/// The members of a JSON object, as JSON. It is not for the hot path: a line has a handful of them.
private struct Members {
    private var values: [(name: Substring, value: Substring)] = []

    /// `line` is whole and right JSON. `nil` if it is no object.
    init?(_ line: UnsafeRawBufferPointer) {
        let text = Substring(decoding: line, as: UTF8.self).utf8
        var at = Members.skipSpace(text, text.startIndex)
        guard at < text.endIndex, text[at] == UInt8(ascii: "{") else { return nil }
        at = text.index(after: at)
        while true {
            let start = Members.skipSpace(text, at)
            guard text[start] == UInt8(ascii: "\"") else { return }
            let end = Members.endOfString(text, start)
            let name = Substring(text[text.index(after: start)..<text.index(before: end)])
            // The colon.
            let value = Members.skipSpace(text, text.index(after: Members.skipSpace(text, end)))
            at = Members.endOfValue(text, value)
            let trimmed = text[value..<at].reversed().drop { Members.isSpace($0) }.reversed()
            values.append((name, Substring(decoding: Array(trimmed), as: UTF8.self)))
            guard text[at] == UInt8(ascii: ",") else { return }
            at = text.index(after: at)
        }
    }

    /// The value as JSON. `nil` if there is no such member.
    func value(_ name: String) -> String? { values.first { $0.name == name }.map { String($0.value) } }
    func number(_ name: String) -> UInt64? { value(name).flatMap { UInt64($0) } }

    private typealias Text = Substring.UTF8View
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
    private static func skipSpace(_ text: Text, _ from: Text.Index) -> Text.Index {
        text[from...].firstIndex { !isSpace($0) } ?? text.endIndex
    }
    /// The place behind the closing quote.
    private static func endOfString(_ text: Text, _ start: Text.Index) -> Text.Index {
        var at = text.index(after: start)
        while text[at] != UInt8(ascii: "\"") {
            if text[at] == UInt8(ascii: "\\") { at = text.index(after: at) }
            at = text.index(after: at)
        }
        return text.index(after: at)
    }
    /// The place of the comma or bracket behind the value.
    private static func endOfValue(_ text: Text, _ start: Text.Index) -> Text.Index {
        var (at, depth) = (start, 0)
        while true {
            switch text[at] {
            case UInt8(ascii: "\""):
                at = endOfString(text, at)
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return at }
                depth -= 1
            case UInt8(ascii: ","): if depth == 0 { return at }
            default: break
            }
            at = text.index(after: at)
        }
    }
}
