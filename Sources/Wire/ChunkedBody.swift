package import Base

/// The body of a request that is sent in chunks (RFC 9112, 7.1), put together as it comes:
///
///     size --its line--> data --its last byte--> end of data --CRLF--> size, and so on
///     size --a size of 0--> trailers --an empty line--> done
///
/// Chunk extensions and trailers are skipped, up to a bound, since nobody here needs them. Everything else is read
/// strictly, as in `HTTPRequest`: requests are smuggled where two programs disagree about the end of a body.
package struct ChunkedBody: ~Copyable {
    private enum Part: Equatable {
        case size
        case data(left: Int)
        case dataEnd
        case trailers
    }

    /// The bytes of the body so far, without chunk sizes and extensions.
    package var content = Buffer()
    private var part = Part.size
    /// Bytes of extensions and trailers that may still come.
    private var extraLeft = Limits.chunkExtraBytes

    package init() {}

    /// The result has the number of bytes that were used. Give the rest again when more has come.
    package enum Taken: Equatable {
        case incomplete(Int)
        /// The body is whole. The bytes that follow are the next request.
        case whole(Int)
        /// 400, 413 or 431. Answer and close, since it is not known where the next request begins.
        case refused(HTTPRefusal)
    }

    /// Takes the bytes of the body from `input`. The content may have `most` bytes; a larger one is refused as soon as
    /// it is announced.
    package mutating func take(_ input: UnsafeRawBufferPointer, most: Int) -> Taken {
        var at = 0
        while true {
            let step: Step
            switch part {
            case .size: step = size(input, at, most)
            case .data(let left):
                let count = min(left, input.count - at)
                content.append(input.part(at, count))
                part = count == left ? .dataEnd : .data(left: left - count)
                step = count > 0 ? .used(to: at + count) : .incomplete
            case .dataEnd:
                step = lineEnd(input, at, or: "the data of a chunk does not end in CRLF")
                if case .used = step { part = .size }
            case .trailers: step = trailer(input, at)
            }
            switch step {
            case .incomplete: return .incomplete(at)
            case .used(let end): at = end
            case .whole(let end): return .whole(end)
            case .refused(let status, let message): return .refused(HTTPRefusal(status, message))
            }
        }
    }

    private enum Step {
        case incomplete
        case used(to: Int)
        case whole(Int)
        case refused(Int, String)
    }

    private func lineEnd(_ input: UnsafeRawBufferPointer, _ at: Int, or message: String) -> Step {
        guard at < input.count else { return .incomplete }
        guard input[at] == 13 else { return .refused(400, message) }
        guard at + 1 < input.count else { return .incomplete }
        return input[at + 1] == 10 ? .used(to: at + 2) : .refused(400, message)
    }

    /// The most digits of a size: it stays below 2^60. A longer size is refused.
    private static let sizeDigits = 15

    /// `chunk-size [ chunk-ext ] CRLF`
    private mutating func size(_ input: UnsafeRawBufferPointer, _ start: Int, _ most: Int) -> Step {
        var at = start
        var size = 0
        while at < input.count, let digit = hexDigit(input[at]) {
            guard at - start < Self.sizeDigits else {
                return .refused(400, "a chunk's size has more than \(Self.sizeDigits) digits")
            }
            size = size << 4 | Int(digit)
            at += 1
        }
        guard at < input.count else { return .incomplete }
        guard at > start else { return .refused(400, "a chunk has no size") }
        if input[at] == 59 || input[at] == 32 || input[at] == 9 {
            let end = endOfText(input, from: at)
            guard end - at <= extraLeft else { return tooMuch }
            guard end < input.count else { return .incomplete }
            // Spaces may stand before an extension and nowhere else (RFC 9112, 7.1.1).
            let first = input.part(at, end - at).first { $0 != 32 && $0 != 9 }
            guard first == 59 else { return .refused(400, Self.noLineMessage) }
            let step = lineEnd(input, end, or: Self.noLineMessage)
            guard case .used(let next) = step else { return step }
            extraLeft -= end - at
            return begin(size, most, next)
        }
        let step = lineEnd(input, at, or: Self.noLineMessage)
        guard case .used(let next) = step else { return step }
        return begin(size, most, next)
    }
    private static let noLineMessage = "the line of a chunk's size is none"
    private var tooMuch: Step { .refused(431, "chunk extensions and trailers over \(Limits.chunkExtraBytes) bytes") }

    private mutating func begin(_ size: Int, _ most: Int, _ at: Int) -> Step {
        guard size <= most - content.count else { return .refused(413, "the body is too large: send smaller batches") }
        part = size == 0 ? .trailers : .data(left: size)
        return .used(to: at)
    }

    /// A header line that is skipped, or the empty line at the end.
    private mutating func trailer(_ input: UnsafeRawBufferPointer, _ start: Int) -> Step {
        guard start < input.count else { return .incomplete }
        if input[start] == 13 {
            let step = lineEnd(input, start, or: "bare CR in the trailers")
            if case .used(let end) = step { return .whole(end) }
            return step
        }
        let colon = endOfToken(input, from: start)
        guard colon - start <= extraLeft else { return tooMuch }
        guard colon < input.count else { return .incomplete }
        guard input[colon] == 58, colon > start else { return .refused(400, "a trailer has no name") }
        let end = endOfText(input, from: colon)
        guard end - start <= extraLeft else { return tooMuch }
        let step = lineEnd(input, end, or: "a trailer does not end in CRLF")
        if case .used = step { extraLeft -= end - start }
        return step
    }
}
