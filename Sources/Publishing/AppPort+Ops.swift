import Base
import Comet
import Wire

// What both forms do: an item of a document is carried out, and has an outcome.
extension AppPort {
    mutating func take(_ item: AppDocument.Item, _ call: AppCall, _ switchboard: inout Switchboard) -> Outcome {
        let session = call.session
        switch item {
        case .publish(let client, let json, let timeToLive):
            count(json, session)
            switch switchboard.publish(client: client, json: json, timeToLive: timeToLive, now: call.now) {
            case .sent(let id): return .sent(id)
            case .queued(let id): return .queued(id)
            case let other: return outcome(other, session)
            }
        case .publishTo(let target, let json, let options):
            count(json, session)
            return outcome(switchboard.publish(target, json: json, options, now: call.now), session)
        case .subscribe(let clients, let channels, let history):
            return subscribe(clients, channels, history, call, &switchboard)
        case .unsubscribe(let clients, let channels):
            session.hasAsked = true
            let left = switchboard.unsubscribe(clients: clients.names, channels: channels, now: call.now)
            return .unsubscribed(left, cursor: switchboard.cursor)
        case .disconnectClient(let client):
            session.hasAsked = true
            return .disconnected(switchboard.disconnect(client: client, now: call.now))
        case .disconnectUser(let user):
            session.hasAsked = true
            return .disconnected(switchboard.disconnect(user: user, now: call.now))
        case .key: return .wrong(reject(.noClient, session))
        case .wrong(let error): return .wrong(reject(error, session))
        }
    }
    private func count(_ json: UnsafeRawBufferPointer, _ session: AppSession) {
        session.tally.publishes &+= 1
        session.tally.bytes &+= UInt64(json.count)
    }

    private func subscribe(
        _ clients: AppDocument.NamedList, _ channels: [UnsafeRawBufferPointer], _ history: Int, _ call: AppCall,
        _ switchboard: inout Switchboard
    ) -> Outcome {
        call.session.hasAsked = true
        do throws(SubscribeError) {
            let subscribers = try switchboard.subscribe(
                clients: clients.names, channels: channels, history: history, now: call.now)
            return .subscribed(subscribers, cursor: switchboard.cursor)
        } catch {
            switch error {
            case .journalFull: return refused(.journalFull, call.session)
            case .tooManyChannels(let index):
                let error = PublishError.tooManyChannels(
                    clients.isList ? "clients" : "client", at: clients.isList ? index : nil)
                return refused(error, call.session)
            }
        }
    }

    private func outcome(_ publication: Publication, _ session: AppSession, again: Bool = false) -> Outcome {
        switch publication {
        case .sent(let id): .sent(id, again: again)
        case .queued(let id): .queued(id, again: again)
        case .several(let id, let sent, let waiting): .several(id, sent: sent, waiting: waiting, again: again)
        case .nobody: .nobody(again: again)
        case .full: refused(.queueFull, session)
        case .journalFull: refused(.journalFull, session)
        case .latestFull: refused(.latestFull, session)
        case .otherOnce: refused(.otherOnce, session)
        case .again(let first): outcome(first, session, again: true)
        }
    }
    /// The request was well-formed, so it counts only as an error of its session.
    private func refused(_ error: PublishError, _ session: AppSession) -> Outcome {
        session.tally.errors += 1
        return .wrong(error)
    }
}
