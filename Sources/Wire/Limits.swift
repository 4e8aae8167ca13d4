/// Every bound that is not a setting, each once, with what happens when it is reached. (Those that an operator may set are in Configuration.)
package enum Limits {
    /// Bytes of a client id, decoded. Longer: 400 `bad_client`, never cut short.
    package static let clientIdBytes = 128
    /// Bytes of a JSONP callback's name. Longer: 400.
    package static let callbackBytes = 64
    /// Bytes of messages in one answer. What is over goes into the next; one message always fits.
    package static let answerBytes = 256 * 1024
    /// Bytes of a frame's body. A frame that says more is malformed, and its link is closed. The largest `queue.max_message`.
    package static let frameBodyBytes = 16 * 1024 * 1024
    /// Bytes that a worker holds for a manager which does not read. More: the link is closed and its clients are announced again on the next.
    package static let linkBytes = 64 * 1024 * 1024
    /// A refused client may take this long to read why, before its connection is closed.
    package static let lingerMilliseconds: UInt32 = 2000
    /// Connections over `workers.max_connections` that are still read, so that they can be told 503 in their own form. More are closed at once.
    package static let overflowConnections = 256
    /// Ids are exact in a JavaScript number below this.
    package static let idEnd: UInt64 = 1 << 53
}
