import Glibc
import TestSupport

/// The variables by which Debian's libfaketime gives programs a clock that is ahead. CLOCK_MONOTONIC, by which timers
/// go, is not touched.
///
/// All programs with such a clock share a piece of memory with a name. Without FAKETIME_SHARED the library makes it
/// when a program starts, and puts that variable into the environment. That moves the environment, beside which Swift
/// looks for its arguments: it finds none. So a program of its own makes the memory first, and removes it at its end.
final class FalseClock {
    let environment: [String: String]
    private let folder: Folder
    private let owner: Program
    private let child: Int32

    init(secondsAhead: Int) throws {
        folder = try Folder()
        let shows = "echo \"$$,$LD_PRELOAD,$FAKETIME_SHARED\"; exec sleep infinity"
        let owner = try Program(
            "/usr/bin/faketime", ["-f", "+\(secondsAhead)s", "/bin/sh", "-c", shows, folder.path], in: folder)
        let shown = try eventually("faketime shows its variables") {
            if !owner.isRunning { throw Failure("faketime ended: \(owner.output)") }
            return owner.output.split(separator: "\n").first?.split(separator: ",")
        }
        guard shown.count == 3, let child = Int32(shown[0]) else { throw Failure("faketime: \(owner.output)") }
        (self.owner, self.child) = (owner, child)
        environment = [
            "LD_PRELOAD": String(shown[1]), "FAKETIME_SHARED": String(shown[2]), "FAKETIME": "+\(secondsAhead)s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }
    deinit {
        kill(child, SIGKILL)
        _ = try? owner.waitForExit()
    }
}
