import Store

/// The messages that wait for one client, by id. A log is opened with the first message or loss, and is closed when the
/// last of them is gone.
struct Log {
    /// The client.
    let owner: Slot<ClientRecord>
    var messages = Message.InLog()
    var count: UInt32 = 0
    /// The worker whose account has its messages. `.max` if their client was on none.
    var worker: UInt16
    /// The highest id that its present receiver was sent, or was told to be lost. It is kept only if the client
    /// acknowledges. 0 if there is none.
    var handed: UInt64 = 0
    /// The highest lost id that the client has not been told of, or has not acknowledged since. 0 if there is none.
    var lost: UInt64 = 0
}
