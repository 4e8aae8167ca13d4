import Glibc
import TestSupport
import Testing

/// A process that dies comes back, and takes nothing with it. Intervals are short: a second here is ten in life.
@Suite(.serialized) struct SupervisionDeathTests {
    static let quick = [
        "stats": "interval = 0.1",
        "supervisor": "watchdog = 1.0\ndrain = 0.5\nstop = 2.0\nrestart_delay = 0.1\ncrashloop_window = 3.0",
    ]

    @Test func killedWorker_isBack_noConnectIsRefused_andNobodyElseIsTouched() throws {
        let appliance = try Appliance(workers: 3, Self.quick.merging(["workers": "poll_timeout = 600.0"]) { $1 })
        let before = try appliance.status()
        let parked = (0..<1000).map { appliance.poller("c\($0)", worker: 0) }
        for poller in parked { try poller.start() }
        try eventually("all are parked") { try appliance.app.presence("c999").connected }
        let others = (1..<3).map { appliance.poller("other\($0)", worker: $0) }
        for poller in others { try poller.start() }

        let killedAt = monotonicNanoseconds()
        kill(try appliance.pid("worker-0"), SIGKILL)
        // The supervisor has the listener, so new connections wait in the kernel. A refused one would throw here.
        let waiting = try (0..<200).map { _ in try Socket(port: appliance.clientPort(0)) }
        let back = appliance.poller("back", worker: 0)
        try back.start()
        try eventually("the message is on its way") { try appliance.app.publish("back", "again").status != nil }
        #expect(try back.finish().texts == ["again"])
        let seconds = Double(monotonicNanoseconds() - killedAt) / 1e9
        print(
            "kill -9 of a worker with 1,000 polls: 200 connects, 0 refused; the next message is delivered after "
                + "\(seconds) s"
        )
        #expect(waiting.count == 200)

        let after = try appliance.status()
        for name in ["manager", "worker-1", "worker-2"] {
            #expect(after.processes.first { $0.name == name }?.pid == before.processes.first { $0.name == name }?.pid)
        }
        for (number, poller) in others.enumerated() {
            try appliance.app.publish("other\(number + 1)", "still")
            #expect(try poller.finish().texts == ["still"])
        }
        let reports = try appliance.command("crashes").output.split(separator: "\n")
        let id = try #require(reports.last { $0.contains("-worker-0") })
        #expect(try appliance.command("crashes", String(id)).output.contains("signal 9 (SIGKILL)"))
    }

    @Test func killedManager_costsNoClientItsConnection_andPublishingGoesOn() throws {
        let appliance = try Appliance(workers: 2, Self.quick.merging(["workers": "poll_timeout = 600.0"]) { $1 })
        let workers = try [appliance.pid("worker-0"), appliance.pid("worker-1")]
        let pollers = (0..<200).map { appliance.poller("c\($0)", worker: $0 % 2) }
        for poller in pollers { try poller.start() }
        try eventually("all are parked") { try appliance.app.presence("c199").connected }
        let manager = try appliance.pid("manager")
        kill(manager, SIGKILL)
        try eventually("the manager is back, and all are announced to it") {
            guard let pid = try? appliance.pid("manager"), pid != manager else { return false }
            return try (0..<200).allSatisfy { try appliance.app.presence("c\($0)").connected }
        }
        for (number, poller) in pollers.enumerated() {
            #expect(try appliance.app.publish("c\(number)", "after").status == "sent")
            #expect(try poller.finish().texts == ["after"], "on the connection that was open all the time")
        }
        #expect(try [appliance.pid("worker-0"), appliance.pid("worker-1")] == workers)
    }

    @Test func workerThatExitsForEver_isACrashLoopAtItsFifthExit_stillTried_andRecoversWhenRepaired() throws {
        let settings = [
            "stats": "interval = 0.1",
            "supervisor":
                "watchdog = 1.0\nrestart_delay = 0.02\nrestart_delay_max = 0.1\ncrashloop_window = 3.0\ndrain = 0.5",
        ]
        let appliance = try Appliance(workers: 1, settings, starts: false)
        let worker = try appliance.replaceWorker(byScript: "#!/bin/sh\necho no luck today\nexit 3\n")
        let supervisor = try appliance.launch()
        try eventually("the crash loop") {
            try appliance.status().processes.first { $0.name == "worker-0" }?.state == "crashloop"
        }
        let events = try appliance.command("events").output
        let exits = events.components(before: "CRASHLOOP").components(of: "worker-0 EXIT")
        #expect(exits == 5, "\(events)")
        #expect(try appliance.command("log", "worker-0").output.contains("no luck today"))
        try eventually("it is shown between two tries") {
            let status = try appliance.command("status")
            return status.end == .exited(4) && status.output.contains("CRASHLOOP")
        }
        try eventually("it is still tried") {
            try appliance.command("events").output.components(of: "worker-0 EXIT") > 5
        }

        unlink(worker)
        symlink("\(Program.folder)/megaworker", worker)
        try appliance.waitUntilReady()
        try eventually("and recovers", seconds: 60) {
            try appliance.command("events").output.contains("worker-0 RECOVERED")
        }
        #expect(supervisor.isRunning)
    }

    @Test func heldWorker_isNotTriedUntilTheOperatorActs() throws {
        let appliance = try Appliance(workers: 1, Self.quick, starts: false)
        let worker = try appliance.replaceWorker(byScript: "#!/bin/sh\nexit 78\n")
        let supervisor = try appliance.launch()
        try eventually("it is held") {
            try appliance.status().processes.first { $0.name == "worker-0" }?.state == "held"
        }
        unlink(worker)
        symlink("\(Program.folder)/megaworker", worker)
        #expect(try appliance.command("start", "worker-0").end == .exited(0))
        try appliance.waitUntilReady()
        #expect(supervisor.isRunning)
    }

    @Test func killedSupervisor_leavesAllServing_andTheNextOneAdoptsThem() throws {
        let appliance = try Appliance(workers: 2, Self.quick)
        let before = try appliance.status().processes
        var plan = Crowd.Plan()
        (plan.clients, plan.rate, plan.seconds) = (100, 200, 4)
        let crowd = Crowd(plan, ports: [appliance.clientPort(0), appliance.clientPort(1)], appPort: appliance.appPort)
        crowd.events = [(1, { appliance.killSupervisor() }), (2, { _ = try appliance.launch() })]
        let tally = try crowd.run()
        #expect(tally.delivered == tally.published && tally.published == 800, "\(tally)")
        #expect(
            tally.cuts + tally.refused + tally.unanswered + tally.refusedConnects + tally.lost + tally.doubled == 0,
            "\(tally)")
        try appliance.waitUntilReady()
        let after = try appliance.status().processes
        #expect(after.map(\.pid) == before.map(\.pid))
        let daemons = Processes.mentioning(appliance.folder.path).filter { pid in
            after.contains { $0.pid == pid } || contents(ofFile: "/proc/\(pid)/cmdline").contains("megaworker")
        }
        #expect(daemons.count == after.count, "no second copy of anything")

        // An adopted worker is followed like any other.
        kill(try appliance.pid("worker-1"), SIGKILL)
        let back = appliance.poller("back", worker: 1)
        try back.start()
        try appliance.app.publish("back", "x")
        #expect(try back.finish().texts == ["x"])
        #expect(try appliance.command("stop").end == .exited(0))
        try eventually("nothing is left") { Processes.mentioning(appliance.folder.path).isEmpty }
    }
}

extension String {
    /// The number of times that a text occurs in this one.
    func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
    func components(before text: String) -> String {
        firstRange(of: text).map { String(self[..<$0.lowerBound]) } ?? self
    }
}
