import Base

/// A value on its way between a text (in a file or flag) and its field.
package enum SettingValue: Equatable, Sendable {
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([String])
    case tables([[String: SettingValue]])

    /// The value as TOML, for the file.
    package var toml: String {
        switch self {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): quoted(value)
        case .list(let values): "[" + values.map { quoted($0) }.joined(separator: ", ") + "]"
        case .tables(let tables):
            "["
                + tables.map { table in
                    "{ " + table.sorted { $0.key < $1.key }.map { "\($0) = \($1.toml)" }.joined(separator: ", ") + " }"
                }.joined(separator: ", ") + "]"
        }
    }
    /// The value as a flag's text.
    package var argument: String {
        switch self {
        case .bool, .integer, .number, .tables: toml
        case .text(let value): value
        case .list(let values): values.joined(separator: ",")
        }
    }
}

/// A TOML basic string.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case _ where scalar.value < 32 || scalar.value == 127:
            result += "\\u" + hex(scalar.value, digits: 4)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// A mistake in a value. It does not say whose: the caller names the flag, or the file, line and key.
package struct SettingMistake: Error, Equatable, CustomStringConvertible {
    package let description: String
    /// Where in the value it is, behind the setting's name: `[2].may`. Empty for the value as a whole.
    package let place: String
    init(_ description: String, at place: String = "") {
        self.description = description
        self.place = place
    }
}

extension Setting {
    package func value(in settings: Settings) -> SettingValue {
        switch field {
        case .bool(let path): .bool(settings[keyPath: path])
        case .automatic(let path): settings[keyPath: path].map { .bool($0) } ?? .text(automatic)
        case .integer(let path, _, _): .integer(settings[keyPath: path])
        case .number(let path, _, _): .number(settings[keyPath: path])
        case .text(let path, _): .text(settings[keyPath: path])
        case .list(let path, _): .list(settings[keyPath: path])
        case .keys(let path): .tables(settings[keyPath: path].map(\.table))
        }
    }
    package var defaultValue: SettingValue { value(in: Settings()) }

    /// Sets the field. Throws `SettingMistake` if the type or the value is wrong; then nothing has changed.
    package func set(_ value: SettingValue, in settings: inout Settings) throws(SettingMistake) {
        switch (field, value) {
        case (.bool(let path), .bool(let value)): settings[keyPath: path] = value
        case (.automatic(let path), .bool(let value)): settings[keyPath: path] = value
        case (.automatic(let path), .text(automatic)): settings[keyPath: path] = nil
        case (.integer(let path, let range, _), .integer(let value)):
            guard range.contains(value) else { throw SettingMistake("\(value) is out of range: \(rangeText)") }
            settings[keyPath: path] = value
        case (.number(let path, let range, _), .number(let value)):
            guard range.contains(value) else { throw SettingMistake("\(value) is out of range: \(rangeText)") }
            settings[keyPath: path] = value
        case (.number, .integer(let value)): try set(.number(Double(value)), in: &settings)
        case (.text(let path, let rule), .text(let value)):
            try rule.check(value)
            settings[keyPath: path] = value
        case (.list(let path, let rule), .list(let values)):
            for value in values { try rule.check(value) }
            settings[keyPath: path] = values
        case (.keys(let path), .tables(let tables)):
            let (keys, mistakes) = AppKeySetting.read(tables)
            if let mistake = mistakes.first { throw mistake }
            settings[keyPath: path] = keys
        case (.keys(let path), .list([])): settings[keyPath: path] = []
        case _ where isSecret: throw SettingMistake("is not \(typeText)")
        default: throw SettingMistake("\(value.toml) is not \(typeText)")
        }
    }

    /// Sets the field, and returns everything that is wrong. Then nothing has changed.
    package func take(_ value: SettingValue, in settings: inout Settings) -> [SettingMistake] {
        if case (.keys, .tables(let tables)) = (field, value) {
            let mistakes = AppKeySetting.read(tables).mistakes
            guard mistakes.isEmpty else { return mistakes }
        }
        do { try set(value, in: &settings) } catch { return [error] }
        return []
    }

    /// The value that a flag's text means. Throws if the text is no value of the type.
    package func parse(argument text: String) throws(SettingMistake) -> SettingValue {
        switch field {
        case .bool where text == "true", .automatic where text == "true": return .bool(true)
        case .bool where text == "false", .automatic where text == "false": return .bool(false)
        case .automatic where text == automatic: return .text(text)
        case .integer: if let value = Int(text) { return .integer(value) }
        case .number: if let value = Double(text), value.isFinite { return .number(value) }
        case .text: return .text(text)
        case .list: return .list(text.split(separator: ",").map(String.init))
        case .bool, .automatic, .keys: break
        }
        throw SettingMistake("\"\(text)\" is not \(typeText)")
    }

    /// The type in words, for sentences: "a whole number".
    package var typeText: String {
        switch field {
        case .bool: "true or false"
        case .automatic: "true, false or \"\(automatic)\""
        case .integer: "a whole number"
        case .number: "a number"
        case .text: "a text"
        case .list: "a list of texts"
        case .keys: "a list of tables: write [[\(key)]]"
        }
    }
    package var unit: String {
        switch field {
        case .integer(_, _, let unit), .number(_, _, let unit): unit
        default: ""
        }
    }
    /// "1 to 128 processes". For a text it is the form that the text must have.
    package var rangeText: String {
        switch field {
        case .bool, .automatic: typeText
        case .integer(_, let range, let unit):
            "\(range.lowerBound) to \(range.upperBound)" + (unit == "port" ? "" : " \(unit)")
        case .number(_, let range, let unit): "\(short(range.lowerBound)) to \(short(range.upperBound)) \(unit)"
        case .text(_, let rule): rule.text
        case .list(_, let rule): "a list of: " + rule.text
        case .keys:
            "up to \(AppKey.most) tables, each with a name, key or key_file, and may"
        }
    }
}

/// The text of a value that another setting decides.
private let automatic = "auto"

/// The number without ".0" at its end.
private func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
}

extension Setting.Rule {
    var text: String {
        switch self {
        case .any, .secret: "any text"
        case .address: "an IPv4 or IPv6 address"
        case .peer: "an IPv4 or IPv6 address, or a host name"
        case .path: "an absolute path"
        case .pathOrEmpty: "an absolute path, or empty"
        case .channelPrefix: "the beginning of a channel's name, without a comma"
        case .origin: "\"*\" or an origin as \"https://www.example.org\""
        case .network: "an IPv4 or IPv6 address, or a network as \"10.0.0.0/8\" or \"2001:db8::/32\""
        case .host: "a host name without a port"
        case .webhook: "an http or https URL, or empty"
        case .cookie: "a cookie's name, or empty"
        case .redis: "a redis:// or unix:// address, or empty"
        case .endpoint: "HOST:PORT"
        case .node: "1 to 32 letters, digits, - and _, or empty"
        case .sentinelMaster: "1 to 64 letters, digits, -, _ and ., or empty"
        case .keyPrefix: "1 to 64 bytes without spaces, { and }"
        case .oneOf(let words): words.joined(separator: ", ")
        }
    }
    func check(_ value: String) throws(SettingMistake) {
        let isRight =
            switch self {
            case .any, .secret: !value.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
            case .address: IPAddress(value) != nil
            case .peer: IPAddress(value) != nil || HostName.isOne(value)
            case .path: isPath(value)
            case .pathOrEmpty: value.isEmpty || isPath(value)
            case .channelPrefix: isChannelPrefix(value)
            case .origin: value == "*" || value == "null" || originAsSent(value) == value
            case .network: IPNetwork(value) != nil
            case .host: HostName.hasForm(value)
            case .webhook: WebhookAddress.fault(value) == nil
            case .cookie: isCookieName(value)
            case .redis: ClusterText.redisFault(value) == nil
            case .endpoint: ClusterText.isEndpoint(value)
            case .node: value.isEmpty || ClusterText.isNode(value)
            case .sentinelMaster: value.isEmpty || ClusterText.isSentinelMaster(value)
            case .keyPrefix: ClusterText.isKeyPrefix(value)
            case .oneOf(let words): words.contains(value)
            }
        if !isRight, self == .origin, let sent = originAsSent(value) {
            throw SettingMistake("\(quoted(value)) is not how browsers send that origin: \(quoted(sent))")
        }
        // The value is not repeated: it may have a password in it.
        if self == .webhook, let fault = WebhookAddress.fault(value) { throw SettingMistake(fault) }
        if self == .redis, let fault = ClusterText.redisFault(value) { throw SettingMistake(fault) }
        if self == .secret {
            if !isRight { throw SettingMistake("is not text without control characters") }
            // What `check --show` prints was taken for a file.
            if value == Settings.mask { throw SettingMistake("is the mask of a key that is not shown: write the key") }
            return
        }
        if !isRight {
            throw SettingMistake(
                "\(quoted(value)) is not \(self == .any ? "text without control characters" : text)" + hint(value))
        }
    }
    /// What is wrong with a value that is almost an address.
    private func hint(_ value: String) -> String {
        guard self == .address || self == .peer else { return "" }
        if IPAddress(value.prefix { $0 != "%" }) != nil { return ": an address with a zone is not taken" }
        if value.first == "[", IPAddress(value.dropFirst().prefix { $0 != "]" }) != nil {
            return ": it stands without brackets and port"
        }
        return HostName.isOne(value) ? ": only an address can be listened on" : ""
    }
}

/// A token of HTTP (RFC 9110, 5.6.2), or nothing.
private func isCookieName(_ text: String) -> Bool {
    text.utf8.count <= 64
        && text.utf8.allSatisfy {
            (97...122).contains($0 | 32) || (48...57).contains($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
        }
}

private func isPath(_ text: String) -> Bool { text.utf8.first == UInt8(ascii: "/") && !text.utf8.contains(0) }

/// Names of channels follow the rules of client ids: 1 to 128 bytes without slashes and control characters. A comma
/// separates the prefixes of the flag.
private func isChannelPrefix(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
        && text.utf8.allSatisfy { $0 >= 32 && $0 != 127 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ",") }
}

/// The origin as browsers send it (RFC 6454, 6.2): scheme and host in small letters, without a path or slash, and
/// without the port if it is the scheme's own. `nil` if the text is no origin. Browsers send a host that has other
/// letters than ASCII's as punycode.
private func originAsSent(_ text: String) -> String? {
    let text = text.lowercased()
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    let scheme = text[..<colon]
    var rest = text[text.index(colon, offsetBy: 3)...]
    if let path = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) { rest = rest[..<path] }
    var (host, port) = (rest, rest.suffix(0))
    // The colons of an IPv6 address are in brackets.
    if let last = rest.lastIndex(of: ":"), !rest[last...].contains("]") {
        (host, port) = (rest[..<last], rest[rest.index(after: last)...])
    }
    if scheme == "https" && port == "443" || scheme == "http" && port == "80" { port = "" }
    func consists(_ part: Substring, of more: String) -> Bool {
        part.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || more.utf8.contains($0) }
    }
    guard let first = scheme.utf8.first, (97...122).contains(first), consists(scheme, of: "+-.") else { return nil }
    let isAddress = host.first == "[" && host.last == "]"
    let name = isAddress ? host.dropFirst().dropLast() : host
    guard !name.isEmpty, consists(name, of: isAddress ? ":." : "-._~") else { return nil }
    guard port.isEmpty || UInt16(port).map({ "\($0)" == port }) == true else { return nil }
    return scheme + "://" + host + (port.isEmpty ? "" : ":" + port)
}
