import Configuration
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

/// Boxes, lists and messages say the whole of what they have to say.
struct BoxTests {
    private func lines(_ model: Model, _ size: Size, _ change: (inout Session) -> Void) -> [String] {
        var session = Session()
        change(&session)
        return Views.draw(model, session, size, Capabilities()).lines
    }
    @Test func fieldThatIsTyped_isInTheBox_onASmallTerminalToo() {
        var box = Confirmation(.kill, target: .worker(2), pid: 2112, boot: 0x9AC4_1F20_0000_0002)
        box.typed = "kill w"
        box.field = .word
        let shown = lines(Samples.shown, Size(40, 12)) { $0.overlay = .confirm(box) }
        #expect(shown.contains { $0.contains("[ type kill w2: kill w_ ]") }, "\(shown)")
        #expect(shown.contains { $0.contains("[ Cancel ]") } && shown.contains { $0.contains("reason:") })
    }
    @Test func longSentences_goOnInTheNextLine() {
        let shown = lines(Samples.shown, Size(40, 24)) {
            $0.overlay = .confirm(Confirmation(.restart, target: .worker(2), pid: 2112, boot: 1))
        }
        #expect(shown.contains { $0.contains("clients are asked") } && shown.contains { $0.contains("spread over") })
    }
    /// The process of the box was started anew while the operator typed.
    @Test func boxOfAProcessThatHasGone_saysSo() {
        let box = Confirmation(.kill, target: .worker(2), pid: 7501, boot: 1)
        let shown = lines(Samples.shown, Size(80, 24)) { $0.overlay = .confirm(box) }
        #expect(shown.contains { $0.contains("It is another process by now: pid 2112.") }, "\(shown)")
    }
    @Test func checksThatFail_areRows_thatOpen() {
        var model = Samples.shown
        model.told.doctor = (0..<11).map { number in
            Doctor.Row(
                name: "net.key\(number)", have: "1", want: ">= 2",
                why: "a long reason that has no room in a line of eighty columns, but is read whole in the box of it",
                enough: number > 7)
        }
        let shown = lines(model, Size(80, 24)) { $0.screen = .host }
        #expect(shown.contains { $0.contains(" +") && $0.hasSuffix(" more") }, "\(shown)")
        var session = Session()
        session.screen = .host
        let handler = KeyHandler(model, Size(80, 24))
        for key in [Key.end, .enter] { _ = handler.handle(key, &session) }
        let opened = Views.draw(model, session, Size(80, 24), Capabilities()).text
        #expect(opened.contains("net.key7  (16 of 16)") && opened.contains("the box of it"), "\(opened)")
    }
    @Test func sortMenu_sortsTheOtherWay_andExplains() {
        let handler = KeyHandler(Samples.shown, Size(80, 24))
        var session = Session()
        for key in [Key.character("s"), .down, .down, .down, .down, .character("I")] {
            _ = handler.handle(key, &session)
        }
        #expect(session.sorts[.overview] == Sort("conns", descending: false) && session.overlay == nil)
        for key in [Key.character("s"), .character("e")] { _ = handler.handle(key, &session) }
        #expect(Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text.contains(" CONNS  ("))
    }
    /// The count is since the start of the machine, and nothing is known of when it grew.
    @Test func counterThatNoLongerGrows_isOkNow() throws {
        var model = Samples.shown
        for second in [91, 92] {
            var report = Samples.supervisor(second, 200, model.now + UInt64(second - 90) * Samples.second, 8)
            report.values[raw: MetricID.udpReceiveErrors.rawValue] = 16_989
            model.take(report)
        }
        model.now += 2 * Samples.second
        let row = lines(model, Size(80, 24)) { $0.screen = .host }.first { $0.contains("udp buffer errors") }
        #expect(try #require(row).hasSuffix("16,989       0/s             -     -  ok now"))
    }
    @Test func letter_jumpsToTheNextTitleThatBeginsWithIt() {
        var session = Session()
        let handler = KeyHandler(Samples.shown, Size(80, 24))
        for key in [Key.character("e"), .character("E")] { _ = handler.handle(key, &session) }
        #expect(Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text.contains("EXP/s  ("))
        _ = handler.handle(.character("e"), &session)
        #expect(Views.draw(Samples.shown, session, Size(80, 24), Capabilities()).text.contains("ERR  ("))
        _ = handler.handle(.character("y"), &session)
        #expect(session.overlay == nil)
    }
    @Test(arguments: [
        ("nope>3", "no column nope"), ("conns>many", "many is no number"), ("w*", "* is no wildcard"),
    ]) func filterThatCanMatchNothing_saysWhy(_ filter: String, _ why: String) {
        let shown = lines(Samples.shown, Size(80, 24)) { $0.filter = Filter(filter) }
        #expect(shown.contains { $0.contains("no row matches the filter: \(why)") }, "\(shown)")
    }
    @Test func batchOfTheHost_hasItsCounters_andNoProcesses() {
        var session = Session()
        session.screen = .host
        let context = Context(Samples.shown, session, Capabilities())
        let text = BatchText.sample(context, .text, isFirst: true)
        #expect(
            text.contains("\ntcp_inuse ") && text.contains("net.core.rmem_max") && !text.contains("READY"), "\(text)")
        let csv = BatchText.sample(context, .csv, isFirst: true)
        #expect(
            csv.hasPrefix("time,name,now,rate_s,limit,state\n") && csv.contains(",files_open,812990,0,4194304,ok\n"),
            "\(csv)")
        #expect(BatchText.sample(context, .json, isFirst: true).contains(#""host":[{"name":"#))
    }
    @Test func timeUntilTheNextStart_isNotTakenForTheTimeUp() throws {
        let row = try #require(lines(Samples.shown, Size(80, 24)) { _ in }.first { $0.hasPrefix(" w5") })
        #expect(row.contains(" in 7s "), "\(row)")
    }
    @Test func failedRollingRestart_staysOnTheScreen_andIsNoEndOfTheOldOne() throws {
        var model = Samples.shown
        let line =
            #"{"ok":true,"last_rolling":{"number":1,"outcome":"failed","by":"x","done":0,"total":4,"time":1795442465,"took":0.2,"failed_at":"worker-0","reason":"exit 127 \"cannot load libfoo.so.3\"","old_serves":true},"processes":[{"name":"worker-0","failed_replacement":{"uptime":0.1,"text":"exit 127"}}]}"#
        model.take(line, to: .status, time: model.now)
        let shown = lines(model, Size(120, 24)) { $0.screen = .procs }
        #expect(
            shown.contains(
                #" ROLLING FAILED 14:01:05 at w0: exit 127 "cannot load libfoo.so.3"; 0 of 4 replaced, nobody cut"#),
            "\(shown)")
        #expect(shown.contains { $0.hasPrefix(" w0 ") && !$0.contains("127") })
        let detail = lines(model, Size(140, 36)) { $0.overlay = .detail(.worker(0), .history) }
        #expect(detail.contains { $0.contains("REPLACEMENT FAILED exit 127 after 0.1s") }, "\(detail)")
    }
}
