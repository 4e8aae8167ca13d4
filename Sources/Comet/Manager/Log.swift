import Store

/// What waits for one client, by id. A log is opened with the first message or loss, and closed when the last is gone.
struct Log {
    /// Whose it is.
    let owner: Slot<ClientRecord>
    var messages = Message.InLog()
    var count: UInt32 = 0
    /// The worker in whose account its messages stand; `.max`: their client was on none.
    var worker: UInt16
    /// Of a client that acknowledges: the highest id that the receiver which it has now was sent, or was told to be
    /// lost; 0: none.
    var handed: UInt64 = 0
    /// The highest id that was lost to it and that it has not been told of, or not acknowledged since; 0: none.
    var lost: UInt64 = 0
}
