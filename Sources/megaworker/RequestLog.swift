import Base
import Logging
import Reactor
import Wire

/// Writes a line for each request, at the level `debug`: `GET /c42.json from 203.0.113.7 by 127.0.0.1`. Where no tokens
/// are required, whoever knows an id can read its messages, and the line has `/*.json`. It never has the query, where
/// tokens are.
///
/// Nothing of it is kept, since a held poll has no room for an address.
struct RequestLog {
    private let log: Logger
    private let forwardedFor: ForwardedFor
    private let hidesClients: Bool

    /// `trusted` has addresses and networks, as in `workers.trusted_proxies`.
    init(_ log: Logger, trusted: [String], hidesClients: Bool) {
        self.log = log
        self.hidesClients = hidesClients
        forwardedFor = ForwardedFor(trusted: trusted)
    }

    /// `peer` is `nil` if the connection is gone.
    func tell(_ request: HTTPRequest, from peer: IPAddress?) {
        let path = PollRequest.masked(request.path, hidesClient: hidesClients)
        let from = peer.map { peer in
            let client = forwardedFor.address(of: request, from: peer).client
            return "\(client)" + (client == peer ? "" : " by \(peer)")
        }
        log.debug("\("\(request.method)".uppercased()) \(path) from \(from ?? "a connection that is gone")")
    }
}
