import Base
import Configuration
import Glibc
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

/// An appliance whose reports go the way of real ones: as datagrams to a live model, and to an archive.
struct Watched {
    var live = Model()
    var archive = StatsArchive()
    private var reader = StatsReader(token: nil)
    private var writers: [UInt64: Writer] = [:]
    /// A writer can't be in a dictionary, and a class can.
    private final class Writer {
        var stats: StatsWriter
        init(_ header: StatsPacket.Header) { stats = StatsWriter(header, token: StatsToken()) }
    }
    /// The recording of all that came.
    var pieces: [Recording.Piece] = []

    init() {
        live.server.host = "push1"
        live.link = .live
    }
    /// The second of the reports, and of the picture that follows them.
    mutating func second(_ second: Int, _ reports: [Report], events: [Event] = [], until end: UInt64 = 300_000_000) {
        for report in reports { hear(report) }
        for event in events {
            live.take(event)
            add(.answer, Array("events\n\(event.json)".utf8), event.time)
        }
        live.now = Samples.start + UInt64(second) * Samples.second + end
        live.wall = Watched.wall(live.now)
        live.tick()
        live.reach = live.reach(archive)
    }
    static func wall(_ now: UInt64) -> UInt64 { Samples.wall + (now - Samples.start) / 1_000_000 }
    private mutating func hear(_ report: Report) {
        let writer = writers[report.boot] ?? Writer(Watched.header(report))
        writers[report.boot] = writer
        for (id, value) in report.values.all { if let id = MetricID(rawValue: id) { writer.stats.set(id, value) } }
        for (subject, values) in report.subjects.sorted(by: { $0.key < $1.key }) {
            writer.stats.subject(subject)
            for (id, value) in values.all { if let id = MetricID(rawValue: id) { writer.stats.set(id, value) } }
        }
        let state = StatsPacket.State(rawValue: report.state) ?? .ready
        var datagrams: [[UInt8]] = []
        writer.stats.finish(state: state, sampleTime: report.time, wallTime: 1) { datagrams.append(Array($0)) }
        for bytes in datagrams {
            add(.datagram, bytes, Watched.wall(report.time))
            let outcome = bytes.withUnsafeBytes { reader.receive($0, length: bytes.count, now: report.time) }
            live.take(outcome, reader, withEvents: true)
            if case .report(let boot, _, _) = outcome, let source = reader.sources[boot] {
                archive.note(source, now: report.time)
            }
        }
    }
    private mutating func add(_ kind: Recording.Kind, _ bytes: [UInt8], _ wall: UInt64) {
        let time = Samples.start + (wall - Samples.wall) * 1_000_000
        pieces.append(Recording.Piece(time: time, wall: wall, kind: kind, bytes: bytes))
    }
    private static func header(_ report: Report) -> StatsPacket.Header {
        var header = StatsPacket.Header()
        header.boot = report.boot
        header.role = report.role
        header.instance = UInt16(report.instance)
        header.pid = report.pid
        header.generation = report.generation
        header.startTime = report.startTime
        header.interval = 1000
        return header
    }

    /// The incident of the samples, with what happened to w5: it dies 6 s before the end, and stays down.
    static let incident = {
        let appliance = watched(seconds: 90).appliance
        return Incident(live: appliance.live, archive: appliance.archive)
    }()
    struct Incident: Sendable {
        var live: Model
        var archive: StatsArchive
    }
    /// The same, with each of its live pictures.
    static func watched(seconds: Int) -> (appliance: Watched, pictures: [Model]) {
        var appliance = Watched()
        var pictures: [Model] = []
        for second in 0...seconds {
            let now = Samples.start + UInt64(second) * Samples.second
            var reports: [Report] = []
            for worker in 0..<8 {
                if worker == 5, second > seconds - 6 { continue }
                if worker == 7, second > seconds - 4 { continue }
                var report = Samples.report(worker, second, now)
                // w2 began anew in the middle.
                if worker == 2, second >= seconds / 2 {
                    report = anew(report, Samples.report(worker, seconds / 2, now))
                }
                if worker == 3, second == 50 { report.state = StatsPacket.State.overloaded.rawValue }
                reports.append(report)
            }
            reports.append(Samples.manager(second, now, 8))
            reports.append(supervisor(second, seconds, now))
            var events: [Event] = []
            if second == seconds - 5 {
                events = [Samples.event(number: 1, time: wall(now), .error, "worker-5", "EXIT", "SIGSEGV after 3.1s")]
            }
            appliance.second(second, reports, events: events)
            pictures.append(appliance.live)
        }
        return (appliance, pictures)
    }
    /// The report of another life, which began at the time of `first`.
    private static func anew(_ report: Report, _ first: Report) -> Report {
        var report = report
        report.boot = 77
        for (id, value) in first.values.all where [.counter, .bucket].contains(Metric.named(id)?.kind) {
            report.values[raw: id] = report.values[raw: id].map { $0 - value }
        }
        return report
    }
    private static func supervisor(_ second: Int, _ seconds: Int, _ now: UInt64) -> Report {
        var report = Samples.supervisor(second, seconds, now, 8)
        for subject in report.subjects.keys {
            report.subjects[subject]?[raw: MetricID.childOverloaded.rawValue] = subject == 4 && second == 50 ? 1 : 0
        }
        report.subjects[0]?[raw: MetricID.childPid.rawValue] = 2101
        return report
    }
}

struct PastTests {
    /// The columns at any width that the archive leaves out.
    private static let left: Set<String> = ["ready", "lost"]

    @Test func eachMoment_isWhatTheLivePictureShowed_orUnknown() throws {
        let (appliance, pictures) = Watched.watched(seconds: 90)
        for (second, live) in pictures.enumerated() where second > 0 {
            let past = appliance.live.past(at: live.now, appliance.archive)
            #expect(past.wall == live.wall && past.processes.count == live.processes.count)
            for screen in Screen.allCases {
                var session = Session()
                session.screen = screen
                let then = Context(live, session, Capabilities()), now = Context(past, session, Capabilities())
                for column in Columns.of(screen) {
                    for process in live.ordered {
                        let other = try #require(past.processes[process.id])
                        let wanted = column.cell(process, then).text, shown = column.cell(other, now).text
                        let isLeft = Self.left.contains(column.id) && shown == "?"
                        #expect(shown == wanted || isLeft, "\(second) s, \(process.id) \(column.id)")
                        #expect(column.history?(other, now) == column.history?(process, then))
                    }
                    #expect(column.total?(now).text == column.total?(then).text, "\(second) s, all \(column.id)")
                }
            }
            #expect(Set(past.alerts.map(\.key)).isSuperset(of: live.alerts.filter(\.isOpen).map(\.key)))
            #expect(past.events == live.events)
            #expect(past.peakConnections == live.peakConnections)
            for id in [MetricID.tcpInUse, .memoryAvailable, .loadAverage, .listenDrops, .conntrack] {
                #expect(past.supervisor.own.count(id) == live.supervisor.own.count(id))
            }
        }
    }

    /// Whole screens: no number stands in the past that was not in the live picture.
    @Test(arguments: Screen.allCases) func aScreenOfThePast_hasNoOtherNumbers(_ screen: Screen) {
        let (appliance, pictures) = Watched.watched(seconds: 90)
        var session = Session()
        session.screen = screen
        func words(_ model: Model) -> Set<String> {
            // The alerts of the past are the conditions of its second, and those of a live picture began before.
            var model = model
            model.told.alerts = []
            let lines = Views.draw(model, session, Size(200, 60), Capabilities()).lines.dropFirst()
            let text = lines.filter { !$0.hasPrefix("## PAST") }.joined(separator: " ")
            return Set(text.split { " ,:/".contains($0) }.map(String.init).filter { $0.contains(where: \.isNumber) })
        }
        for second in [2, 44, 47, 70, 88] {
            let live = pictures[second]
            let past = appliance.live.past(at: live.now, appliance.archive)
            let added = words(past).subtracting(words(live))
            #expect(added.isEmpty, "\(second): \(added)")
        }
    }

    @Test func aMetricThatWasNotKept_isUnknown_andNeverZero() throws {
        let appliance = Watched.incident
        let past = appliance.live.past(at: appliance.live.now - 10 * Samples.second, appliance.archive)
        let worker = try #require(past.processes[.worker(0)])
        #expect(appliance.live.processes[.worker(0)]?.gauge(.partialWrites, appliance.live.now).value != nil)
        for id in [MetricID.partialWrites, .undelivered, .addressesCounted] {
            #expect(worker.gauge(id, past.now) == Quantity(nil, .fresh))
            #expect(worker.rate(id, past.now, seconds: 1).text(Format.rate) == "?")
            #expect(past.totals.sumRate(id, seconds: 1).text(Format.rate) == "?")
        }
        // A metric that the process never reports is absent, as in the live picture.
        #expect(past.processes[.manager]?.gauge(.connsOpen, past.now) == .absent)
    }

    /// Before the ten minutes the hub has totals by the minute, and nothing else.
    @Test func aMomentOfTheDay_hasTotals_andNothingElse() {
        var appliance = Watched.incident
        appliance.live.days = Samples.afterTheNight.days
        appliance.live.reach = appliance.live.reach(appliance.archive)
        let moment = appliance.live.now - 2 * 3600 * Samples.second
        let past = appliance.live.past(at: moment, appliance.archive)
        #expect(past.totals.connections.value == appliance.live.days[.connections]?.mean(at: moment))
        #expect(past.totals.connections.value ?? 0 > 1000 && past.totals.waiting(.queueMessages).value ?? 0 > 1000)
        #expect(past.alerts.isEmpty)
        for screen in Screen.allCases {
            var session = Session()
            session.screen = screen
            let context = Context(past, session, Capabilities())
            for column in Columns.of(screen) where column.history == nil {
                for process in past.ordered where column.id != "id" {
                    let text = column.cell(process, context).text
                    #expect(!text.contains { $0.isNumber }, "\(process.id) \(column.id): \(text)")
                }
            }
        }
        #expect(past.totals.readyText == "?/9 ok")
        // Between the hub's memory and the day there may be nothing at all.
        let before = appliance.live.past(at: moment - 80_000 * Samples.second, appliance.archive)
        #expect(before.totals.connections.text(Format.grouped) == "?")
    }

    @Test func aPause_keepsTheWholePicture_andSaysWhatIsNow() {
        var past = PastPicture()
        var appliance = Watched.incident
        let moment = appliance.live.now
        appliance.live.told.rolling = Samples.rolling.told.rolling
        past.show(moment, of: appliance.live, appliance.archive, pieces: 0)
        appliance.live.now += 72 * Samples.second
        appliance.live.told.rolling = nil
        past.show(moment, of: appliance.live, appliance.archive, pieces: 3)
        #expect(past.model?.told.rolling != nil && past.model?.past?.isWhole == true)
        #expect(past.model?.now == moment && past.model?.present == appliance.live.now)
        var session = Session()
        session.moment = moment
        let title = past.model.map { Views.draw($0, session, Size(80, 24), Capabilities()).lines[0] } ?? ""
        #expect(title.hasSuffix("14:04:01, 1:12 ago") && !title.contains("LIVE"))
        // Another moment is made of the archive, and the one that was left is made anew.
        past.show(moment - Samples.second, of: appliance.live, appliance.archive, pieces: 3)
        #expect(past.model?.past?.isWhole == false)
        past.show(nil, of: appliance.live, appliance.archive, pieces: 3)
        #expect(past.model == nil)
    }

    @Test func nobodyTakesThePast_forThePresent() {
        let appliance = Watched.incident
        var past = PastPicture()
        past.show(appliance.live.now - 20 * Samples.second, of: appliance.live, appliance.archive, pieces: 0)
        for size in GoldenTests.sizes {
            for screen in Screen.allCases {
                var session = Session()
                session.screen = screen
                let text = past.model.map { Views.draw($0, session, size, Capabilities()).text } ?? ""
                #expect(text.contains("0:20 ago") && !text.contains("LIVE\n"), "\(screen) \(size)")
            }
            var session = Session()
            session.overlay = .detail(.worker(5), .history)
            let text = past.model.map { Views.draw($0, session, size, Capabilities()).text } ?? ""
            #expect(text.contains("0:20 ago"))
        }
    }
    @Test(arguments: [Size(20, 4), Size(40, 12), Size(80, 24), Size(140, 36)]) func pictures_areAsTheyWere(_ size: Size)
        throws
    {
        let appliance = Watched.incident
        var past = PastPicture()
        past.show(appliance.live.now - 20 * Samples.second, of: appliance.live, appliance.archive, pieces: 0)
        for screen in Screen.allCases where size.width > 20 || screen == .overview {
            var session = Session()
            session.screen = screen
            let model = try #require(past.model)
            let text = Views.draw(model, session, size, Capabilities()).text
            try Golden.compare("past-\(screen)-\(size.width)x\(size.height)", text)
        }
    }
}
