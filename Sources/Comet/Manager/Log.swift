import Store

/// The messages that wait in one log, by id. A log is opened with its first message or loss, and is closed when the
/// last of them is gone.
struct Log {
    /// Whose log it is: a client's own, or a channel's (users and everyone are channels, too).
    enum Owner: Equatable {
        case client(Slot<ClientRecord>)
        case channel(Slot<Channel>)
    }
    let owner: Owner
    /// How many of a client's messages were written to a receiver that stays (`writtenUpTo`).
    var writtenCount: UInt16 = 0
    var messages = Message.InLog()
    var count: UInt32 = 0
    /// How many of them have a name of `latest`.
    var latestCount: UInt16 = 0
    /// Clients: the worker whose account has its messages. `.max` if their client was on none.
    var worker: UInt16 = .max
    /// The highest id that was lost here. A client's own log forgets it when the client was told of it. 0 if there is
    /// none.
    var lost: UInt64 = 0
    /// The record of `lost` in the arena.
    var lossRecord = Arena.Ref.none
    /// The bytes of the JSON of those that have a name of `latest`.
    var latestBytes: UInt32 = 0
    /// Clients: the messages up to this id were written to a receiver that stays, and are not acknowledged yet. They
    /// have a bound of their own (`Logs+Written.swift`). 0 if the client's receiver does not stay.
    var writtenUpTo: UInt64 = 0
    /// The last of these messages, and the bytes of their JSON. Their number is `writtenCount`.
    var lastWritten = Slot<Message>.none
    var writtenBytes: UInt32 = 0

    var client: Slot<ClientRecord>? { if case .client(let client) = owner { client } else { nil } }
    var channel: Slot<Channel>? { if case .channel(let channel) = owner { channel } else { nil } }
}
