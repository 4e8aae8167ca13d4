import Glibc
import TestSupport
import Testing

/// megatop shows the time before, of a live appliance and of a recording.
struct MegatopTimeTests {
    /// The clock of the title. `nil` if there is no picture.
    private static func clock(_ text: String) -> String? {
        text.prefix { $0 != "\n" }.firstMatch(of: /[0-9]{2}:[0-9]{2}:[0-9]{2}/).map { String($0.output) }
    }

    @Test func aMomentBefore_isShownAgain_liveAndRecorded() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let file = appliance.folder.path + "/time.mgtr"
        let screen = try TerminalScreen(width: 100, height: 30, appliance, "--record \(file)")
        defer { screen.end() }
        for _ in 0..<5 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        // A second that lies wholly in the time of five messages.
        var seen: [String] = []
        try screen.expect("three seconds with five messages") { text in
            guard text.contains("QUEUE  5 msgs"), text.contains("3/3 ok"), let clock = Self.clock(text) else {
                return false
            }
            if seen.last != clock { seen.append(clock) }
            return seen.count == 3
        }
        for _ in 0..<2 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        try screen.expect("QUEUE  7 msgs")
        try screen.send(":goto \(seen[1])", "Enter")
        try screen.expect { $0.contains("QUEUE  5 msgs") && $0.contains("\(seen[1]), ") && $0.contains(" ago") }
        // Every screen is of that moment, and nothing acts on it.
        try screen.send("4")
        try screen.expect { $0.contains("PROCS") && $0.contains(" ago") && $0.contains("READY") }
        try screen.send("A", "R")
        try screen.expect("nothing to act on in the past")
        try screen.send("1", "End")
        try screen.expect { $0.contains("QUEUE  7 msgs") && $0.contains("LIVE") }
        try screen.send("[")
        try screen.expect { $0.contains(" ago") }
        try screen.send("Escape")
        try screen.expect("LIVE")

        // A second megatop was not there then, and has it from the hub.
        let other = try TerminalScreen(width: 100, height: 30, appliance)
        defer { other.end() }
        try other.expect("QUEUE  7 msgs")
        try other.expect("the hub's history") { text in
            if text.contains("QUEUE  5 msgs"), text.contains("\(seen[1]), "), text.contains("3/3 ok") { return true }
            // Its pieces come a moment later than the first reports.
            try? other.send(":goto \(seen[1])", "Enter")
            return false
        }
        try screen.send("q")
        try screen.expect("detached")

        let again = try TerminalScreen(width: 100, height: 30, appliance, "--replay \(file) --speed 100")
        defer { again.end() }
        try again.expect("REPLAY END")
        try again.send(":goto \(seen[1])", "Enter")
        try again.expect { $0.contains("QUEUE  5 msgs") && $0.contains("PAUSED ") && $0.contains(seen[1]) }
        try again.send("Space")
        try again.expect { $0.contains("QUEUE  7 msgs") && $0.contains("REPLAY END") }
    }
}
