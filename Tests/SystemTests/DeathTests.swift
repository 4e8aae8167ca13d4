import TestSupport
import Testing

/// Programs are killed without warning, under load.
@Suite(.serialized) struct DeathTests {
    func crowd(_ appliance: Appliance, seconds: Double, _ change: (inout Crowd.Plan) -> Void = { _ in }) -> Crowd {
        var plan = Crowd.Plan()
        (plan.clients, plan.rate, plan.seconds) = (200, 300, seconds)
        change(&plan)
        return Crowd(plan, ports: (0..<appliance.workers).map(appliance.clientPort), appPort: appliance.appPort)
    }

    @Test(arguments: [false, true]) func killedWorker_isBack_noneRefused_nothingLost(streams: Bool) throws {
        let appliance = try Appliance(workers: 2)
        let crowd = crowd(appliance, seconds: 4) { $0.streams = streams }
        var victim = Int32(0)
        crowd.events = [
            (
                1.0,
                {
                    victim = try appliance.pid("worker-0")
                    end(victim, with: 9)
                }
            )
        ]
        let tally = try crowd.run()
        try appliance.waitUntilReplaced("worker-0", victim)
        let now = try appliance.status().processes.first { $0.name == "worker-0" }
        #expect(now?.restarts == 1)
        #expect(tally.refusedConnects == 0, "\(tally)")
        #expect(tally.refused + tally.unanswered == 0, "\(tally)")
        #expect(tally.delivered == tally.published, "\(tally)")
        #expect(tally.lost + tally.doubled + tally.disordered + tally.misdelivered == 0, "\(tally)")
        #expect((1...100).contains(tally.cuts), "\(tally)")
        #expect(tally.errors.isEmpty, "\(tally)")
    }

    @Test func killedWorker_servesAgain_andWhoAsksMeanwhileIsAnswered() throws {
        let appliance = try Appliance(workers: 2)
        for _ in 1...2 {
            end(try appliance.pid("worker-1"), with: 9)
            // The supervisor has the listener, so the request waits in it and is not refused.
            let response = try HTTP.request("GET", "/_/health", port: appliance.clientPort(1))
            if response.status != 200 {
                try eventually("linked") {
                    try HTTP.request("GET", "/_/health", port: appliance.clientPort(1)).status == 200
                }
            }
        }
        #expect(try appliance.status().processes.first { $0.name == "worker-0" }?.restarts == 0)
        #expect(try appliance.status().processes.first { $0.name == "manager" }?.restarts == 0)
    }

    @Test(arguments: [false, true]) func killedManager_cutsNoClient_andPublishingGoesOn(streams: Bool) throws {
        let appliance = try Appliance(workers: 2)
        let workers = [try appliance.pid("worker-0"), try appliance.pid("worker-1")]
        let crowd = crowd(appliance, seconds: 4) { $0.streams = streams }
        crowd.allowsLoss = true  // of publishes that were not answered
        crowd.events = [(1.5, { end(try appliance.pid("manager"), with: 9) })]
        let tally = try crowd.run()
        #expect(tally.cuts == 0, "\(tally)")
        #expect(tally.refusedConnects == 0, "\(tally)")
        #expect(tally.doubled + tally.disordered + tally.misdelivered == 0, "\(tally)")
        #expect(tally.lost <= tally.unanswered, "\(tally)")
        #expect(tally.errors.isEmpty, "\(tally)")
        #expect([try appliance.pid("worker-0"), try appliance.pid("worker-1")] == workers)
        try appliance.waitUntilReady()
    }

    @Test func killedSupervisor_changesNothing_andTheNextAdopts() throws {
        let appliance = try Appliance(workers: 2)
        let before = try appliance.status().processes.map(\.pid)
        let crowd = crowd(appliance, seconds: 4)
        crowd.events = [(1.0, { appliance.killSupervisor() }), (2.0, { try appliance.start() })]
        let tally = try crowd.run()
        #expect(try appliance.status().processes.map(\.pid) == before)
        #expect(tally.delivered == tally.published, "\(tally)")
        #expect(tally.cuts + tally.lost + tally.doubled + tally.disordered + tally.refusedConnects == 0, "\(tally)")
    }

    @Test(arguments: [false, true]) func rollingRestart_refusesNoPoll_andLosesNothing(streams: Bool) throws {
        let appliance = try Appliance(workers: 2, ["supervisor": "drain = 1.0"])
        let before = try appliance.pid("worker-0")
        let crowd = crowd(appliance, seconds: 8) { ($0.rate, $0.streams) = (200, streams) }
        var rolling: Program?
        crowd.events = [
            (
                1.0,
                {
                    rolling = try Program(
                        "megacomet", ["rolling", "-c", appliance.configuration], in: appliance.folder)
                }
            )
        ]
        let tally = try crowd.run()
        do {
            #expect(try rolling?.waitForExit(seconds: 90) == .exited(0), "\(rolling?.output ?? "")")
        } catch {
            throw Failure(
                "\(error)\n\(appliance.supervisor?.output ?? "")\n\(try appliance.command("status", "--json").output)")
        }
        try eventually("both are new") {
            let status = try appliance.status()
            return status.allReady && status.processes.first { $0.name == "worker-0" }?.pid != before
        }
        #expect(tally.delivered == tally.published, "\(tally)")
        #expect(tally.lost + tally.doubled + tally.disordered + tally.refusedConnects == 0, "\(tally)")
        #expect(tally.errors.isEmpty, "\(tally)")
    }

    @Test func stoppedAppliance_leavesNothingBehind() throws {
        let appliance = try Appliance(workers: 2)
        let pids = try appliance.status().processes.map(\.pid)
        try eventually("all are ready") { try appliance.command("status").end == .exited(0) }
        #expect(try appliance.command("publish", "c1", "\"hello\"").end == .exited(0))
        #expect(try appliance.poller("c1").poll().messages.count == 1)
        let (stopped, output) = try appliance.command("stop")
        #expect(stopped == .exited(0), "\(output)")
        try appliance.supervisor?.waitForExit()
        #expect(!pids.contains(where: Processes.isAlive))
        #expect(try appliance.command("status").end != .exited(0))
    }
}
