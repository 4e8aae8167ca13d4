import Base
import Comet
import Store
import Wire

func encode(_ body: (inout Buffer) -> Void) -> [UInt8] {
    var out = Buffer()
    body(&out)
    return Array(out.bytes)
}
func withBytes(_ text: String, _ body: (UnsafeRawBufferPointer) -> Void) {
    var text = text
    text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
}

/// The headers that Chromium sends with a poll by fetch.
let browserRequest = Array(
    ("GET /client-0001.json?cursor=1795465247089986 HTTP/1.1\r\nHost: push.example.org:8000\r\nConnection: "
        + "keep-alive\r\n"
        + "sec-ch-ua-platform: \"Linux\"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
        + "like Gecko) Chrome/156.0.0.0 Safari/537.36\r\n"
        + "sec-ch-ua: \"Chromium\";v=\"156\"\r\nsec-ch-ua-mobile: ?0\r\nAccept: */*\r\nOrigin: "
        + "https://www.example.org\r\nSec-Fetch-Site: same-site\r\n"
        + "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://www.example.org/\r\nAccept-Encoding: gzip,"
        + " deflate, br\r\nAccept-Language: en\r\n\r\n")
        .utf8)
let message = "{\"from\":\"c41\",\"text\":\"a message as a chat has it <b>\",\"at\":1795465247}"

let wirePieces: [Piece] = [
    Piece(name: "request") {
        { count in
            let scratch = PollRequest.Scratch()
            return browserRequest.withUnsafeBytes { bytes in
                var done = 0
                for _ in 0..<count {
                    guard case .request(let request) = HTTPRequest.parse(bytes, limit: 8192) else { continue }
                    if case .poll(let poll) = PollRequest.parse(request, scratch: scratch), poll.cursor != nil {
                        done += 1
                    }
                }
                return done
            }
        }
    },
    Piece(name: "answer-json") { answer(.json) },
    Piece(name: "answer-jsonp") { answer(.jsonp) },
    Piece(name: "frame") {
        { count in
            var out = Buffer()
            var done = 0
            withBytes("client-0001") { client in
                withBytes(message) { body in
                    for number in 0..<count {
                        Frame(
                            op: .message, tag: 7, number: UInt64(number), client: client, body: body
                        ).write(to: &out)
                        if case .frame(let frame, let bytes) = Frame.parse(out.bytes), frame.number == UInt64(number) {
                            done += 1
                            out.consume(bytes)
                        }
                    }
                }
            }
            return done
        }
    },
    // The same message in the seed's protocol. Its ends are searched for, and it is checked for UTF-8.
    Piece(name: "seed-message") {
        { count in
            var out = Buffer()
            var done = 0
            withBytes("client-0001") { client in
                withBytes(message) { body in
                    for _ in 0..<count {
                        SeedProtocol.write(client: client, text: body, to: &out)
                        if case .message(let id, let text) = SeedProtocol.parse(out.bytes, maxMessage: 65_536),
                            isUTF8(id), isUTF8(text)
                        {
                            done += 1
                            out.consume(id.count + text.count + 3)
                        }
                    }
                }
            }
            return done
        }
    },
    // The hash that gives a client's worker without a registry.
    Piece(name: "seed-hash") {
        { count in
            var done = 0
            withBytes("client-0001") { client in
                for number in 0..<count where SeedProtocol.hash(client) % UInt32(1 + number % 128) < 128 { done += 1 }
            }
            return done
        }
    },
    Piece(name: "index-find") {
        let ids = (0..<100_000).map { Array("client-\($0)".utf8) }
        return { count in
            var index = IdIndex(seed: 42)
            for (slot, id) in ids.enumerated() {
                id.withUnsafeBytes {
                    index.insert(UInt32(slot), index.hash($0)) {
                        ids[Int($0)].withUnsafeBytes { IdIndex.hash($0, seed: 42) }
                    }
                }
            }
            var done = 0
            for number in 0..<count {
                let wanted = number * 7919 % ids.count
                let found = ids[wanted].withUnsafeBytes { id in
                    index.find(index.hash(id)) { slot in ids[Int(slot)].withUnsafeBytes { areEqual($0, id) } }
                }
                if found == UInt32(wanted) { done += 1 }
            }
            return done
        }
    },
]

private func answer(_ transport: Transport) -> (Int) -> Int {
    { count in
        var out = Buffer()
        var done = 0
        withBytes("cb") { callback in
            withBytes(message) { json in
                for number in 0..<count {
                    var answer = Answer(.init(transport, cors: .anyone), callback: callback, to: &out)
                    answer.add(id: UInt64(number), json: json, to: &out)
                    answer.finish(cursor: UInt64(number), to: &out)
                    if out.count > 200 { done += 1 }
                    out.clear()
                }
            }
        }
        return done
    }
}
