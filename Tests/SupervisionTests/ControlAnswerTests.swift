import Configuration
import ControlLines
import Stats
import Testing

@testable import Supervision

/// The answers of the control socket, byte for byte as they always were.
struct ControlAnswerTests {
    @Test func status_hasAllMembers_alsoThoseWithoutAValue() throws {
        let scene = Scene(workers: 1)
        scene.begin()
        scene.now += 1500
        scene.exit(try #require(scene.main(w0)), signal: 11)
        scene.now += 50
        var manager = StatusAnswer.Row(try #require(scene.fleet[.manager]), now: scene.now)
        manager.connections = 7
        manager.boot = "9ac41f2000000000"
        let worker = StatusAnswer.Row(try #require(scene.fleet[w0]), now: scene.now)
        let status = StatusAnswer(
            scene.fleet, pid: 1, uptime: 1.55, runDirectory: "/run/x", events: 17, processes: [manager, worker])
        let line = JSONLine.text(ControlAnswer.done(status))
        #expect(
            line.hasPrefix(
                #"{"ok":true,"ready":false,"state":"not_ready","pid":1,"uptime":1.55,"run_directory":"/run/x","rolling":null,"events":17,"processes":[{"name":"manager","state":"ready","pid":101,"restarts":0,"uptime":1.55,"connections":7,"last_exit":null,"desired":"up","generation":1,"boot":"9ac41f2000000000","retry_in":null,"crashloop":false,"exits":0,"exits_60s":0,"exits_24h":0,"hang_kills":0,"ready_in":0.0,"report_age":null,"hold":false,"overloaded":false,"linked":null,"deaf":false,"diagnosis":null,"adopted":false,"beside":[],"failed_replacement":null},{"name":"worker-0","state":"backoff","pid":null,"restarts":0,"uptime":null,"connections":null,"last_exit":{"kind":"signal","code":null,"signal":11,"ordered":false,"uptime":1.5,"age":0.05,"text":"signal 11 (SIGSEGV)"},"desired":"up","generation":1,"boot":"","retry_in":0.0"#
            ), "\(line)")
        let back = try ControlAnswer<StatusAnswer>(json: line).body()
        #expect(JSONLine.text(back) == JSONLine.text(status))
    }
    /// The answers of an older and of a newer supervisor.
    @Test func statusOfAnotherVersion_isRead() throws {
        let line = #"{"ok":true,"new":1,"processes":[{"name":"worker-3","hold":true,"newer":[]}]}"#
        let row = try #require(try ControlAnswer<StatusAnswer>(json: line).body().processes.first)
        #expect(row.hold && row.state == .stopped && row.lastExit == nil && row.beside.isEmpty)
    }
    @Test func orderThatWasDone_saysSo_andARefusalSaysWhyNot() throws {
        #expect(JSONLine.text(ControlAnswer.done(Done())) == #"{"ok":true}"#)
        let refusal = Refusal("busy", "a \"rolling\" restart")
        let line = JSONLine.text(ControlAnswer<Done>.refused(refusal))
        #expect(line == #"{"ok":false,"error":{"code":"busy","message":"a \"rolling\" restart"}}"#)
        #expect(throws: refusal) { try ControlAnswer<StatusAnswer>(json: line).body() }
        #expect(throws: (any Error).self) { try ControlAnswer<Done>(json: "[]") }
    }
    @Test func furtherAnswers_areWrittenAsTheyAlwaysWere() {
        var reload = ReloadAnswer()
        reload.changed = ["supervisor.drain"]
        #expect(
            JSONLine.text(ControlAnswer.done(reload))
                == #"{"ok":true,"changed":["supervisor.drain"],"at_restart":[],"at_start":[]}"#)
        let log = LogAnswer(name: "manager", lines: [OutputLine(time: 5, pid: 7, text: "\"x\"")])
        #expect(
            JSONLine.text(ControlAnswer.done(log))
                == #"{"ok":true,"name":"manager","lines":[{"time":5,"pid":7,"text":"\"x\""}]}"#)
        let run = Rolling(by: "me", left: [w1], current: w0, total: 2, startedAt: 0)
        #expect(
            JSONLine.text(ControlAnswer.done(RollingAnswer(rolling: .init(run))))
                == #"{"ok":true,"rolling":{"by":"me","total":2,"done":0,"current":"worker-0","left":["worker-1"]}}"#)
        let row = Doctor.Row(name: "n", have: nil, want: ">= 1", why: "w", enough: false)
        #expect(
            JSONLine.text(DoctorAnswer(rows: [row]))
                == #"{"rows":[{"name":"n","want":">= 1","why":"w","enough":false}]}"#)
    }
    @Test func crashReport_isReadAsItWasWritten() throws {
        var report = CrashReport(
            id: "x-worker-5", time: 7, at: "then", copy: CopyName(.worker(5), 3), pid: 24417, boot: "9a",
            ending: Ending(signal: 6), wasHung: true, core: true, uptime: 3100,
            lastReport: NamedValues([("polls", 2), ("accepts", 1)]), lines: [.init(time: 6, text: "words")])
        let start =
            #"{"crash":{"id":"x-worker-5","time":7,"at":"then","name":"worker-5","pid":24417,"boot":"9a","generation":3,"kind":"hang","code":null,"signal":6,"core":true,"uptime":3.1,"#
        let end =
            #""text":"signal 6 (SIGABRT)","last_report":{"polls":2,"accepts":1},"lines":[{"time":6,"text":"words"}]}}"#
        #expect(JSONLine.text(CrashAnswer(crash: report)) == start + end)
        (report.userMicroseconds, report.systemMicroseconds, report.peakBytes) = (1, 2, 3)
        let line = JSONLine.text(ControlAnswer.done(CrashAnswer(crash: report)))
        #expect(line.contains(#""uptime":3.1,"cpu_user_us":1,"cpu_system_us":2,"peak_bytes":3,"text""#))
        let back = try ControlAnswer<CrashAnswer>(json: line).body().crash
        #expect(back.kind == .hang && back.peakBytes == 3 && back.lastReport.list.map(\.name) == ["accepts", "polls"])
    }
}
