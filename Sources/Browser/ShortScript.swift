/// A script in fewer bytes, for the way to the browser. It is written for people, and served without what only they
/// need: comment lines, indentation, spaces beside punctuation, and long names of its own variables and functions.
///
/// It knows as much of JavaScript as megacomet.js needs, and that file keeps these rules: a comment has its own line; a
/// name before `:` is a key, so a ternary has a space there; a regular expression follows one of `( , = : ? ! & |`; a
/// statement ends with `;` or `}`; names of one letter are lower case, a to f or i.
struct ShortScript {
    /// The words of the language and of the browser, and the one name that pages see.
    private static let kept: Set<String> = [
        "break", "catch", "continue", "delete", "else", "false", "for", "function", "if", "in", "new", "null", "return",
        "this", "throw", "true", "try", "typeof", "var", "BroadcastChannel", "Date", "EventSource", "Infinity", "JSON",
        "Math", "MegaComet", "Object", "Promise", "TypeError", "WebSocket", "XMLHttpRequest", "clearInterval",
        "clearTimeout", "encodeURIComponent", "localStorage", "performance", "self", "setInterval", "setTimeout",
    ]
    /// Properties of objects that nobody else sees, and whose names no other object has.
    private static let ownProperties = [
        "abandon", "stream", "done", "ready", "heard", "began", "hello", "first", "asks", "take", "socket",
    ]

    private(set) var bytes: [UInt8] = []

    /// An end of a line is a space.
    init(_ source: [UInt8]) {
        let tokens = Self.tokens(source)
        let names = Self.names(tokens)
        for index in tokens.indices {
            let token = tokens[index]
            switch token.first {
            case nil: continue
            case UInt8(ascii: " "):
                guard let before = bytes.last, index + 1 < tokens.count, let after = tokens[index + 1].first else {
                    continue
                }
                if isNamePart(before) && isNamePart(after) || before == after && "+-".utf8.contains(after) {
                    bytes.append(0x20)
                }
            default:
                if token.first == UInt8(ascii: "}"), bytes.last == UInt8(ascii: ";") { bytes.removeLast() }
                let word = String(decoding: token, as: UTF8.self)
                if Self.isVariable(tokens, index) {
                    bytes += (names[word] ?? word).utf8
                } else if let own = Self.ownProperties.firstIndex(of: word) {
                    bytes.append(UInt8(ascii: "a") + UInt8(own))
                } else {
                    bytes += token
                }
            }
        }
    }

    /// The short names. Those that occur most have one letter.
    private static func names(_ tokens: [ArraySlice<UInt8>]) -> [String: String] {
        var counts: [String: (count: Int, first: Int)] = [:]
        for index in tokens.indices where tokens[index].count > 1 && isVariable(tokens, index) {
            let name = String(decoding: tokens[index], as: UTF8.self)
            if !kept.contains(name) { counts[name, default: (0, index)].count += 1 }
        }
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZghjklmnopqrstuvwxyz$_".map { String($0) }
        let pairs = letters.lazy.flatMap { letter in (0...9).map { "\(letter)\($0)" } }
        let short = letters + pairs.prefix(max(0, counts.count - letters.count))
        let byUse = counts.sorted { ($1.value.count, $0.value.first) < ($0.value.count, $1.value.first) }
        return Dictionary(uniqueKeysWithValues: zip(byUse.map(\.key), short))
    }

    /// Whether a token is a name that is no property and no key.
    private static func isVariable(_ tokens: [ArraySlice<UInt8>], _ index: Int) -> Bool {
        guard let first = tokens[index].first, isNamePart(first), !(0x30...0x39).contains(first) else { return false }
        let isProperty = index > 0 && tokens[index - 1].last == UInt8(ascii: ".") && tokens[index - 1].count == 1
        return !isProperty && !(index + 1 < tokens.count && tokens[index + 1].first == UInt8(ascii: ":"))
    }

    /// Names and numbers, strings, regular expressions, runs of spaces, and all other bytes one by one.
    private static func tokens(_ source: [UInt8]) -> [ArraySlice<UInt8>] {
        var tokens: [ArraySlice<UInt8>] = []
        for line in source.split(separator: 0x0A) {
            var at = line.firstIndex { $0 != 0x20 } ?? line.endIndex
            guard !line[at...].starts(with: "//".utf8) else { continue }
            var before: UInt8 = 0x0A
            while at < line.endIndex {
                let end = endOfToken(line, at, after: before)
                tokens.append(line[at..<end])
                if line[at] != 0x20 { before = line[end - 1] }
                at = end
            }
            tokens.append([0x20])
        }
        return tokens
    }
    private static func endOfToken(_ line: ArraySlice<UInt8>, _ start: Int, after before: UInt8) -> Int {
        let first = line[start]
        func end(of isPart: (UInt8) -> Bool) -> Int { line[start...].firstIndex { !isPart($0) } ?? line.endIndex }
        if isNamePart(first) { return end { isNamePart($0) } }
        if first == 0x20 { return end { $0 == 0x20 } }
        let isExpression = first == UInt8(ascii: "/") && "(,=:?!&|".utf8.contains(before)
        guard first == UInt8(ascii: "\"") || isExpression else { return start + 1 }
        var at = start + 1
        var isInClass = false
        while at < line.endIndex, line[at] != first || isInClass {
            if isExpression, line[at] == UInt8(ascii: "[") || line[at] == UInt8(ascii: "]") {
                isInClass = line[at] == UInt8(ascii: "[")
            }
            at += line[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(at + 1, line.endIndex)
    }
}

private func isNamePart(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        || byte == 0x24
}
