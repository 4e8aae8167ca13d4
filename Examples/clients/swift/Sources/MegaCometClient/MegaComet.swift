import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A client of MegaComet: a sequence of messages, for one loop.
///
///     let comet = MegaComet(client: "c42", urls: ["http://localhost:8000", "http://localhost:8001"])
///     for try await message in comet {
///         print(try message.decode(String.self))
///     }
///
/// The loop goes on for ever. When a worker dies, is restarted or says nothing, the client takes another one and goes
/// on where it was. The loop ends by `break`, by `close()`, when its task is cancelled, or with `Stopped`: another
/// program receives with the same id, the app has disconnected this client, the id can't be one, or the token is that
/// of another user.
///
/// If the server wants tokens, give a function that asks your app for one: `MegaComet(client: "42:phone", urls: urls,
/// token: ask)`. It is called before the first connection, and again when the server does not take the token any more
/// (it is over, or was revoked). Then the client goes on where it was. While the function throws, or the new token is
/// refused, it is called again after growing pauses. If it throws `Stopped`, the loop ends with that.
///
/// What it promises. Messages come in the order of their ids, and none comes twice while this object lives. A message
/// is handled when the loop asks for the next one. Only then it is acknowledged: after 32 messages, after 5 s, at once
/// if an app waits for it (a publish with ?wait), and when the loop ends. So each message comes at least once: a
/// program that is killed gets again what it had not acknowledged. If it must not do a thing twice, it keeps `cursor`
/// together with what it did, and begins with it. Messages can be lost all the same: their time to live ends, or a
/// program hangs while over 64 of them are on their way to it. Then `onGap` is called, before the messages that follow:
/// load the state anew. What a slow loop has not asked for yet waits in this program's memory.
///
/// The protocol is in docs/protocol.txt, section 3.
public actor MegaComet: AsyncSequence {
    /// The client must not come back. The code is replaced, disconnected, or begins with bad_ or token_.
    public struct Stopped: Error, Decodable {
        public let code: String
        public let message: String
        public init(code: String, message: String) { (self.code, self.message) = (code, message) }
    }

    /// All messages up to this id are handled.
    public private(set) var cursor: UInt64
    private let client: String
    private let urls: [String]
    private let onGap: @Sendable () async -> Void
    private let onPresence: @Sendable (Presence) async -> Void
    private let token: (@Sendable () async throws -> String)?
    /// The token that is shown, and whether the server has taken it.
    private var bearer: String?
    private var isTaken = false
    private var isEnded = false

    // The connection.
    private var at: Int
    private var connection: Connection?
    private var shownOnConnection = ""
    /// What came of the next event, or of the body of a refusal.
    private var rest: [UInt8] = []
    private var refusal: HTTPURLResponse?
    private var events: ArraySlice<Event> = []
    private var opened = ContinuousClock.now
    /// Silence of this length ends a connection: first 10 s, then the heartbeat and 8 s.
    private var patience = Duration.seconds(10)
    private var failures = 0
    private var pause: Task<Void, Never>?

    // What was shown, and what of it is acknowledged.
    private var current: Message?
    /// Id and `of` of the last message. The old messages that came with a subscription have one id.
    private var shown: (id: UInt64, of: UInt64) = (0, 0)
    private var acknowledged: UInt64
    private var unacknowledged = 0
    private var timer: Task<Void, Never>?

    public init(
        client: String, urls: [String], cursor: UInt64 = 0, onGap: @escaping @Sendable () async -> Void = {},
        onPresence: @escaping @Sendable (Presence) async -> Void = { _ in },
        token: (@Sendable () async throws -> String)? = nil
    ) {
        precondition(!urls.isEmpty, "urls are the addresses of the workers")
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
        self.client = client.addingPercentEncoding(withAllowedCharacters: plain) ?? client
        (self.urls, self.cursor, self.onGap, self.onPresence) = (urls, cursor, onGap, onPresence)
        self.token = token
        acknowledged = cursor
        at = Int.random(in: 0..<urls.count)
    }

    public final class Iterator: AsyncIteratorProtocol {
        let comet: MegaComet
        init(_ comet: MegaComet) { self.comet = comet }
        deinit {
            let comet = comet
            Task { await comet.close() }
        }
        public func next() async throws -> Message? { try await comet.next() }
    }
    public nonisolated func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Ends the loop, and acknowledges what is handled.
    public func close() async {
        isEnded = true
        pause?.cancel()
        connection?.cancel()
        await acknowledge()
    }

    private func next() async throws -> Message? {
        if let current { await handled(current) }
        current = nil
        do {
            while let event = try await nextEvent() {
                guard let message = try await take(event) else { continue }
                current = message
                return message
            }
        } catch {
            await close()
            throw error
        }
        await close()
        return nil
    }

    /// What an event means. The result is the message that the loop gets.
    private func take(_ event: Event) async throws -> Message? {
        let data = Data(event.data.utf8)
        switch event.name {
        case "hello", "heartbeat", "gap":
            if event.name == "gap" { await onGap() }
            guard let id = event.id else { return nil }
            if id < cursor { shown = (0, 0) }  // the ids began anew
            cursor = id
            return nil
        case "message", "channel", "presence":
            let isElement = event.name != "message"
            let place = isElement ? try JSONDecoder().decode(Place.self, from: data) : Place(id: event.id ?? 0)
            let here = (id: place.id, of: place.of ?? 0)
            if here.id <= cursor || here <= shown { return nil }  // it came before
            cursor = Swift.max(cursor, shown.id)  // of the id before nothing more will come
            let message = Message(
                id: place.id, channel: place.channel, user: place.user, of: place.of, isAwaited: place.ack ?? false,
                json: data, isElement: isElement)
            guard let presence = place.presence else { return message }
            await onPresence(presence)
            await handled(message)
            return nil
        case "replaced", "disconnected":
            throw try JSONDecoder().decode(Stopped.self, from: data)
        default:
            return nil
        }
    }

    private func handled(_ message: Message) async {
        shown = (message.id, message.of ?? 0)
        if message.of == nil { cursor = message.id }
        unacknowledged += 1
        if unacknowledged >= 32 || message.isAwaited {
            await acknowledge()
        } else if timer == nil {
            timer = Task { [weak self] in
                try? await Task.sleep(for: .seconds(5))
                if !Task.isCancelled { await self?.acknowledge() }
            }
        }
    }

    /// Any worker takes it. If all fail, the next acknowledgement or the next connection tells it.
    private func acknowledge() async {
        timer?.cancel()
        timer = nil
        unacknowledged = 0
        let cursor = cursor
        // A token that is over is changed once.
        for turn in 0...urls.count where cursor != acknowledged {
            guard var request = request(".ack", at: (at + turn) % urls.count, cursor: cursor) else { return }
            request.httpMethod = "POST"
            request.timeoutInterval = 10
            guard let shown = try? await show(in: &request) else { return }
            // A task of its own: also a loop that is cancelled acknowledges.
            let answer = await Task { [request] in try? await URLSession.shared.data(for: request) }.value
            switch (answer?.1 as? HTTPURLResponse)?.statusCode {
            case 204: acknowledged = cursor
            case 401: forget(shown)
            default: break
            }
        }
    }

    private func request(_ what: String, at: Int, cursor: UInt64) -> URLRequest? {
        let base = urls[at].hasSuffix("/") ? urls[at] : urls[at] + "/"
        return URL(string: "\(base)\(client)\(what)?cursor=\(cursor)").map { URLRequest(url: $0) }
    }

    // MARK: The token

    /// Adds the token, and returns it. The function is asked if there is none that may be good.
    private func show(in request: inout URLRequest) async throws -> String {
        if bearer == nil, let token {
            let new = try await token()
            if bearer == nil { (bearer, isTaken) = (new, false) }
        }
        guard let bearer, !bearer.isEmpty else { return "" }
        request.setValue("Bearer \(bearer)", forHTTPHeaderField: "Authorization")
        return bearer
    }
    private func forget(_ refused: String) { if bearer ?? "" == refused { bearer = nil } }

    /// The server does not take the token of this connection. Another one is asked for: at once, or after a pause if
    /// it was new.
    private func changeToken(_ error: Stopped) async throws {
        guard token != nil else { throw error }
        let wasTaken = isTaken
        isTaken = false
        forget(shownOnConnection)
        guard wasTaken else { return await again(after: nil) }
        connection?.cancel()
        connection = nil
        events = []
    }

    // MARK: The connection

    /// The next event of this connection, or of one after it. `nil`: the loop ends.
    private func nextEvent() async throws -> Event? {
        while !isEnded && !Task.isCancelled {
            if let event = events.popFirst() {
                switch event.name {
                case "token":
                    try await changeToken(try JSONDecoder().decode(Stopped.self, from: Data(event.data.utf8)))
                    continue
                case "hello":
                    isTaken = true
                    struct Hello: Decodable { let heartbeat: Int }
                    let hello = try? JSONDecoder().decode(Hello.self, from: Data(event.data.utf8))
                    patience = .milliseconds((hello?.heartbeat ?? 25000) + 8000)
                    acknowledged = Swift.max(acknowledged, cursor)
                case "retry":
                    struct Retry: Decodable { let retry: Int }
                    let retry = try? JSONDecoder().decode(Retry.self, from: Data(event.data.utf8))
                    await again(after: .milliseconds(retry?.retry ?? 2000))
                    continue
                default: break
                }
                return event
            }
            guard let connection else {
                guard var request = request(".events", at: at, cursor: cursor) else { throw URLError(.badURL) }
                (opened, patience, rest, refusal) = (.now, .seconds(10), [], nil)
                do { shownOnConnection = try await show(in: &request) } catch let stopped as Stopped {
                    throw stopped
                } catch {
                    await again(after: nil)
                    continue
                }
                if !isEnded { connection = Connection(request) }
                continue
            }
            switch await connection.next(within: patience) {
            case .head(let head): refusal = head.statusCode == 200 ? nil : head
            case .bytes(let bytes):
                rest += bytes
                if refusal == nil { events = takeEvents()[...] }
            case nil:
                struct Refused: Decodable { let error: Stopped }
                let error = refusal.flatMap { _ in try? JSONDecoder().decode(Refused.self, from: Data(rest)).error }
                if let error,
                    ["replaced", "disconnected", "token_client"].contains(error.code) || error.code.hasPrefix("bad_")
                {
                    throw error
                }
                if refusal?.statusCode == 401 {
                    try await changeToken(error ?? Stopped(code: "token_bad", message: "status 401"))
                    continue
                }
                let after = (refusal?.value(forHTTPHeaderField: "Retry-After")).flatMap(Double.init)
                await again(after: after.map { .seconds($0 + Double.random(in: 0..<1)) })
            }
        }
        return nil
    }

    /// Takes the whole events from what came. An empty line ends one.
    private func takeEvents() -> [Event] {
        var (events, lines, start): ([Event], [Substring], Int) = ([], [], 0)
        var taken = 0
        while let end = rest[start...].firstIndex(of: 10) {
            let line = String(decoding: rest[start..<end], as: UTF8.self)
            start = end + 1
            if !line.isEmpty {
                lines.append(line[...])
                continue
            }
            events.append(Event(lines))
            (lines, taken) = ([], start)
        }
        rest.removeFirst(taken)
        return events
    }

    /// Leaves this connection, waits, and goes to another worker. Full jitter: anywhere in 2, 4, 8, 16, 30 s.
    private func again(after wish: Duration?) async {
        connection?.cancel()
        connection = nil
        events = []
        if isEnded || Task.isCancelled { return }
        failures = ContinuousClock.now - opened > .seconds(10) ? 1 : failures + 1
        let window = Swift.min(30, pow(2, Double(failures)))
        at = (at + Int.random(in: 1...Swift.max(1, urls.count - 1))) % urls.count
        let pause = Task { _ = try? await Task.sleep(for: wish ?? .seconds(Double.random(in: 0..<window))) }
        self.pause = pause
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
    }
}

/// A message. If it has neither channel nor user, it was published to this client, or to everyone.
public struct Message: Sendable {
    public let id: UInt64
    public let channel: String?
    public let user: String?
    /// An old message of a channel, which came with a subscription: its own id.
    public let of: UInt64?
    /// An app waits until this client has handled it.
    public let isAwaited: Bool
    /// JSON: an element with the data in it, or the data.
    let json: Data
    let isElement: Bool

    /// The value that was published.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        guard isElement else { return try JSONDecoder().decode(type, from: json) }
        return try JSONDecoder().decode(Element<Value>.self, from: json).data
    }
    /// The value that was published, as JSON.
    public var text: String {
        guard isElement, let element = try? JSONSerialization.jsonObject(with: json) as? [String: Any],
            let data = element["data"],
            let text = try? JSONSerialization.data(withJSONObject: data, options: .fragmentsAllowed)
        else { return String(decoding: json, as: UTF8.self) }
        return String(decoding: text, as: UTF8.self)
    }
}

/// News of who is in a channel: docs/protocol.txt, section 4.
public struct Presence: Decodable, Sendable {
    public let channel: String
    public let connected: Int
    public let users, came, left: [String]?
}

private struct Element<Value: Decodable>: Decodable {
    let data: Value
}

/// What an element says beside its data.
private struct Place: Decodable {
    var id: UInt64
    var channel: String?
    var user: String?
    var of: UInt64?
    var ack: Bool?
    var presence: Presence?
}

/// An event of the stream (WHATWG HTML, 9.2).
private struct Event: Sendable {
    var name = "message"
    var id: UInt64?
    var data = ""

    /// From the lines of an event.
    init(_ lines: [Substring]) {
        var values: [Substring] = []
        for line in lines {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == " " { value.removeFirst() }
            switch line[..<colon] {
            case "event": name = String(value)
            case "id": id = UInt64(value)
            case "data": values.append(value)
            default: break
            }
        }
        data = values.joined(separator: "\n")
    }
}

/// One connection: what it gives, as it comes.
private struct Connection {
    enum Input: Sendable {
        case head(HTTPURLResponse)
        case bytes(Data)
    }
    private let inputs: AsyncStream<Input>
    private let session: URLSession

    init(_ request: URLRequest) {
        let (inputs, continuation) = AsyncStream<Input>.makeStream()
        let configuration = URLSessionConfiguration.ephemeral
        // `next` notices silence: it is told how long the heartbeat allows.
        configuration.timeoutIntervalForRequest = 86400
        configuration.timeoutIntervalForResource = 365 * 86400
        self.inputs = inputs
        session = URLSession(configuration: configuration, delegate: Delegate(continuation), delegateQueue: nil)
        session.dataTask(with: request).resume()
    }

    func cancel() { session.invalidateAndCancel() }

    /// `nil`: the connection has ended, nothing came in this time, or the task was cancelled.
    func next(within patience: Duration) async -> Input? {
        let session = session
        let alarm = Task {
            try await Task.sleep(for: patience)
            session.invalidateAndCancel()
        }
        defer { alarm.cancel() }
        var iterator = inputs.makeAsyncIterator()
        return await iterator.next()
    }

    private final class Delegate: NSObject, URLSessionDataDelegate {
        let inputs: AsyncStream<Input>.Continuation
        init(_ inputs: AsyncStream<Input>.Continuation) { self.inputs = inputs }

        func urlSession(
            _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
            completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
        ) {
            if let head = response as? HTTPURLResponse { inputs.yield(.head(head)) }
            completionHandler(.allow)
        }
        func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
            inputs.yield(.bytes(data))
        }
        func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
            inputs.finish()
        }
    }
}
