import Base
import Configuration
import Dashboard
import Stats
import Supervision
import Testing
import Watch
import Wire

/// For any model and any size: nothing is wider than the terminal, nothing crashes, and the cursor is visible.
struct PropertyTests {
    /// It gives the same numbers in each run, so a failure can be seen again.
    struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            return mixed ^ (mixed >> 31)
        }
    }

    @Test func everyWidthAndHeight_fits() {
        var chance = Chance(state: 4)
        let models = (0..<6).map { _ in Self.model(&chance) } + [Model(), Samples.shown, Samples.shownLost]
        for width in 1...250 {
            // Every width is tried. Heights are random, and all of 1...80 come often.
            for _ in 0..<4 {
                let size = Size(width, Int.random(in: 1...80, using: &chance))
                check(models.randomElement(using: &chance) ?? Model(), Self.session(&chance), size, &chance)
            }
        }
        for height in 1...80 {
            for width in [1, 20, 24, 40, 80, 140] {
                check(
                    models.randomElement(using: &chance) ?? Model(), Self.session(&chance), Size(width, height), &chance
                )
            }
        }
    }

    private func check(_ model: Model, _ session: Session, _ size: Size, _ chance: inout Chance) {
        let grid = Views.draw(
            model, session, size,
            Capabilities(isUTF8: Bool.random(using: &chance), hasBraille: Bool.random(using: &chance)))
        #expect(grid.lines.count == size.height)
        #expect(grid.lines.allSatisfy { $0.count <= size.width })
        #expect(!grid.text.contains("\u{1B}"))
        let hasTable =
            session.overlay == nil && size.width >= 24 && size.height >= 10
            && [.overview, .queues, .delivery, .procs].contains(session.screen)
        if hasTable, !model.processes.isEmpty, session.filter.isEmpty {
            #expect(grid.lines.contains { $0.hasPrefix(">") }, "no cursor at \(size) on \(session.screen)")
        }
    }

    static func session(_ chance: inout Chance) -> Session {
        var session = Session()
        session.screen = Screen.allCases.randomElement(using: &chance) ?? .overview
        session.cursor = Bool.random(using: &chance) ? .process(.worker(Int.random(in: 0..<140, using: &chance))) : nil
        session.showsTotals = Bool.random(using: &chance)
        session.span = GraphSpan.allCases.randomElement(using: &chance) ?? .day
        session.graph = GraphWish.all.randomElement(using: &chance) ?? .automatic
        session.showsFullNumbers = Bool.random(using: &chance)
        session.showsClientIDs = Bool.random(using: &chance)
        session.adminUntil = Bool.random(using: &chance) ? .max : nil
        session.toast =
            Bool.random(using: &chance)
            ? "something that is said, at length, to the operator who looks at a narrow terminal" : nil
        if Int.random(in: 0..<8, using: &chance) == 0 { session.filter = Filter("w1 conns>0") }
        let target = ProcessName.worker(Int.random(in: 0..<6, using: &chance))
        switch Int.random(in: 0..<17, using: &chance) {
        case 0: session.overlay = .help(page: Int.random(in: 0..<9, using: &chance))
        case 1: session.overlay = .explain(column: Int.random(in: 0..<22, using: &chance))
        case 2: session.overlay = .sortMenu(choice: Int.random(in: 0..<22, using: &chance))
        case 3: session.overlay = .detail(target, .history)
        case 4: session.overlay = .detail(target, .output(back: Int.random(in: 0..<9, using: &chance)))
        case 5: session.overlay = .confirm(Confirmation(.kill, target: target, pid: 7, boot: 9))
        case 6: session.overlay = .confirm(Confirmation(.rolling, target: nil, pid: 0, boot: 0))
        case 7:
            var editor = Editor(.command)
            editor.text = "restart w1"
            session.overlay = .edit(editor)
        case 8: session.overlay = .detail(target, .crash(number: Int.random(in: 0..<3, using: &chance), scroll: 2))
        case 9: session.overlay = .clients(chosen: Bool.random(using: &chance) ? "xxx" : nil)
        case 11:
            session.overlay = .client(
                ClientLook(
                    id: "x", isTyped: Bool.random(using: &chance),
                    bottom: Bool.random(using: &chance) ? Int.random(in: -9..<900, using: &chance) : nil))
        case 12:
            session.overlay = .apps(AppsLook(chosen: Bool.random(using: &chance) ? "10.0.0.1:9" : nil))
            session.appSort = Sort(
                AppListColumn.allCases.randomElement(using: &chance)?.rawValue ?? "",
                descending: Bool.random(using: &chance))
        case 13: session.overlay = .app(AppsLook(chosen: "10.0.0.1:9"))
        case 15: session.overlay = .columns(ColumnMenu(session.screen, session))
        case 14: session.overlay = .group(GroupLook(name: Bool.random(using: &chance) ? .user("x") : .channel("x")))
        case 10: session.overlay = .addresses(from: Int.random(in: -9..<200, using: &chance))
        default: break
        }
        return session
    }

    /// A model with values of any size, states of any kind, and missing reports.
    static func model(_ chance: inout Chance) -> Model {
        var model = Model()
        model.server.host = "a-host-with-a-rather-long-name.example.org"
        let workers = [1, 2, 9, 64, 128].randomElement(using: &chance) ?? 1
        for second in 0..<UInt64.random(in: 1...8, using: &chance) {
            let now = Samples.start + second * Samples.second
            model.now = now
            model.wall = Samples.wall
            for worker in 0..<workers where Int.random(in: 0..<5, using: &chance) > 0 {
                var report = Report(.worker, worker, boot: 1 + UInt64(worker), time: now)
                for id in MetricID.allCases where id != .subject && Bool.random(using: &chance) {
                    report.values[raw: id.rawValue] =
                        UInt64.random(in: 0...UInt64.max, using: &chance) >> UInt64.random(in: 0..<64, using: &chance)
                }
                model.take(report)
            }
            for role in [StatsPacket.Role.manager, .supervisor] {
                var report = Report(role, boot: 99, time: now)
                for id in MetricID.allCases where id != .subject && Bool.random(using: &chance) {
                    let value =
                        UInt64.random(in: 0...UInt64.max, using: &chance) >> UInt64.random(in: 0..<64, using: &chance)
                    report.values[raw: id.rawValue] = value
                    for subject in 0...UInt16(workers) where Bool.random(using: &chance) {
                        report.subjects[subject, default: MetricValues()][raw: id.rawValue] = value
                    }
                }
                for subject in 0...UInt16(workers) {
                    report.subjects[subject, default: MetricValues()][raw: MetricID.childState.rawValue] =
                        UInt64.random(in: 0...8, using: &chance)
                }
                model.take(report)
            }
            model.take(
                Samples.event(
                    number: second, time: Samples.wall, .critical, "worker-0", "EXIT", "\u{1B}[2J evil \n text 字"))
            model.tick()
        }
        for total in StatsDay.Total.allCases {
            for measure in StatsHistory.Measure.allCases where Bool.random(using: &chance) {
                let values = (0..<Int.random(in: 0...1500, using: &chance)).map { _ in
                    Bool.random(using: &chance) ? UInt64.random(in: 0...UInt64.max, using: &chance) : nil
                }
                let firstTime =
                    Bool.random(using: &chance)
                    ? Samples.start - 86_400 * Samples.second : UInt64.random(in: 0...UInt64.max, using: &chance)
                model.take(
                    StatsHistory(
                        role: .supervisor, instance: 0, metric: StatsHistory.metric(total.metric, measure),
                        subject: nil,
                        stepMilliseconds: [60_000, 10_000, .max].randomElement(using: &chance) ?? 1,
                        firstTime: firstTime, values: values))
            }
        }
        // Texts that others chose or wrote, as bad as they can be.
        let evil = ["\u{1B}[31mred\u{7} \u{200B}wide 字 line", String(repeating: "x", count: 500), ""]
        for worker in 0..<workers where Bool.random(using: &chance) {
            var child = Told.Child()
            child.output = evil
            child.lastExit = evil[0]
            child.drainsBeside = Double.random(in: 0...1e9, using: &chance)
            model.told.children[.worker(worker)] = child
        }
        model.told.crashes = [Told.CrashReport(id: "x-worker-0", lines: evil), Told.CrashReport(id: "y-worker-0")]
        model.told.clients.problem = Bool.random(using: &chance) ? "" : evil[0]
        model.told.clients.rows = evil.map {
            Told.Clients.Row(id: $0, worker: .worker(0), queued: .infinity, bytes: 1e300, oldestSeconds: -1)
        }
        for time in [Samples.start, model.now] where Bool.random(using: &chance) {
            let rows = (evil + ["10.0.0.1:9", "10.0.0.1:9"]).map { peer in
                func any() -> Double {
                    [0, 1e300, -1, .infinity, .nan, Double.random(in: 0...1e12, using: &chance)].randomElement(
                        using: &chance) ?? 0
                }
                var row = AppsAnswer.Row(
                    number: any(), name: evil[1], peer: peer, form: Bool.random(using: &chance) ? evil[0] : nil,
                    connectedSeconds: any(),
                    publishes: any(), bytes: any(), errors: any(), idleSeconds: any(),
                    backlogBytes: any())
                (row.events, row.stalledSeconds, row.rights) = (any(), any(), evil)
                row.refusal = .init(code: evil[0], message: evil[1], secondsAgo: any())
                return row
            }
            model.told.apps.take(rows, more: [0, 1e18, .nan].randomElement(using: &chance) ?? 0, time: time)
        }
        if Bool.random(using: &chance) { model.told.apps.problem = evil[1] }
        if Bool.random(using: &chance) { follow(&model, evil, &chance) }
        if Bool.random(using: &chance) {
            model.told.rolling = Told.Rolling(by: evil[0], total: 0, done: 9, current: .worker(0), left: [])
        }
        model.told.doctor = (0..<Int.random(in: 0...30, using: &chance)).map {
            Doctor.Row(name: "net.name.\($0)", have: "1 2 3", want: ">= 9", why: evil[1], enough: $0 % 3 == 0)
        }
        model.now += UInt64.random(in: 0...20, using: &chance) * Samples.second
        if Bool.random(using: &chance) { model.link = .lost(since: Samples.start, reason: "no supervisor answers") }
        return model
    }
    /// The client x is followed, and says things as bad as they can be.
    private static func follow(_ model: inout Model, _ evil: [String], _ chance: inout Chance) {
        var (followed, client) = (Told.Followed(client: "x"), Told.Client(id: "x"))
        if Bool.random(using: &chance) { followed.began(wall: .max) }
        for _ in 0..<Int.random(in: 0...600, using: &chance) {
            var event = FollowedEvent(
                evil.randomElement(using: &chance), time: UInt64.random(in: 0 ... .max, using: &chance))
            (event.message, event.channel, event.worker) = (.max, evil[1], .min)
            followed.take(event, wall: 0)
        }
        if Bool.random(using: &chance) { followed.lost(evil[0], wall: .max) }
        if Bool.random(using: &chance) { followed.refused(evil[1]) }
        if Bool.random(using: &chance) {
            var answer = ClientAnswer(
                client: "x", connected: Bool.random(using: &chance), worker: .min,
                queued: [-1e300, 0, 7e9].randomElement(
                    using: &chance) ?? 0, channels: evil)
            answer.known = Bool.random(using: &chance)
            (answer.form, answer.behind, answer.bytes) = (evil[0], true, .infinity)
            (answer.oldestSeconds, answer.expiresSeconds, answer.revokedUntil) = (-1, 1e300, 1e300)
            client.take(answer, time: Samples.start)
        }
        (model.told.followed, model.told.client) = (followed, client)
        var group = Told.Group(name: .user("x"))
        group.take(
            ClientsAnswer(
                clients: evil.map {
                    .init(client: $0, worker: .min, queued: 1e300, bytes: -1, oldestSeconds: .infinity)
                },
                user: "x", count: -1e300, connected: .infinity), time: Samples.start)
        model.told.group = group
    }
}
