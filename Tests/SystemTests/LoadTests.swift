import TestSupport
import Testing

/// The promise under load, at a size that every run of the suite can pay for: nothing is lost, doubled or out of order.
/// With MEGACOMET_LOAD=full in the environment it has its full size (8,000 clients, 3,000 publishes a second, a
/// minute).
@Suite(.serialized) struct LoadTests {
    static let isFull = environment("MEGACOMET_LOAD") == "full"

    @Test(arguments: [Crowd.Plan.Publishing.lines, .http, .httpClose], [true, false])
    func nothingIsLostDoubledOrOutOfOrder(_ publishing: Crowd.Plan.Publishing, keepAlive: Bool) throws {
        var plan = Crowd.Plan()
        plan.publishing = publishing
        plan.keepAlive = keepAlive
        plan.cursors = keepAlive
        plan.form = keepAlive ? .json : .jsonp
        (plan.clients, plan.rate, plan.seconds) = LoadTests.isFull ? (8000, 3000, 60) : (300, 400, 2)
        if LoadTests.isFull { plan.publishers = 16 }
        let pair = try Pair(workers: 2)
        let crowd = Crowd(plan, ports: [pair.clientPort(0), pair.clientPort(1)], appPort: pair.appPort)
        let tally = try crowd.run()
        if LoadTests.isFull {
            print("\(publishing), \(keepAlive ? "keep-alive, cursors" : "close, JSONP, no cursors"): \(tally)")
        }
        #expect(tally.published == Int(plan.rate * plan.seconds))
        #expect(tally.delivered == tally.published, "\(tally)")
        #expect(tally.lost + tally.doubled + tally.disordered + tally.misdelivered == 0, "\(tally)")
        #expect(tally.refused + tally.unanswered + tally.refusedConnects + tally.gaps == 0, "\(tally)")
        #expect(tally.errors.isEmpty, "\(tally)")
        #expect(tally.cuts == 0, "\(tally)")
        #expect(pair.ended == "")
    }

    /// One client gets everything: the order holds for messages that are handed over in many answers.
    @Test func burstToOneClient_arrivesInOrder() throws {
        let pair = try Pair()
        let lines = try LinePublisher(port: pair.appPort)
        for number in 0..<900 { try lines.send("c1", "\(number)") }
        let messages = try pair.poller("c1", cursor: 0).collect(900)
        #expect(messages.map { $0.data.string ?? "" } == (0..<900).map(String.init))
        #expect(zip(messages, messages.dropFirst()).allSatisfy { $0.id < $1.id })
    }
}
