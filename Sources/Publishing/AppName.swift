import Base
import Wire

/// The name of an app, for people: it gives nobody a right. The line form has it from `{"app":"NAME"}`, HTTP from the
/// header User-Agent of the connection's first request.
enum AppName {
    /// The most bytes of a name. A longer User-Agent is cut.
    static let mostBytes = 64

    /// The first word of a User-Agent: `python-requests/2.31.0`. Bytes that are no visible ASCII become `?`. `nil` if
    /// there is no word.
    static func firstWord(_ value: UnsafeRawBufferPointer?) -> String? {
        guard let value else { return nil }
        let word = value.prefix { $0 != 32 && $0 != 9 }.prefix(mostBytes)
        guard !word.isEmpty else { return nil }
        return String(decoding: word.map { (33...126).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}

/// The last thing that was refused to an app, and when: milliseconds of the manager's clock.
struct AppRefusal {
    enum What {
        case request(PublishError)
        /// It was no HTTP that is taken.
        case http(HTTPRefusal)
        /// There is no such path (404), or it has other methods (405).
        case path(Int)
    }
    let what: What
    let time: UInt64

    var code: String {
        switch what {
        case .request(let error): error.code.description
        case .http(let refusal): "http_\(refusal.status)"
        case .path(let status): status == 404 ? "not_found" : PublishError.otherMethod.code.description
        }
    }
    var message: String {
        switch what {
        case .request(let error): error.sentence
        case .http(let refusal): refusal.message
        case .path(let status): status == 404 ? "there is no such path" : PublishError.otherMethod.sentence
        }
    }
}
