import Testing

@testable import Comet

/// Presence: who is named in the news of a channel, and when.
@Suite struct PresenceTests {
    @Test func presence_namesUsers_whenTheyComeAndAfterTheyStayedAway() {
        let board = Board { $0.presencePrefixes = ["room:"] }
        let worker = board.worker(0)
        board.subscribe("ann:1", "bob:1", "secret", to: "room:7")
        board.poll(worker, "ann:1", cursor: 0, tag: 1)
        board.wait(200)
        var told = board.frames(worker).map(\.members)
        #expect(told == [#","presence":{"channel":"room:7","all":true,"users":["ann"],"connected":1}"#])
        var cursor = board.board.cursor
        board.poll(worker, "ann:1", cursor: cursor, tag: 2)
        board.poll(worker, "bob:1", cursor: 0, tag: 3)
        board.poll(worker, "secret", cursor: cursor, tag: 4)
        _ = board.frames(worker)
        board.wait(1200)
        told = board.frames(worker).map(\.members)
        let now = #","presence":{"channel":"room:7","all":true,"users":["ann","bob"],"connected":3,"came":["bob"]}"#
        #expect(told.first == now)
        cursor = board.board.cursor
        board.poll(worker, "ann:1", cursor: cursor, tag: 5)
        board.gone(worker, "bob:1", tag: 3)
        board.wait(5000)
        #expect(board.told(worker) == [], "it may come back")
        told = []
        for tag in 6..<10 as Range<UInt16> {
            board.wait(2000)
            told += board.frames(worker).map(\.members)
            board.poll(worker, "ann:1", cursor: board.board.cursor, tag: tag)
        }
        #expect(told.contains { $0.contains(#""users":["ann"]"#) && $0.contains(#""left":["bob"]"#) }, "\(told)")
        board.wait(700_000)
    }

    @Test func presenceOfLongNames_isTold_withoutThem() {
        let board = Board { $0.presencePrefixes = ["room:"] }
        let worker = board.worker(0)
        board.poll(worker, "here:1", cursor: 0, tag: 1)
        board.subscribe("here:1", to: "room:7")
        func come(_ who: String, tag: UInt16) {
            for number in 0..<99 as Range<UInt16> {
                let name = String(repeating: "\"", count: 110) + "\(who)\(number):1"
                board.subscribe(name, to: "room:7")
                board.poll(worker, name, cursor: board.board.cursor, tag: tag + number)
                if who == "a" { board.gone(worker, name, tag: tag + number) }
            }
        }
        come("a", tag: 100)
        board.wait(9900)
        _ = board.frames(worker)
        board.poll(worker, "here:1", cursor: board.board.cursor, tag: 2)
        come("b", tag: 300)
        board.wait(2000)
        let told = board.frames(worker).map(\.members)
        #expect(!told.isEmpty && told.allSatisfy { $0.contains(#""connected":100"#) && $0.utf8.count < 40_000 })
    }
}
