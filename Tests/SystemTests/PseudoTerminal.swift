import Glibc
import TestSupport

/// A pseudo-terminal of the test's own. It reads what a program writes there, and types.
final class PseudoTerminal {
    /// The end of the test, which never waits.
    let line: Int32
    /// The end of the program. The test keeps it open, so that it stays when the program has left.
    let far: Int32
    let path: String
    private let before: termios
    private(set) var bytes: [UInt8] = []

    init(width: Int, height: Int) throws {
        line = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        // posix_openpt(3) and its kin are not imported. These are their calls to the kernel (TIOCSPTLCK, TIOCGPTN).
        var (isLocked, number): (Int32, UInt32) = (0, 0)
        guard line >= 0, ioctl(line, 0x4004_5431, &isLocked) == 0, ioctl(line, 0x8004_5430, &number) == 0 else {
            throw Failure("no pseudo-terminal")
        }
        path = "/dev/pts/\(number)"
        far = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        before = try PseudoTerminal.modes(far)
        var size = winsize(ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(line, UInt(TIOCSWINSZ), &size)
    }
    deinit { for descriptor in [line, far] { close(descriptor) } }

    func type(_ text: String) { write(line, text, text.utf8.count) }

    /// Everything that the program has written so far.
    var text: String {
        var some = [UInt8](repeating: 0, count: 65536)
        while case let count = read(line, &some, some.count), count > 0 { bytes += some.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }
    func expect(_ words: String) throws {
        do {
            try eventually("the terminal gets \"\(words)\"", seconds: 40) { text.contains(words) }
        } catch { throw Failure("\(error); it got:\n\(text.replacing("\u{1B}", with: "^["))") }
    }

    /// Waits until megatop's picture has the words. It is drawn as a whole each time, by Ctrl-L: otherwise only those
    /// characters come that have changed.
    func expectPicture(_ words: String) throws {
        try eventually("the picture has \"\(words)\"", seconds: 40) {
            type("\u{0C}")
            usleep(100_000)  // it takes its time to draw
            return text.contains(words)
        }
    }

    /// True if the terminal's modes are the same as at first.
    var isAsBefore: Bool {
        guard let now = try? PseudoTerminal.modes(far) else { return false }
        return now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag && now.c_lflag == before.c_lflag
            && now.c_cflag == before.c_cflag
    }
    private static func modes(_ descriptor: Int32) throws -> termios {
        var modes = termios()
        guard tcgetattr(descriptor, &modes) == 0 else { throw Failure("no modes of a terminal") }
        return modes
    }
}
