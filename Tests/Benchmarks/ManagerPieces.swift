import Base
import Comet
import Publishing
import Wire

private func withSwitchboard(_ body: (inout Switchboard, LinkSlot) -> Int) -> Int {
    var switchboard = Switchboard(QueueSettings(), wallMicroseconds: 1_000_000, now: 0, seed: 42)
    let link = switchboard.accepted(mayBeSeed: false)
    let hello = encode { out in
        Hello(pid: 1, token: Array(repeating: 0, count: 16)).write(number: 0, to: &out)
    }
    _ = hello.withUnsafeBytes { switchboard.received(link, $0, now: 0) }
    flush(&switchboard)
    return body(&switchboard, link)
}
private func flush(_ switchboard: inout Switchboard) {
    while let link = switchboard.nextToWrite(now: 0) { switchboard.written(link, switchboard.unsent(link).count) }
}
private func connected(_ client: String, _ flags: Frame.Flags, cursor: UInt64 = 0) -> [UInt8] {
    encode { out in
        withBytes(client) {
            Frame(op: .connected, flags: flags, tag: 1, number: cursor, client: $0).write(to: &out)
        }
    }
}

let managerPieces: [Piece] = [
    // A client polls, a message for it is published and goes out.
    Piece(name: "publish-sent") {
        { count in
            withSwitchboard { switchboard, link in
                let poll = connected("client-0001", [])
                var sent = 0
                withBytes("client-0001") { client in
                    withBytes(message) { json in
                        for _ in 0..<count {
                            _ = poll.withUnsafeBytes { switchboard.received(link, $0, now: 0) }
                            if case .sent = switchboard.publish(client: client, json: json, now: 0) { sent += 1 }
                            flush(&switchboard)
                        }
                    }
                }
                return sent
            }
        }
    },
    // Messages for absent clients, 1,000 of them in turn. In the end every mailbox drops its oldest message.
    Piece(name: "publish-queued") {
        let names = (0..<1000).map { Array("client-\($0)".utf8) }
        return { count in
            withSwitchboard { switchboard, _ in
                var queued = 0
                withBytes(message) { json in
                    for number in 0..<count {
                        names[number % names.count].withUnsafeBytes {
                            if case .queued = switchboard.publish(client: $0, json: json, now: 0) { queued += 1 }
                        }
                    }
                }
                return queued
            }
        }
    },
    // A client that acknowledges: a message is published, handed over, and acknowledged with the next poll.
    Piece(name: "publish-acknowledged") {
        { count in
            withSwitchboard { switchboard, link in
                var sent = 0
                var cursor: UInt64 = 0
                withBytes("client-0001") { client in
                    withBytes(message) { json in
                        for _ in 0..<count {
                            _ = connected("client-0001", .acknowledges, cursor: cursor).withUnsafeBytes {
                                switchboard.received(link, $0, now: 0)
                            }
                            if case .sent(let id) = switchboard.publish(client: client, json: json, now: 0) {
                                sent += 1
                                cursor = id
                            }
                            flush(&switchboard)
                        }
                    }
                }
                return sent
            }
        }
    },
    // The app port's line form, from bytes to answer.
    Piece(name: "publish-line") {
        let line = Array("{\"client\":\"client-0001\",\"message\":\(message)}\n".utf8)
        return { count in
            withSwitchboard { switchboard, _ in
                var port = AppPort(maxMessage: 65_536, keys: [])
                let session = port.accepted(peer: nil, now: 0)
                for _ in 0..<count {
                    line.withUnsafeBytes { session.input.append($0) }
                    port.process(session, &switchboard, now: 0)
                    session.output.clear()
                }
                return Int(port.counters.lines)
            }
        }
    },
]
