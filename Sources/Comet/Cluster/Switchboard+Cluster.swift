import Base
import Store
package import Wire

// The cluster: what this machine tells the others, and what it does when it reads what they tell. Every machine keeps
// the whole picture by carrying out the entries of one shared log in their order (docs/cluster.txt). Only receivers are
// one machine's own.
extension Switchboard {
    package var isClustered: Bool { settings.isClustered }
    /// The highest id of the shared log that was carried out here.
    package var head: UInt64 { ids.last }
    /// The queue is that of one machine alone: it was in no cluster yet.
    package var isOfOneMachine: Bool { head > 0 && logs.arena.sharedFrom == 0 }
    /// The first id of the log's life, as far as it is known. 0: it is not.
    package var firstOfLife: UInt64 { head == 0 ? 0 : ids.firstOfLife }
    /// The bounds of the queue are reached, so that no more may be given to the machines.
    package var isFull: Bool {
        logs.depth >= settings.maxMessages || logs.bytes >= settings.maxBytes
    }

    /// Clients that are connected to this machine.
    package var connectedHere: Int { connectedCount - presence.elsewhereCount }

    /// The machines by name, as they are at a time of the engine's clock.
    package func machines(at time: UInt64) -> [NodesAnswer.Node] {
        logs.peers.nodes.newest.map { node in
            let silent = time - min(time, node.heard)
            let state = NodeState(silentMilliseconds: silent, isGone: node.isGone)
            let said = NodeSummary(node.summary)
            var row = NodesAnswer.Node(
                node: node.name, own: node.isOwn, state: state.rawValue, ageSeconds: Double(silent) / 1000,
                version: said.version)
            row.clients = Double(said.clients)
            row.publishesPerSecond = Double(said.publishesPerSecond)
            row.queued = Double(said.queued)
            row.lagSeconds = Double(said.lagMilliseconds) / 1000
            row.latencyMicroseconds = said.latencyMicroseconds == 0 ? nil : Double(said.latencyMicroseconds)
            return row
        }
    }

    // MARK: entries

    /// An entry of the shared log is about to be carried out. The result says that the clients that are here have to be
    /// announced: its machine was not known, or it is this one, and was silent for so long that others gave it up.
    /// Messages of an entry that is `age` milliseconds old have lived for so long. `previous` is the end of the entry
    /// before it.
    package mutating func beginEntry(
        _ sender: ClusterSender, after previous: UInt64, time: UInt64, age: UInt64 = 0
    ) -> Bool {
        logs.peers.catching?.begins(after: previous)
        let (node, isNew) = logs.peers.nodes.heard(sender.name, sender.epoch, isOwn: sender.isOwn, at: time)
        logs.peers.sender = node
        logs.peers.isForeign = !sender.isOwn
        ownCounters = counters
        logs.peers.age = UInt32(clamping: age)
        logs.events.wall = time
        return isNew
    }
    /// A record of the entry has the ids from here on.
    package mutating func beginRecord(at id: UInt64) { ids.begin(at: id) }
    /// Part of a request: its number among the ids of the request.
    package mutating func beginPart(_ number: Int) { ids.part(number) }
    /// All of the entry was carried out.
    package mutating func endEntry(_ last: UInt64) {
        ids.end(at: last)
        logs.arena.idCeiling = last + 1
        // Publishes are counted by the machine whose app made them.
        if logs.peers.isForeign { counters.takePublishes(of: ownCounters) }
        logs.peers.isForeign = false
        logs.peers.age = 0
        if logs.peers.catching?.isOver(at: last) == true { logs.peers.catching = nil }
    }
    /// The log goes on from here: `first` is where its life began, and `end` where it ends now.
    package mutating func join(firstOfLife first: UInt64, end: UInt64, isFresh: Bool) {
        ids.share(firstOfLife: first)
        logs.arena.firstId = ids.firstOfLife
        logs.arena.sharedFrom = first
        logs.peers.isOn = true
        if isFresh, end > ids.last { logs.peers.catching = Catching(end: end) }
    }
    /// The machine takes up the log from its beginning, and does not know all yet.
    package var isCatching: Bool { logs.peers.catching != nil }

    /// The engine went away, or is there again. Those who ask a worker for its health are told so.
    package mutating func tellEngine(isAway: Bool) {
        guard isAway != isEngineAway else { return }
        isEngineAway = isAway
        links.writeToAll(Frame(op: .engine, number: isAway ? 1 : 0))
    }

    /// Carries out a record that is no app's request.
    package mutating func apply(_ record: ClusterRecord, now: UInt64) {
        let rest = record.rest
        switch record.kind {
        case .call: preconditionFailure("the app port carries requests out")
        case nil: break
        case .arrived:
            guard rest.count > 8, case .frame(let frame, _) = Frame.parse(rest.part(8, rest.count - 8)) else { return }
            arrived(frame, position: rest.bigEndian(at: 0), now)
        case .left: left(rest, now)
        case .lingered: lingered(rest, now)
        case .position:
            guard rest.count > 9 else { return }
            let client = rest.part(9, rest.count - 9)
            took(rest.bigEndian(at: 1), client, acknowledges: rest[0] == 1, now)
        case .took:
            guard rest.count > 8 else { return }
            took(rest.bigEndian(at: 0), rest.part(8, rest.count - 8), acknowledges: nil, now)
        case .frame:
            guard case .frame(let frame, _) = Frame.parse(rest) else { return }
            said(frame, now)
        case .tick:
            logs.peers.nodes[logs.peers.sender].summary = String(decoding: rest, as: UTF8.self)
            if !logs.peers.isForeign { _ = tellNews(now: now) }
        case .carried: carried(rest, now)
        case .whole: if rest.count >= 8 { logs.peers.catching?.carried(from: rest.bigEndian(at: 0)) }
        case .lost: if rest.count >= 8 { lost(before: rest.bigEndian(at: 0)) }
        }
    }

    // MARK: losses

    /// Tells all machines that something was lost which only this machine had.
    package mutating func emitLoss() { logs.peers.emitId(.lost, ids: 1, 0) }
    /// No machine is there that could carry forward what was before the log. Nothing is left of it.
    package mutating func emitLossOfAll() {
        emitLoss()
        logs.peers.emitId(.whole, .max)
    }
    /// Clients with older cursors may miss something, and are told of a gap: those that are here with their next
    /// answer, and others when they come. An id is given if the loss was carried forward.
    private mutating func lost(before id: UInt64) {
        ids.loseLife(before: id > 0 ? id : takeId())
        logs.arena.firstId = ids.firstOfLife
        guard id == 0 else { return }
        var clients: ContiguousArray<Slot<ClientRecord>> = []
        for page in 0..<presence.pages { presence.clients(page: page, &clients) }
        for client in clients where presence[client].isHeld { presence[client].owesGap = true }
    }

    // MARK: clients of other machines

    /// A client has come to a machine: this one, or another.
    private mutating func arrived(_ frame: Frame, position: UInt64, _ now: UInt64) {
        let grant = Grant(body: frame.body, after: Announcement.bytes)
        let client = presence.findOrMake(frame.client)
        if logs.peers.isForeign {
            // If the client has come here since, that is behind this in the log.
            if !logs.peers.isArriving(client) { goes(client, frame, now) }
            begin(client, at: position, frame.flags)
        } else {
            logs.peers.hasArrived(client)
        }
        if grant.issuedAt > 0, !grant.channels.isEmpty || !grants.isEmpty {
            self.grant(grant.channels, to: client, frame, wasHere: false, now)
            if hasNews(client) { answerIfHeld(client, now) }
        }
        settle(client, now)
    }
    /// The client is on another machine from now on, unless its receiver is here. An arrival says only that the client
    /// was there when it was told, which may be long ago. So no receiver ends before the other machine was asked:
    ///
    ///     A                        B, which has a receiver
    ///     it has come here   -->
    ///                        <--   it is here (asks)
    ///     not any more: it is at B from now on
    ///     it is here, too    -->   that receiver ends, and it is at A from now on
    ///     (insists)
    ///
    /// A client that has gone from one to the other meanwhile, and is back, has another receiver by then. It stays.
    private mutating func goes(_ client: Slot<ClientRecord>, _ frame: Frame, _ now: UInt64) {
        let record = presence[client]
        if record.isHeld {
            if frame.flags.contains(.asks) { return announce(client, .insists, tag: frame.tag, slot: frame.slot) }
            guard frame.flags.contains(.insists), frame.tag == record.tag, frame.slot == record.slot else {
                return announce(client, .asks, tag: record.tag, slot: record.slot)
            }
            counters.clientsReplaced += 1
            links.write(
                Frame(
                    op: .replaced, tag: record.tag, slot: record.slot, number: frame.number, client: frame.client,
                    body: frame.body), to: record.link)
            if isFollowed(client) { followEnd(client, present: true) }
        }
        let wasHere = isHere(client)
        presence.move(client, to: logs.peers.sender)
        note(client)
        if !wasHere { tellPresence(of: client) }
    }
    private mutating func begin(_ client: Slot<ClientRecord>, at position: UInt64, _ flags: Frame.Flags) {
        let record = presence[client]
        if record.place == .elsewhere {
            record.acknowledges = flags.contains(.acknowledges) || flags.contains(.stays)
        }
        guard record.position < position else { return }
        if record.position == 0 { record.position = position }
        if !readsUser(client) { _ = joinUser(client) }
        advance(client, to: position)
    }

    /// A client has been away from its machine for long enough.
    private mutating func left(_ id: UnsafeRawBufferPointer, _ now: UInt64) {
        guard let client = presence.find(id), presence[client].place == .elsewhere else { return }
        let node = presence[client].node
        let (own, other) = (logs.peers.nodes[node], logs.peers.nodes[logs.peers.sender])
        if own.name == other.name { leavesElsewhere(client, now) }
    }
    private mutating func leavesElsewhere(_ client: Slot<ClientRecord>, _ now: UInt64) {
        presence.leaveElsewhere(client)
        note(client)
        tellPresence(of: client)
        settle(client, now)
    }
    /// Gives up the machines that say nothing any more. `time` is the engine's clock. True if more is left.
    package mutating func endSilent(at time: UInt64, now: UInt64) -> Bool {
        var room = Limits.clusterClientsInStep
        for node in logs.peers.nodes.silent(at: time) {
            while let client = presence.firstElsewhere(on: node) {
                guard room > 0 else { return true }
                leavesElsewhere(client, now)
                room -= 1
            }
            logs.peers.nodes.giveUp(node)
        }
        return false
    }

    /// A client's subscriptions end, unless it is there in the order of the log.
    private mutating func lingered(_ id: UnsafeRawBufferPointer, _ now: UInt64) {
        logs.peers.catching?.end(id, UnsafeRawBufferPointer(start: nil, count: 0))
        guard let client = presence.find(id), firstChannel(client) != nil else { return }
        let record = presence[client]
        switch record.place {
        case .loose, .lingering: break
        case .lost: return
        case .elsewhere:
            // Machines give up a silent one at times of their own. Here the time of the log counts.
            guard logs.peers.nodes.isSilent(record.node, at: logs.events.wall) else { return }
            leavesElsewhere(client, now)
        case .waiting, .blocked, .grace: guard logs.peers.isArriving(client) else { return }
        }
        presence.leaveLingering(client)
        _ = endLingering(client, now)
        answerIfHeld(client, now)
    }

    /// The client got what is up to this id on its machine. `acknowledges` is `nil` if that is about its own log alone.
    private mutating func took(
        _ id: UInt64, _ name: UnsafeRawBufferPointer, acknowledges: Bool?, _ now: UInt64
    ) {
        guard logs.peers.isForeign else { return }
        guard let client = presence.find(name) else {
            logs.peers.catching?.positions[String(decoding: name, as: UTF8.self)] = id
            return
        }
        let record = presence[client]
        if record.place == .elsewhere, let acknowledges { record.acknowledges = acknowledges }
        if let log = record.log.known {
            if acknowledges == true { logs.acknowledge(log, upTo: id) } else { logs.take(log, upTo: id) }
            closeEmptyLog(client)
        }
        if acknowledges != nil { advance(client, to: id) }
        if record.log == .none { presence.leaveLost(client) }
        settle(client, now)
    }
    /// A worker of another machine was told something by a client that may be here.
    private mutating func said(_ frame: Frame, _ now: UInt64) {
        guard logs.peers.isForeign, let client = presence.find(frame.client), presence[client].place != .elsewhere
        else { return }
        switch frame.op {
        case .acknowledged: acknowledged(frame, Grant(body: frame.body, after: 0), now)
        case .leave: leave(frame, now)
        default: break
        }
    }
}

/// The machine that wrote an entry.
package struct ClusterSender {
    package let name: String
    /// Drawn by the manager when it starts.
    package let epoch: UInt64
    package let isOwn: Bool
    package init(name: String, epoch: UInt64, isOwn: Bool) {
        self.name = name
        self.epoch = epoch
        self.isOwn = isOwn
    }
}
