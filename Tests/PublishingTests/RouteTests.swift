import Foundation
import TestSupport
import Testing
import Wire

@testable import Publishing

/// The table of the requests of apps, and the answers that follow from it.
@Suite struct RouteTests {
    private func ask(_ method: String, _ path: String) -> (status: Int, text: String) {
        let text = App().send("\(method) \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        return (answer(text).status, text)
    }

    @Test func everyRow_isFound_andOtherMethodsAreNamed() {
        for route in Route.all {
            let rows = Route.all.filter { $0.name == route.name }.map(\.method)
            let methods = (rows.contains(.get) ? ["GET", "HEAD"] : []) + (rows.contains(.post) ? ["POST"] : [])
            let path = "\(route.path)" + ("\(route.rest)".isEmpty ? "" : "c1")
            for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] {
                let got = ask(method, path)
                #expect((got.status == 405) == !methods.contains(method), "\(method) \(path): \(got)")
                let allow = "\r\nAllow: \(methods.joined(separator: ", "))\r\n"
                #expect(got.text.contains(allow) == (got.status == 405), "\(got)")
            }
        }
    }
    @Test func anotherPath_isToldWhatThereIs() {
        let names =
            "there are /publish, /subscribe, /unsubscribe, /disconnect, /clients, /clients/ID, /channels, "
            + "/channels/NAME, /cursor, /events, /apps, /nodes and /stats"
        for path in ["/", "/clients/", "/publish/", "/app", "/statsx"] {
            let got = answer(ask("GET", path).text)
            #expect(got.status == 404)
            #expect(
                got.body
                    == #"{"error":{"code":"not_found","message":"\#(names)"}}"#
            )
        }
    }
    @Test func theManual_hasEveryRow() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/protocol.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let section = lines.filter { $0.hasPrefix("    GET /") || $0.hasPrefix("    POST /") }
        let rows = section.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        for route in Route.all {
            #expect(rows.contains((route.method == .get ? "GET " : "POST ") + route.name))
        }
    }
}
