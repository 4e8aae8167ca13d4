package import Base

// The answers of the app port about channels (docs/protocol.txt, 4), as in AppAnswers.swift.

/// GET /channels: those with the most subscribers, the largest first.
package struct ChannelsAnswer: Codable, Equatable {
    package struct Row: Codable, Equatable, Sendable {
        package var channel: String
        package var subscribers: Double
        package var connected: Double
        /// Messages that are kept, and the bytes of their JSON.
        package var messages: Double
        package var bytes: Double

        package init(channel: String, subscribers: Double, connected: Double, messages: Double, bytes: Double) {
            self.channel = channel
            self.subscribers = subscribers
            self.connected = connected
            self.messages = messages
            self.bytes = bytes
        }
        enum CodingKeys: String, CodingKey { case channel, subscribers, connected, messages, bytes }
    }
    package var channels: [Row]
    /// All channels, and all subscriptions to them.
    package var count: Double
    package var subscriptions: Double

    package init(channels: [Row], count: Double, subscriptions: Double) {
        self.channels = channels
        self.count = count
        self.subscriptions = subscriptions
    }
    enum CodingKeys: String, CodingKey { case channels, count, subscriptions }

    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.channels, channels, to: &out) { row, out in
            var object = JSONObject<Row.CodingKeys>(to: &out)
            object.add(.channel, row.channel, to: &out)
            object.add(.subscribers, row.subscribers, to: &out)
            object.add(.connected, row.connected, to: &out)
            object.add(.messages, row.messages, to: &out)
            object.add(.bytes, row.bytes, to: &out)
            object.end(to: &out)
        }
        object.add(.count, count, to: &out)
        object.add(.subscriptions, subscriptions, to: &out)
        object.end(to: &out)
    }
}

/// GET /channels/NAME. It is only written: its messages are any JSON.
package struct ChannelAnswer {
    package struct Client {
        package var client: String
        package var connected: Bool
        package init(client: String, connected: Bool) {
            self.client = client
            self.connected = connected
        }
        enum CodingKeys: String, CodingKey { case client, connected }
    }
    package struct Message {
        package var id: UInt64
        package var json: UnsafeRawBufferPointer
        package init(id: UInt64, json: UnsafeRawBufferPointer) {
            self.id = id
            self.json = json
        }
    }
    package var channel: String
    package var subscribers: Double
    package var connected: Double
    package var users: Double
    package var clients: [Client]
    /// Subscribers that have no row here.
    package var more: Double
    /// The newest messages, the oldest first.
    package var messages: [Message]
    /// The highest id that was given out, to any client.
    package var cursor: Double
    /// All messages that are kept, the bytes of their JSON, and the age of the oldest. `nil` if none is kept.
    package var kept: Double
    package var bytes: Double
    package var oldestSeconds: Double?

    package init(
        channel: String, subscribers: Double, connected: Double, users: Double, clients: [Client], more: Double,
        messages: [Message], cursor: Double, kept: Double, bytes: Double, oldestSeconds: Double?
    ) {
        self.channel = channel
        self.subscribers = subscribers
        self.connected = connected
        self.users = users
        self.clients = clients
        self.more = more
        self.messages = messages
        self.cursor = cursor
        self.kept = kept
        self.bytes = bytes
        self.oldestSeconds = oldestSeconds
    }
    enum CodingKeys: String, CodingKey {
        case channel, subscribers, connected, users, clients, more, messages, cursor, kept, bytes
        case oldestSeconds = "oldest_seconds"
    }

    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.channel, channel, to: &out)
        object.add(.subscribers, subscribers, to: &out)
        object.add(.connected, connected, to: &out)
        object.add(.users, users, to: &out)
        object.add(.clients, clients, to: &out) { client, out in
            var object = JSONObject<Client.CodingKeys>(to: &out)
            object.add(.client, client.client, to: &out)
            object.add(.connected, client.connected, to: &out)
            object.end(to: &out)
        }
        object.add(.more, more, to: &out)
        object.add(.messages, messages, to: &out) { message, out in
            out.append("{\"id\":")
            out.append(decimal: message.id)
            out.append(",\"data\":")
            out.append(message.json)
            out.append("}")
        }
        object.add(.cursor, cursor, to: &out)
        object.add(.kept, kept, to: &out)
        object.add(.bytes, bytes, to: &out)
        object.add(.oldestSeconds, oldestSeconds, to: &out)
        object.end(to: &out)
    }
}

/// The members of GET /channels/NAME that a reader takes: all but the messages.
package struct ChannelFacts: Codable, Equatable, Sendable {
    package struct Client: Codable, Equatable, Sendable {
        package var client: String
        package var connected: Bool
    }
    package var channel: String
    package var subscribers: Double
    package var connected: Double
    package var users: Double
    package var clients: [Client]
    package var kept: Double?
    package var bytes: Double?
    package var oldestSeconds: Double?
    enum CodingKeys: String, CodingKey {
        case channel, subscribers, connected, users, clients, kept, bytes
        case oldestSeconds = "oldest_seconds"
    }
}
