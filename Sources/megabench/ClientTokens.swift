import Base
import Crypto
import Glibc
import Reactor
import Tokens

/// The tokens of the clients of one process. Each is made when its client first polls, and lasts an hour.
final class ClientTokens {
    private let ring: Keyring
    private let tag: String
    private let first: Int
    private var made: [[UInt8]]

    /// `nil` if the file of the plan has no keys.
    init?(_ plan: LoadPlan) {
        guard let ring = try? Keyring(reading: [plan.tokenKeys], { try Files.bytes($0, most: $1) }) else { return nil }
        self.ring = ring
        tag = plan.tag
        first = plan.first
        made = Array(repeating: [], count: plan.clients)
    }

    /// Writes the header of a client, by its number in the whole run.
    func write(_ client: Int, to buffer: inout Buffer) {
        guard made.indices.contains(client - first) else { return }
        if made[client - first].isEmpty { made[client - first] = token(client) }
        buffer.append("Authorization: Bearer ")
        made[client - first].withUnsafeBytes { buffer.append($0) }
        buffer.append("\r\n")
    }
    private func token(_ client: Int) -> [UInt8] {
        let now = UInt64(time(nil))
        let writer = TokenWriter(subject: "\(tag)\(client)", issuedAt: now, expires: now + 3600)
        return writer.token(ring.keys[0]) { ring.sign(0, $0) } ?? []
    }
}
