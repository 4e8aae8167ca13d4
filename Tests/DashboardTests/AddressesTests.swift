import Base
import Dashboard
import Supervision
import Testing
import Watch

/// The busiest addresses of clients: what the supervisor answered, how old it is, and why there is nothing.
struct AddressesTests {
    private func model(_ answers: [AddressesAnswer], age: Double = 0) -> Model {
        var model = Samples.shown
        model.told.addresses = Told.Addresses()
        for answer in answers { model.told.addresses.take(answer, time: model.now - UInt64(age * 1e9)) }
        return model
    }
    private func answer(_ rows: [(address: String, refused: UInt64)] = [], counted: Bool = true) -> AddressesAnswer {
        AddressesAnswer(
            told: rows.enumerated().map { at, row in
                BusyAddress(
                    address: row.address, connections: 100 - at, newPerSecond: 2.5, refused: row.refused, isProxy: false
                )
            }, silent: [], counted: counted, most: 100)
    }
    private func text(_ model: Model, width: Int = 80, from first: Int = 0, filter: String = "") -> String {
        var session = Session()
        session.overlay = .addresses(from: first)
        session.filter = Filter(filter)
        return Views.draw(model, session, Size(width, 24), Capabilities()).text
    }
    private func rows(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.hasPrefix(" 203.0.113.") }
    }

    @Test func withoutABound_itSaysWhichSettingCounts() {
        for width in [40, 80, 140] {
            // A narrow terminal breaks the sentence between words.
            let words = text(model([answer(counted: false)]), width: width).split { " \n".contains($0) }
            for setting in ["workers.max_per_address", "workers.accepts_per_address"] {
                #expect(words.contains { $0 == setting }, "\(width): \(words)")
            }
        }
        let told = text(model([answer(counted: false)]))
        #expect(told.contains("Addresses are not counted") && !told.contains("no client is connected"))
    }

    @Test func whyThereAreNone_isSaid() {
        #expect(text(model([])).contains("asking the supervisor ..."))
        #expect(text(model([answer()])).contains("no client is connected"))
        var replayed = model([])
        replayed.link = .replay(isOver: false)
        #expect(text(replayed).contains("the recording has none yet"))
        var lost = model([])
        lost.link = .lost(since: lost.now, reason: "nobody listens there")
        #expect(text(lost).contains("not known: no supervisor answers"))
        var refused = model([])
        refused.take(
            #"{"ok":false,"error":{"code":"denied","message":"permission denied"}}"#, to: .addresses, time: lost.now)
        #expect(text(refused).contains("the supervisor says: permission denied"))
        refused.miss(.addresses, why: "no supervisor answers")
        #expect(text(refused).contains("no supervisor answers"))
    }

    @Test func oldAnswers_areMarked_andTheirRatesUnknown() throws {
        let answer = answer([("203.0.113.7", 9)])
        for (age, wanted) in [
            (14.9, ["100", "2.5", "9"]), (15.1, ["100~", "2.5~", "9~"]), (50.1, ["100~", "?", "9~"]),
        ] {
            let row = try #require(rows(text(model([answer], age: age))).first)
            #expect(row.split(separator: " ").dropFirst().map(String.init) == wanted, "\(age): \(row)")
        }
        // Without a supervisor the last answer says nothing about now, however young it is.
        var lost = model([answer])
        lost.link = .lost(since: lost.now, reason: "")
        #expect(rows(text(lost)).first?.contains("100~") == true)
    }

    @Test func whoIsRefusedNow_isMarked() {
        let shown = rows(
            text(
                model([
                    answer([("203.0.113.1", 5), ("203.0.113.2", 9), ("203.0.113.3", 9)]),
                    answer([("203.0.113.1", 6), ("203.0.113.2", 9), ("203.0.113.3", 0), ("203.0.113.4", 7)]),
                ])))
        #expect(shown.map { $0.hasSuffix(" W") } == [true, false, false, false], "\(shown)")
    }

    @Test func keys_openScrollFilterAndClose_andActOnNoHiddenRow() {
        let model = model([answer((0..<90).map { ("203.0.113.\($0)", UInt64($0)) })])
        let handler = KeyHandler(model, Size(80, 24))
        var session = Session()
        func press(_ key: Key) { _ = handler.handle(key, &session) }
        press(.character("b"))
        #expect(session.overlay == .addresses(from: 0))
        press(.pageDown)
        press(.down)
        #expect(session.overlay == .addresses(from: 13))
        #expect(rows(text(model, from: 13)).first?.hasPrefix(" 203.0.113.13 ") == true)
        press(.end)
        press(.down)
        #expect(session.overlay == .addresses(from: 89))
        press(.character("A"))
        press(.character("R"))
        #expect(session.overlay == .addresses(from: 89))
        for key in "/refused>87" { press(.character(key)) }
        press(.enter)
        #expect(session.filter.text == "refused>87" && session.overlay == .addresses(from: 89))
        #expect(rows(text(model, from: 1, filter: "refused>87")).count == 1)
        #expect(text(model, filter: "nowhere").contains("no address matches the filter"))
        press(.escape)
        #expect(session.overlay == nil)
    }

    @Test func recordingsKnowTheQuestion() {
        #expect(Question(name: Question.addresses.name) == .addresses)
    }
}
