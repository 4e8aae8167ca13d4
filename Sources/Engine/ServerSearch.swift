import Base
import Glibc
import Reactor

/// Finds out once where the server is: by the settings' own address, or by asking all sentinels at the same time. Names
/// are looked up anew each time.
final class ServerSearch {
    private let loop: Loop
    private let settings: EngineSettings
    private let done: (Result<[ServerPlace], EngineFault>) -> Void
    private var isDone = false
    private var vote: SentinelVote
    private var questions: [SentinelQuestion] = []
    private let resolver: Resolver

    /// `done` is called once, with one place at least. It may be called before `begin` returns.
    init(_ loop: Loop, _ settings: EngineSettings, done: @escaping (Result<[ServerPlace], EngineFault>) -> Void) {
        self.loop = loop
        self.settings = settings
        self.done = done
        vote = SentinelVote(name: settings.sentinelMaster, count: settings.sentinels.count)
        resolver = Resolver(loop)
    }

    func begin() {
        guard settings.sentinels.isEmpty else {
            questions = settings.sentinels.indices.map { place in
                SentinelQuestion(loop, settings.sentinels[place], settings.sentinelMaster) { [unowned self] in
                    answered($0, from: place)
                }
            }
            return questions.forEach { $0.begin() }
        }
        switch settings.redis.place {
        case .unix(let path): end(.success([.unix(path)]))
        case .tcp(let endpoint): lookUp(endpoint)
        }
    }
    private func answered(_ answer: SentinelVote.Answer, from place: Int) {
        guard !isDone, !resolver.isBusy, let result = vote.take(answer, from: place) else { return }
        switch result {
        case .success(let endpoint): lookUp(endpoint)
        case .failure(let fault): end(.failure(fault))
        }
    }
    private func lookUp(_ endpoint: Endpoint) {
        if let ip = endpoint.ip { return end(.success([.tcp(ip, endpoint.port)])) }
        resolver.resolve(endpoint.host) { [unowned self] in
            switch $0 {
            case .success(let ips): end(.success(ips.map { .tcp($0, endpoint.port) }))
            case .failure(let failure): end(.failure(.unreachable("\(endpoint)", reason: failure.reason)))
            }
        }
    }
    private func end(_ result: Result<[ServerPlace], EngineFault>) {
        isDone = true
        done(result)
    }
}

/// Asks one sentinel where the server is.
private final class SentinelQuestion {
    /// A sentinel has nothing else to do.
    private static let patienceSeconds = 2.0

    private let loop: Loop
    private let sentinel: Endpoint
    private let name: String
    private let done: (SentinelVote.Answer) -> Void
    private let resolver: Resolver
    private var connection: RedisConnection?
    private var left: ArraySlice<IPAddress> = []

    init(_ loop: Loop, _ sentinel: Endpoint, _ name: String, done: @escaping (SentinelVote.Answer) -> Void) {
        self.loop = loop
        self.sentinel = sentinel
        self.name = name
        self.done = done
        resolver = Resolver(loop)
    }

    func begin() {
        if let ip = sentinel.ip { return ask([ip]) }
        resolver.resolve(sentinel.host) { [unowned self] in
            switch $0 {
            case .success(let ips): ask(ips[...])
            case .failure(let failure): done(.none("\(failure)"))
            }
        }
    }
    /// Asks at the first of these addresses that answers.
    private func ask(_ ips: ArraySlice<IPAddress>) {
        guard let ip = ips.first else { return }
        left = ips.dropFirst()
        let place = ServerPlace.tcp(ip, sentinel.port)
        let connection = RedisConnection(loop, place, patienceSeconds: SentinelQuestion.patienceSeconds) {
            [unowned self] end in
            if left.isEmpty { done(.none("\(end.fault("\(sentinel)"))")) } else { ask(left) }
        }
        self.connection = connection
        connection.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]) { [unowned self] in answered($0) }
    }
    private func answered(_ reply: Reply) {
        connection?.close()
        if let error = reply.error { return done(.none("\(sentinel): \(plainText(error, most: 200))")) }
        guard reply.count == 2, let host = reply[0].text, let port = reply[1].number.flatMap(UInt16.init(exactly:))
        else { return done(reply.isNil ? .unknown : .none("\(sentinel): an answer that can't be read")) }
        done(.address(Endpoint(host, port)))
    }
}
