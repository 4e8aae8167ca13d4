import Base

/// How a receiver's messages look on the wire: the fields of the head that say what the content is, the content's
/// beginning, each message, and the end. A transport only encodes; what is sent, when and to whom is decided elsewhere.
package enum Transport: UInt8, Equatable, Sendable {
    /// An envelope in JSON.
    case json = 0
    /// A call of the callback with that envelope.
    case jsonp = 1
    /// The seed's: one message's text, no envelope.
    case bare = 2

    /// It has room for one message in an answer, and for no news beside it.
    package var isSingle: Bool { self == .bare }

    /// Its receiver is there still after an answer. A long poll is over with the first one.
    package var stays: Bool {
        switch self {
        case .json, .jsonp, .bare: false
        }
    }

    @inline(__always) func fields(_ cors: Answer.CORS, to out: inout Buffer) {
        switch self {
        case .json: out.append("Content-Type: application/json; charset=utf-8\r\n")
        case .jsonp:
            // `nosniff` and `attachment`: the bytes are a script for a script tag and nothing else (CVE-2014-4671).
            out.append("Content-Type: text/javascript; charset=utf-8\r\n")
            out.append("Content-Disposition: attachment; filename=f.txt\r\n")
            out.append("Cross-Origin-Resource-Policy: cross-origin\r\n")
        case .bare: out.append("Content-Type: text/plain; charset=utf-8\r\n")
        }
        out.append("X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n")
        if self != .jsonp { Answer.cors(cors, to: &out) }  // a script tag asks for no permission
    }

    @inline(__always) func begin(callback: UnsafeRawBufferPointer, to out: inout Buffer) {
        guard self != .bare else { return }
        if self == .jsonp {
            out.append("/**/")
            out.append(callback)
            out.append(UInt8(ascii: "("))
        }
        out.append("{\"messages\":[")
    }

    /// A message: its id, and its JSON as it was validated.
    @inline(__always) func message(id: UInt64, json: UnsafeRawBufferPointer, isFirst: Bool, to out: inout Buffer) {
        guard self != .bare else { return appendText(ofJSON: json, to: &out) }
        if !isFirst { out.append(UInt8(ascii: ",")) }
        out.append("{\"id\":")
        out.append(decimal: id)
        out.append(",\"data\":")
        if self == .jsonp { appendForScript(json, to: &out) } else { out.append(json) }
        out.append(UInt8(ascii: "}"))
    }

    /// `retry`: milliseconds. `pollTimeout`: the milliseconds that polls are held for, told to a page that says hello.
    @inline(__always) func end(
        cursor: UInt64, gap: Bool, retry: Int?, error: (code: StaticString, message: StaticString)?,
        pollTimeout: UInt32?, to out: inout Buffer
    ) {
        guard self != .bare else { return }
        out.append("],\"cursor\":")
        out.append(decimal: cursor)
        if gap { out.append(",\"gap\":true") }
        if let retry {
            out.append(",\"retry\":")
            out.append(decimal: UInt64(retry))
        }
        if let pollTimeout {
            out.append(",\"poll_timeout\":")
            out.append(decimal: UInt64(pollTimeout))
        }
        if let error {
            out.append(",\"error\":")
            Answer.appendError(error.code, error.message, to: &out)
        }
        out.append(self == .jsonp ? "});" : "}")
    }
}
