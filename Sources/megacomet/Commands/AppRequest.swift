import ArgumentParser
import Base
import Configuration
import ConfigurationFile
import Glibc
import Reactor

/// A request to the manager on the app port, as apps make it, with a key of the settings that allows it.
struct AppRequest {
    static let patienceSeconds = 30.0
    private let settings: Settings
    let key: String
    var endpoint: Endpoint { Endpoint(settings.app.address, UInt16(settings.app.port)) }

    /// If no key allows it, or none may be read by this user, that is said, and the command ends.
    init(_ config: ConfigurationOption, _ right: AppRights) throws {
        settings = try config.settings()
        guard settings.app.needsKey else {
            key = ""
            return
        }
        guard let key = try config.appKeys(settings).key(with: right) else {
            complain("no key of app.keys may \(right.names.joined(separator: ", "))")
            throw ExitCode(StartFailure.denied)
        }
        self.key = String(decoding: key.secret, as: UTF8.self)
    }

    /// Sends the request. The result is the body of a good answer, as one line that can be printed. If the answer is
    /// bad, this says why and ends the command.
    func send(_ method: String, _ target: String, body: String = "") throws -> String {
        let loop = Loop()
        let client = AppPortClient(
            loop, endpoint, key: key,
            patienceSeconds: AppRequest.patienceSeconds)
        var result: Result<AppPortClient.Reply, AppPortClient.Failure>?
        client.ask(method, target, body: body) {
            result = $0
            loop.stop()
        }
        withExtendedLifetime(client) { if result == nil { loop.run() } }
        switch result {
        case .success(let reply): return try text(of: reply)
        case .failure(.unreachable(let why)): throw unavailable(why, client.endpoint)
        case .failure(.silent), nil: throw unavailable(String(cString: strerror(ETIMEDOUT)), client.endpoint)
        case .failure(.cut), .failure(.tooMuch):
            complain("the manager gave no answer")
            throw ExitCode(StartFailure.temporary)
        }
    }
    func unavailable(_ why: String, _ endpoint: Endpoint) -> ExitCode {
        complain("\(endpoint) (app.port): \(why)")
        return ExitCode(StartFailure.unavailable)
    }
    private func text(of reply: AppPortClient.Reply) throws -> String {
        let text = plainText(reply.body.split(whereSeparator: \.isNewline).joined(separator: "\n"))
        switch reply.status {
        case 200, 202: return text
        case 503, 0:
            complain(reply.status == 0 ? "the manager gave no answer" : text)
            throw ExitCode(StartFailure.temporary)
        case 401:
            complain(text)
            throw ExitCode(StartFailure.denied)
        default:
            complain(text)
            throw ExitCode(65)
        }
    }
}
