package import Base

/// The server's side of the opening handshake (RFC 6455, 4.2). Extensions are never accepted.
package enum WebSocketHandshake {
    package enum Outcome {
        /// `key` points into the request.
        case accepted(key: UnsafeRawBufferPointer, offersProtocol: Bool)
        /// The request does not ask for a WebSocket, or is no GET of HTTP/1.1: 426.
        case noUpgrade
        /// Not version 13: 426 with Sec-WebSocket-Version.
        case badVersion
        /// The key is not one value of 16 bytes, or the request has a body, which would be read as frames: 400.
        case badKey
    }

    package static func check(_ request: HTTPRequest) -> Outcome {
        guard request.method == .get, request.minorVersion >= 1,
            request.values(of: "upgrade").contains(where: { lists("websocket", in: $0, anyCase: true) }),
            request.values(of: "connection").contains(where: { lists("upgrade", in: $0, anyCase: true) })
        else { return .noUpgrade }
        let versions = request.values(of: "sec-websocket-version")
        guard versions.count == 1, matches(versions[0], "13") else { return .badVersion }
        let keys = request.values(of: "sec-websocket-key")
        guard keys.count == 1, isKey(keys[0]), request.contentLength == 0, !request.isChunked else { return .badKey }
        let offers = request.values(of: "sec-websocket-protocol").contains { lists("megacomet.1", in: $0) }
        return .accepted(key: keys[0], offersProtocol: offers)
    }

    /// Writes the whole head of the answer 101.
    package static func accept(key: UnsafeRawBufferPointer, offersProtocol: Bool, to out: inout Buffer) {
        out.append(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        var text = Buffer()
        text.append(key)
        text.append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        SHA1.digest(of: text.bytes).withUnsafeBytes { appendBase64($0, to: &out) }
        if offersProtocol { out.append("\r\nSec-WebSocket-Protocol: megacomet.1") }
        out.append("\r\n\r\n")
    }

    /// 16 bytes in base64: 22 characters and two of padding.
    private static func isKey(_ value: UnsafeRawBufferPointer) -> Bool {
        value.count == 24 && value.part(0, 22).allSatisfy(isBase64) && matches(value.part(22, 2), "==")
    }

    /// Whether a list of words, with commas between them, has this one. The names of protocols have a case; `anyCase`
    /// is for a word in small letters.
    private static func lists(_ word: StaticString, in list: UnsafeRawBufferPointer, anyCase: Bool = false) -> Bool {
        var start = 0
        while start < list.count {
            let end = position(of: 44, in: list, from: start)
            let item = trimmed(list.part(start, end - start))
            if anyCase ? matchesLowercase(item, word) : matches(item, word) { return true }
            start = end + 1
        }
        return false
    }
}
