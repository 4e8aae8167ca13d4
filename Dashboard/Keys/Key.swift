/// A key, as the operator means it.
package enum Key: Hashable, Sendable {
    case character(Character)
    case up, down, left, right, shiftLeft, shiftRight, controlLeft, controlRight, pageUp, pageDown, home, end, delete
    case enter, escape, tab, backTab, backspace
    case function(Int)
    /// A key with Ctrl held.
    case control(Character)
    /// Row and column are counted from 0, as in the grid.
    case click(row: Int, column: Int)
    case wheelUp, wheelDown
    /// No key: the terminal's answer to the question for its background.
    case background(isLight: Bool)
}

/// Turns a terminal's bytes into keys. A sequence may come in pieces. A lone Esc is a key when nothing follows it
/// (`flush`).
package struct KeyDecoder: Sendable {
    private var pending: [UInt8] = []
    /// It is longer than any sequence of a terminal. A longer one is garbage and is given up.
    private static let mostPending = 64

    package init() {}
    package var isWaiting: Bool { !pending.isEmpty }

    package mutating func receive(_ bytes: some Sequence<UInt8>) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while let (key, length) = next() {
            pending.removeFirst(length)
            if let key { keys.append(key) }
        }
        if pending.count > KeyDecoder.mostPending { pending.removeAll() }
        return keys
    }
    /// Nothing came for a moment, so the waiting bytes are complete.
    package mutating func flush() -> [Key] {
        // The rest of a click is still on its way: its bytes are never keys of their own.
        if pending.starts(with: [27, 91, 77]) { return [] }
        // Nor are those of an answer.
        if isAnswer { return [] }
        defer { pending.removeAll() }
        return pending.first == 27 ? [.escape] : []
    }

    /// The next key and its length. `nil` if more bytes are needed. A key of `nil` is skipped.
    private func next() -> (Key?, Int)? {
        guard let first = pending.first else { return nil }
        switch first {
        case 27: return escape()
        case 9: return (.tab, 1)
        case 10, 13: return (.enter, 1)
        case 8, 127: return (.backspace, 1)
        case 0..<32: return (.control(Character(UnicodeScalar(first + 96))), 1)
        case 32..<127: return (.character(Character(UnicodeScalar(first))), 1)
        default:
            let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
            guard pending.count >= length else { return nil }
            guard length > 1, let text = String(validating: pending.prefix(length), as: UTF8.self),
                let character = text.first
            else { return (nil, 1) }
            return (.character(character), length)
        }
    }
    private func escape() -> (Key?, Int)? {
        guard pending.count > 1 else { return nil }
        if pending[1] == 93, pending.count == 2 { return nil }
        if isAnswer { return answer() }
        guard pending[1] == 91 || pending[1] == 79 else { return (.escape, 1) }  // [ and O
        // A terminal without mode 1006 tells of the mouse in the X10 form: ESC [ M and three bytes, whatever they are.
        // None of them is a key.
        if pending[1] == 91, pending.count > 2, pending[2] == 77 {
            return pending.count < 6 ? nil : (KeyDecoder.mouse(pending[3], pending[4], pending[5]), 6)
        }
        guard let end = pending.dropFirst(2).firstIndex(where: { (64...126).contains($0) }) else { return nil }
        let parameters = String(decoding: pending[2..<end], as: UTF8.self)
        if parameters.hasPrefix("<") {
            return (KeyDecoder.mouse(parameters.dropFirst(), isPress: pending[end] == 77), end + 1)
        }
        let number = Int(parameters.prefix { $0.isNumber }) ?? 0
        let key: Key? =
            switch pending[end] {
            case 65: .up
            case 66: .down
            case 67, 68, 99, 100: KeyDecoder.sideways(pending[end], parameters, isApplication: pending[1] == 79)
            case 72: .home
            case 70: .end
            case 90: .backTab
            case 80: .function(1)
            case 81: .function(2)
            case 82: .function(3)
            case 83: .function(4)
            case 126:
                switch number {
                case 1, 7: .home
                case 4, 8: .end
                case 3: .delete
                case 5: .pageUp
                case 6: .pageDown
                case 11...15: .function(number - 10)
                case 17...21: .function(number - 11)
                case 23...24: .function(number - 12)
                default: nil
                }
            default: nil
            }
        return (key, end + 1)
    }
    /// `ESC ]` and a digit begin an answer. Its end is BEL, or ESC \.
    private var isAnswer: Bool {
        pending.count > 2 && pending[0] == 27 && pending[1] == 93 && (48...57).contains(pending[2])
    }
    private func answer() -> (Key?, Int)? {
        guard let end = pending.dropFirst(2).firstIndex(where: { $0 == 7 || $0 == 27 }) else { return nil }
        let isLong = pending[end] == 27
        guard !isLong || end + 1 < pending.count else { return nil }
        let text = String(decoding: pending[2..<end], as: UTF8.self)
        let isLight = TerminalBackground.isLight(answer: text)
        return (isLight.map { .background(isLight: $0) }, end + (isLong ? 2 : 1))
    }
    /// The arrows to the left and right. xterm and its like send the keys held as a second number (2 is Shift, 5 is
    /// Ctrl), rxvt as a small letter.
    private static func sideways(_ letter: UInt8, _ parameters: String, isApplication: Bool) -> Key? {
        let isLeft = letter == 68 || letter == 100
        if letter >= 99 {
            guard parameters.isEmpty else { return nil }
            return isApplication ? isLeft ? .controlLeft : .controlRight : isLeft ? .shiftLeft : .shiftRight
        }
        switch parameters.split(separator: ";").dropFirst().first {
        case "2": return isLeft ? .shiftLeft : .shiftRight
        case "5": return isLeft ? .controlLeft : .controlRight
        default: return isLeft ? .left : .right
        }
    }
    /// `BUTTON;COLUMN;ROW`, counted from 1, in xterm's SGR form. The left button and the wheel are keys. Others are
    /// not.
    private static func mouse(_ text: Substring, isPress: Bool) -> Key? {
        let numbers = text.split(separator: ";").compactMap { Int($0) }
        guard isPress, numbers.count == 3 else { return nil }
        return mouse(button: numbers[0], column: numbers[1], row: numbers[2])
    }
    /// The X10 form (xterm's control sequences, "Mouse Tracking"): each byte is 32 more than its value. Releases have
    /// button 3 and are no keys. A place beyond column or row 223 has no byte, so a click there is no key.
    private static func mouse(_ button: UInt8, _ column: UInt8, _ row: UInt8) -> Key? {
        mouse(button: Int(button) - 32, column: Int(column) - 32, row: Int(row) - 32)
    }
    private static func mouse(button: Int, column: Int, row: Int) -> Key? {
        guard column > 0, row > 0 else { return nil }
        switch button {
        case 0: return .click(row: row - 1, column: column - 1)
        case 64: return .wheelUp
        case 65: return .wheelDown
        default: return nil
        }
    }
}
