import Testing
import Wire

@testable import Comet

/// A text whose bytes stay where they are as long as the test runs.
func kept(_ text: String) -> UnsafeRawBufferPointer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    bytes.copyBytes(from: text.utf8)
    return UnsafeRawBufferPointer(bytes)
}

/// A publish in words, for tests.
enum To {
    case client(String), clients([String]), user(String), channel(String), channels([String]), everyone

    var target: Target {
        switch self {
        case .client(let id): .client(kept(id))
        case .clients(let ids): .clients(ids.map(kept))
        case .user(let name): .user(kept(name))
        case .channel(let name): .channel(kept(name))
        case .channels(let names): .channels(names.map(kept))
        case .everyone: .everyone
        }
    }
}

extension Board {
    @discardableResult
    func publish(
        to target: To, _ json: String, ttl: UInt32? = nil, except: String? = nil, latest: String? = nil,
        keeps: Bool = true, once: String? = nil, receipt: Bool = false, isAwaited: Bool = false
    ) -> Publication {
        var options = PublishOptions()
        options.timeToLive = ttl
        options.except = except.map(kept)
        options.latest = latest.map(kept)
        options.keeps = keeps
        options.once = once.map(kept)
        (options.receipt, options.isAwaited) = (receipt, isAwaited)
        return board.publish(target.target, json: kept(json), options, now: now)
    }
    @discardableResult
    func subscribe(_ clients: String..., to channel: String, history: Int = 0) -> Int {
        do {
            return try board.subscribe(
                clients: clients.map(kept), channels: [kept(channel)], history: history, now: now)
        } catch {
            Issue.record("\(error)")
            return -1
        }
    }
    @discardableResult
    func unsubscribe(_ clients: String..., from channel: String) -> Int {
        board.unsubscribe(clients: clients.map(kept), channels: [kept(channel)], now: now)
    }
    /// The messages of the next answers on a link, each with the tags of those who get it.
    func told(_ link: LinkSlot) -> [String] {
        frames(link).map { sent in
            let who = sent.receivers.isEmpty ? "\(sent.tag)" : sent.receivers.map(String.init).joined(separator: ",")
            let words = [sent.body, sent.gap ? "gap" : "", sent.more ? "more" : ""].filter { !$0.isEmpty }
            return "\(who): " + words.joined(separator: " ")
        }
    }
    /// The client's receiver was answered up to this id, and it polls again.
    func again(_ link: LinkSlot, _ client: String, _ cursor: UInt64, tag: UInt16) {
        poll(link, client, cursor: cursor, tag: tag)
    }
}
