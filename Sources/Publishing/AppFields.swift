import Base
import CSimdjson
import Comet
import Wire

/// The fields of one object, read for what it asks. They are valid until the parser's next object. A field that the op
/// has no use for is not looked at.
struct AppFields {
    private let fields: UnsafePointer<mc_json_request>
    private var object: mc_json_request { @inline(__always) get { fields.pointee } }

    init(_ fields: UnsafePointer<mc_json_request>) { self.fields = fields }

    var isObject: Bool { object.is_object != 0 }
    /// The byte of the document at which a name stands for the second time. Two readers could read such an object in
    /// two ways.
    var twice: Int? { object.is_ambiguous != 0 ? object.twice_at : nil }
    /// It has no other fields than a plain publish to one client.
    var isPlain: Bool { object.has_more == 0 }
    /// The key and the app's name in an object that asks for nothing. `nil` if it has neither.
    func hello() throws(PublishError) -> AppDocument.Hello? {
        let asks = object.client.isGiven || object.message.isGiven || object.op.isGiven
        guard !asks, object.key.isRight || object.app.isGiven else { return nil }
        return AppDocument.Hello(
            key: object.key.isRight ? object.key.bytes : nil,
            name: try object.app.text(most: AppName.mostBytes, .badApp))
    }

    /// The op. `path` is that of the request over HTTP, where the object needs to name none.
    func op(_ path: Op?) throws(PublishError) -> Op {
        guard object.op.isGiven else { return path ?? .publish }
        let named = object.op.isRight ? Op(object.op.bytes) : nil
        guard let path else {
            guard let named else { throw .badOp }
            return named
        }
        // Before there were ops, a field of this name was ignored over HTTP. So only another op is a mistake.
        guard named ?? path == path else { throw .otherOp }
        return path
    }

    // MARK: publish

    @inline(__always) func client() throws(PublishError) -> UnsafeRawBufferPointer {
        try object.client.client()
    }
    @inline(__always)
    func message(_ document: UnsafeRawBufferPointer, _ most: Int) throws(PublishError) -> UnsafeRawBufferPointer {
        guard object.message.isGiven else { throw .noMessage }
        guard Int(object.message.count) <= most else { throw .messageTooLarge }
        return document.part(object.message.at, Int(object.message.count))
    }
    /// Milliseconds.
    @inline(__always) func timeToLive() throws(PublishError) -> UInt32? {
        guard object.ttl.isGiven else { return nil }
        guard object.ttl.isRight, object.ttl.number > 0, object.ttl.number <= Limits.ttlSeconds
        else {
            throw .badTimeToLive
        }
        return UInt32((object.ttl.number * 1000).rounded(.up))
    }

    var hasOptions: Bool {
        object.except.isGiven || object.once.isGiven || object.keep.isGiven
            || object.latest.isGiven || object.receipt.isGiven
    }

    func target() throws(PublishError) -> Target {
        // Release 1 ignored every other field beside the client.
        if object.client.isGiven { return .client(try client()) }
        let (everyone, clients, user) = (object.everyone, object.clients, object.user)
        if everyone.isGiven, !everyone.isTrue { throw .badEveryone }
        let given = [clients, user, object.channel, object.channels, everyone].filter(\.isGiven)
        guard given.count < 2 else { throw .twoTargets }
        if everyone.isGiven { return .everyone }
        if clients.isGiven { return .clients(try clients.names(.clients)) }
        if user.isGiven { return .user(try user.user()) }
        if object.channels.isGiven { return .channels(try object.channels.names(.channels)) }
        if object.channel.isGiven {
            return .channel(try object.channel.name("channel", code: "bad_channel"))
        }
        throw .noClient
    }

    func options(timeToLive: UInt32?) throws(PublishError) -> PublishOptions {
        var options = PublishOptions()
        options.timeToLive = timeToLive
        if object.except.isGiven {
            options.except = try object.except.name("except", code: "bad_client")
        }
        options.latest = try object.latest.text(most: Limits.latestBytes, .badLatest)
        options.once = try object.once.text(most: Limits.onceBytes, .badOnce)
        if object.keep.isGiven {
            guard object.keep.isRight else { throw .badKeep }
            options.keeps = object.keep.isTrue
        }
        if object.receipt.isGiven {
            guard object.receipt.isRight else { throw .badReceipt }
            options.receipt = object.receipt.isTrue
        }
        // What is not kept can't be kept for long, as the latest, or until somebody has it.
        if !options.keeps, timeToLive != nil || options.latest != nil || object.receipt.isTrue {
            throw .keepsNothing
        }
        return options
    }

    // MARK: the other ops

    func channels() throws(PublishError) -> [UnsafeRawBufferPointer] {
        try one(object.channel, of: object.channels, "channel", .channels).names
    }
    /// Each of the clients is subscribed to each of the channels, so there is a bound of the pairs.
    func clients(_ channels: [UnsafeRawBufferPointer]) throws(PublishError) -> AppDocument.NamedList {
        let clients = try one(object.client, of: object.clients, "client", .clients)
        guard clients.names.count * channels.count <= Limits.subscribePairs else { throw .tooManyPairs }
        return clients
    }
    private func one(
        _ one: mc_json_field, of several: mc_json_field, _ name: StaticString, _ list: NameList
    ) throws(PublishError) -> AppDocument.NamedList {
        guard !one.isGiven || !several.isGiven else { throw .oneAndSeveral(list.name) }
        if several.isGiven { return AppDocument.NamedList(names: try several.names(list), isList: true) }
        guard one.isGiven else { throw PublishError(400, list.code, "is missing", of: name) }
        return AppDocument.NamedList(names: [try one.name(name, code: list.code)], isList: false)
    }

    func history() throws(PublishError) -> Int {
        guard object.history.isGiven else { return 0 }
        let most = Double(Limits.historyMessages)
        guard object.history.isRight, case let number = object.history.number, number >= 0,
            number <= most,
            number == number.rounded()
        else { throw .badHistory }
        return Int(number)
    }

    func disconnect() throws(PublishError) -> AppDocument.Item {
        let revoking = try revoking()
        guard !object.client.isGiven || !object.user.isGiven else { throw .clientAndUser }
        if object.user.isGiven {
            return .disconnectUser(try object.user.user(), revoking: revoking)
        }
        guard object.client.isGiven else { throw .nobodyToDisconnect }
        return .disconnectClient(try client(), revoking: revoking)
    }
    private func revoking() throws(PublishError) -> AppDocument.Revoking {
        let revoke = object.revoke
        guard revoke.isGiven else { return .nothing }
        guard revoke.isRight else { throw .badRevoke }
        if revoke.count == 1 { return revoke.isTrue ? .untilNow : .nothing }
        guard revoke.number >= 0, revoke.number <= Double(UInt32.max), revoke.number == revoke.number.rounded() else {
            throw .badRevoke
        }
        return revoke.number == 0 ? .nothing : .until(UInt64(revoke.number))
    }

    // MARK: events

    func cursor() throws(PublishError) -> UInt64? {
        guard object.cursor.isGiven else { return nil }
        guard object.cursor.isRight, case let number = object.cursor.number, number >= 0,
            number < Double(Limits.idEnd), number == number.rounded()
        else { throw .badCursor }
        return UInt64(number)
    }
    func events() throws(PublishError) -> EventsRequest {
        var request = EventsRequest()
        request.cursor = try cursor()
        if object.kinds.isGiven {
            guard object.kinds.isRight, object.kinds.count > 0 else { throw .badKinds }
            request.kinds = []
            for one in UnsafeBufferPointer(start: object.kinds.list, count: Int(object.kinds.count)) {
                try request.add(UnsafeRawBufferPointer(start: one.start, count: one.bytes))
            }
        }
        if object.client.isGiven { request.client = Array(try client()) }
        request.reader = try object.reader.text(most: Limits.readerBytes, .badReader).map { Array($0) }
        return request
    }
    func seen() throws(PublishError) -> AppDocument.Item {
        let reader = try object.reader.text(most: Limits.readerBytes, .badReader)
        guard let reader, let cursor = try cursor() else { throw .noReader }
        return .seen(reader, cursor)
    }
    func follow() throws(PublishError) -> AppDocument.Item {
        if object.contents.isGiven, !object.contents.isRight { throw .badContents }
        return .follow(try client(), contents: object.contents.isTrue)
    }

    /// POST /clients.
    func listedClients() throws(PublishError) -> [UnsafeRawBufferPointer] {
        guard object.clients.isGiven else { throw PublishError(400, "bad_client", "is missing", of: "clients") }
        return try object.clients.names(.clients)
    }
}

/// The lists of names that an object may have.
enum NameList {
    case clients, channels

    var name: StaticString { self == .clients ? "clients" : "channels" }
    var code: StaticString { self == .clients ? "bad_client" : "bad_channel" }
    var most: Int { self == .clients ? Limits.publishClients : Limits.publishChannels }
}

extension mc_json_field {
    var isGiven: Bool { kind != UInt8(MC_JSON_ABSENT.rawValue) }
    var isRight: Bool { kind == UInt8(MC_JSON_RIGHT.rawValue) }
    var isTrue: Bool { isRight && truth != 0 }
    /// The bytes of a text.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: text, count: Int(count)) }

    /// The id of a client in the field `client`.
    @inline(__always) func client() throws(PublishError) -> UnsafeRawBufferPointer {
        guard isGiven else { throw .noClient }
        guard isRight else { throw .clientIsNoString }
        if let message = wrongClientId(bytes) { throw PublishError(400, "bad_client", message) }
        return bytes
    }
    /// The name of a client, a user or a channel in a field of this name.
    func name(_ field: StaticString, code: StaticString) throws(PublishError) -> UnsafeRawBufferPointer {
        guard isRight else { throw PublishError(400, code, "is no string", of: field) }
        if let fault = fault(ofName: bytes) { throw PublishError(400, code, fault, of: field) }
        return bytes
    }
    /// The name of a user. No client has a user with a colon, so `42:tab1` is a client's id in the wrong field. An app
    /// that logs somebody out must not be told that this went well.
    func user() throws(PublishError) -> UnsafeRawBufferPointer {
        guard isRight else { throw PublishError(400, "bad_user", "is no string", of: "user") }
        try check(user: bytes)
        return bytes
    }
    /// The names in a list.
    func names(_ field: NameList) throws(PublishError) -> [UnsafeRawBufferPointer] {
        if kind == UInt8(MC_JSON_WRONG_ELEMENT.rawValue) {
            throw PublishError(400, field.code, "is no string", of: field.name, at: Int(count))
        }
        guard isRight else { throw PublishError(400, field.code, "is no list", of: field.name) }
        guard count > 0 else { throw PublishError(400, field.code, "is empty", of: field.name) }
        guard count <= field.most else { throw .tooMany(field) }
        var names: [UnsafeRawBufferPointer] = []
        names.reserveCapacity(Int(count))
        for (at, one) in UnsafeBufferPointer(start: list, count: Int(count)).enumerated() {
            let name = UnsafeRawBufferPointer(start: one.start, count: one.bytes)
            if let fault = fault(ofName: name) {
                throw PublishError(400, field.code, fault, of: field.name, at: at)
            }
            names.append(name)
        }
        return names
    }
    /// A text of the app's own, of 1 to `most` bytes. `nil` if it is not given.
    func text(most: Int, _ error: PublishError) throws(PublishError) -> UnsafeRawBufferPointer? {
        guard isGiven else { return nil }
        guard isRight, count > 0, count <= most else { throw error }
        return bytes
    }
}

/// Throws if this is no user's name.
func check(user name: UnsafeRawBufferPointer) throws(PublishError) {
    if let fault = fault(ofName: name) { throw PublishError(400, "bad_user", fault, of: "user") }
    guard !name.contains(UInt8(ascii: ":")) else { throw PublishError(400, "bad_user", "has a colon", of: "user") }
}

/// What is wrong with the name of a client, a user or a channel: the end of a sentence about it. All follow the rules
/// of client ids.
func fault(ofName name: UnsafeRawBufferPointer) -> StaticString? {
    if wrongClientId(name) == nil { return nil }
    if name.isEmpty { return "is empty" }
    if name.count > Limits.clientIdBytes { return "is over 128 bytes" }
    if name.contains(UInt8(ascii: "/")) { return "has a / in it" }
    return isUTF8(name) ? "has a control character in it" : "is not UTF-8"
}
