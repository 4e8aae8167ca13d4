import TestSupport

/// A browser. It polls one worker after the other or keeps an event stream, acknowledges or not, and checks everything
/// that it gets.
final class SimulatedClient {
    enum Form { case poll, stream, socket }
    let number: Int
    let form: Form
    let acknowledges: Bool
    let name: String
    /// It has a cursor, and so a place in the logs that it shares with others.
    var hasBegun: Bool { cursor > 0 }
    var cursor: UInt64 = 0
    var received: Set<UInt64> = []
    var acknowledged: UInt64 = 0
    /// Cursors of the answers that said `gap`.
    var gapCursors: [UInt64] = []
    private(set) var connection: SimulatedWorker.Connection?
    /// Connections with a receiver that it has left without a word. A worker may hold them still.
    private var left: [SimulatedWorker.Connection] = []
    /// When one of them was open for the last time.
    private var lastLeft: UInt64 = 0
    private var isPolling = false
    var bytes: [UInt8] = []

    /// It shows a token with each request.
    let takesTokens: Bool
    var token: SimulatedToken?
    var olderTokens: [SimulatedToken] = []
    var request = Request()
    /// A page has a connection of its own.
    private(set) var page = 0

    /// The stream's head was read.
    var hasHead = false
    /// Events of a chunk that were not looked at yet.
    var events: [Event] = []

    init(number: Int, form: Form = .poll, acknowledges: Bool, hasUser: Bool = false, takesTokens: Bool = false) {
        self.number = number
        self.form = form
        name = hasUser ? "u\(number % 2 == 0 ? "a" : "b"):\(number)" : "client-\(number)"
        self.acknowledges = acknowledges
        self.takesTokens = takesTokens
    }

    /// The client is gone at once. Answers on their way to it are lost.
    func vanish(in world: World) {
        if takesTokens, connection != nil, world.chance(500) { sayLeave(world) }
        connection?.isDead = true
        forgetConnection()
    }
    private func forgetConnection() {
        if isPolling, let connection { left.append(connection) }
        connection = nil
        isPolling = false
        hasHead = false
        (bytes, events) = ([], [])
    }

    /// The worker has answered the last request, and the connection goes on.
    func endRequest() { isPolling = false }
    /// The worker has ended the receiver, and the page closes its connection.
    func hangUp() {
        connection?.isDead = true
        forgetConnection()
    }

    func turn(in world: World) {
        if !left.isEmpty {
            lastLeft = world.now
            left.removeAll(where: \.isClosedByWorker)
        }
        if let connection, !connection.inbound.isEmpty {
            let count = world.random.below(connection.inbound.count) + 1
            bytes += connection.inbound[..<count]
            connection.inbound.removeFirst(count)
            takeRefusal(world)
            switch form {
            case .poll: while let body = takeAnswer() { answered(body, world) }
            case .stream: while let event = takeEvent() { happened(event, world) }
            case .socket: while let frame = takeFrame() { happened(frame, world) }
            }
        }
        if let connection, connection.isClosedByWorker, connection.inbound.isEmpty { forgetConnection() }
        if !isPolling, world.chance(700) { poll(world) }
        guard form != .poll, acknowledges, cursor > acknowledged, world.chance(200) else { return }
        if form == .socket, let connection, hasHead {
            acknowledged = cursor
            let text = Array("{\"cursor\":\(cursor)}".utf8)
            connection.worker.receive(connection, bytes: [0x81, 0x80 | UInt8(text.count), 0, 0, 0, 0] + text)
        } else {
            sayAcknowledged(world)
        }
    }

    private func poll(_ world: World) {
        // It mostly polls on its connection, and now and then in another tab elsewhere.
        if connection == nil || world.chance(50) {
            if let old = connection { old.isDead = world.chance(500) }
            forgetConnection()
            connection = world.worker(for: self)?.accept()
            page += 1
        }
        guard let connection else { return }
        if acknowledges { acknowledged = cursor }
        isPolling = true
        // An EventSource has no cursor before its first event.
        request = Request(token: pickToken(world), order: world.nextOrder())
        let fields = (acknowledges || cursor > 0 ? ["cursor=\(cursor)"] : []) + fields(request.token)
        let query = fields.isEmpty ? "" : "?" + fields.joined(separator: "&")
        world.note(name, "poll \(query) on \(connection.worker.number)/\(connection.slot)")
        connection.worker.receive(
            connection, "GET /\(name).\(ending)\(query) HTTP/1.1\r\nHost: x\r\n\(form == .socket ? handshake : "")\r\n")
    }

    /// `{"messages":[{"id":1,"data":2},..],"cursor":3,"gap":true}`
    func answered(_ body: String, _ world: World) {
        if form == .poll { isPolling = false }
        world.note(name, "got \(body)")
        if body.hasPrefix("{\"error\"") {
            if body.contains("\"replaced\""), world.now - lastLeft > 20_000 { world.replacedWrongly(self) }
            return refused(body, world)
        }
        var last: UInt64 = 0
        let parts = body.split(separator: "]", maxSplits: 1)
        guard parts.count == 2, body.hasPrefix("{\"messages\":[") else { return world.problem("\(name) got \(body)") }
        for item in parts[0].dropFirst(13).split(separator: "}") {
            let numbers = item.split(whereSeparator: { !$0.isNumber }).compactMap { UInt64($0) }
            guard numbers.count == 2 else { return world.problem("\(name) got \(body)") }
            if numbers[0] <= last { world.problem("\(name) got \(numbers[0]) behind \(last)") }
            last = numbers[0]
            let isAgain =
                form == .socket ? last <= cursor : acknowledges ? last <= acknowledged : received.contains(last)
            got(last, numbers[1], isAgain: isAgain, world)
        }
        guard let cursorText = parts[1].split(separator: ":").dropFirst().first,
            let new = UInt64(cursorText.prefix(while: \.isNumber))
        else {
            return world.problem("\(name) got no cursor: \(body)")
        }
        if parts[1].contains("\"gap\":true") { gapCursors.append(new) }
        if acknowledges {
            if new < cursor { world.problem("\(name)'s cursor went back from \(cursor) to \(new)") }
            cursor = new
        }
    }

    func got(_ id: UInt64, _ payload: UInt64, isAgain: Bool, _ world: World) {
        world.received(id, payload, by: self, isAgain: isAgain)
    }
}
