/// What a key allows an app to do on the app port.
package struct AppRights: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let publish = AppRights(rawValue: 1)
    package static let subscribe = AppRights(rawValue: 2)
    package static let events = AppRights(rawValue: 4)
    package static let disconnect = AppRights(rawValue: 8)
    package static let read = AppRights(rawValue: 16)

    /// The name of each right in the settings, in the order in which they are written.
    private static let table: [(right: AppRights, name: String)] = [
        (.publish, "publish"), (.subscribe, "subscribe"), (.events, "events"), (.disconnect, "disconnect"),
        (.read, "read"),
    ]
    package static let all: AppRights = [.publish, .subscribe, .events, .disconnect, .read]
    package static let allNames = table.map(\.name)

    package init?(name: String) {
        guard let row = AppRights.table.first(where: { $0.name == name }) else { return nil }
        self = row.right
    }
    package var names: [String] { AppRights.table.filter { contains($0.right) }.map(\.name) }
}

/// A key of apps. Its text does not show the secret, so that no log or screen gets it by mistake.
package struct AppKey: Equatable, Sendable, CustomStringConvertible {
    /// Several keys may have one name: the old and the new one, while the apps change over.
    package let name: String
    package let rights: AppRights
    package let secret: [UInt8]

    package init(name: String, rights: AppRights, secret: [UInt8]) {
        self.name = name
        self.rights = rights
        self.secret = secret
    }
    package var description: String { "\(name) (\(rights.names.joined(separator: ", ")))" }

    /// The name of the key that stands alone in `app.key` or `app.key_file`.
    package static let plainName = "app"

    // The bounds of the settings `app.keys`. A setting beyond one is a mistake of the file.
    package static let most = 64
    package static let secretBytes = 8...512
    package static let nameBytes = 1...64

    package static func isName(_ name: String) -> Bool {
        nameBytes.contains(name.utf8.count)
            && name.utf8.allSatisfy {
                isDigit($0) || (97...122).contains($0 | 32) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
                    || $0 == UInt8(ascii: "-")
            }
    }
    /// What is wrong with a secret: the end of a sentence about it. `nil` if it is good.
    package static func fault(ofSecret secret: [UInt8]) -> String? {
        if secret.isEmpty { return "is empty" }
        if !secretBytes.contains(secret.count) {
            return "has \(secret.count) bytes, and a key has \(secretBytes.lowerBound) to \(secretBytes.upperBound)"
        }
        if secret.contains(where: { $0 < 32 || $0 == 127 }) { return "has a control character in it" }
        // A header's value loses spaces at its ends, so no app could send such a key.
        if secret.first == 32 || secret.last == 32 { return "begins or ends with a space" }
        return String(validating: secret, as: UTF8.self) == nil ? "is not UTF-8" : nil
    }
}

/// The file in which the supervisor gives the keys to the manager: a line that says what it is, and a line for each
/// key. A file without that first line is a plain key, as for a manager that is started by hand.
///
///     megacomet app keys 1
///     shop publish,subscribe SECRET
package enum AppKeyList {
    private static let firstLine = "megacomet app keys 1"
    /// The most bytes of such a file. A plain key may be longer than one of the settings, as it always could.
    package static let mostBytes = 65_536

    package struct Mistake: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    package static func text(_ keys: [AppKey]) -> String {
        var text = firstLine + "\n"
        for key in keys {
            let secret = String(decoding: key.secret, as: UTF8.self)
            text += "\(key.name) \(key.rights.names.joined(separator: ",")) \(secret)\n"
        }
        return text
    }
    /// The list has no keys only if the supervisor says so: an empty file is a mistake.
    package static func parse(_ bytes: [UInt8]) throws(Mistake) -> [AppKey] {
        guard bytes.count <= mostBytes else { throw Mistake(description: "it has over \(mostBytes) bytes") }
        guard bytes.starts(with: Array((firstLine + "\n").utf8)) else {
            var key = bytes[...]
            while key.last == 10 || key.last == 13 { key.removeLast() }
            guard !key.isEmpty else { throw Mistake(description: "the key is empty") }
            return [AppKey(name: AppKey.plainName, rights: .all, secret: Array(key))]
        }
        var keys: [AppKey] = []
        for (number, line) in bytes.split(separator: 10).enumerated().dropFirst() {
            guard let key = key(line) else { throw Mistake(description: "line \(number + 1) is no key") }
            keys.append(key)
        }
        return keys
    }
    private static func key(_ line: ArraySlice<UInt8>) -> AppKey? {
        let parts = line.split(separator: 32, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty else { return nil }
        var rights: AppRights = []
        for name in parts[1].split(separator: UInt8(ascii: ",")) {
            guard let right = AppRights(name: String(decoding: name, as: UTF8.self)) else { return nil }
            rights.insert(right)
        }
        return AppKey(name: String(decoding: parts[0], as: UTF8.self), rights: rights, secret: Array(parts[2]))
    }
}
