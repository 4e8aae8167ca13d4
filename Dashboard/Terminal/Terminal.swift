import CNcurses
import CSystem
import Glibc
import Reactor

/// The terminal: the only file that calls ncurses.
///
/// ncurses writes its output into a file in memory, which goes to the terminal in one write that never waits. While the
/// terminal has not taken the last picture, the next ones are left out. The terminal is opened anew for this, since
/// otherwise the shell's descriptor would become non-blocking, too.
package final class Terminal {
    /// There is no terminal, or ncurses does not know it.
    package struct Failure: Error, CustomStringConvertible { package let description: String }

    package let descriptor: Int32
    private let screen: OpaquePointer
    private let memory: Int32
    private let output: UnsafeMutablePointer<FILE>
    private var pending: [UInt8] = []
    private var shown: Grid?
    private let capabilities: Capabilities
    private let hasTitle: Bool
    private let hasClipboard: Bool
    /// Bytes that turn on reports of mouse presses in the SGR form. Empty if the terminal has no mouse.
    private let mouseOn: [UInt8]
    private let mouseOff: [UInt8]
    private var usesMouse = false
    /// Bytes that restore any terminal of this kind. `mc_terminal_restore` writes them at the end.
    private let restoring: [UInt8]

    package static func isUTF8() -> Bool { mc_locale_is_utf8() != 0 }

    package init(_ capabilities: Capabilities) throws {
        guard let path = ttyname(1) ?? ttyname(0) else { throw Failure(description: "standard output is no terminal") }
        descriptor = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(description: "\(String(cString: path)): \(String(cString: strerror(errno)))")
        }
        self.capabilities = capabilities
        memory = mc_memory_file("megatop")
        guard memory >= 0, let output = fdopen(memory, "w"), let input = fopen("/dev/null", "r") else {
            throw Failure(description: "no memory for the screen")
        }
        self.output = output
        let kind = getenv("TERM").map { String(cString: $0) } ?? ""
        let size = Terminal.size(descriptor)
        use_env(false)
        guard let screen = newterm(nil, output, input) else {
            throw Failure(description: "the terminal \"\(kind)\" is not known here: set TERM, or use megatop -b")
        }
        self.screen = OpaquePointer(UnsafeRawPointer(screen))
        hasTitle =
            kind.hasPrefix("xterm") || kind.hasPrefix("tmux") || kind.hasPrefix("screen") || kind.hasPrefix("rxvt")
        hasClipboard = Clipboard.isKnown(terminal: kind)
        let hasMouse = !String(cString: mc_capability("kmous")).isEmpty
        mouseOn = hasMouse ? Array("\u{1B}[?1000h\u{1B}[?1006h".utf8) : []
        mouseOff = hasMouse ? Array("\u{1B}[?1006l\u{1B}[?1000l".utf8) : []
        restoring =
            mouseOff
            + ["sgr0", "rmkx", "cnorm", "rmcup"].flatMap { (name: String) in
                Array(String(cString: mc_capability(name)).utf8)
            }
        nonl()
        noecho()
        typeahead(-1)
        curs_set(0)
        leaveok(mc_stdscr(), true)
        if capabilities.hasColour, has_colors() {
            start_color()
            use_default_colors()
            init_pair(1, Int16(COLOR_YELLOW), -1)
            init_pair(2, Int16(COLOR_RED), -1)
        }
        resizeterm(Int32(size.height), Int32(size.width))
        guard setRaw() else {
            throw Failure(description: "\(String(cString: path)): \(String(cString: strerror(errno)))")
        }
    }
    private func setRaw() -> Bool {
        restoring.withUnsafeBytes { mc_terminal_raw(descriptor, $0.baseAddress, $0.count) } == 0
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
        if shown?.size != grid.size {
            resizeterm(Int32(grid.size.height), Int32(grid.size.width))
            clearok(mc_stdscr(), true)
            shown = nil
        }
        for row in 0..<grid.size.height where shown == nil || !isSame(grid, row) { draw(grid, row) }
        shown = grid
        wnoutrefresh(mc_stdscr())
        doupdate()
        takeOutput()
        flush()
        return true
    }
    private func isSame(_ grid: Grid, _ row: Int) -> Bool {
        guard let shown else { return false }
        return (0..<grid.size.width).allSatisfy { grid[row, $0] == shown[row, $0] }
    }
    private func draw(_ grid: Grid, _ row: Int) {
        wmove(mc_stdscr(), Int32(row), 0)
        var column = 0
        while column < grid.size.width {
            let first = grid[row, column]
            var text = ""
            while column < grid.size.width, grid[row, column].role == first.role,
                grid[row, column].isReversed == first.isReversed
            {
                text.append(grid[row, column].character)
                column += 1
            }
            attribute(first)
            waddnstr(mc_stdscr(), text, -1)
        }
    }
    private func attribute(_ cell: Grid.Cell) {
        let pair = !capabilities.hasColour ? 0 : cell.role == .warning ? 1 : cell.role == .critical ? 2 : 0
        mc_attributes(
            cell.role == .title || cell.role == .critical ? 1 : 0, cell.role == .dim ? 1 : 0, cell.isReversed ? 1 : 0,
            Int32(pair))
    }
    package func setTitle(_ text: String) {
        guard hasTitle, pending.isEmpty else { return }
        pending += Array("\u{1B}]2;\(text)\u{07}".utf8)
        flush()
    }
    /// Puts a text into the terminal's clipboard. False if it has none. Whether it took the text it does not tell.
    package func copy(_ text: String) -> Bool {
        guard hasClipboard else { return false }
        pending += Clipboard.sequence(text)
        flush()
        return true
    }
    package func setMouse(_ isOn: Bool) {
        guard isOn != usesMouse else { return }
        usesMouse = isOn
        pending += isOn ? mouseOn : mouseOff
        flush()
    }
    /// The next picture is written as a whole.
    package func redraw() {
        shown = nil
        clearok(mc_stdscr(), true)
    }

    /// Takes the bytes that ncurses wrote.
    private func takeOutput() {
        fflush(output)
        let end = lseek(memory, 0, SEEK_CUR)
        guard end > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: Int(end))
        let count = pread(memory, &bytes, bytes.count, 0)
        pending += bytes.prefix(max(0, count))
        ftruncate(memory, 0)
        lseek(memory, 0, SEEK_SET)
    }
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
        mc_terminal_restore()
    }
    package func enter() {
        _ = setRaw()
        // ncurses does not know that it left, so this writes what ncurses writes at its start.
        let start = String(cString: mc_capability("smcup")) + String(cString: mc_capability("civis"))
        pending = Array(start.utf8) + (usesMouse ? mouseOn : [])
        redraw()
    }
    package func suspend() {
        leave()
        mc_stop_self()
        enter()
    }
}
