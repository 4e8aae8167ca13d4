package import Base
import CSystem
import Glibc

/// Looks up the addresses of a host's name without making the loop wait: a thread of its own asks the system's resolver
/// (getaddrinfo(3)) and ends with the answer. It shares nothing with the loop but a socket for that answer.
///
/// Do not use it in the supervisor: a process of several threads must not fork.
package final class Resolver {
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let host: String
        /// The resolver's reason: "Name or service not known".
        package let reason: String
        package var description: String { "host \(host): \(reason)" }
    }
    /// The most addresses of a name that are of use.
    private static let mostAddresses = 16

    private let loop: Loop
    private var watcher: IOWatcher?
    private var host = ""
    private var done: ((Result<[IPAddress], Failure>) -> Void)?

    package init(_ loop: Loop) { self.loop = loop }
    deinit { close() }

    /// A name is being looked up. The system's resolver has timeouts of its own, so that ends.
    package var isBusy: Bool { done != nil }

    /// Calls `done` on the loop with the addresses, at least one, in the resolver's order. Only if it is not busy.
    package func resolve(_ host: String, _ done: @escaping (Result<[IPAddress], Failure>) -> Void) {
        precondition(!isBusy, "one name at a time")
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            return done(.failure(Failure(host: host, reason: "\(SystemError("socketpair"))")))
        }
        guard Resolver.start(Work(host: host, answering: ends[1])) else {
            ends.forEach(Sockets.close)
            return done(.failure(Failure(host: host, reason: "no thread to look it up")))
        }
        (self.host, self.done) = (host, done)
        watcher = IOWatcher(loop, ends[0], .read) { [unowned self] _ in answered() }
    }

    private func answered() {
        guard let watcher else { return }
        var words = [UInt64](repeating: 0, count: 1 + 2 * Resolver.mostAddresses)
        let count = words.withUnsafeMutableBytes {
            recv(watcher.descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        close()
        let done = done
        self.done = nil
        let addresses = (0..<max(0, (count - 8) / 16)).map {
            IPAddress(high: words[1 + 2 * $0], low: words[2 + 2 * $0])
        }
        if addresses.isEmpty {
            // Without an answer, the thread could not send it.
            let code = count < 8 ? EAI_FAIL : Int32(truncatingIfNeeded: words[0])
            done?(.failure(Failure(host: host, reason: String(cString: gai_strerror(code)))))
        } else {
            done?(.success(addresses))
        }
    }
    private func close() {
        watcher?.stop()
        if let watcher { Sockets.close(watcher.descriptor) }
        watcher = nil
    }

    // MARK: the thread

    private struct Work {
        let host: String
        let answering: Int32
    }
    private static func start(_ work: Work) -> Bool {
        let lent = UnsafeMutablePointer<Work>.allocate(capacity: 1)
        lent.initialize(to: work)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { lent in
                guard let lent = lent?.assumingMemoryBound(to: Work.self) else { return nil }
                let work = lent.move()
                lent.deallocate()
                let answer = Resolver.lookUp(work.host)
                _ = answer.withUnsafeBytes { send(work.answering, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                Glibc.close(work.answering)
                return nil
            }, lent)
        guard failure == 0 else {
            lent.deinitialize(count: 1).deallocate()
            return false
        }
        pthread_detach(thread)
        return true
    }
    /// The code of getaddrinfo, and the halves of the addresses.
    private static func lookUp(_ host: String) -> [UInt64] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        var answer = [UInt64(bitPattern: Int64(code))]
        var next = code == 0 ? list : nil
        while let entry = next, answer.count < 1 + 2 * mostAddresses {
            next = entry.pointee.ai_next
            var raw = sockaddr_storage()
            let size = min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            guard let source = entry.pointee.ai_addr else { continue }
            withUnsafeMutableBytes(of: &raw) { $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: size)) }
            if let ip = SocketAddress(raw)?.ip { answer += [ip.high, ip.low] }
        }
        return answer
    }
}
