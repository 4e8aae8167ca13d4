import Stats
import Testing

@Suite struct PrometheusTextTests {
    @Test func everyFamily_hasHelpAndTypeOnce_andItsSamplesTogether() {
        var reader = StatsReader(token: Sender.token)
        func take(_ datagrams: [[UInt8]]) {
            for bytes in datagrams { bytes.withUnsafeBytes { _ = reader.receive($0, length: bytes.count, now: 1) } }
        }
        for number in 0..<3 {
            var worker = Sender(boot: UInt64(10 + number), instance: UInt16(number))
            take(
                worker.report { stats in
                    for metric in Metric.all where metric.scope == .worker || metric.scope == .process {
                        if metric.kind != .subject { stats.set(metric.id, 3) }
                    }
                })
        }
        var manager = Sender(boot: 20, role: .manager, instance: 0)
        take(
            manager.report { stats in
                for metric in Metric.all where metric.scope == .manager || metric.scope == .queue {
                    stats.set(metric.id, 4)
                }
                stats.subject(nil)
                stats.set(.queueMessages, 5)
                stats.subject(1)
                stats.set(.queueMessages, 6)
            })
        var supervisor = Sender(boot: 30, role: .supervisor, instance: 0)
        take(
            supervisor.report { stats in
                for metric in Metric.all where metric.scope == .supervisor || metric.scope == .host {
                    stats.set(metric.id, 7)
                }
                stats.subject(2)
                stats.set(.childState, ProcessState.backoff.code)
            })
        var text = PrometheusText()
        text.add(node: "a-1")
        for source in reader.sources.values.sorted(by: { $0.header.boot < $1.header.boot }) { text.add(source, now: 2) }
        let lines = text.text.split(separator: "\n").map(String.init)
        var seen: Set<String> = []
        var family = ""
        for line in lines {
            if line.hasPrefix("# HELP ") {
                family = String(line.split(separator: " ")[2])
                #expect(seen.insert(family).inserted, "\(family) twice")
            } else if line.hasPrefix("# TYPE ") {
                #expect(line.split(separator: " ")[2] == family)
            } else {
                #expect(line.hasPrefix(family), "\(line) outside of its family")
            }
        }
        #expect(lines.contains(#"megacomet_worker_conns_open{worker="2"} 3"#))
        #expect(lines.contains(#"megacomet_worker_closes_total{worker="0",reason="slow_client"} 3"#))
        #expect(lines.contains(#"megacomet_worker_q_msgs{worker="none"} 5"#))
        #expect(lines.contains(#"megacomet_worker_q_msgs{worker="1"} 6"#))
        #expect(lines.contains("megacomet_manager_q_msgs 4"))
        #expect(lines.contains(#"megacomet_node_info{node="a-1"} 1"#))
        #expect(lines.contains(#"megacomet_child_state{process="worker-2",worker="2",state="backoff"} 1"#))
        #expect(lines.contains(#"megacomet_child_state{process="worker-2",worker="2",state="ready"} 0"#))
        #expect(lines.contains(#"megacomet_delivery_seconds_bucket{worker="0",le="0.005"} 9"#))
        #expect(lines.contains(#"megacomet_delivery_seconds_bucket{worker="0",le="+Inf"} 24"#))
        #expect(lines.contains(#"megacomet_delivery_seconds_sum{worker="0"} 0.000003"#))
        #expect(lines.contains("megacomet_host_tcp_inuse 7"))
    }

    @Test func whatIsOldOrGone_isLeftOut() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        for bytes in sender.report(.report, { $0.set(.connsOpen, 3) }) {
            bytes.withUnsafeBytes { _ = reader.receive($0, length: bytes.count, now: 0) }
        }
        guard let source = reader.sources[7] else {
            Issue.record("no source")
            return
        }
        var text = PrometheusText()
        text.add(source, now: 11_000_000_000)
        #expect(text.text.isEmpty)
    }
}

@Suite struct StatsHubTests {
    @Test func sixteenViewers_andNotOneMore_untilALeaseIsOver() {
        var leases = StatsLeases<Int>()
        for viewer in 0..<16 { #expect(leases.subscribe(viewer, now: 0) == .new) }
        #expect(leases.subscribe(16, now: 1) == .refused && leases.refused == 1)
        #expect(leases.subscribe(3, now: 9_000) == .renewed)
        #expect(leases.subscribe(16, now: 10_000) == .new)
        #expect(leases.viewers.sorted() == [3, 16])
        leases.leave(3)
        leases.expire(now: 30_000)
        #expect(leases.count == 0)
    }
}
