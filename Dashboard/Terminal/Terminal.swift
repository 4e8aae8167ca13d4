import CSystem
import CTerminfo
import Glibc
import Reactor

/// The terminal on which megatop runs.
///
/// A picture goes to it in one write that never waits. While the terminal has not taken the last picture, the next ones
/// are left out. The terminal is opened anew for this, since otherwise the shell's descriptor would become
/// non-blocking, too.
package final class Terminal {
    /// There is no terminal, or nothing is known of its kind.
    package struct Failure: Error, CustomStringConvertible { package let description: String }

    package let descriptor: Int32
    package let kind: TerminalKind
    private var painter: Painter
    private var pending: [UInt8] = []
    private var shown: Grid?
    private var usesMouse = false
    /// It has been asked for its background, and has not answered.
    private var awaitsAnswer = false
    /// Bytes that restore any terminal of this kind. `mc_terminal_restore` writes them at the end.
    private let restoring: [UInt8]

    package static func isUTF8() -> Bool { mc_locale_is_utf8() != 0 }

    /// `hasColour` is the operator's wish. The kind of the terminal decides, too.
    package init(hasColour: Bool) throws {
        guard let path = ttyname(1) ?? ttyname(0) else { throw Failure(description: "standard output is no terminal") }
        descriptor = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(description: "\(String(cString: path)): \(String(cString: strerror(errno)))")
        }
        let wanted = Environment["TERM"] ?? ""
        guard let kind = TerminalKind(wanted) else {
            throw Failure(description: "the terminal \"\(wanted)\" is not known here, nor any other: use megatop -b")
        }
        self.kind = kind
        painter = Painter(kind, colours: hasColour ? Terminal.colours(kind) : 0)
        restoring = kind.mouseOff + kind.leave
        guard setRaw() else {
            throw Failure(description: "\(String(cString: path)): \(String(cString: strerror(errno)))")
        }
        pending = kind.enter
        flush()
    }
    /// The number of colours. Many terminals say only by COLORTERM that they take red, green and blue.
    private static func colours(_ kind: TerminalKind) -> Int {
        guard kind.colours >= 8, !kind.isLinuxConsole, ["truecolor", "24bit"].contains(Environment["COLORTERM"]) else {
            return kind.colours
        }
        // The variable came from outside GNU screen, which knows nothing of it. tmux knows.
        if kind.name.hasPrefix("screen"), Environment["TMUX"] == nil { return kind.colours }
        return 1 << 24
    }
    private func setRaw() -> Bool {
        restoring.withUnsafeBytes { mc_terminal_raw(descriptor, $0.baseAddress, $0.count) } == 0
    }

    package func capabilities(isASCII: Bool) -> Capabilities {
        let isUTF8 = !isASCII && Terminal.isUTF8()
        return Capabilities(isUTF8: isUTF8, hasColour: painter.hasColour, hasBlocks: isUTF8 && !kind.isLinuxConsole)
    }
    /// The next picture is written as a whole, in the colours of the theme.
    package func use(_ theme: Theme) {
        painter.use(theme)
        redraw()
    }

    package var size: Size { Terminal.size(descriptor) }
    private static func size(_ descriptor: Int32) -> Size {
        var window = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return Size(80, 24)
        }
        return Size(Int(window.ws_col), Int(window.ws_row))
    }

    // MARK: out

    /// False if the terminal has not taken the last picture yet. Then this one is left out.
    package func show(_ grid: Grid) -> Bool {
        guard pending.isEmpty else { return false }
        pending = painter.paint(grid, over: shown)
        shown = grid
        flush()
        return true
    }
    /// The texts have nothing that a terminal obeys.
    package func tell(_ words: Announcer.Words, _ notification: Announcer.Notification) {
        var bytes = words.ringsBell ? kind.bell : []
        if kind.isLikeXterm {
            if let title = words.title { bytes += Array("\u{1B}]2;\(title)\u{07}".utf8) }
            switch (words.notice, notification) {
            case (let notice?, .osc9): bytes += Array("\u{1B}]9;megatop: \(notice)\u{07}".utf8)
            case (let notice?, .osc777): bytes += Array("\u{1B}]777;notify;megatop;\(notice)\u{07}".utf8)
            default: break
            }
        }
        // A terminal that takes nothing is not told more and more.
        guard !bytes.isEmpty, pending.count < Terminal.mostPending else { return }
        pending += bytes
        flush()
    }
    /// Puts a text into the terminal's clipboard. False if it has none. Whether it took the text it does not tell.
    package func copy(_ text: String) -> Bool {
        guard Clipboard.isKnown(terminal: kind.name) else { return false }
        pending += Clipboard.sequence(text)
        flush()
        return true
    }
    private static let mostPending = 1 << 20
    /// Asks for the background. The answer comes with the keys. Without colours it does not matter.
    package func askBackground() {
        guard kind.isLikeXterm, painter.hasColour else { return }
        pending += Array(TerminalBackground.question.utf8)
        awaitsAnswer = true
        flush()
    }
    /// The answer has come.
    package func gotBackground() { awaitsAnswer = false }
    package func setMouse(_ isOn: Bool) {
        guard isOn != usesMouse else { return }
        usesMouse = isOn
        pending += isOn ? kind.mouseOn : kind.mouseOff
        flush()
    }
    /// The next picture is written as a whole.
    package func redraw() { shown = nil }

    package var isBehind: Bool { !pending.isEmpty }
    /// Writes as many bytes as the terminal takes now.
    package func flush() {
        while !pending.isEmpty {
            let count = pending.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { pending.removeFirst(count) } else if errno != EINTR { return }
        }
    }

    // MARK: in

    package enum Input {
        case bytes([UInt8])
        case nothing
        /// The terminal is gone.
        case gone
    }
    package func read() -> Input {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        if count > 0 { return .bytes(Array(bytes.prefix(count))) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .gone
    }

    // MARK: its life

    /// Restores the terminal. A second call does nothing.
    package func leave() {
        // Output that is still on its way must come before, or it would be drawn after the end.
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if !pending.isEmpty, poll(&ready, 1, 200) == 1 { flush() }
        pending = []
        // An answer that is still on its way would be typed into the shell.
        var answer = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if awaitsAnswer, poll(&answer, 1, 100) == 1 { _ = read() }
        awaitsAnswer = false
        mc_terminal_restore()
    }
    package func enter() {
        _ = setRaw()
        pending = kind.enter + (usesMouse ? kind.mouseOn : [])
        redraw()
    }
    package func suspend() {
        leave()
        mc_stop_self()
        enter()
    }
}
