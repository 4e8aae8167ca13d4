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

    /// `trusted` has addresses and networks, as in `workers.trusted_proxies`.
    init(_ log: Logger, trusted: [String]) {
        self.log = log
        forwardedFor = ForwardedFor(trusted: trusted)
    }

    /// `peer` is `nil` if the connection is gone.
    func tell(_ request: HTTPRequest, from peer: IPAddress?) {
        let path = String(decoding: request.path, as: UTF8.self)
        let from = peer.map { peer in
            let client = forwardedFor.address(of: request, from: peer).client
            return "\(client)" + (client == peer ? "" : " by \(peer)")
        }
        log.debug("\("\(request.method)".uppercased()) \(path) from \(from ?? "a connection that is gone")")
    }
}
