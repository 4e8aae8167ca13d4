import Base
import Comet
import Wire

/// The requests of apps over HTTP, with a row for each. The answers 404, 405 and `Allow` follow from the table, and a
/// test compares the manual with it. If a key is set, every request needs it.
struct Route: Sendable {
    enum Method { case get, post }
    /// Writes the content of the answer into the port's `body`, and returns the status.
    typealias Handler =
        @Sendable (inout AppPort, HTTPCall, inout Switchboard) throws(PublishError) -> Int

    /// The method. A row of GET takes HEAD, too.
    let method: Method
    let path: StaticString
    /// An id follows the path.
    var takesId = false
    let handler: Handler

    static let all: [Route] = [
        Route(method: .post, path: "/publish") { (port, call, switchboard) throws(PublishError) in
            try port.publish(call, &switchboard)
        },
        Route(method: .get, path: "/clients") { (port, call, switchboard) throws(PublishError) in
            try port.writeClients(call, switchboard)
        },
        Route(method: .get, path: "/clients/", takesId: true) { (port, call, switchboard) throws(PublishError) in
            try port.writeClient(call, switchboard)
        },
        Route(method: .get, path: "/apps") { (port, call, _) throws(PublishError) in
            try port.writeApps(call)
        },
        Route(method: .get, path: "/stats") { (port, _, switchboard) in
            AppPort.writeStats(switchboard, port.counters, to: &port.body)
            return 200
        },
    ]

    /// The name in the manual.
    var name: String { "\(path)" + (takesId ? "ID" : "") }
    /// `/a, /b and /c`
    static let names: String = {
        let names = all.map(\.name)
        return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }()

    enum Found {
        case route(Route)
        /// The path has only other methods.
        case otherMethod(allow: StaticString)
        case unknown
    }
    static func find(_ request: HTTPRequest) -> Found {
        var found = Found.unknown
        for route in all where route.isAt(request.path) {
            if route.takes(request.method) { return .route(route) }
            found = .otherMethod(allow: route.allow)
        }
        return found
    }
    private func isAt(_ path: UnsafeRawBufferPointer) -> Bool {
        guard takesId else { return matches(path, self.path) }
        let count = self.path.utf8CodeUnitCount
        return path.count > count && matches(path.part(0, count), self.path)
    }
    private func takes(_ method: HTTPRequest.Method) -> Bool {
        switch self.method {
        case .get: method == .get || method == .head
        case .post: method == .post
        }
    }
    private var allow: StaticString {
        switch method {
        case .get: "Allow: GET, HEAD\r\n"
        case .post: "Allow: POST\r\n"
        }
    }
}

/// A whole request, and the app that makes it.
struct HTTPCall {
    let request: HTTPRequest
    let body: UnsafeRawBufferPointer
    let app: AppCall
}
