import Base
import Glibc

@testable import Reactor

/// A port that is bound and on which nobody listens. It refuses connections, and no other test can listen on it.
final class DeafPort {
    let endpoint: Endpoint
    private let descriptor: Int32

    /// `nil` if the port of this address is taken. Port 0 chooses a free one.
    init?(_ host: String, _ port: UInt16 = 0) {
        guard let address = SocketAddress(Endpoint(host, port)) else { return nil }
        let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard address.withRaw(address.family, { bind(descriptor, $0, $1) }) == 0,
            let endpoint = Sockets.localEndpoint(descriptor)
        else {
            close(descriptor)
            return nil
        }
        self.endpoint = endpoint
        self.descriptor = descriptor
    }
    deinit { close(descriptor) }
}
