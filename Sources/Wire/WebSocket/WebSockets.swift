package import Base

package struct WebSocketReader {
    package init() {}
    package enum Event {
        case text(UnsafeRawBufferPointer), ping(UnsafeRawBufferPointer), pong, close(UInt16?), failed(WebSocketClose)
    }
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event? { nil }
    package var isIdle: Bool { true }
    package mutating func reset() {}
}
package enum WebSocketClose: UInt16 {
    case goingAway = 1001, violation = 1008, replaced = 4001, disconnected = 4002, token = 4003, client = 4004, full =
        4013, unheard = 4201
}
package enum WebSocketFrames {
    package static func open(to out: inout Buffer) -> Int { 0 }
    package static func finish(_ mark: Int, in out: inout Buffer) {}
    package static func ping(to out: inout Buffer) {}
    package static func pong(_ payload: UnsafeRawBufferPointer, to out: inout Buffer) {}
    package static func close(_ code: UInt16?, to out: inout Buffer) {}
}
package enum WebSocketHandshake {
    package enum Outcome {
        case accepted(key: UnsafeRawBufferPointer, offersProtocol: Bool), noUpgrade, badVersion, badKey
    }
    package static func check(_ request: HTTPRequest) -> Outcome { .noUpgrade }
    package static func accept(key: UnsafeRawBufferPointer, offersProtocol: Bool, to out: inout Buffer) {}
}
