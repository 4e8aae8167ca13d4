import Glibc

// What a crowd's connections bring: event streams and whole answers.
extension Crowd {
    /// Takes the whole chunks that are there. Each has whole events.
    func takeEvents(_ client: Client) {
        var at = 0
        defer { client.input.removeFirst(at) }
        if !client.hasHead {
            guard let end = client.input.firstRange(of: [13, 10, 13, 10], from: 0) else { return }
            let status = String(decoding: client.input[..<end].prefix(12), as: UTF8.self)
            if status != "HTTP/1.1 200" { tally.errors[status, default: 0] += 1 }
            client.hasHead = true
            at = end + 4
        }
        while let line = client.input.firstRange(of: [13, 10], from: at) {
            guard let length = Int(String(decoding: client.input[at..<line], as: UTF8.self), radix: 16) else {
                tally.errors["no chunk", default: 0] += 1
                return
            }
            guard client.input.count >= line + 4 + length else { return }
            if length == 0 { client.hasEnded = true }
            let chunk = String(decoding: client.input[(line + 2)..<(line + 2 + length)], as: UTF8.self)
            at = line + 4 + length
            for event in chunk.split(separator: "\n\n") { happened(event.split(separator: "\n"), client) }
        }
    }
    private func happened(_ fields: [Substring], _ client: Client) {
        func field(_ name: String) -> String? {
            fields.first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
        }
        if let id = field("id:").flatMap({ Int($0) }) { client.cursor = id }
        switch field("event:") {
        case nil:
            guard let data = try? JSON.parse(Array((field("data:") ?? "").utf8)) else {
                tally.errors["no JSON", default: 0] += 1
                return
            }
            received(data, client)
        case "gap": tally.gaps += 1
        case "hello", "heartbeat", "retry": break
        case let other?: tally.errors[other, default: 0] += 1
        }
    }
}

extension Response {
    /// Takes the answer at the start of the bytes, which has a length. `nil` if it is not complete.
    static func taken(from bytes: inout [UInt8]) -> Response? {
        guard let headEnd = bytes.firstRange(of: [13, 10, 13, 10], from: 0) else { return nil }
        var response = Response()
        let lines = String(decoding: bytes[0..<headEnd], as: UTF8.self).split(separator: "\r\n")
        response.status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                response.headers.append((parts[0].lowercased(), String(parts[1].drop { $0 == " " })))
            }
        }
        let length = Int(response["content-length"] ?? "0") ?? 0
        guard bytes.count >= headEnd + 4 + length else { return nil }
        response.bodyBytes = Array(bytes[headEnd + 4..<headEnd + 4 + length])
        bytes.removeFirst(headEnd + 4 + length)
        return response
    }
}
