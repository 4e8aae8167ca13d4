import Glibc
package import Reactor

/// The supervisor's control socket, without waiting: requests go out, answers come back in their order; events follow on a second line.
package final class ControlClient {
    /// A log of 200 lines of 8 KiB, escaped.
    private static let mostLine = 8 << 20

    private let loop: Loop
    private let path: String
    private var stream: LineStream?
    private var follower: LineStream?
    private var waiting: [(ControlAnswer?) -> Void] = []
    private var gone: [LineStream] = []
    /// An event that happened, or one of those that are kept.
    package var event: ((Event) -> Void)?

    package init(_ loop: Loop, path: String) {
        self.loop = loop
        self.path = path
    }

    /// Someone listens there.
    package var isConnected: Bool { stream?.isOpen ?? false }

    /// Connects where it is not, and follows the events.
    package func connect() {
        gone.removeAll()
        if stream?.isOpen != true { stream = open { [unowned self] in answered($0) } ended: { [unowned self] in lost() } }
        if follower?.isOpen != true, stream != nil {
            follower = open { [unowned self] in followed($0) } ended: {}
            follower?.send(ControlRequest.line(["op": "events", "follow": true]))
        }
    }
    private func open(_ received: @escaping (String) -> Void, ended: @escaping () -> Void) -> LineStream? {
        guard let descriptor = try? UnixSockets.connect(path) else { return nil }
        return LineStream(loop, descriptor, mostLine: ControlClient.mostLine, received: received, ended: ended)
    }
    private func lost() {
        // It is on the stack still: it goes with the next connection.
        if let stream { gone.append(stream) }
        stream = nil
        let unanswered = waiting
        waiting = []
        unanswered.forEach { $0(nil) }
    }
    private func answered(_ line: String) {
        guard !waiting.isEmpty else { return }
        waiting.removeFirst()(ControlAnswer(line))
    }
    private func followed(_ line: String) {
        guard !line.hasPrefix("{\"ok\"") else {
            ControlEvents(line)?.events.forEach { event?(Event($0)) }
            return
        }
        if let one = Event(json: line) { event?(one) }
    }
    private func send(_ members: [String: Any], _ done: @escaping (ControlAnswer?) -> Void) {
        connect()
        guard let stream, stream.isOpen else { return done(nil) }
        waiting.append(done)
        stream.send(ControlRequest.line(members))
    }

    // MARK: what is asked

    /// The table: what it says beyond the numbers of the stats channel.
    package func status(_ done: @escaping ([ProcessID: Model.Child]?, String?) -> Void) {
        send(["op": "status"]) { answer in
            guard let rows = answer?.processes else { return done(nil, nil) }
            var children: [ProcessID: Model.Child] = [:]
            for row in rows {
                guard let id = ProcessID(row.name) else { continue }
                var child = Model.Child()
                child.desired = row.desired ?? "up"
                child.isHeld = row.hold ?? false
                child.lastExit = row.last_exit.map { "\($0.text) after \(Format.span($0.uptime))" } ?? ""
                children[id] = child
            }
            let rolling = answer?.rolling.map { run in
                "\(run.done) of \(run.total) done" + (run.current.flatMap(ProcessID.init).map { ", now \($0.short)" } ?? "") + ", by \(run.by)"
            }
            done(children, rolling)
        }
    }
    package func output(_ id: ProcessID, _ done: @escaping ([String]?) -> Void) {
        send(["op": "log", "name": id.long]) { answer in
            done(answer?.lines.map { lines in lines.map { Format.clock($0.time) + " " + $0.text } })
        }
    }
    /// The newest first: number 0 and on. The report, and how many there are.
    package func crash(_ id: ProcessID, number: Int, _ done: @escaping ([String]?, Int) -> Void) {
        send(["op": "crashes"]) { [unowned self] answer in
            guard let all = answer?.crashes?.filter({ $0.hasSuffix("-" + id.long) }).reversed().map(\.self) else { return done(nil, 0) }
            guard all.indices.contains(number) else { return done([], all.count) }
            send(["op": "crashes", "id": all[number]]) { done($0?.crash?.report, all.count) }
        }
    }
    /// Nil: done. Otherwise why not.
    package func act(_ box: Confirmation, on: Bool = true, _ done: @escaping (String?) -> Void) {
        var members: [String: Any] = ["op": box.action.rawValue, "via": "megatop"]
        if let target = box.target { members["name"] = target.long }
        // Frozen when the box opened: 0 means that there was none, and there must be none still.
        if box.target != nil, box.pid > 0 { members["pid"] = Int(box.pid) }
        if box.boot > 0 { members["boot"] = hex(box.boot) }
        if !box.reason.isEmpty { members["reason"] = box.reason }
        if box.action == .hold { members["on"] = on }
        if let terminal = ttyname(0) { members["tty"] = String(cString: terminal).split(separator: "/").dropFirst().joined(separator: "/") }
        send(members) { answer in
            guard let answer else { return done("no answer from the supervisor") }
            done(answer.ok == true ? nil : answer.error.map { "\($0.code): \($0.message)" } ?? "refused")
        }
    }
    private func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
