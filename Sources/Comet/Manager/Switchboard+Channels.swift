import Base
import Store
import Wire

// Channels and users: who reads what.
extension Switchboard {
    package mutating func publish(
        _ target: Target, json: UnsafeRawBufferPointer, _ options: PublishOptions = PublishOptions(), now: UInt64
    ) -> Publication {
        if case .client(let id) = target {
            return publish(client: id, json: json, timeToLive: options.timeToLive, now: now)
        }
        return .nobody
    }

    /// Subscribes each client to each channel. `history` is how many of a channel's kept messages also wait for the
    /// client. All or nothing. The result is the number of subscribers of the last channel.
    package mutating func subscribe(
        clients: [UnsafeRawBufferPointer], channels: [UnsafeRawBufferPointer], history: Int, now: UInt64
    ) throws(SubscribeError) -> Int { 0 }

    /// The result is the number of subscribers of the last channel.
    package mutating func unsubscribe(
        clients: [UnsafeRawBufferPointer], channels: [UnsafeRawBufferPointer], now: UInt64
    ) -> Int { 0 }

    /// Ends the receivers of a client, or of all clients of a user. The result is how many clients were connected.
    package mutating func disconnect(client: UnsafeRawBufferPointer, now: UInt64) -> Int { 0 }
    package mutating func disconnect(user: UnsafeRawBufferPointer, now: UInt64) -> Int { 0 }

    /// A channel, with up to `clients` of its subscribers and up to `history` of its newest messages. `nil` if nobody
    /// subscribes to it and nothing is kept.
    package func channel(
        _ name: UnsafeRawBufferPointer, clients: Int, history: Int, now: UInt64
    ) -> ChannelLook? { nil }
    /// The channels with the most subscribers, the largest first. Their looks have no clients and no messages.
    package func channels(_ most: Int) -> [(name: String, look: ChannelLook)] { [] }
    /// Channels, and subscriptions to them.
    package var channelCount: Int { 0 }
    package var subscriptionCount: Int { 0 }
    /// The highest id given out. A page that is rendered from a database now goes on after it.
    package var cursor: UInt64 { 0 }
    /// The names of the channels that a client subscribes to.
    package func channels(of client: UnsafeRawBufferPointer) -> [String] { [] }
}
