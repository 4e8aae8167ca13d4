import Dashboard
import Supervision
import Testing
import Watch
import Wire

/// The connections of apps on the screen: the rates are from two answers, which may be old.
struct AppsTests {
    private static let second = Samples.second

    private func row(
        _ peer: String = "10.0.0.1:5", up: Double, publishes: Double, bytes: Double = 0, errors: Double = 0,
        idle: Double = 0
    ) -> AppsAnswer.Row {
        AppsAnswer.Row(
            peer: peer, form: "lines", connectedSeconds: up, publishes: publishes, bytes: bytes, errors: errors,
            idleSeconds: idle, backlogBytes: 0)
    }
    private func rates(_ first: AppsAnswer.Row, _ second: AppsAnswer.Row) -> Told.Apps.Rates? {
        var apps = Told.Apps()
        apps.take([first], more: 0, time: 0)
        apps.take([second], more: 0, time: 1)
        return apps.rows[0].rates
    }

    @Test func rates_areMadeOfTwoAnswers_byTheManagersClock() {
        #expect(
            rates(row(up: 10, publishes: 5), row(up: 12.5, publishes: 10, bytes: 50, errors: 1))
                == Told.Apps.Rates(publishes: 2, bytes: 20, errors: 0.4))
        // There are no rates for another port, another life of the same port, counters that went back, or an answer of
        // long ago.
        for other in [
            row("10.0.0.1:6", up: 12, publishes: 9), row(up: 1, publishes: 9), row(up: 12, publishes: 4),
            row(up: 10, publishes: 5), row(up: 200, publishes: 9),
        ] {
            #expect(rates(row(up: 10, publishes: 5), other) == nil, "\(other)")
        }
    }

    private func line(_ model: Model, width: Int = 100, interval: Double = 1) -> String {
        var session = Session()
        session.screen = .delivery
        session.interval = interval
        return Views.draw(model, session, Size(width, 24), Capabilities()).lines.first {
            $0.hasPrefix(" app connections")
        } ?? "none"
    }

    @Test func unknownIsNoZero_andOldIsMarked() {
        var model = Samples.shown
        model.told.apps = Told.Apps()
        model.told.apps.take(Samples.apps(1), more: 0, time: model.now)
        #expect(line(model).hasPrefix(" app connections 3: 10.0.1.5 ?/s  10.0.1.6 ?/s  127.0.0.1 ?/s"))
        model.told.apps.take(Samples.apps(0), more: 9, time: model.now)
        #expect(
            line(model).hasPrefix(" app connections 12: 10.0.1.5 9.1k/s  10.0.1.6 9.1k/s  127.0.0.1 0/s idle 4m00s"))
        // The apps are asked for every two seconds. After three times as long the answer is old. After ten times it
        // says nothing about the present, and the manager's report is newer.
        for (age, wanted) in [
            (5.9, " 12: 10.0.1.5 9.1k/s"),
            (6.1, " 12~: 10.0.1.5 9.1k~/s  10.0.1.6 9.1k~/s  127.0.0.1 0~/s idle 4m00s~"),
            (20.1, " 2: 10.0.1.5 ?/s  10.0.1.6 ?/s  127.0.0.1 ?/s"),
        ] {
            var later = model
            let taken = model.now - UInt64(age * 1e9)
            later.told.apps = Told.Apps()
            for back in [UInt64(2), 0] {
                later.told.apps.take(Samples.apps(back), more: 9, time: taken - back * AppsTests.second)
            }
            #expect(line(later).hasPrefix(" app connections" + wanted), "\(age): \(line(later))")
        }
        // With a picture every ten seconds, the apps are asked for every ten seconds.
        var slow = model
        slow.told.apps = Told.Apps()
        for back in [UInt64(2), 0] {
            slow.told.apps.take(Samples.apps(back), more: 0, time: model.now - (29 + back) * AppsTests.second)
        }
        #expect(line(slow, interval: 10).contains("10.0.1.5 9.1k/s"))
    }

    @Test func addressesLeave_theLastFirst_andNothingIsWider() {
        let model = Samples.shown
        #expect(
            line(model, width: 100)
                == " app connections 3: 10.0.1.5 shop 9.1k/s  10.0.1.6 shop 9.1k/s  127.0.0.1 billing 0/s idle 4m00s")
        #expect(line(model, width: 70) == " app connections 3: 10.0.1.5 shop 9.1k/s  10.0.1.6 shop 9.1k/s")
        #expect(line(model, width: 45) == " app connections 3: 10.0.1.5 shop 9.1k/s")
        for width in 40...119 { #expect(line(model, width: width).count <= width) }
    }

    @Test func keysOfApps_areNamed() throws {
        func screen(_ keys: String, _ key: String, _ size: Size) -> String {
            var model = Samples.shown
            model.take(
                """
                {"apps":[{"peer":"10.0.0.1:5","form":"lines"\(key),"connected_seconds":9,"publishes":1,"bytes":1,\
                "errors":0,"idle_seconds":0,"backlog_bytes":0}],"more":0\(keys)}
                """, to: .apps, time: model.now)
            var session = Session()
            session.screen = .delivery
            return Views.draw(model, session, size, Capabilities()).text
        }
        let wide = Size(140, 36)
        let two = #","keys":[{"key":"shop","idle_seconds":3},{"key":"old","idle_seconds":null}]"#
        let one = #","keys":[{"key":"shop","idle_seconds":3}]"#
        let shop = #","key":"shop""#
        #expect(screen(two, shop, wide).contains("10.0.0.1:5  shop  "))
        #expect(screen(two, shop, wide).contains(" keys  shop used 3s ago  old never used"))
        #expect(screen(two, "", wide).contains("10.0.0.1:5  no key  "))
        #expect(screen(two, shop, Size(80, 24)).contains("10.0.0.1 shop ?/s"))
        // There is nothing to tell apart with one key, and nothing to name without keys, as in recordings of release 1.
        #expect(screen(one, shop, Size(80, 24)).contains("10.0.0.1 ?/s"))
        #expect(!screen("", "", wide).contains(" keys") && !screen("", "", wide).contains("no key"))
    }

    @Test func rowsOfThePane_standUnderEachOther_howeverWideTheyAre() throws {
        var model = Samples.shown
        model.told.apps = Told.Apps()
        for back in [UInt64(2), 0] {
            let rows = [
                row("192.168.100.100:51022", up: 1e6 - Double(back), publishes: 1e9, errors: 1e8),
                row("10.0.0.1:5", up: 60 - Double(back), publishes: 1, idle: 30),
            ]
            model.told.apps.take(rows, more: 998, time: model.now - back * AppsTests.second)
        }
        var session = Session()
        session.screen = .delivery
        for (width, hasUp) in [(120, false), (140, true), (200, true)] {
            let lines = Views.draw(model, session, Size(width, 36), Capabilities()).lines
            let at = try #require(lines.firstIndex { $0.contains("APP CONNECTIONS 1,000") })
            let rows = lines[at + 1...at + 2].map { $0.dropFirst(width / 2) }
            #expect(rows[0].contains("192.168.100.100:51022") && rows[1].contains("10.0.0.1:5"))
            #expect(
                rows.allSatisfy { $0.contains("up ") == hasUp && $0.contains("errors ") }
                    && rows[1].contains("idle 30s"), "\(width): \(rows)")
            let ends = rows.map { row in
                row.firstRange(of: "/s").map { row.distance(from: row.startIndex, to: $0.lowerBound) }
            }
            #expect(ends[0] == ends[1], "\(width): \(rows)")
        }
    }

    @Test func whyThereAreNone_isSaid() {
        var model = Samples.shown
        model.told.apps = Told.Apps()
        #expect(line(model).contains("app connections 2  asking the manager ..."))
        model.link = .replay(isOver: false)
        #expect(line(model).contains("the recording has none yet"))
        model.miss(.apps, why: "127.0.0.1:9001: Connection refused")
        #expect(line(model).contains("Connection refused"))
        model.take(
            "{\"error\":{\"code\":\"unauthorized\",\"message\":\"the app key is missing or wrong\"}}", to: .apps,
            time: model.now)
        #expect(line(model).contains("the manager says: the app key is missing or wrong"))
        model.take(#"{"apps":[],"more":0}"#, to: .apps, time: model.now)
        #expect(line(model).contains("app connections 0  no app is connected"))
        // A manager that is down has no connections, so earlier answers are not shown.
        model.told.apps.take(Samples.apps(0), more: 0, time: model.now)
        model.processes[.manager]?.isGone = true
        #expect(line(model).contains("app connections -  the manager does not run"))
    }

    @Test func whatIsRefusedNow_isMarked() {
        var model = Samples.shown
        model.told.apps = Told.Apps()
        for (back, errors) in [(UInt64(2), 7.0), (0, 9)] {
            model.told.apps.take(
                [row(up: Double(100 - back), publishes: 10, errors: errors)], more: 0,
                time: model.now - back * AppsTests.second)
        }
        var session = Session()
        session.screen = .delivery
        let grid = Views.draw(model, session, Size(140, 36), Capabilities())
        let at = grid.lines.firstIndex { $0.contains("10.0.0.1:5") }
        #expect(at.map { grid.lines[$0].contains("errors 9") && grid[$0, 71].role == .warning } == true)
    }
}
