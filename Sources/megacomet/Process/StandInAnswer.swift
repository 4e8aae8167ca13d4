import Base
import Wire

/// A stand-in's answer to a connection, by the bytes that came first.
///
/// A browser's EventSource that is refused by status stops for good. So it is told to come back later, in its own form,
/// as a worker that is full tells it. A proxy in front (it says X-Forwarded-For) is refused: it tries another worker.
struct StandInAnswer {
    /// The settings `workers.origins`. `nil` for the manager's port, which has no event streams.
    let origins: [String]?
    /// Milliseconds after which an event stream should come back.
    let retry: Int

    enum Choice: Equatable {
        /// More must come before it is known.
        case wait
        /// Lines of JSON on the app port, or a TLS handshake, are no requests of HTTP. They would not understand an
        /// answer.
        case nothing
        case unavailable
        /// An event stream, whole.
        case later([UInt8])
    }

    /// `input` has at least a byte.
    func choose(_ input: UnsafeRawBufferPointer) -> Choice {
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(input[0]) else { return .nothing }
        guard let origins, mayBeStream(input) else { return .unavailable }
        switch HTTPRequest.parse(input, limit: Self.headBytes) {
        case .incomplete: return .wait
        case .refused: return .unavailable
        case .request(let request):
            guard request.method == .get, request.values(of: "x-forwarded-for").isEmpty,
                let cors = cors(request.origin, origins),
                case .poll(let poll) = PollRequest.parse(request, scratch: PollRequest.Scratch()),
                poll.transport == .events
            else { return .unavailable }
            let style = Answer.Style(.events, minorVersion: request.minorVersion, keepAlive: false, cors: cors)
            var out = Buffer()
            Answer.eventsHead(style, to: &out)
            Answer(style, callback: .init(start: nil, count: 0), to: &out)
                .finish(cursor: poll.cursor ?? 0, retry: retry, to: &out)
            Answer.eventsEnd(style, to: &out)
            return .later(Array(out.bytes))
        }
    }
    /// The most bytes of a head, without its cookies: a longer one is no event stream's.
    private static let headBytes = 8192

    /// Whether the first line, as far as it came, can be that of an event stream.
    private func mayBeStream(_ input: UnsafeRawBufferPointer) -> Bool {
        let method: StaticString = "GET "
        let line = input.part(0, position(of: 13, or: 10, in: input, from: 0))
        guard line.count >= 4 else { return line.count == input.count && isStart(line, of: method) }
        guard matches(line.part(0, 4), method) else { return false }
        let target = line.part(4, line.count - 4)
        let path = target.part(0, min(position(of: 32, in: target), position(of: 63, in: target)))
        if path.count == target.count { return line.count == input.count }  // the path goes on
        let ending: StaticString = ".events"
        return path.count > 7 && matches(path.part(path.count - 7, 7), ending)
    }
    private func isStart(_ bytes: UnsafeRawBufferPointer, of text: StaticString) -> Bool {
        bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: bytes.count))
    }
    /// The origin that may read the answer, as a worker has it. `nil`: the origin may not poll.
    private func cors(_ origin: UnsafeRawBufferPointer?, _ origins: [String]) -> Answer.CORS? {
        if origins.contains("*") { return .anyone }
        guard let origin else { return Answer.CORS.none }
        return origins.first { origin.elementsEqual($0.utf8) }.map { .origin($0) }
    }
}
