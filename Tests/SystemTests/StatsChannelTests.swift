// One file: the stats channel, datagram by datagram.
import Glibc
import Stats
import TestSupport
import Testing

/// The stats channel over the real programs: daemons, hub, viewers, and the operator's HTTP.
struct StatsChannelTests {
    private func metrics(_ appliance: Appliance) throws -> String {
        String(decoding: try HTTP.request("GET", "/metrics", port: appliance.operatorPort).bodyBytes, as: UTF8.self)
    }

    @Test func threeOfTenDatagramsLost_andTotalsAreExact() throws {
        let appliance = try Appliance(workers: 2, ["stats": "interval = 0.05"])
        let relay = try LossyRelay(appliance, share: 0.3, seed: 17)
        let viewer = try StatsViewer(appliance, port: relay.port)
        viewer.ask(.subscribe)
        let lines = try LinePublisher(port: appliance.appPort)
        for number in 0..<500 { #expect(try lines.publish("lossy-\(number % 7)", "m\(number)").errorCode == nil) }
        try viewer.watch("the total, and enough datagrams of all", seconds: 60) {
            guard let manager = viewer.reader.current(.manager), manager.values[.publishes] == 500 else { return false }
            return [manager, viewer.reader.current(.worker, 0), viewer.reader.current(.worker, 1)].allSatisfy {
                ($0?.received ?? 0) > 60
            }
        }
        let manager = try #require(viewer.reader.current(.manager))
        #expect(manager.values[.enqueued] == 500 && manager.values[.queueMessages] == 500)
        #expect(viewer.wentBack.isEmpty)
        // Those that found no room on a busy machine are counted as lost, too.
        let lost = relay.lost()
        let dropped = UInt64(relay.dropped + viewer.dropped + Processes.udpState(appliance.statsPort).dropped)
        for source in [manager, viewer.reader.current(.worker, 0), viewer.reader.current(.worker, 1)].compactMap(\.self)
        {
            let first = try #require(viewer.firstSequence[source.header.boot])
            let between = lost[source.header.boot, default: []].count { $0 > first && $0 < source.header.sequence }
            #expect(
                source.lost >= UInt64(between) && source.lost <= UInt64(between) + dropped,
                "\(source.header.role) \(source.header.instance), \(dropped) dropped")
            #expect(between > 10, "\(source.header.role) \(source.header.instance)")
            #expect(source.late == 0)
        }
    }

    /// The worker reports its link, and then tells it in an event. A viewer that comes after it gets the report, but
    /// not the event.
    @Test func aNewViewer_countsNothingAsLost_thatWasSentBeforeItCame() throws {
        let appliance = try Appliance(workers: 1, ["stats": "interval = 3"])
        try eventually("the worker's event is with the hub") { try appliance.events().contains("clients announced") }
        let viewer = try StatsViewer(appliance)
        viewer.ask(.subscribe)
        try viewer.watch("the newest report, and one more") { viewer.reader.current(.worker, 0)?.received ?? 0 > 1 }
        #expect(viewer.reader.current(.worker, 0)?.lost == 0)
    }

    /// A megabyte of garbage comes in one burst. The datagrams that the kernel took are counted, each by its reason,
    /// and no report of a worker is missed.
    @Test func aMegabyteOfGarbage_isCounted_andNoReportIsLostForIt() throws {
        let appliance = try Appliance(workers: 2, ["stats": "interval = 0.05"])
        let viewer = try StatsViewer(appliance)
        viewer.ask(.subscribe)
        try viewer.watch("the hub") {
            viewer.reader.current(.supervisor) != nil && viewer.reader.current(.worker, 1) != nil
        }
        let forger = try StatsViewer(appliance, token: StatsToken(high: 3, low: 4))
        let forged = [UInt8]("MGST".utf8) + [1, 1, 0, 64] + [UInt8](repeating: 7, count: 1192)
        let cut = Array(forged.prefix(70))
        let random = [UInt8](repeating: 0xA5, count: 1100)
        for _ in 0..<300 { for datagram in [forged, cut, random] { forger.send(datagram) } }
        func counted() -> (bad: UInt64, dropped: UInt64) {
            let values = viewer.reader.current(.supervisor)?.values
            func value(_ id: MetricID) -> UInt64 { values?[id] ?? 0 }
            return (value(.hubBadToken) + value(.hubTruncated) + value(.hubBadMagic), value(.hubQueueDrops))
        }
        try viewer.watch("all that the kernel took") { counted().bad + counted().dropped >= 900 }
        #expect(counted().bad <= 900)
        if counted().dropped == 0 {
            let values = try #require(viewer.reader.current(.supervisor)?.values)
            #expect(
                values[.hubBadToken] == 300 && values[.hubTruncated] == 300 && values[.hubBadMagic] == 300
                    && values[.hubLost] == 0)
        }
        #expect(viewer.reader.current(.supervisor)?.values[.hubLost] ?? 0 <= counted().dropped)
        #expect(try metrics(appliance).contains("megacomet_worker_conns_open{worker=\"1\"} 0\n"))
        try appliance.waitUntilReady()
    }

    /// All metrics of the table are sent, on the wire and at /metrics, and all that are sent are in the table.
    @Test func everyMetricOfTheTable_isSent_andNothingElse() throws {
        let appliance = try Appliance(
            workers: 2, ["stats": "interval = 0.1", "app": "webhook = \"http://127.0.0.1:9/\""])
        let viewer = try StatsViewer(appliance)
        viewer.ask(.subscribe)
        func ids(_ values: MetricValues?) -> Set<UInt16> { Set((values?.all ?? []).map(\.id)) }
        func sent() -> [Metric.Scope: [Set<UInt16>]] {
            let reader = viewer.reader
            let (worker, manager, supervisor) = (
                ids(reader.current(.worker, 1)?.values), ids(reader.current(.manager)?.values),
                ids(reader.current(.supervisor)?.values)
            )
            let webhook = ids(reader.current(.webhook)?.values)
            return [
                .worker: [worker], .manager: [manager], .webhook: [webhook], .process: [worker, manager, webhook],
                .queue: [manager], .supervisor: [supervisor], .host: [supervisor],
                .child: [nil, 0, 1].map { ids(reader.current(.supervisor)?.subject(worker: $0)?.values) },
            ]
        }
        // Metrics may be missing only if this machine's kernel does not have them.
        let files: [(MetricID, String)] = [
            (.conntrack, "/proc/sys/net/netfilter/nf_conntrack_count"),
            (.conntrackLimit, "/proc/sys/net/netfilter/nf_conntrack_max"),
            (.psiMemory, "/proc/pressure/memory"), (.tcpMemoryLimit, "/proc/sys/net/ipv4/tcp_mem"),
            (.psiCPU, "/proc/pressure/cpu"),
        ]
        // Only a machine of a cluster reports the engine.
        let untold = Set(files.filter { contents(ofFile: $0.1).isEmpty }.map(\.0) + Metric.engine.map(\.id))
        let wanted = Metric.all.filter { $0.kind != .subject && !untold.contains($0.id) }
        try viewer.watch("every metric of the table") {
            let sent = sent()
            return wanted.allSatisfy { metric in
                (sent[metric.scope] ?? [[]]).allSatisfy { $0.contains(metric.id.rawValue) }
            }
        }
        for id in sent().values.joined().joined() {
            #expect(Metric.named(id) != nil, "#\(id) is sent and stands in no table")
        }

        let text = try metrics(appliance)
        for metric in wanted where metric.kind != .bucket {
            let prefix =
                switch metric.scope {
                case .queue: "manager"
                case .process: "worker"
                default: metric.scope.rawValue
                }
            let name = "megacomet_\(prefix)_\(metric.label?.family ?? metric.name)"
            #expect(text.contains("# TYPE \(name) "), "\(name)")
        }
        #expect(text.contains("# TYPE megacomet_delivery_seconds histogram"))
    }

    /// Descriptors are counted with every tenth report, including those that were opened since.
    @Test func theSupervisorsOwnDescriptors_areCounted() throws {
        let appliance = try Appliance(workers: 2, ["stats": "interval = 0.05"])
        let supervisor = try #require(appliance.supervisor)
        let viewer = try StatsViewer(appliance)
        viewer.ask(.subscribe)
        let operators = try (0..<20).map { _ in try Socket(path: "\(appliance.folder.path)/run/control.sock") }
        try viewer.watch("as many as it has") {
            viewer.reader.current(.supervisor)?.values[.fdsOpen] == UInt64(Processes.openDescriptors(supervisor.pid))
        }
        let limit = try #require(
            contents(ofFile: "/proc/\(supervisor.pid)/limits").split(separator: "\n").first {
                $0.hasPrefix("Max open files")
            })
        #expect(
            viewer.reader.current(.supervisor)?.values[.fdLimit]
                == limit.split(separator: " ").dropFirst(3).first.flatMap { UInt64($0) })
        #expect(viewer.reader.current(.supervisor)?.values[.fdsOpen] ?? 0 > operators.count)
    }

    @Test func aForgedReport_isCountedAndNotShown() throws {
        let appliance = try Appliance(workers: 1, ["stats": "interval = 0.1"])
        let watcher = try StatsViewer(appliance)
        watcher.ask(.subscribe)
        let forger = try StatsViewer(appliance, token: StatsToken(high: 1, low: 2))
        var header = StatsPacket.Header()
        header.boot = 666
        header.role = .worker
        header.generation = 9
        header.interval = 1000
        var writer = StatsWriter(header, token: StatsToken(high: 1, low: 2))
        writer.set(.connsOpen, 999_999)
        writer.finish(state: .ready, sampleTime: 1, wallTime: 1) { forger.send(Array($0)) }
        forger.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        forger.send([UInt8](repeating: 0x4D, count: 1500))
        forger.ask(.subscribe)
        try watcher.watch("the hub's counts") {
            let hub = watcher.reader.current(.supervisor)?.values
            return hub?[.hubBadToken] == 2 && (hub?[.hubBadMagic] ?? 0) == 2
        }
        #expect(watcher.reader.sources[666] == nil && forger.answers.isEmpty)
        let text = try metrics(appliance)
        #expect(text.contains("megacomet_supervisor_hub_dropped_total{reason=\"bad_token\"} 2\n"))
        #expect(!text.contains("999999"))
        try appliance.waitUntilReady()
    }

    @Test func aViewer_getsAnswerHistoryReportsAndEvents() throws {
        let appliance = try Appliance(workers: 2, ["stats": "interval = 0.1", "supervisor": "restart_delay = 0.1"])
        let viewer = try StatsViewer(appliance)
        var asked: UInt64 = 0
        try viewer.watch("every process, and history of both workers") {
            if monotonicNanoseconds() > asked + 2_000_000_000 {
                asked = monotonicNanoseconds()
                viewer.ask(.subscribe, .history)
            }
            return viewer.answers.first == 1 && viewer.reader.current(.manager) != nil
                && viewer.reader.current(.worker, 1) != nil
                && viewer.reader.current(.supervisor)?.subject(worker: 1)?.values[.childState]
                    == ProcessState.ready.code
                && Set(viewer.histories.filter { $0.metric == MetricID.connsOpen.rawValue }.map(\.instance)) == [0, 1]
        }
        let pid = try appliance.pid("worker-1")
        #expect(viewer.reader.current(.worker, 1)?.header.pid == UInt32(pid))
        Glibc.kill(pid, SIGKILL)
        try viewer.watch("its end and its next life") {
            viewer.events.contains { $0.contains("\"worker-1\"") && $0.contains("\"READY\"") }
                && (viewer.reader.current(.worker, 1)?.header.pid).map { $0 != UInt32(pid) } == true
        }
        #expect(viewer.reader.current(.worker, 1)?.header.generation == 2)
    }

    /// A step of the day is 10 seconds. Neither the death of the supervisor nor an upgrade makes it begin anew.
    @Test func aViewer_getsTheDay_alsoFromTheNextSupervisor() throws {
        let appliance = try Appliance(workers: 2)
        let held = (0..<3).map { appliance.poller("held-\($0)", worker: $0 % 2) }
        for poller in held { try poller.start() }
        for number in 0..<5 { #expect(try appliance.app.publish("absent", "m\(number)", ttl: 600).status == "queued") }
        func waitForTheDay(_ seconds: Double) throws {
            let viewer = try StatsViewer(appliance)
            var asked: UInt64 = 0
            func most(_ id: MetricID) -> UInt64? {
                viewer.histories.filter { $0.id == id && $0.measure == .most && $0.role == .supervisor }.flatMap(
                    \.values
                ).compactMap(\.self).max()
            }
            try viewer.watch("the day", seconds: seconds) {
                if monotonicNanoseconds() > asked + 1_000_000_000 {
                    asked = monotonicNanoseconds()
                    viewer.ask(.subscribe, .history)
                }
                return most(.connsOpen) == 3 && most(.queueMessages) == 5 && most(.delivered) != nil
            }
            let ofDay = viewer.histories.filter { $0.measure != .value }
            #expect(
                Set(ofDay.map(\.metric)).count == 9
                    && ofDay.allSatisfy { $0.stepMilliseconds == 60_000 && $0.measure != nil })
        }
        try waitForTheDay(60)
        for poller in held { poller.close() }
        try eventually("the clients have left") {
            try metrics(appliance).contains("megacomet_worker_conns_open{worker=\"0\"} 0\n")
        }
        appliance.killSupervisor()
        try appliance.start()
        // The new supervisor has never seen the three clients.
        try waitForTheDay(30)
        #expect(try appliance.command("upgrade").end == .exited(0))
        try waitForTheDay(30)
    }

    @Test func aDayThatCantBeWritten_isInMemoryAlone() throws {
        let appliance = try Appliance(workers: 1, starts: false)
        mkdir("\(appliance.folder.path)/run", 0o755)
        mkdir("\(appliance.folder.path)/run/day", 0o755)
        try appliance.start()
        #expect(
            try appliance.events().contains(
                "the day's is kept in memory alone: open \(appliance.folder.path)/run/day: Is a directory"))
        try appliance.waitUntilReady()
    }

    @Test func theSeventeenthViewer_isRefused() throws {
        let appliance = try Appliance(workers: 1)
        let viewers = try (0..<17).map { _ in try StatsViewer(appliance) }
        for viewer in viewers.dropLast() {
            viewer.ask(.subscribe)
            try viewer.watch("the answer") { viewer.answers.first == 1 }
        }
        // A lease ends after 10 s.
        for viewer in viewers.dropLast() { viewer.ask(.subscribe) }
        viewers[16].ask(.subscribe)
        try viewers[16].watch("the refusal") { viewers[16].answers.first == 2 }
        viewers[0].ask(.subscribe, .leave)
        viewers[16].ask(.subscribe)
        try viewers[16].watch("a free place") { viewers[16].answers.last == 1 }
    }

    @Test func aViewerThatIsGone_isForgottenAtTheNextRelay() throws {
        let appliance = try Appliance(workers: 2, ["stats": "interval = 0.05"])
        let viewer = try StatsViewer(appliance)
        viewer.ask(.subscribe)
        var gone: [StatsViewer] = try (0..<3).map { _ in try StatsViewer(appliance) }
        for one in gone { one.ask(.subscribe) }
        try viewer.watch("four viewers") { viewer.reader.current(.supervisor)?.values[.subscribers] == 4 }
        gone = []  // their sockets close without a word
        func reports() -> UInt64 { viewer.reader.current(.supervisor)?.received ?? 0 }
        let before = reports()
        try viewer.watch("one viewer") { viewer.reader.current(.supervisor)?.values[.subscribers] == 1 }
        // The lease ends after 10 s. Without that, about two hundred more reports of the supervisor would come.
        #expect(reports() - before < 100)
        #expect(
            viewer.reader.current(.manager)?.lost ?? .max <= UInt64(viewer.dropped),
            "what a viewer's closed port leaves on the socket takes nothing from the others")
    }

    @Test func aFullWorker_andAFullQueue_areOverloaded_untilThereIsRoom() throws {
        let appliance = try Appliance(
            workers: 1,
            [
                "stats": "interval = 0.1", "workers": "max_connections = 2\nheader_timeout = 600.0",
                "queue": "max_messages = 2",
            ])
        let viewer = try StatsViewer(appliance)
        viewer.ask(.subscribe)
        func state(_ role: StatsPacket.Role) -> StatsPacket.State? {
            viewer.reader.current(role).flatMap { StatsPacket.State(rawValue: $0.header.state) }
        }
        try viewer.watch("all is well") { state(.worker) == .ready && state(.manager) == .ready }
        var clients = try (0..<2).map { _ in try Socket(port: appliance.clientPort(0)) }
        try viewer.watch("the worker is full") { state(.worker) == .overloaded }
        try eventually("it serves, and is shown so") {
            let rows = try appliance.command("status").output.split(separator: "\n")
            return rows.contains { $0.hasPrefix("worker-0") && $0.contains("OVERLOADED") }
        }
        try appliance.waitUntilReady()
        clients = []
        try viewer.watch("the worker has room") { state(.worker) == .ready }
        #expect(clients.isEmpty)

        for number in 0..<2 { #expect(try appliance.app.publish("away", "m\(number)").status == "queued") }
        try viewer.watch("the queue is full") { state(.manager) == .overloaded }
        #expect(try appliance.poller("away").collect(2).count == 2)
        try viewer.watch("its messages have been taken") { state(.manager) == .ready }
        // On a busy machine a loop may be late as well.
        try eventually("each is told, and that it is over") {
            let lines = try appliance.events().split(separator: "\n")
            return ["worker-0", "manager"].allSatisfy { name in
                lines.contains { $0.contains(" \(name) OVERLOADED ") && $0.contains("full: it refuses what comes") }
                    && lines.contains { $0.contains(" \(name) RECOVERED ") && $0.contains("no longer overloaded") }
            }
        }
    }

    @Test func aWorkersQueue_isShownAlsoWhileItIsDown() throws {
        let appliance = try Appliance(
            workers: 2, ["stats": "interval = 0.1", "supervisor": "restart_delay = 60\nrestart_delay_max = 60"])
        let poller = appliance.poller("away", worker: 1)
        try appliance.app.publish("away", "first")
        #expect(try poller.poll().texts == ["first"])
        let pid = try appliance.pid("worker-1")
        Glibc.kill(pid, SIGKILL)
        try eventually("its end is known") {
            try HTTP.request("GET", "/health", port: appliance.operatorPort).status == 503
        }
        let health = try HTTP.request("GET", "/health", port: appliance.operatorPort).json()
        #expect("\(health)".contains("worker-1 is backoff"))
        #expect(try appliance.app.publish("away", "second").status == "queued")
        #expect(try appliance.app.publish("never seen", "third").status == "queued")
        try eventually("the row of the worker that is down") {
            let text = try metrics(appliance)
            return text.contains("megacomet_worker_q_msgs{worker=\"1\"} 1\n")
                && text.contains("megacomet_worker_q_msgs{worker=\"none\"} 1\n")
                && text.contains("megacomet_manager_q_msgs 2\n")
                && text.contains("megacomet_child_state{process=\"worker-1\",worker=\"1\",state=\"backoff\"} 1\n")
        }
    }

    /// The official parser reads the text, and knows the type of every family.
    @Test func metrics_areReadByPrometheus() throws {
        let appliance = try Appliance(workers: 2, ["stats": "interval = 0.1"])
        try eventually("all report") {
            let text = try metrics(appliance)
            return text.contains("megacomet_worker_conns_open{worker=\"1\"}")
                && text.contains("megacomet_manager_publishes_total") && text.contains("megacomet_child_state")
        }
        let text = try metrics(appliance)
        #expect(
            text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.count
                == text.split(separator: "\n").filter { $0.hasPrefix("# HELP") }.count)
        let file = try appliance.folder.write("metrics.txt", text)
        let script = """
            import sys
            from prometheus_client.parser import text_string_to_metric_families as families
            found = list(families(open(sys.argv[1]).read()))
            assert len(found) > 100, len(found)
            assert all(f.type in ('counter', 'gauge', 'histogram') and f.documentation and f.samples for f in found)
            assert len({f.name for f in found}) == len(found)
            """
        // Debian's Python, which has python3-prometheus-client.
        try run(tool: ["/usr/bin/python3", "-c", script, file], in: appliance.folder)
    }
}
