package import Base
import Glibc

/// Accepts the connections of a listener, also when the process has no descriptors left. It keeps one descriptor in
/// reserve, gives it up to take the waiting connection off the queue and close it, and takes it back. Without that a
/// level-triggered loop would spin.
package final class Acceptor {
    /// The most connections that are accepted in one turn of the loop. It takes under a millisecond, so the connections
    /// that are open already have their turn, too.
    private static let burst = 32

    private let listener: Int32
    /// Whether `accepted` wants to know who connected.
    private let asksPeer: Bool
    private let accepted: (Int32, IPAddress?) -> Void
    private var watcher: IOWatcher?
    private var reserve: Int32

    /// Connections that were accepted, that had to be closed for want of a descriptor, and calls that failed.
    package private(set) var acceptedCount: UInt64 = 0
    package private(set) var refusedCount: UInt64 = 0
    package private(set) var errorCount: UInt64 = 0

    /// `accepted` owns the descriptor that it is given.
    package convenience init(_ loop: Loop, listener: Int32, accepted: @escaping (Int32) -> Void) {
        self.init(loop, listener: listener, asksPeer: false) { descriptor, _ in accepted(descriptor) }
    }
    /// With `asksPeer` it is also given the address of the peer, if that is an IP address.
    package init(
        _ loop: Loop, listener: Int32, asksPeer: Bool, accepted: @escaping (Int32, IPAddress?) -> Void
    ) {
        self.listener = listener
        self.asksPeer = asksPeer
        self.accepted = accepted
        reserve = Acceptor.openReserve()
        Sockets.prepareListener(listener)
        watcher = IOWatcher(loop, listener, .read) { [unowned self] _ in acceptWaiting() }
    }
    deinit { if reserve >= 0 { Sockets.close(reserve) } }

    /// Leaves the waiting connections in the kernel's queue.
    package func pause() { watcher?.watch([]) }
    package func resume() { watcher?.watch(.read) }

    private static func openReserve() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }

    private func acceptWaiting() {
        for _ in 0..<Acceptor.burst {
            var peer: IPAddress?
            switch asksPeer ? Sockets.accept(listener, from: &peer) : Sockets.accept(listener) {
            case .success(let descriptor):
                acceptedCount += 1
                accepted(descriptor, peer)
            case .failure(let error):
                switch error.code {
                case EAGAIN: return
                case EINTR, ECONNABORTED, EPROTO, EPERM: errorCount += 1  // that connection is gone: go on to the next
                case EMFILE, ENFILE:
                    errorCount += 1
                    guard reserve >= 0 else { return }
                    Sockets.close(reserve)
                    if case .success(let descriptor) = Sockets.accept(listener) {
                        Sockets.close(descriptor)
                        refusedCount += 1
                    }
                    reserve = Acceptor.openReserve()
                    return
                default:
                    errorCount += 1
                    return
                }
            }
            if watcher?.interest.isEmpty ?? true { return }  // paused meanwhile
        }
    }
}
