package import Base

extension ForwardedFor {
    package func trusts(_ peer: IPAddress) -> Bool { isTrusted("\(peer)") }

    package func address(of request: HTTPRequest, from peer: IPAddress) -> (client: IPAddress, isForwarded: Bool) {
        let found = IPAddress(client(of: request, from: "\(peer)"))
        return (found ?? peer, found != nil && found != peer)
    }
}
