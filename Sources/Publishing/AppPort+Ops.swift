import Base
import Comet
import Wire

// What both forms do: an item of a document is carried out, and has an outcome.
extension AppPort {
    mutating func take(_ item: AppDocument.Item, _ call: AppCall, _ switchboard: inout Switchboard) -> Outcome {
        let session = call.session
        if isClustered {
            switchboard.beginPart(partIds)
            partIds += item.mostIds
        }
        switch item {
        case .publish(let client, let json, let timeToLive):
            count(json, session)
            switchboard.publisher = session.number
            switch switchboard.publish(client: client, json: json, timeToLive: timeToLive, now: call.now) {
            case .sent(let id): return .sent(id)
            case .queued(let id): return .queued(id)
            case let other: return outcome(other, session)
            }
        case .publishTo(let target, let json, var options):
            count(json, session)
            options.once = options.once.map { scoped($0, call) }
            // Its app waits at another machine. It has a receipt all the same.
            if call.isForeign, options.isAwaited { (options.isAwaited, options.receipt) = (false, true) }
            switchboard.publisher = session.number
            return outcome(switchboard.publish(target, json: json, options, now: call.now), session)
        case .subscribe(let clients, let channels, let history):
            return subscribe(clients, channels, history, call, &switchboard)
        case .unsubscribe(let clients, let channels):
            session.hasAsked = true
            let left = switchboard.unsubscribe(clients: clients.names, channels: channels, now: call.now)
            return .unsubscribed(left, cursor: switchboard.cursor)
        case .disconnectClient(let client, let revoking):
            return disconnect(.client(client), revoking, call, &switchboard)
        case .disconnectUser(let user, let revoking): return disconnect(.user(user), revoking, call, &switchboard)
        case .events(let request): return stream(request, call, switchboard)
        case .seen(let reader, let cursor):
            guard switchboard.setReader(reader, cursor) else { return refused(.readersFull, session) }
            return .seen(cursor)
        case .follow(let client, let contents): return follow(client, contents: contents, call, &switchboard)
        case .hello: return .wrong(reject(.noClient, session))
        case .wrong(let error): return .wrong(reject(error, session))
        }
    }
    /// Two apps may use the same name of `once`, so the name of the app's key goes before it, between bytes that are in
    /// no UTF-8. The key that stands alone has no such mark, so a name that was used with it means the same when more
    /// keys come.
    private mutating func scoped(_ once: UnsafeRawBufferPointer, _ call: AppCall) -> UnsafeRawBufferPointer {
        onceName.clear()
        onceName.append(0xFF)
        if let scope = call.scope {
            onceName.append(scope)
        } else {
            onceName.append(string: keys.scope(call.session.key))
        }
        guard onceName.count > 1 else { return once }
        onceName.append(0xFF)
        onceName.append(once)
        return onceName.bytes
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

    private mutating func disconnect(
        _ who: Disconnected, _ revoking: AppDocument.Revoking, _ call: AppCall, _ switchboard: inout Switchboard
    ) -> Outcome {
        call.session.hasAsked = true
        let wall = switchboard.wallSeconds
        let moment: UInt64
        switch revoking {
        case .nothing: return .disconnected(switchboard.disconnect(who, now: call.now))
        case .untilNow: moment = wall
        case .until(let second): moment = second
        }
        guard takesTokens else { return .wrong(reject(.noTokens, call.session)) }
        guard moment <= wall + Limits.revokeAheadSeconds else { return .wrong(reject(.badRevoke, call.session)) }
        do throws(RevokeError) {
            return .disconnected(try switchboard.revoke(who, upTo: UInt32(clamping: moment), now: call.now))
        } catch {
            switch error {
            case .full: return refused(.revocationsFull, call.session)
            case .journalFull: return refused(.journalFull, call.session)
            }
        }
    }

    func outcome(_ publication: Publication, _ session: AppSession, again: Bool = false) -> Outcome {
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
    func refused(_ error: PublishError, _ session: AppSession) -> Outcome {
        note(.request(error), session)
        return .wrong(error)
    }
}

extension AppDocument.Item {
    /// The right that it needs. `nil` for what asks for nothing.
    var right: AppRights? {
        switch self {
        case .publish, .publishTo: .publish
        case .subscribe, .unsubscribe: .subscribe
        case .disconnectClient, .disconnectUser: .disconnect
        case .events, .seen, .follow: .events
        case .hello, .wrong: nil
        }
    }
}
