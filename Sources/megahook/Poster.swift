import CCurl
import Glibc
import Reactor

/// Posts one body at a time to one URL, by libcurl on our loop. It keeps its connection open between requests.
///
/// The bounds are those of docs/webhook.txt: 5 s to connect, 10 s for a request, 64 KiB of answer. No redirect is
/// followed, no proxy of the environment is used, and a certificate must be good.
final class Poster {
    enum Result {
        /// The HTTP status of the answer.
        case answered(Int)
        /// Why there was none.
        case failed(String)
    }
    private static let connectMilliseconds = 5000, requestMilliseconds = 10_000
    private static let mostAnswer = 65_536

    private let loop: Loop
    private let multi: UnsafeMutableRawPointer
    private let easy: UnsafeMutableRawPointer
    private var watchers: [curl_socket_t: IOWatcher] = [:]
    private var timer: Timer?
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// The body of the request that is under way. libcurl reads it where it is.
    private var body: UnsafeMutableRawBufferPointer?
    /// Bytes of the answer so far.
    private var received = 0
    private var done: ((Result) -> Void)?

    /// `authorities` is a file of certificates. Empty: those of the system count. `nil` if libcurl has no memory.
    init?(_ loop: Loop, url: String, authorities: String, agent: String) {
        // CURL_GLOBAL_DEFAULT is a macro that Swift does not import.
        guard curl_global_init(3) == CURLE_OK, let multi = curl_multi_init(), let easy = curl_easy_init() else {
            return nil
        }
        self.loop = loop
        self.multi = multi
        self.easy = easy
        func set(_ option: CURLoption, _ value: Int) -> Bool { mc_curl_set_long(easy, option, value) == CURLE_OK }
        func set(_ option: CURLoption, _ text: String) -> Bool { mc_curl_set_text(easy, option, text) == CURLE_OK }
        let isSet =
            set(CURLOPT_URL, url) && set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_POST, 1)
            && set(CURLOPT_FOLLOWLOCATION, 0) && set(CURLOPT_PROXY, "") && set(CURLOPT_NOPROXY, "*")
            && set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) && set(CURLOPT_USERAGENT, agent)
            && set(CURLOPT_SSL_VERIFYPEER, 1) && set(CURLOPT_SSL_VERIFYHOST, 2) && set(CURLOPT_NOSIGNAL, 1)
            // A request that is over does not wait for the thread that still looks its name up.
            && set(CURLOPT_QUICK_EXIT, 1)
            && set(CURLOPT_CONNECTTIMEOUT_MS, Poster.connectMilliseconds)
            && set(CURLOPT_TIMEOUT_MS, Poster.requestMilliseconds) && set(CURLOPT_TCP_KEEPALIVE, 1)
            && (authorities.isEmpty || set(CURLOPT_CAINFO, authorities))
        guard isSet else { return nil }
        timer = Timer(loop) { [unowned self] in act(CURL_SOCKET_TIMEOUT, 0) }
        let me = Unmanaged.passUnretained(self).toOpaque()
        mc_curl_set_sink(easy, { _, size, count, me in Poster.of(me).took(size * count) }, me)
        mc_curl_set_loop(
            multi,
            { _, socket, what, me, _ in
                Poster.of(me).watch(socket, what)
                return 0
            },
            { _, milliseconds, me in
                Poster.of(me).wake(in: milliseconds)
                return 0
            }, me)
    }
    deinit {
        cancel()
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
    }
    private static func of(_ pointer: UnsafeMutableRawPointer?) -> Poster {
        guard let pointer else { preconditionFailure("libcurl called without its owner") }
        return Unmanaged<Poster>.fromOpaque(pointer).takeUnretainedValue()
    }

    var isBusy: Bool { done != nil }
    /// The number of sockets that are open for it.
    var socketCount: Int { watchers.count }

    /// `signature` is the value of X-MegaComet-Signature. `done` is never called before this returns.
    func post(_ bytes: [UInt8], signature: String?, done: @escaping (Result) -> Void) {
        precondition(!isBusy, "one request at a time")
        self.done = done
        received = 0
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        room.copyBytes(from: bytes)
        body = room
        // Without `Expect:` libcurl would ask the app first whether it wants a large body, and wait for its answer.
        var lines = ["Content-Type: application/json", "Expect:"]
        if let signature { lines.append("X-MegaComet-Signature: \(signature)") }
        for line in lines { headers = curl_slist_append(headers, line) }
        mc_curl_set_headers(easy, headers)
        mc_curl_set_body(easy, room.baseAddress, room.count)
        curl_multi_add_handle(multi, easy)
    }
    /// Ends the request that is under way. Nobody is told.
    func cancel() {
        guard isBusy else { return }
        done = nil
        release()
    }
    private func release() {
        curl_multi_remove_handle(multi, easy)
        curl_slist_free_all(headers)
        headers = nil
        body?.deallocate()
        body = nil
    }

    // MARK: libcurl's calls

    /// Bytes of the answer came. Fewer than `count` tell libcurl to end the request.
    private func took(_ count: Int) -> Int {
        received += count
        return received > Poster.mostAnswer ? 0 : count
    }
    private func watch(_ socket: curl_socket_t, _ what: Int32) {
        guard what != CURL_POLL_REMOVE else {
            watchers[socket] = nil
            return
        }
        var interest: Interest = []
        if what & CURL_POLL_IN != 0 { interest.insert(.read) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.write) }
        if let watcher = watchers[socket] { return watcher.watch(interest) }
        watchers[socket] = IOWatcher(loop, socket, interest) { [unowned self] events in
            act(
                socket,
                (events.contains(.read) ? CURL_CSELECT_IN : 0) | (events.contains(.write) ? CURL_CSELECT_OUT : 0))
        }
    }
    private func wake(in milliseconds: Int) {
        if milliseconds < 0 { timer?.stop() } else { timer?.start(after: Double(milliseconds) / 1000) }
    }

    private func act(_ socket: curl_socket_t, _ events: Int32) {
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, events, &running)
        var code = CURLE_OK
        guard mc_curl_result(multi, &code) == 1, let done else { return }
        let status = Int(mc_curl_status(easy))
        let isTooMuch = code == CURLE_WRITE_ERROR && received > Poster.mostAnswer
        self.done = nil
        release()
        // An answer that is too long counts as what its status says.
        if code == CURLE_OK || isTooMuch && status > 0 { return done(.answered(status)) }
        done(.failed(String(cString: curl_easy_strerror(code))))
    }
}
