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
    /// Ids are exact in a JavaScript number below this.
    package static let idEnd: UInt64 = 1 << 53
}
