package import Base
import Glibc

/// A connection of the line form to the manager's app port, on which lines come until it ends.
///
///     connecting --connected--> asked --status--> told line by line --end--> ended
///         |                       |
///         +--no way, too late-----+--error, end--> ended
package final class AppPortLines {
    /// Why it ended.
    package enum End: Equatable {
        /// The port could not be reached, or did not answer in time. The text says why.
        case unreachable(String)
        /// The manager does not do what was asked. The text is its answer, in JSON.
        case refused(String)
        /// The manager closed the connection, or died.
        case closed
    }

    /// The longest line has a message of 16 MiB, the most that queue.max_message allows, and what is said about it.
    private static let mostLine = 17 << 20

    /// The address that is asked. An app port that listens on every address is asked over loopback.
    package let endpoint: Endpoint
    /// Called when the manager does what was asked, then with each line, and at most once with the end. The connection
    /// is closed by then, and each of them may release it.
    package var began: () -> Void = {}
    package var received: (String) -> Void = { _ in }
    package var ended: (End) -> Void = { _ in }
    private let loop: Loop
    private let request: String
    private let patienceSeconds: Double
    private var watcher: IOWatcher?
    private var stream: LineStream?
    private var timer: Timer?

    /// `line` is what is asked, in JSON. `key` is empty if the port has none. `patienceSeconds` is the time until the
    /// manager does it.
    package init(_ loop: Loop, _ endpoint: Endpoint, key: String, line: String, patienceSeconds: Double) {
        self.loop = loop
        self.endpoint = endpoint.onThisMachine
        self.patienceSeconds = patienceSeconds
        request = (key.isEmpty ? "" : "{\"key\":\(jsonText(key))}\n") + line + "\n"
        timer = Timer(loop) { [unowned self] in end(.unreachable("it does not answer")) }
    }
    deinit { close() }

    /// Call it once. `ended` may be called at once.
    package func open() {
        do {
            let descriptor = try Sockets.connect(endpoint)
            timer?.start(after: patienceSeconds)
            watcher = IOWatcher(loop, descriptor, .write) { [unowned self] _ in connected(descriptor) }
        } catch { end(.unreachable(String(cString: strerror(error.code)))) }
    }
    private func connected(_ descriptor: Int32) {
        let error = Sockets.pendingError(descriptor)
        guard error == 0 else { return end(.unreachable(String(cString: strerror(error)))) }
        stopWatching()
        stream = LineStream(
            loop, descriptor, mostLine: AppPortLines.mostLine, received: { [unowned self] in take($0) },
            ended: { [unowned self] in end(.closed) })
        stream?.send(request)
    }
    private func take(_ line: String) {
        if line.hasPrefix("{\"error\"") {
            end(.refused(line))
        } else if line.hasPrefix("{\"status\"") {
            timer?.stop()
            began()
        } else {
            received(line)
        }
    }
    private func end(_ end: End) {
        // The owner may release this object in the closure.
        withExtendedLifetime(self) {
            close()
            ended(end)
        }
    }
    /// Ends it. Nothing is called any more.
    package func close() {
        timer?.stop()
        let connecting = watcher?.descriptor
        stopWatching()
        if let connecting { Sockets.close(connecting) }
        stream?.close()
        stream = nil
    }
    private func stopWatching() {
        watcher?.stop()
        watcher = nil
    }
}
