/// The target of a publish. The ids and names are valid (`wrongClientId`), and point into the app's bytes.
package enum Target {
    case client(UnsafeRawBufferPointer)
    /// Up to `Limits.publishClients`. A client that is named twice gets the message once.
    case clients([UnsafeRawBufferPointer])
    case user(UnsafeRawBufferPointer)
    case channel(UnsafeRawBufferPointer)
    /// Up to `Limits.publishChannels`.
    case channels([UnsafeRawBufferPointer])
    case everyone
}

/// How a publish is kept and given out.
package struct PublishOptions {
    /// Milliseconds. `nil` stands for the setting.
    package var timeToLive: UInt32?
    /// This client does not get it.
    package var except: UnsafeRawBufferPointer?
    /// Only the newest message of this name is kept in a log: 1 to `Limits.latestBytes` bytes.
    package var latest: UnsafeRawBufferPointer?
    /// False: only for those who are connected now.
    package var keeps = true
    /// The app is told what becomes of it. Only what is kept has a receipt.
    package var receipt = false
    /// The app waits for its end. It has a receipt, too.
    package var isAwaited = false
    /// The app's own name for this publish, 1 to `Limits.onceBytes` bytes. The same name gives the first outcome again.
    package var once: UnsafeRawBufferPointer?

    package init() {}
}

/// The outcome of a publish.
package enum Publication: Equatable {
    /// To one client: it was handed to the worker that holds the client's receiver.
    case sent(UInt64)
    /// To one client: it is kept.
    case queued(UInt64)
    /// To several clients: how many of them are connected, and how many are away and find it when they come.
    case several(UInt64, sent: Int, waiting: Int)
    /// To several: nobody reads it. Nothing was kept.
    case nobody
    /// The queue's bounds are reached.
    case full
    /// The memory or the disk of the journal is full.
    case journalFull
    /// The channel has `Limits.latestNames` names already.
    case latestFull
    /// The name of `once` was used for another target or message.
    case otherOnce
    /// A publish with this name of `once` was made before: its outcome.
    indirect case again(Publication)
}

/// Why a subscription was refused.
package enum SubscribeError: Error, Equatable {
    /// The client, by its place in the request, would have more than `channels.max_per_client`.
    case tooManyChannels(client: Int)
    case journalFull
}

/// The manager's knowledge of a channel, for an app or an operator.
package struct ChannelLook {
    package struct Client {
        package var client: String
        package var connected: Bool
    }
    package struct Message {
        package var id: UInt64
        package var json: UnsafeRawBufferPointer
    }
    package var subscribers = 0
    package var connected = 0
    /// Users of the subscribers, each once.
    package var users = 0
    package var clients: [Client] = []
    /// The newest messages that are kept, the oldest first. They are valid until the switchboard is changed.
    package var messages: [Message] = []
    /// Messages kept, and the bytes of their JSON.
    package var kept = 0
    package var bytes = 0
    /// The age of the oldest of them. `nil` if there is none, and in looks at several channels.
    package var oldestSeconds: Int?
    package init() {}
}
