import TestSupport
import Testing

/// What a worker makes of a body for many receivers, and of a manager's word on what does not wait. The manager is made
/// by hand.
struct SharedFramesTests {
    private let workers = WorkerFramesTests()

    @Test func aBodyForManyReceivers_isWrittenToEach_andNothingComesBack() throws {
        let (pair, _, manager) = try workers.linked(["poll-timeout": "600"])
        let pollers = (0..<400).map { pair.poller("c\($0)", form: $0 % 2 == 0 ? .json : .jsonp, cursor: 5) }
        var told: [WireFrame] = []
        for poller in pollers {
            try poller.start()
            told.append(try manager.readFrameButTurn())
        }
        pollers[7].socket?.reset()
        #expect(try manager.readFrameButTurn().op == WireFrame.gone)
        let members = #","channel":"room:7""#
        var shared = WireFrame(WireFrame.message, flags: WireFrame.members, number: 9)
        shared.body = String(decoding: [0, UInt8(members.utf8.count)], as: UTF8.self) + members + #"{"n":1}"#
        shared.receivers = told.map { ($0.slot, $0.tag) } + [(70_000, 1), (.max, 2)]
        try manager.send(shared, WireFrame(WireFrame.message, tag: 3, number: 10, client: "nobody", body: "2"))
        #expect(try manager.readFrameButTurn().number == 10, "only what is for nobody comes back")
        for (number, poller) in pollers.enumerated() where number != 7 {
            let envelope = try poller.finish()
            #expect(envelope.ids == [9] && envelope.cursor == 9)
            #expect(envelope.messages.first?.data["n"]?.int == 1)
        }
    }

    /// Each frame names 65,000 receivers that are gone. Far more of them come than may wait, so the link is not read
    /// for a while, and is read again.
    @Test func moreThanMayWait_isHeldBack_andComesThrough() throws {
        let (pair, _, manager) = try workers.linked()
        let pollers = (0..<2).map { pair.poller("c\($0)", cursor: 5) }
        let told = try pollers.map { poller in
            try poller.start()
            return try manager.readFrameButTurn()
        }
        var gone = WireFrame(WireFrame.message, number: 9).bytes
        (gone[6], gone[7], gone[15]) = (0xFD, 0xE8, 1)  // 65,000 receivers, and a body of one byte
        gone += [UInt8](repeating: 0xFE, count: 65_000 * 6) + Array("1".utf8)
        for _ in 0..<30 { try manager.send(gone) }
        var last = WireFrame(WireFrame.message, number: 11, body: "2")
        last.receivers = [(told[0].slot, told[0].tag)]
        try manager.send(last, WireFrame(WireFrame.message, for: told[1], number: 12, body: "3"))
        #expect(try pollers[1].finish().ids == [12] && pollers[0].finish().ids == [11])
    }

    @Test func anEmptyAnswer_hasTheIdUpToWhichNothingWaits() throws {
        let (pair, _, manager) = try workers.linked(["poll-timeout": "3"])
        let poller = pair.poller("c1", cursor: 50)
        // The time of a poll may be over before the answers have come, if this machine is busy.
        for _ in 0..<10 where poller.cursor == 50 {
            try poller.start()
            while try manager.readFrame().op != WireFrame.connected {}
            // The first question may be of the millisecond of the poll. Its answer would say nothing about the poll.
            var asked = try manager.readFrame()
            if asked.op == WireFrame.settled { asked = try manager.readFrame() }
            if asked.op == WireFrame.settled {
                #expect(asked.client.isEmpty && asked.body.isEmpty)
                let stamp = (0..<8).map { UInt8(truncatingIfNeeded: asked.number >> (56 - 8 * UInt64($0))) }
                var frame = WireFrame(WireFrame.settled, number: 90).bytes
                frame[15] = 16
                try manager.send(frame + stamp + [0, 0, 0, 0, 0, 0, 0, 40])
            }
            let envelope = try poller.finish()
            #expect(envelope.messages.isEmpty && (envelope.cursor == 90 || envelope.cursor == 50))
        }
        #expect(poller.cursor == 90)
    }
}
