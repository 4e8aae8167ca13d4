/// The status codes of our answers, and their reasons (RFC 9110, 15).
package enum HTTPStatus {
    /// The number, the reason, and the end of the line.
    package static func line(_ status: Int) -> StaticString {
        switch status {
        case 200: "200 OK\r\n"
        case 202: "202 Accepted\r\n"
        case 204: "204 No Content\r\n"
        case 304: "304 Not Modified\r\n"
        case 400: "400 Bad Request\r\n"
        case 401: "401 Unauthorized\r\n"
        case 403: "403 Forbidden\r\n"
        case 404: "404 Not Found\r\n"
        case 405: "405 Method Not Allowed\r\n"
        case 408: "408 Request Timeout\r\n"
        case 409: "409 Conflict\r\n"
        case 413: "413 Content Too Large\r\n"
        case 414: "414 URI Too Long\r\n"
        case 415: "415 Unsupported Media Type\r\n"
        case 417: "417 Expectation Failed\r\n"
        case 426: "426 Upgrade Required\r\n"
        case 429: "429 Too Many Requests\r\n"
        case 431: "431 Request Header Fields Too Large\r\n"
        case 501: "501 Not Implemented\r\n"
        case 503: "503 Service Unavailable\r\n"
        case 505: "505 HTTP Version Not Supported\r\n"
        default: preconditionFailure("no status line for \(status)")
        }
    }
    /// The error code in a JSON body for a status that has no better one.
    package static func code(_ status: Int) -> StaticString {
        switch status {
        case 400: "bad_request"
        case 401: "unauthorized"
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 408: "timeout"
        case 413: "too_large"
        case 414: "target_too_long"
        case 417: "expectation_failed"
        case 431: "head_too_large"
        case 501: "not_implemented"
        case 503: "unavailable"
        case 505: "version_not_supported"
        default: "error"
        }
    }
}
