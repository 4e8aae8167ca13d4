import Base

/// The clipboard of the operator's terminal (xterm's control sequences, OSC 52). The bytes go to the terminal as the
/// pictures do, so this works over ssh, too.
package enum Clipboard {
    /// Terminals drop longer sequences, or only a part of them.
    package static let mostBytes = 8192
    private static let begin = "\u{1B}]52;c;", end = "\u{07}"
    /// Base64 makes four bytes of three.
    package static let mostTextBytes = (mostBytes - begin.utf8.count - end.utf8.count) / 4 * 3

    /// The bytes that put a text there. A longer text is cut behind a whole character.
    package static func sequence(_ text: String) -> [UInt8] {
        var encoded = Buffer()
        Array(plainText(text, most: mostTextBytes).utf8).withUnsafeBytes { appendBase64($0, to: &encoded) }
        return Array(begin.utf8) + Array(encoded.bytes) + Array(end.utf8)
    }
    /// Terminals without a clipboard. Some of them would show the sequence.
    static func isKnown(terminal: String) -> Bool {
        !["linux", "vt", "ansi", "cygwin", "hurd", "dumb"].contains { terminal.hasPrefix($0) }
    }
}
