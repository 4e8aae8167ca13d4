import Glibc
import TestSupport
import Testing

/// Several machines in one megatop, over a real ssh: two appliances, and a port where nobody listens.
@Suite(.serialized)
struct MegatopHostsTests {
    private struct Site {
        let ssh = try? SecureShell()
        let one: Appliance, two: Appliance
        init() throws {
            one = try Appliance(workers: 2)
            two = try Appliance(workers: 1)
            let ssh = try #require(self.ssh)
            try ssh.admit("push1", only: "\(Site.program) -c \(one.configuration) --serve")
            try ssh.admit("push2")
        }
        /// The whole path of megatop, as a shell takes it.
        private static var program: String {
            let path = "\(Program.folder)/megatop"
            let isWhole = path.hasPrefix("/")
            return inShell(isWhole ? path : (getcwd(nil, 0).map { String(cString: $0) } ?? "") + "/" + path)
        }
        private static func inShell(_ word: String) -> String { "'" + word.replacing("'", with: "'\\''") + "'" }
        /// push1's key runs one command, push2 is told which one.
        var options: [String] {
            ["--ssh", ssh?.client ?? "", "--remote-command", "\(Site.program) -c \(two.configuration)"]
        }
        func screen(width: Int = 110, height: Int = 30, _ hosts: String) throws -> TerminalScreen {
            let words = (["\(Program.folder)/megatop"] + options).map(Site.inShell).joined(separator: " ")
            return try TerminalScreen(width: width, height: height, one, command: "\(words) \(hosts)")
        }
        func end() {
            one.end()
            two.end()
        }
    }
    /// The machine is seen, and nothing is wrong there. On a busy machine its processes may be late, which is worth a
    /// look.
    private func isSeen(_ host: String, _ text: String) -> Bool {
        let words = row(host, text)
        return words.count > 1 && ["OK", "LOOK"].contains(words[1])
    }
    private func areSeen(_ text: String) -> Bool { isSeen("push1", text) && isSeen("push2", text) }
    /// The row of a host, by its words.
    private func row(_ host: String, _ text: String) -> [Substring] {
        text.split(separator: "\n").first { $0.dropFirst().hasPrefix(host + " ") }?.dropFirst().split(separator: " ")
            ?? []
    }

    @Test func severalMachines_areSeen_lost_andSeenAgain() throws {
        let site = try Site()
        defer { site.end() }
        let held = (0..<3).map { site.one.poller("held-\($0)", worker: 0) }
        for poller in held { try poller.start() }
        for _ in 0..<5 { _ = try site.two.app.publish("absent", "1", ttl: 600) }
        let screen = try site.screen("push1 push2")
        defer { screen.end() }
        try screen.expect("both machines") {
            areSeen($0) && row("push1", $0).dropFirst(2).prefix(2) == ["2/2", "3"]
                && row("push2", $0).dropFirst(2).prefix(2) == ["1/1", "0"] && row("push2", $0).contains("5")
        }
        // The supervisor of one ends, and ssh goes on.
        site.two.supervisor?.signal(SIGTERM)
        try site.two.supervisor?.waitForExit()
        try screen.expect("push2 without a supervisor") {
            row("push2", $0).prefix(2) == ["push2", "LOST"] && $0.contains("no supervisor runs in")
                && isSeen("push1", $0)
        }
        try site.two.start()
        try screen.expect("both", areSeen)
        // ssh ends, and can't come back: the values stay, old, with the last line that ssh said.
        let ssh = try #require(site.ssh)
        let before = try #require(ssh.clients("push1").first)
        ssh.setKey("push1", isThere: false)
        kill(before, SIGKILL)
        try screen.expect("push1 without ssh") {
            row("push1", $0).prefix(4) == ["push1", "LOST", "2/2~", "3~"] && $0.contains("Permission denied")
        }
        ssh.setKey("push1", isThere: true)
        try screen.send("Space")
        try screen.expect("both", areSeen)
        #expect(ssh.clients("push1").first.map { $0 != before } == true)
        try screen.send("q")
        try screen.expect("detached")
        try eventually("nothing of megatop is left") {
            ssh.clients("push1").isEmpty && ssh.clients("push2").isEmpty && ssh.servers(site.one.configuration).isEmpty
                && ssh.servers(site.two.configuration).isEmpty
        }
        for appliance in [site.one, site.two] { try appliance.waitUntilReady() }
    }

    @Test func eachMachine_hasAllItsScreens_andNoActions() throws {
        let site = try Site()
        defer { site.end() }
        let screen = try site.screen("push1 push2")
        defer { screen.end() }
        try screen.expect("both", areSeen)
        try screen.send("j", "Enter")
        try screen.expect("push2's overview") {
            $0.contains("OVERVIEW") && $0.contains("push2") && $0.contains("2/2 ok")
        }
        // Each of these is a question that is answered over there: the doctor, the output, the clients, the crashes.
        try screen.send("6")
        try screen.expect("DOCTOR:")
        try screen.send("1", "l")
        try screen.expect("LAST OUTPUT")
        try screen.send("Escape", "Escape", "2", "Enter")
        try screen.expect("CLIENTS WITH MOST")
        try screen.send("Escape", "b")
        try screen.expect("ADDRESSES")
        try screen.send("Escape", "A", "R")
        try screen.expect("ssh -t push2 megatop")
        try screen.send("0")
        try screen.expect("ALERTS OF ALL HOSTS")
        try screen.send("k", "5")
        try screen.expect("push1's events") { $0.contains("EVENTS") && $0.contains("push1") && $0.contains("started") }
    }

    @Test func killedMegatop_leavesNothingBehind() throws {
        let site = try Site()
        defer { site.end() }
        let screen = try site.screen("push1 push2")
        defer { screen.end() }
        try screen.expect("both", areSeen)
        let ssh = try #require(site.ssh)
        let looking = Processes.mentioning(ssh.client).filter {
            contents(ofFile: "/proc/\($0)/comm").hasPrefix("megatop")
        }
        #expect(looking.count == 1)
        looking.forEach { kill($0, SIGKILL) }
        try eventually("ssh and what it ran have ended") {
            ssh.clients("push1").isEmpty && ssh.clients("push2").isEmpty && ssh.servers(site.one.configuration).isEmpty
                && ssh.servers(site.two.configuration).isEmpty
        }
    }

    @Test func batchAndCheck_haveARowForEach_andTheWorstCode() throws {
        let site = try Site()
        defer { site.end() }
        func megatop(_ words: String...) throws -> (end: Program.End, output: String) {
            try Program.run("megatop", site.options + words, in: site.one.folder)
        }
        try eventually("two are well, and one is lost", seconds: 60) {
            let (end, table) = try megatop("-b", "push1", "push2", "closed")
            return end == .exited(69) && table.contains(#/\npush1 +(OK|LOOK) /#)
                && table.contains(#/\npush2 +(OK|LOOK) /#)
                && table.contains("\nclosed LOST ") && table.contains("Connection refused")
        }
        try eventually("both are seen", seconds: 60) { try megatop("-b", "push1", "push2").end == .exited(0) }
        // A process that is late on a busy machine is a warning.
        try eventually("both are well", seconds: 60) {
            let (code, lines) = try megatop("--check", "push1", "push2")
            if code == .exited(1) { return lines.hasPrefix("WARNING 2 hosts: ") && lines.contains("is late") }
            return code == .exited(0) && lines.hasPrefix("OK 2 hosts: 2 OK | ")
                && lines.contains("push2: OK 2 of 2 ready")
        }
        let (worst, found) = try megatop("--check", "push1", "closed")
        #expect(worst == .exited(3) && found.contains("\nclosed: UNKNOWN LOST"))
        // One machine alone has its processes as rows, as here.
        let (alone, processes) = try megatop("-b", "push1")
        #expect(alone == .exited(0) && processes.contains("host=push1") && processes.contains("\nw1 "))
        let (wrong, why) = try megatop("--check", "unknown@push2")
        #expect(wrong == .exited(3) && why.contains("UNKNOWN nothing from unknown@push2: ") && why.contains("denied"))
    }
    @Test func whatCanNotBe_isSaid() throws {
        let folder = try Folder()
        func megatop(_ words: String...) throws -> (end: Program.End, output: String) {
            try Program.run("megatop", words, in: folder)
        }
        for words in [["a", "a"], ["a b"], ["--", "-oProxyCommand=x"], (0..<65).map { "h\($0)" }] {
            #expect(try Program.run("megatop", words, in: folder).end == .exited(64), "\(words.prefix(2))")
        }
        #expect(try megatop("--record", "x", "push1").output.contains("this machine only"))
        #expect(try megatop("--ssh", "/nowhere/ssh", "-b", "push1").output.contains("/nowhere/ssh"))
        // Another program answers there.
        let (end, text) = try megatop("--ssh", "/bin/echo \u{1B}[2J", "--check", "push1")
        #expect(end == .exited(3) && text.contains("nothing from push1") && !text.contains("\u{1B}"))
    }
}
