import CTerminfo
import Glibc

/// A kind of terminal, by its entry in terminfo: the bytes that it obeys.
///
/// A name that this machine has no entry for is most often that of a newer terminal, which obeys xterm's bytes. So such
/// a terminal is not refused: the nearest kind that is known here is taken for it.
package struct TerminalKind: Sendable {
    /// The kinds that stand for an unknown one, the best first. An entry without cursor addressing is unknown, too.
    private static let others = ["xterm-256color", "xterm", "ansi", "vt100"]
    /// Kinds that take a title and answer questions about their colours, as xterm does.
    private static let likeXterm = ["xterm", "tmux", "screen", "rxvt", "foot", "alacritty", "kitty", "konsole", "st-"]

    /// The name of the entry that is used.
    package let name: String
    /// `TERM`.
    package let wanted: String
    /// The greatest number of colours of its own palette, or 2^24 if it takes them as red, green and blue.
    package let colours: Int

    let clear: [UInt8]
    /// Clears from the cursor to the end of the line. Empty if the terminal can't.
    let clearLine: [UInt8]
    let plain: [UInt8]
    let bold: [UInt8]
    let dim: [UInt8]
    /// Text with a colour can be dim.
    let dimsColours: Bool
    let reversed: [UInt8]
    /// Bytes at the begin, and those that bring any terminal of this kind back to its own picture.
    let enter: [UInt8]
    let leave: [UInt8]
    let bell: [UInt8]
    /// Reports of mouse presses in the SGR form. Empty if the terminal has no mouse.
    let mouseOn: [UInt8]
    let mouseOff: [UInt8]
    let isLikeXterm: Bool
    /// A character in the last column of the last line would scroll the picture.
    let scrollsAtEnd: Bool
    private let position: [CChar]
    private let foreground: [CChar]

    /// `nil` if not even the oldest kinds are known here.
    package init?(_ wanted: String) {
        guard let name = ([wanted] + TerminalKind.others).first(where: TerminalKind.isUsable) else { return nil }
        self.name = name
        self.wanted = wanted
        clear = TerminalKind.bytes("clear")
        clearLine = TerminalKind.bytes("el")
        plain = TerminalKind.bytes("sgr0")
        bold = TerminalKind.bytes("bold")
        reversed = TerminalKind.bytes("rev").isEmpty ? TerminalKind.bytes("smso") : TerminalKind.bytes("rev")
        let colours = Int(tigetnum("colors"))
        position = TerminalKind.text("cup")
        foreground = TerminalKind.text("setaf")
        self.colours = foreground.count <= 1 ? 0 : TerminalKind.hasDirectColour ? 1 << 24 : max(0, colours)
        dim = TerminalKind.bytes("dim")
        // no_color_video has the attributes that do not go with colours, in bit 4 dim.
        dimsColours = tigetnum("ncv") <= 0 || tigetnum("ncv") & 16 == 0
        enter = TerminalKind.bytes("smcup") + TerminalKind.bytes("civis")
        let isOverPicture = !TerminalKind.bytes("rmcup").isEmpty
        leave = plain + TerminalKind.bytes("cnorm") + (isOverPicture ? TerminalKind.bytes("rmcup") : clear)
        bell = TerminalKind.bytes("bel")
        let hasMouse = !TerminalKind.bytes("kmous").isEmpty
        mouseOn = hasMouse ? Array("\u{1B}[?1000h\u{1B}[?1006h".utf8) : []
        mouseOff = hasMouse ? Array("\u{1B}[?1006l\u{1B}[?1000l".utf8) : []
        isLikeXterm = TerminalKind.likeXterm.contains { name.hasPrefix($0) }
        scrollsAtEnd = tigetflag("am") > 0 && tigetflag("xenl") <= 0
    }

    /// The console of the kernel. Its font has few characters beside letters.
    package var isLinuxConsole: Bool { name.hasPrefix("linux") }

    /// Moves the cursor. Both are counted from 0.
    func moved(row: Int, column: Int) -> [UInt8] { TerminalKind.filled(position, row, column) }
    /// Sets the colour of text, from the palette.
    func colour(_ number: UInt8) -> [UInt8] { TerminalKind.filled(foreground, Int(number), 0) }

    // MARK: terminfo

    private static func isUsable(_ name: String) -> Bool {
        !name.isEmpty && mc_terminfo_read(name) != 0 && !bytes("cup").isEmpty && !bytes("clear").isEmpty
    }
    /// The extension `RGB` is a flag, a number or a text, as the author of the entry liked.
    private static var hasDirectColour: Bool {
        tigetnum("colors") >= 1 << 24 || tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || !bytes("RGB").isEmpty
    }
    private static func bytes(_ name: String) -> [UInt8] {
        text(name).dropLast().map { UInt8(bitPattern: $0) }
    }
    /// A capability without its delays (`$<5>`), which no terminal of today needs. It ends with a NUL.
    private static func text(_ name: String) -> [CChar] {
        var rest = raw(mc_terminfo_text(name))[...]
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "$"), rest.first == UInt8(ascii: "<"),
                let end = rest.firstIndex(of: UInt8(ascii: ">"))
            {
                rest = rest[(end + 1)...]
            } else {
                text.append(byte)
            }
        }
        return text.map { CChar(bitPattern: $0) } + [0]
    }
    private static func filled(_ text: [CChar], _ first: Int, _ second: Int) -> [UInt8] {
        raw(mc_terminfo_filled(text, Int32(first), Int32(second)))
    }
    private static func raw(_ text: UnsafePointer<CChar>) -> [UInt8] {
        UnsafeRawBufferPointer(start: text, count: strlen(text)).map(\.self)
    }
}
