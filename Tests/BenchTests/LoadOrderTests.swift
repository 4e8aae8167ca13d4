import Testing

@testable import megabench

/// A client process reads the orders that the coordinator writes.
struct LoadOrderTests {
    @Test(arguments: [
        LoadOrder.connect(window: 512), .unicast(window: 64, seconds: 2.5, count: 1000),
        .steady(perSecond: 5000, seconds: 10, any: true),
        .steady(perSecond: 15.625, seconds: 1, any: false), .queue(window: 4096, count: 600_000), .settle(seconds: 5),
        .comeBack(seconds: 30), .handshakes(connections: 64, seconds: 2, isResumed: true), .drop, .reset, .report,
        .stop,
    ])
    func order_readsBack(order: LoadOrder) { #expect(LoadOrder(line: order.line) == order) }

    @Test func plan_readsBack() {
        var plan = LoadPlan()
        plan.dialect = .nchan
        plan.form = .jsonp
        plan.publishForm = .http
        plan.keepAlive = false
        plan.acknowledges = false
        (plan.isTLS, plan.comeBackPort, plan.hasReceipts) = (true, 8101, true)
        (plan.clients, plan.first, plan.tag, plan.port, plan.ports) = (16_000, 32_000, "k7z", 8100, 64)
        (plan.publishPort, plan.publishers, plan.source, plan.sources, plan.messageBytes, plan.key) = (
            9101, 4, 0x7F02_0301, 8, 100, "a=b"
        )
        #expect(LoadPlan(words: plan.words) == plan)
    }

    @Test func unknownWord_isRefused() { #expect(LoadPlan(words: ["colour=blue"]) == nil) }

    @Test func counts_readBackAndAddUp() {
        var counts = LoadCounts()
        (counts.published, counts.refused, counts.delivered) = (10, 1, 7)
        #expect(counts.missing == 2)
        #expect(LoadCounts(line: counts.line[...]) == counts)
        #expect((counts + counts).published == 20)
        #expect(LoadCounts.names.count == LoadCounts.all.count)
    }
}
