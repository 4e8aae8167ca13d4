/// Why the server closes a WebSocket (RFC 6455, 7.4). The codes from 4000 on are ours.
///
/// A client understands a code that it does not know by its range: with 4000 to 4099 it stays away, with 4100 to 4199
/// it comes back later, with 4200 to 4299 at once.
package enum WebSocketClose: UInt16, Sendable {
    case normal = 1000
    /// The worker drains. The envelope before it says when to come back.
    case goingAway = 1001
    case protocolError = 1002
    /// A binary message.
    case unsupported = 1003
    case notUTF8 = 1007
    /// A message that is no acknowledgement.
    case violation = 1008
    case tooBig = 1009
    /// Another receiver of the same client took its place.
    case replaced = 4001
    /// The app has disconnected the client.
    case disconnected = 4002
    case token = 4003
    /// The request's id, cursor or time is wrong.
    case client = 4004
    case tooSlow = 4008
    case full = 4013
    /// Nothing was heard from the client for two heartbeats.
    case unheard = 4201

    /// Whether a peer may send this code in a close frame: those that the RFC and its registry define, without those
    /// that only a program tells itself (1005, 1006, 1015), and those of libraries and apps.
    package static func maySend(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
