import Store

/// A log that several clients read: a channel's, a user's, or everyone's. It is there as long as it has subscribers,
/// messages, or the mark of a loss that a user's next client is to be told.
struct Channel {
    let kind: LogName.Kind
    let name: ByteStore.Handle
    var log = Slot<Log>.none
    /// Those who read it. Everyone's log has none: all clients read it.
    var subscriptions = SlotList<Subscription.InChannel>()
    var count: UInt32 = 0
    /// How many of them are connected.
    var connected: UInt32 = 0
    /// The id of the newest message that it ever got.
    var newest: UInt64 = 0
    /// Users: the highest id that one of the user's clients has. A new client of the user begins after it.
    var position: UInt64 = 0
    /// Users: the record of `position` in the arena.
    var record = Arena.Ref.none
    /// A fan-out under way: the subscription that it visits next, and how many it still visits. Everyone: pages of
    /// clients.
    var next = Slot<Subscription>.none
    var left: UInt32 = 0
    /// Its neighbours in the list of users whom only the mark of a loss keeps, and the time when that ends.
    var neighbours = Neighbours<Channel>()
    var deadline: UInt32 = 0
    var isLost = false
    /// It tells who came and left.
    var hasPresence = false

    enum ByLoss: ListField {
        static func neighbours(_ record: UnsafeMutablePointer<Channel>) -> UnsafeMutablePointer<Neighbours<Channel>> {
            withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 }
        }
    }
}

/// That a client reads a channel, and from where on.
struct Subscription {
    let client: Slot<ClientRecord>
    let channel: Slot<Channel>
    /// Messages up to this id are not for the client.
    let from: UInt64
    var inChannel = Neighbours<Subscription>()
    var inClient = Neighbours<Subscription>()
    /// Its record in the arena, whose word is the client's position. `none` for users.
    var record = Arena.Ref.none
    /// The client's token brought it, and the app has not asked for it.
    var isGranted = false
    /// The mark of such a subscription in its record's flags.
    static let grantedFlag: UInt8 = 1

    enum InChannel: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<Subscription>)
            -> UnsafeMutablePointer<Neighbours<Subscription>>
        { withUnsafeMutablePointer(to: &record.pointee.inChannel) { $0 } }
    }
    enum InClient: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<Subscription>)
            -> UnsafeMutablePointer<Neighbours<Subscription>>
        { withUnsafeMutablePointer(to: &record.pointee.inClient) { $0 } }
    }
}
