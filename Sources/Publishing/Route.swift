import Base
import Comet
import Wire

/// The requests of apps over HTTP, with a row for each. The answers 404, 405 and `Allow` follow from the table, and a
/// test compares the manual with it. If there are keys, every request needs one that
/// has the row's right.
struct Route: Sendable {
    enum Method { case get, post }
    /// Writes the content of the answer into the port's `body`, and returns the status. `nil`: the answer is held.
    typealias Handler =
        @Sendable (inout AppPort, HTTPCall, inout Switchboard) throws(PublishError) -> Int?

    /// The method. A row of GET takes HEAD, too.
    let method: Method
    let path: StaticString
    /// What follows the path, by its name in the manual. It is empty if nothing does.
    var rest: StaticString = ""
    /// What the app's key must allow.
    let right: AppRights
    let handler: Handler

    static let all: [Route] = [
        Route(method: .post, path: "/publish", right: .publish) { (port, call, switchboard) throws(PublishError) in
            try port.take(.publish, call, &switchboard)
        },
        Route(method: .post, path: "/subscribe", right: .subscribe) { (port, call, switchboard) throws(PublishError) in
            try port.take(.subscribe, call, &switchboard)
        },
        Route(method: .post, path: "/unsubscribe", right: .subscribe) {
            (port, call, switchboard) throws(PublishError) in
            try port.take(.unsubscribe, call, &switchboard)
        },
        Route(method: .post, path: "/disconnect", right: .disconnect) {
            (port, call, switchboard) throws(PublishError) in
            try port.take(.disconnect, call, &switchboard)
        },
        Route(method: .get, path: "/clients", right: .read) { (port, call, switchboard) throws(PublishError) in
            try port.writeClients(call, switchboard)
        },
        Route(method: .post, path: "/clients", right: .read) { (port, call, switchboard) throws(PublishError) in
            try port.writeListedClients(call, switchboard)
        },
        Route(method: .get, path: "/clients/", rest: "ID", right: .read) {
            (port, call, switchboard) throws(PublishError) in
            try port.writeClient(call, switchboard)
        },
        Route(method: .get, path: "/channels", right: .read) { (port, call, switchboard) throws(PublishError) in
            try port.writeChannels(call, switchboard)
        },
        Route(method: .get, path: "/channels/", rest: "NAME", right: .read) {
            (port, call, switchboard) throws(PublishError) in
            try port.writeChannel(call, switchboard)
        },
        Route(method: .get, path: "/cursor", right: .read) { (port, _, switchboard) in
            port.writeCursor(switchboard)
        },
        Route(method: .get, path: "/events", right: .events) { (port, call, switchboard) throws(PublishError) in
            try port.writeEvents(call, switchboard)
        },
        Route(method: .get, path: "/apps", right: .read) { (port, call, _) throws(PublishError) in
            try port.writeApps(call)
        },
        Route(method: .get, path: "/nodes", right: .read) { (port, call, _) in port.writeNodes(call) },
        Route(method: .get, path: "/stats", right: .read) { (port, _, switchboard) in
            AppPort.writeStats(switchboard, port.counters, to: &port.body)
            return 200
        },
    ]

    /// The name in the manual.
    var name: String { "\(path)\(rest)" }
    /// `/a, /b and /c`
    static let names: String = {
        var names: [String] = []
        for route in all where !names.contains(route.name) { names.append(route.name) }
        return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }()

    enum Found {
        case route(Route)
        /// The path has only other methods.
        case otherMethod(allow: StaticString)
        case unknown
    }
    static func find(_ request: HTTPRequest) -> Found {
        var (gets, posts) = (false, false)
        for route in all where route.isAt(request.path) {
            if route.takes(request.method) { return .route(route) }
            if route.method == .get { gets = true } else { posts = true }
        }
        switch (gets, posts) {
        case (false, false): return .unknown
        case (true, false): return .otherMethod(allow: "Allow: GET, HEAD\r\n")
        case (false, true): return .otherMethod(allow: "Allow: POST\r\n")
        case (true, true): return .otherMethod(allow: "Allow: GET, HEAD, POST\r\n")
        }
    }
    private func isAt(_ path: UnsafeRawBufferPointer) -> Bool {
        guard rest.utf8CodeUnitCount > 0 else { return matches(path, self.path) }
        let count = self.path.utf8CodeUnitCount
        return path.count > count && matches(path.part(0, count), self.path)
    }
    private func takes(_ method: HTTPRequest.Method) -> Bool {
        switch self.method {
        case .get: method == .get || method == .head
        case .post: method == .post
        }
    }
}

/// A whole request, and the app that makes it.
struct HTTPCall {
    let request: HTTPRequest
    let body: UnsafeRawBufferPointer
    let app: AppCall
}
