import Logging
import Reactor
import Wire

/// Who asked for what, a line for each request, at the level `debug`: `GET /c42.json from 203.0.113.7 by 127.0.0.1`.
///
/// Nothing of it is kept: a held poll has no room for an address.
struct RequestLog {
    private let log: Logger
    /// Networks whose `X-Forwarded-For` is believed: address and mask.
    private let trusted: [(address: UInt32, mask: UInt32)]

    /// `trusted`: IPv4 addresses and networks, as `workers.trusted_proxies` has them.
    init(_ log: Logger, trusted: [String]) {
        self.log = log
        self.trusted = trusted.compactMap { text in
            let parts = text.split(separator: "/")
            let bits = parts.count > 1 ? UInt32(parts[1]) ?? 32 : 32
            let mask: UInt32 = bits == 0 ? 0 : UInt32.max << (32 - bits)
            return RequestLog.number(String(parts[0])).map { ($0 & mask, mask) }
        }
    }

    func tell(_ request: HTTPRequest, from peer: Endpoint?) {
        let peer = peer?.address ?? "a connection that is gone"
        let client = client(of: request.forwardedFor, from: peer)
        log.debug("\("\(request.method)".uppercased()) \(String(decoding: request.path, as: UTF8.self)) from \(client)\(client == peer ? "" : " by \(peer)")")
    }

    /// The last address that is no trusted proxy's: what stands before it in the header was said by someone who is not trusted.
    private func client(of forwardedFor: UnsafeRawBufferPointer?, from peer: String) -> String {
        var client = peer
        var rest = String(decoding: forwardedFor ?? .init(start: nil, count: 0), as: UTF8.self).split(separator: ",")
        while let address = RequestLog.number(client), trusted.contains(where: { address & $0.mask == $0.address }), let before = rest.popLast() {
            let said = before.drop { $0 == " " }
            guard !said.isEmpty, said.utf8.count <= 45, said.allSatisfy({ $0.isHexDigit || $0 == "." || $0 == ":" }) else { break }
            client = String(said)
        }
        return client
    }

    private static func number(_ address: String) -> UInt32? {
        let parts = address.split(separator: ".").compactMap { UInt8($0) }
        return parts.count == 4 ? parts.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}
