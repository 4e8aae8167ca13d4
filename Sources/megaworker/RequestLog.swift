import Base
import Logging
import Reactor
import Wire

/// Writes a line for each request, at the level `debug`: `GET /c42.json from 203.0.113.7 by 127.0.0.1`.
///
/// Nothing of it is kept, since a held poll has no room for an address.
struct RequestLog {
    private let log: Logger
    private let forwardedFor: ForwardedFor

    /// `trusted` has IPv4 addresses and networks, as in `workers.trusted_proxies`.
    init(_ log: Logger, trusted: [String]) {
        self.log = log
        forwardedFor = ForwardedFor(trusted: trusted)
    }

    func tell(_ request: HTTPRequest, from peer: Endpoint?) {
        let peer = peer?.address ?? "a connection that is gone"
        let client = forwardedFor.client(of: request, from: peer)
        let path = String(decoding: request.path, as: UTF8.self)
        let by = client == peer ? "" : " by \(peer)"
        log.debug("\("\(request.method)".uppercased()) \(path) from \(client)\(by)")
    }
}
