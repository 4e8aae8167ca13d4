import Base
import FreePorts
import TestSupport
import Testing

/// Receipts are pending while processes are killed. Each answered publish has one end, whatever dies.
@Suite(.serialized) struct ReceiptDeathTests {
    /// An app's reader of events over HTTP, which keeps its cursor.
    private final class Reader {
        private let appliance: Appliance
        private var cursor = 0
        var ends: [Int: [String]] = [:]
        var delivered: Set<Int> = []
        private var seen: Set<Int> = []
        private(set) var mistakes: [String] = []

        init(_ appliance: Appliance) { self.appliance = appliance }

        /// Reads what there is. False if the manager did not answer.
        func read() throws {
            while true {
                let path = "/events?cursor=\(cursor)"
                guard let response = try? HTTP.request("GET", path, port: appliance.appPort), response.status == 200
                else { return }
                let answer = try JSON.parse(response.bodyBytes)
                if answer["gap"] != nil { mistakes.append("a gap after \(cursor)") }
                let events = answer["events"]?.array ?? []
                for event in events { try take(event) }
                guard let next = answer["cursor"]?.int, next > cursor else { return }
                cursor = next
            }
        }
        private func take(_ event: JSON) throws {
            guard let id = event["id"]?.int, let kind = event["event"]?.string, let message = event["message"]?.int
            else { throw Failure("no event: \(event)") }
            guard seen.insert(id).inserted else { return }
            guard kind != "delivered" else {
                if ends[message] != nil { mistakes.append("\(message) is delivered after its end") }
                if !delivered.insert(message).inserted { mistakes.append("\(message) is delivered twice") }
                return
            }
            ends[message, default: []].append(kind)
        }
    }

    @Test(arguments: ["worker-0", "manager"]) func eachAnsweredPublish_hasOneEnd(victim: String) throws {
        let appliance = try Appliance(workers: 2)
        var plan = Crowd.Plan()
        (plan.clients, plan.rate, plan.seconds, plan.receipts) = (200, 400, 4, true)
        let crowd = Crowd(plan, ports: (0..<2).map(appliance.clientPort), appPort: appliance.appPort)
        crowd.allowsLoss = victim == "manager"  // of publishes that were not answered
        let reader = Reader(appliance)
        var last: Int32 = 0
        crowd.events = [1.0, 2.2].map { second in
            (
                second,
                {
                    try appliance.waitUntilReplaced(victim, last)
                    last = try appliance.pid(victim)
                    end(last, with: 9)
                }
            )
        }
        crowd.events += stride(from: 0.2, to: 4, by: 0.4).map { second in (second, { try reader.read() }) }
        let tally = try crowd.run()
        #expect(tally.ids.count > 200, "\(tally)")
        try eventually("an end for each", seconds: 60) {
            try reader.read()
            return tally.ids.allSatisfy { reader.ends[$0] != nil }
        }
        #expect(tally.ids.allSatisfy { reader.ends[$0] == ["acknowledged"] })
        #expect(tally.ids.allSatisfy { reader.delivered.contains($0) })
        #expect(reader.mistakes.isEmpty, "\(reader.mistakes.prefix(3))")
    }

    @Test func aHeldAnswer_isAnswered_overTheDeathOfTheWorker_andCutWithTheManager() throws {
        let appliance = try Appliance(workers: 1)
        let client = appliance.poller("c1", cursor: 0)
        try client.start()
        try appliance.app.waitUntilConnected("c1")
        let held = try Socket(port: appliance.appPort)
        try held.send(HTTP.text("POST", "/publish?wait=30", body: Array(#"{"client":"c1","message":1}"#.utf8)))
        let first = try client.finish()
        #expect(first.messages.map(\.data.int) == [1])
        end(try appliance.pid("worker-0"), with: 9)
        // The client comes again, on the worker that follows, with the cursor that it has.
        let again = appliance.poller("c1", cursor: first.cursor)
        try eventually("the client polls again, until the app is told", seconds: 60) {
            if again.socket?.isQuiet != true { try again.start() }
            return !held.isQuiet
        }
        let response = try held.readResponse()
        #expect(response.status == 200 && response.body.contains(#""status":"acknowledged""#), "\(response.body)")

        let cut = try Socket(port: appliance.appPort)
        try cut.send(HTTP.text("POST", "/publish?wait=30", body: Array(#"{"client":"gone","message":1}"#.utf8)))
        try eventually("it is kept") { try appliance.app.presence("gone").queued == 1 }
        end(try appliance.pid("manager"), with: 9)
        try cut.waitForClose()
        try eventually("the next manager has it") { (try? appliance.app.presence("gone").queued) == 1 }
    }
}
