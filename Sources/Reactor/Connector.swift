package import Base
import Glibc

/// Connects to an endpoint whose host may be a name: it looks the name up and tries the addresses in their order, each
/// for a while, until one answers. The name is looked up anew each time, since its addresses may have changed.
///
///     idle --connect--> looking up --addresses--> trying the first --refused, or too late--> the next ..
///                            |                          |                                       |
///                            +--no such name--> done    +--connected--> done       the last <---+
package final class Connector {
    package struct Failure: Error, Equatable, CustomStringConvertible {
        /// Why each address failed, or why there is none.
        package let description: String
    }

    package let endpoint: Endpoint
    private let loop: Loop
    /// The time for one address. A path that is silent would take the kernel two minutes.
    private let patienceSeconds: Double
    private let resolver: Resolver
    private var left: ArraySlice<IPAddress> = []
    private var reasons: [String] = []
    private var watcher: IOWatcher?
    private var timer: Timer?
    private var done: ((Result<Int32, Failure>) -> Void)?

    package init(_ loop: Loop, _ endpoint: Endpoint, patienceSeconds: Double = 5) {
        self.loop = loop
        self.endpoint = endpoint
        self.patienceSeconds = patienceSeconds
        resolver = Resolver(loop)
        timer = Timer(loop) { [unowned self] in failed(SystemError("connect \(endpoint)", ETIMEDOUT)) }
    }
    deinit { closeSocket() }

    package var isBusy: Bool { done != nil }

    /// Calls `done` with the connected socket, which is then the caller's, or with the reasons why there is none. Only
    /// if it is not busy. `done` may be called at once.
    package func connect(_ done: @escaping (Result<Int32, Failure>) -> Void) {
        precondition(!isBusy, "one connection at a time")
        self.done = done
        reasons = []
        if let ip = endpoint.ip { return tryAddresses([ip]) }
        resolver.resolve(endpoint.host) { [unowned self] in
            switch $0 {
            case .success(let addresses): tryAddresses(addresses)
            case .failure(let failure): end(.failure(Failure(description: "\(failure)")))
            }
        }
    }

    private func tryAddresses(_ addresses: [IPAddress]) {
        left = addresses[...]
        tryNext()
    }
    private func tryNext() {
        // A loop, since a refusal may be known at once.
        while let ip = left.popFirst() {
            do {
                let descriptor = try Sockets.connect(Endpoint(ip, endpoint.port))
                watcher = IOWatcher(loop, descriptor, .write) { [unowned self] _ in answered(ip) }
                timer?.start(after: patienceSeconds)
                return
            } catch { reasons.append("\(error)") }
        }
        end(.failure(Failure(description: reasons.joined(separator: "; "))))
    }
    private func answered(_ ip: IPAddress) {
        guard let descriptor = watcher?.descriptor else { return }
        let code = Sockets.pendingError(descriptor)
        guard code == 0 else { return failed(SystemError("connect \(Endpoint(ip, endpoint.port))", code)) }
        timer?.stop()
        watcher?.stop()
        watcher = nil
        end(.success(descriptor))
    }
    private func failed(_ error: SystemError) {
        reasons.append("\(error)")
        closeSocket()
        tryNext()
    }
    private func end(_ result: Result<Int32, Failure>) {
        let done = done
        self.done = nil
        done?(result)
    }
    private func closeSocket() {
        timer?.stop()
        watcher?.stop()
        if let watcher { Sockets.close(watcher.descriptor) }
        watcher = nil
    }
}
