import Base
import CHiredis
import Glibc
import Reactor
import Store

/// One connection to a Redis server, by hiredis on our loop. Answers come in the order of the commands.
///
///     connecting --connected--> open --failure, silence, or close()--> closed
///          +--refused, silence, or close()-----------------------------^
///
/// hiredis 0.14 knows no timeouts, so this has its own. It writes with write(2): the process must ignore SIGPIPE, as
/// all daemons do.
final class RedisConnection {
    /// How a connection ended that nobody here has closed.
    enum End: Equatable {
        /// It was never one.
        case refused(String)
        case lost(String)
        /// Nothing came for this long: no connection, or no answer.
        case silent(connecting: Bool, seconds: Double)

        func fault(_ address: String) -> EngineFault {
            switch self {
            case .refused(let reason): .unreachable(address, reason: reason)
            case .lost(let reason): .closed(address, reason: reason)
            case .silent(let isConnecting, let seconds):
                .timeout(
                    address, what: "no \(isConnecting ? "connection" : "answer") within \(decimals(seconds, 0)) s")
            }
        }
    }
    private static let tickSeconds = 0.25
    /// A tick that is so late says that our own process stood still. The server is not to blame.
    private static let lateMilliseconds: UInt64 = 1000

    /// The server, for people.
    let address: String
    private let patienceSeconds: Double
    private let ended: (End) -> Void
    private var context: UnsafeMutablePointer<redisAsyncContext>?
    /// The receivers of answers, in the order of the commands.
    private var waiting = Fifo<((Reply) -> Void)?>()
    private(set) var isConnected = false
    /// When the server was last heard, or when something was asked after a rest.
    private var heardAt = Clock.monotonicMilliseconds
    private var tickedAt = Clock.monotonicMilliseconds
    private var timer: Timer?

    /// Starts to connect. Commands may be sent at once: they wait for the connection. `patienceSeconds` is the longest
    /// silence while an answer is missing. `ended` is called at most once, from the loop and not by `close()`; the
    /// answers that are missing then never come.
    init(
        _ loop: Loop, _ place: ServerPlace, patienceSeconds: Double = EngineBounds.commandSeconds,
        ended: @escaping (End) -> Void
    ) {
        address = place.description
        self.patienceSeconds = patienceSeconds
        self.ended = ended
        timer = Timer(loop) { [unowned self] in ticked() }
        timer?.start(after: RedisConnection.tickSeconds, every: RedisConnection.tickSeconds)
        let made =
            switch place {
            case .tcp(let ip, let port): redisAsyncConnect(ip.description, Int32(port))
            case .unix(let path): redisAsyncConnectUnix(path)
            }
        guard let made else { preconditionFailure("hiredis has no memory for a connection") }
        guard mc_redis_has_failed(made) == 0 else {
            refusal = String(cString: mc_redis_failure(made))
            redisAsyncFree(made)
            // Nobody is told before this has returned.
            timer?.start(after: 0)
            return
        }
        _ = fcntl(mc_redis_socket(made), F_SETFD, FD_CLOEXEC)
        context = made
        made.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        let isAttached = mc_redis_attach(
            made, loop.pointer, { context, status in RedisConnection.of(context)?.connected(status) },
            { context, _ in RedisConnection.of(context)?.lost() })
        precondition(isAttached == REDIS_OK, "hiredis can't watch its own socket")
    }
    deinit { close() }
    /// Why there was no connection from the beginning.
    private var refusal: String?

    private static func of(_ context: UnsafePointer<redisAsyncContext>?) -> RedisConnection? {
        context?.pointee.data.map { Unmanaged<RedisConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    var isOpen: Bool { context != nil }

    /// Sends a command. `answered` is called from the loop. A connection that has ended sends nothing.
    func send(_ command: borrowing RedisCommand, _ answered: @escaping (Reply) -> Void) {
        guard let context else { return }
        if waiting.isEmpty { heardAt = Clock.monotonicMilliseconds }
        let bytes = command.bytes
        let result = mc_redis_send(
            context,
            { context, reply, _ in
                // Without an answer the connection is at its end, which is told in another call.
                guard let reply, let me = RedisConnection.of(context) else { return }
                me.answered(Reply(reply.assumingMemoryBound(to: redisReply.self)))
            }, bytes.baseAddress, bytes.count)
        // It refuses only when the connection ends, which is told in another call.
        if result == REDIS_OK { waiting.append(answered) }
    }
    func send(_ words: [String], _ answered: @escaping (Reply) -> Void) { send(RedisCommand(words), answered) }

    /// Ends the connection. Nobody is told.
    func close() {
        timer?.stop()
        guard let context else { return }
        self.context = nil
        context.pointee.data = nil
        // Inside an answer hiredis frees it when that is done.
        redisAsyncFree(context)
    }

    // MARK: hiredis' calls

    private func answered(_ reply: Reply) {
        heardAt = Clock.monotonicMilliseconds
        // The queue keeps values that were taken for a while: the closure must not stay in it.
        guard let next = waiting.first else { return }
        waiting[0] = nil
        _ = waiting.take()
        next?(reply)
    }
    private func connected(_ status: Int32) {
        guard status == REDIS_OK else { return lost() }
        isConnected = true
        heardAt = Clock.monotonicMilliseconds
    }
    /// hiredis frees the context when this is done.
    private func lost() {
        guard let context else { return }
        let reason = String(cString: mc_redis_failure(context))
        self.context = nil
        context.pointee.data = nil
        timer?.stop()
        ended(isConnected ? .lost(reason.isEmpty ? "the server closed it" : reason) : .refused(reason))
    }

    private func ticked() {
        if let refusal { return ended(.refused(refusal)) }
        let now = Clock.monotonicMilliseconds
        if now - tickedAt > RedisConnection.lateMilliseconds { heardAt = now }
        tickedAt = now
        let seconds = isConnected ? patienceSeconds : EngineBounds.connectSeconds
        guard !isConnected || !waiting.isEmpty, now - heardAt > UInt64(seconds * 1000) else { return }
        close()
        ended(.silent(connecting: !isConnected, seconds: seconds))
    }
}

/// The place of a server whose name has been looked up.
enum ServerPlace: Equatable, CustomStringConvertible {
    case tcp(IPAddress, UInt16)
    case unix(String)

    var description: String {
        switch self {
        case .tcp(let ip, let port): "\(Endpoint(ip, port))"
        case .unix(let path): path
        }
    }
}
