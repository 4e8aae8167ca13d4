import Store
import TestSupport
import Testing
import Wire

@testable import Comet

/// Publishes to any target, subscriptions, polls, time and the manager's death in any order, on memory that is often
/// full. The books stay right, nobody gets a channel's message without a subscription, no id comes below the cursor,
/// and in the end nothing is left.
@Suite struct ChannelFuzzTests {
    private final class World {
        let memory: HeapMemory
        let segmentBytes: Int
        var board: Board
        var random: SeededRandom
        var links: [LinkSlot] = []
        /// Who subscribes to what, as the app knows it.
        var subscriptions: [String: Set<String>] = [:]
        /// Each receiver has a tag of its own.
        var tag: UInt16 = 0
        var tags: [String: UInt16] = [:]
        let everybody = (0..<12).map { $0 % 3 == 0 ? "u\($0 % 4):\($0)" : "c\($0)" } + ["u1", "\"", "a:", "é:x"]
        let rooms = ["room:1", "room:2", "u1", "p:1", "p:2"]

        init(_ seed: UInt64) {
            segmentBytes = 16 << 10
            memory = HeapMemory(capacity: seed % 2 == 0 ? 160 << 10 : 4 << 20)
            random = SeededRandom(seed)
            board = World.start(memory, segmentBytes, now: 5_000_000)
        }
        private static func start(_ memory: HeapMemory, _ segmentBytes: Int, now: UInt64) -> Board {
            do {
                let board = Board(arena: try Arena(memory, segmentBytes: segmentBytes, salt: 3)) {
                    $0.maxPerClient = 5
                    $0.channelMessages = 8
                    $0.channelsPerClient = 3
                    $0.maxMessages = 200
                    $0.presencePrefixes = ["p:"]
                }
                board.now = now
                _ = board.board.recover(now: now)
                return board
            } catch { preconditionFailure("\(error)") }
        }
        func die() {
            board = World.start(memory, segmentBytes, now: board.now + 50)
            links = []
        }
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        var client: String { everybody[below(everybody.count)] }
        var room: String { rooms[below(rooms.count)] }
        var target: To {
            switch below(7) {
            case 0: .client(client)
            case 1: .clients((0..<below(6)).map { _ in client } + [client])
            case 2: .user(["u1", "u2", "c1", "a"][below(4)])
            case 3: .channels([room, room, room])
            case 4: .everyone
            default: .channel(room)
            }
        }
        func publish() {
            let json = String(repeating: "7", count: 1 + below(300))
            let keeps = below(8) > 0
            board.publish(
                to: target, json, ttl: keeps && below(2) == 0 ? UInt32(1 + below(5000)) : nil,
                except: below(5) == 0 ? client : nil, latest: keeps && below(4) == 0 ? "n\(below(3))" : nil,
                keeps: keeps, once: below(6) == 0 ? "o\(below(20))" : nil)
        }
        func subscribe() {
            let (names, channels) = ((0..<1 + below(3)).map { _ in client }, [room, room])
            do {
                _ = try board.board.subscribe(
                    clients: names.map(kept), channels: channels.map(kept), history: below(3) * 2, now: board.now)
                for name in names { subscriptions[name, default: []].formUnion(channels) }
            } catch {}
        }
        func unsubscribe() {
            read()
            let (name, channel) = (client, room)
            board.unsubscribe(name, from: channel)
            subscriptions[name]?.remove(channel)
        }
        /// Reads what came on the links, and checks it.
        func read() {
            var last: [UInt16: UInt64] = [:]
            for link in links {
                for sent in board.frames(link) where sent.op == .message && !sent.client.isEmpty {
                    if sent.client.hasPrefix("u"), sent.number < last[sent.tag, default: 0] {
                        Issue.record("\(sent) after \(last)")
                    }
                    last[sent.tag] = sent.number
                    guard sent.members.hasPrefix(",\"channel\":\"") else { continue }
                    let channel = String(sent.members.dropFirst(12).prefix { $0 != "\"" })
                    if subscriptions[sent.client]?.contains(channel) != true {
                        // What came back to a client without a cursor is its own.
                        if sent.client.hasPrefix("u") { Issue.record("\(sent) is for \(channel)") }
                    }
                    if below(8) == 0 { giveBack(link, sent) }
                }
            }
        }
        func giveBack(_ link: LinkSlot, _ sent: Board.Sent) {
            let members = Array(sent.members.utf8)
            let body = [UInt8(members.count >> 8), UInt8(members.count & 255)] + members + Array(sent.body.utf8)
            board.send(
                link,
                board.frame(.undelivered, .members, tag: sent.tag, number: sent.number, client: sent.client, body: body)
            )
        }
        func poll() {
            guard let link = links.randomElement(using: &random) else { return }
            let client = client
            // Clients of users have cursors, and so has half of the others.
            let cursor: UInt64? =
                client.hasPrefix("u") || below(2) == 0 ? board.board.cursor - UInt64(min(below(40), 20)) : nil
            tag &+= 1
            tags[client] = tag
            guard below(3) == 0 else {
                board.poll(link, client, cursor: cursor, tag: tag, single: below(10) == 0, atOnce: below(4) == 0)
                return
            }
            board.stream(
                link, client, cursor: cursor, acknowledged: cursor.map { $0 - UInt64(below(5)) }, tag: tag,
                credit: UInt32(below(2000)), atOnce: below(2) == 0)
        }
        /// Workers say what a client has, gives room for, or took before it ended.
        func say() {
            guard let link = links.randomElement(using: &random) else { return }
            let (client, number) = (client, board.board.cursor - UInt64(below(20)))
            switch below(4) {
            case 0: board.acknowledge(link, client, number)
            case 1: board.leave(link, client, number)
            case 2: board.gone(link, client, tag: tags[client] ?? 0, took: number)
            default: board.give(link, client, tag: tags[client] ?? 0, below(1000))
            }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func anythingInAnyOrder(_ seed: UInt64) {
        let world = World(seed)
        for step in 0..<6000 {
            switch world.below(100) {
            case 0..<3: if world.links.count < 4 { world.links.append(world.board.worker(world.below(3))) }
            case 3:
                if let link = world.links.popLast() { world.board.close(link) }
            case 4..<30: world.publish()
            case 30..<60: world.poll()
            case 60..<66: world.subscribe()
            case 66..<69: world.unsubscribe()
            case 69..<72: _ = world.board.board.disconnect(.client(kept(world.client)), now: world.board.now)
            case 72..<76:
                let client = world.client
                for link in world.links {
                    world.board.gone(link, client, tag: world.tags[client] ?? 0, timedOut: world.below(2) == 0)
                }
            case 76..<84: world.read()
            case 84..<88: world.say()
            case 88: if world.below(10) == 0 { world.die() }
            case 89: _ = world.board.board.channel(kept(world.room), clients: 3, history: 3, now: world.board.now)
            case 90..<92: _ = world.board.board.fanOut(now: world.board.now)
            default: world.board.wait(UInt64(world.below(world.below(50) == 0 ? 70_000 : 2000)))
            }
            if step % 200 == 0 { world.board.checkBooks() }
        }
        for link in world.links { world.board.close(link) }
        for _ in 0..<2000 {
            while world.board.board.fanOut(now: world.board.now) {}
            world.board.now += 1000
            world.board.board.tick(now: world.board.now)
        }
        world.board.checkBooks()
        let board = world.board
        #expect(board.board.clientCount == 0 && board.board.channelCount == 0 && board.board.subscriptionCount == 0)
        #expect(
            board.board.written.messages == 0 && board.board.kept.messages == 0 && board.board.fanOutCount == 0
                && board.board.connectedCount == 0)
        // The loss of everyone's log is for clients that come with an old cursor.
        #expect(board.board.arenaFigures.records <= 1)
        #expect(board.board.clientMemoryBytes < 2 << 20)
    }
}
