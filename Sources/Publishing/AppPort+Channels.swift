import Base
import Comet
import Wire

// The answers about channels, and the cursor.
extension AppPort {
    /// Answers GET /channels.
    mutating func writeChannels(_ call: HTTPCall, _ switchboard: borrowing Switchboard) throws(PublishError) -> Int {
        let rows = switchboard.channels(try AppPort.most(call.request.query)).map { name, look in
            ChannelsAnswer.Row(
                channel: name, subscribers: Double(look.subscribers), connected: Double(look.connected),
                messages: Double(look.kept), bytes: Double(look.bytes))
        }
        ChannelsAnswer(
            channels: rows, count: Double(switchboard.channelCount),
            subscriptions: Double(switchboard.subscriptionCount)
        ).write(to: &body)
        return 200
    }

    /// Answers GET /channels/NAME. A channel that nobody subscribes to is an empty one: it needs not be made.
    mutating func writeChannel(_ call: HTTPCall, _ switchboard: borrowing Switchboard) throws(PublishError) -> Int {
        let most = try AppPort.most(call.request.query)
        let history = try AppPort.number(
            "history", in: call.request.query, 0...Limits.historyMessages, otherwise: 0, .badHistory)
        let path = call.request.path
        let answer = try name(in: path, behind: "/channels/", .brokenChannel) { name throws(PublishError) in
            if let fault = fault(ofName: name) {
                throw PublishError(400, "bad_channel", fault, of: "the channel's name")
            }
            let look = switchboard.channel(name, clients: most, history: history, now: call.app.now) ?? ChannelLook()
            return ChannelAnswer(
                channel: String(decoding: name, as: UTF8.self), subscribers: Double(look.subscribers),
                connected: Double(look.connected), users: Double(look.users),
                clients: look.clients.map { .init(client: $0.client, connected: $0.connected) },
                more: Double(look.subscribers - look.clients.count),
                messages: newest(look.messages).map { .init(id: $0.id, json: $0.json) },
                cursor: Double(switchboard.cursor), kept: Double(look.kept), bytes: Double(look.bytes),
                oldestSeconds: look.oldestSeconds.map(Double.init))
        }
        answer.write(to: &body)
        return 200
    }
    /// As many of the newest messages as one answer may have.
    private func newest(_ messages: [ChannelLook.Message]) -> ArraySlice<ChannelLook.Message> {
        var (first, bytes) = (messages.endIndex, 0)
        while first > messages.startIndex {
            bytes += messages[first - 1].json.count + Limits.envelopeBytes
            guard bytes <= Limits.channelAnswerBytes else { break }
            first -= 1
        }
        return messages[first...]
    }

    /// Answers GET /cursor.
    mutating func writeCursor(_ switchboard: borrowing Switchboard) -> Int {
        body.append("{\"cursor\":")
        body.append(decimal: switchboard.cursor)
        body.append("}")
        return 200
    }
}
