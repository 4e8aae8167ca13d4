import Base
import Glibc
import Reactor
import TestSupport
import Testing

/// Real sockets of both families over loopback.
@Suite struct AddressTests {
    /// Connects and returns the addresses of both ends as the accepting side sees them. `nil` if it is refused.
    private func peers(_ address: String, _ listener: Int32) throws -> (peer: SocketAddress?, local: Endpoint?)? {
        let port = try #require(Sockets.localEndpoint(listener)).port
        let descriptor = try Sockets.connect(Endpoint(address, port))
        defer { Sockets.close(descriptor) }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        #expect(poll(&entry, 1, 20_000) == 1)
        guard Sockets.pendingError(descriptor) == 0 else { return nil }
        // The connecting side may know of the connection before the listener has it.
        entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 20_000) == 1)
        let accepted = try Sockets.accept(listener).get()
        defer { Sockets.close(accepted) }
        return (Sockets.peer(accepted), Sockets.localEndpoint(accepted))
    }

    @Test func everyAddressOfBothFamilies_isOneListener() throws {
        let listener = try Sockets.listen(Endpoint("::", 0))
        defer { Sockets.close(listener) }
        #expect(Sockets.isTCPListener(listener) && Sockets.localEndpoint(listener)?.host == "::")
        // A client over IPv4 is known by its IPv4 address.
        #expect(try peers("127.0.0.1", listener)?.peer?.ip == IPAddress("127.0.0.1"))
        #expect(try peers("127.0.0.1", listener)?.local?.host == "127.0.0.1")
        #expect(try peers("::1", listener)?.peer?.ip == IPAddress("::1"))
    }
    @Test func oneAddress_isItsFamilyAlone() throws {
        for (own, other) in [("::1", "127.0.0.1"), ("127.0.0.1", "::1"), ("0.0.0.0", "::1")] {
            let (listener, deaf) = try listen(own, deaf: other)
            defer { Sockets.close(listener) }
            #expect(try peers(own == "0.0.0.0" ? "127.0.0.1" : own, listener) != nil)
            let refused = try peers(other, listener) == nil
            withExtendedLifetime(deaf) { #expect(refused, "\(own)") }
        }
    }
    /// A listener, and the same port of another address, so that no other test listens there.
    private func listen(_ own: String, deaf other: String) throws -> (listener: Int32, deaf: DeafPort) {
        for _ in 0..<20 {
            let listener = try Sockets.listen(Endpoint(own, 0))
            if let port = Sockets.localEndpoint(listener)?.port, let deaf = DeafPort(other, port) {
                return (listener, deaf)
            }
            Sockets.close(listener)
        }
        throw Failure("no port is free on \(own) and \(other)")
    }
    @Test func errors_areWords() throws {
        #expect("\(SystemError("listen [::1]:80", EAFNOSUPPORT))" == "listen [::1]:80: this machine has no IPv6")
        #expect(throws: SystemError.self) { try Sockets.listen(Endpoint("localhost", 0)) }
        #expect(throws: SystemError.self) { try Sockets.listen(Endpoint("2001:db8::1", 0)) }
    }
    @Test func theHolderOfAPort_isTheOneThatIsInTheWay() throws {
        let (listener, deaf) = try listen("::1", deaf: "127.0.0.1")
        defer { Sockets.close(listener) }
        let port = deaf.endpoint.port
        for meeting in ["::1", "::"] {
            // A program that another test starts has our descriptors for a moment, and may have the lower id.
            try eventually("we hold \(meeting)") { PortHolder.find(Endpoint(meeting, port))?.pid == getpid() }
        }
        withExtendedLifetime(deaf) { #expect(PortHolder.find(Endpoint("127.0.0.1", port)) == nil) }
    }
    @Test func datagrams_areSentAndRefusedInBothFamilies() throws {
        for address in ["127.0.0.1", "::1"] {
            let hub = try DatagramSocket(Endpoint(address, 0), receiveBufferBytes: 4096)
            var viewer: DatagramSocket? = try DatagramSocket(Endpoint(address, 0), receiveBufferBytes: 4096)
            let at = try #require(Sockets.localEndpoint(hub.descriptor).flatMap { SocketAddress($0) })
            let from = try #require(
                viewer.flatMap { Sockets.localEndpoint($0.descriptor) }.flatMap { SocketAddress($0) })
            #expect([UInt8(7)].withUnsafeBytes { viewer?.send($0, to: at) } == true)
            try eventually("the datagram is there") { hub.receive { #expect($1 == 1 && $2 == from) } }
            var refused: [SocketAddress] = []
            hub.hearRefusals { refused.append($0) }
            viewer = nil
            [UInt8(8)].withUnsafeBytes { _ = hub.send($0, to: from) }
            try eventually("the refusal is told") {
                _ = hub.receive { _, _, _ in }
                return !refused.isEmpty
            }
            #expect(refused == [from])
        }
    }
}

/// Names that are looked up, and their addresses in order.
@Suite struct ConnectorTests {
    /// Runs a loop until `begin` has called its argument.
    private func result<Value>(_ begin: (Loop, @escaping (Value) -> Void) -> AnyObject) throws -> Value {
        let loop = Loop()
        var found: Value?
        let limit = Timer(loop) { loop.stop() }
        limit.start(after: 60)
        let object = begin(loop) {
            found = $0
            loop.stop()
        }
        withExtendedLifetime(object) { if found == nil { loop.run() } }
        return try #require(found)
    }
    private func connect(_ endpoint: Endpoint) throws -> Result<Int32, Connector.Failure> {
        try result { (loop, done) in
            let connector = Connector(loop, endpoint)
            connector.connect(done)
            return connector
        }
    }

    @Test func aName_hasItsAddresses() throws {
        let found: Result<[IPAddress], Resolver.Failure> = try result { loop, done in
            let resolver = Resolver(loop)
            resolver.resolve("localhost", done)
            return resolver
        }
        let addresses = try found.get()
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.isLoopback })
    }
    @Test func aNameThatIsNone_hasAReason() throws {
        // Names of this domain never exist (RFC 6761, 6.4).
        let failure = try connect(Endpoint("nobody.invalid", 1))
        guard case .failure(let failure) = failure else { throw Failure("connected") }
        #expect(failure.description.hasPrefix("host nobody.invalid: "), "\(failure)")
    }
    /// `localhost` may have an address of each family, and the listener is only on one of them.
    @Test func aListenerOfEitherFamily_isFoundByName() throws {
        let found: Result<[IPAddress], Resolver.Failure> = try result { loop, done in
            let resolver = Resolver(loop)
            resolver.resolve("localhost", done)
            return resolver
        }
        for address in Set(try found.get()) {
            let listener = try Sockets.listen(Endpoint(address, 0))
            defer { Sockets.close(listener) }
            let port = try #require(Sockets.localEndpoint(listener)).port
            let descriptor = try connect(Endpoint("localhost", port)).get()
            defer { Sockets.close(descriptor) }
            #expect(Sockets.peer(descriptor) == SocketAddress(address, port))
        }
    }
    @Test func whatRefuses_isTold() throws {
        let deaf = try #require(DeafPort("::1"))
        guard case .failure(let failure) = try connect(deaf.endpoint) else { throw Failure("connected") }
        #expect(failure.description == "connect [::1]:\(deaf.endpoint.port): Connection refused")
    }
    @Test func oneThatIsGivenUp_leavesNothingBehind() throws {
        let loop = Loop()
        var connector: Connector? = Connector(loop, Endpoint("localhost", 1))
        connector?.connect { _ in Issue.record("it was given up") }
        connector = nil
        let end = Timer(loop) { loop.stop() }
        end.start(after: 0.05)
        loop.run()
    }
}
